import Graph

/// What an instruction computes or does. Elements of `i32` and `bf16` buffers are converted to f32 on their way in and out.
public enum Operation: Hashable, Sendable {
    /// The same number in every lane.
    case constant(Double)
    /// Elements `index ..< index + lanes`; lanes at and after `active` are zero and not touched in memory.
    case load(BufferID, Index, active: Index?)
    /// One element in every lane.
    case broadcast(BufferID, Index)
    /// Elements `index + lane * stride`; lanes at and after `active` are zero and not touched.
    case gather(BufferID, Index, stride: Int, active: Index?)
    case unary(UnaryFunction, Register)
    case binary(BinaryFunction, Register, Register)
    /// `a * b + c`, rounded once.
    case fusedMultiplyAdd(Register, Register, Register)
    case select(Comparison, Register, Register, then: Register, otherwise: Register)
    /// `index + lane * stride` as a number.
    case position(Index, stride: Int)
    /// `uniformHash` with counter `index + lane * stride`.
    case uniform(seed: Register, stream: Int, Index, stride: Int)
    /// The sum, maximum or minimum of all lanes, in every lane; combined pairwise: lane i with lane i + half, halving.
    case acrossLanes(BinaryFunction, Register)
    /// The lanes before `active`, zero in the others.
    case keep(Register, active: Index)
    /// The first, and the second, half of the lanes of both vectors in turn: lane 0 of one, lane 0 of the other, lane 1 of one, …
    case interleaveFirst(Register, Register)
    case interleaveSecond(Register, Register)
    /// Both vectors rounded to bf16: the nearest, ties to even, denormal numbers zero, a NaN quiet. See `BFloat16`.
    case pack(low: Register, high: Register)
    /// The lower, and the upper, numbers of pairs, as f32.
    case lower(Register)
    case upper(Register)
    /// Elements `index + 2 * lane` and the next, of a buffer of bf16, as they lie in memory.
    case loadPairs(BufferID, Index)
    /// Elements `index` and the next, in every lane.
    case broadcastPair(BufferID, Index)
    /// `sum` plus, in each lane, the products of the upper and then of the lower numbers of two registers of pairs. Each product is added by a
    /// fused multiply-add that flushes denormal numbers. See `BFloat16Pair.dot`.
    case dot(Register, Register, sum: Register)
    /// `sum` plus, in each lane, the sum of both products of two registers of pairs, each of the two additions rounded to odd. See
    /// `BFloat16Pair.oddDot`.
    case oddDot(Register, Register, sum: Register)

    /// A tile of sums that are zero.
    case zeroTile
    /// The tile whose row r is the elements from `index + r * stride` on, which are of f32 or bf16 as the tile is of sums or of pairs.
    case loadTile(TileElement, BufferID, Index, stride: Int)
    /// To each sum the products of a row of the first tile of pairs and a column of the second; it is written over `sum`. See
    /// `BFloat16Pair.tileProduct`.
    case tileProduct(Register, Register, sum: Register)

    /// Writes elements `index ..< index + lanes`, or only the first `active` of them.
    case store(BufferID, Index, Register, active: Index?)
    /// Writes elements `index + lane * stride`.
    case scatter(BufferID, Index, stride: Int, Register, active: Index?)
    /// Writes pairs to elements `index ..< index + 2 * lanes`.
    case storePairs(BufferID, Index, Register)
    /// Writes row r of a tile of sums to the elements from `index + r * stride` on, one row after the other.
    case storeTile(BufferID, Index, stride: Int, Register)
    /// Asks for an element, which need not exist, ahead of its use.
    case prefetch(BufferID, Index)
}

extension Operation {
    /// The instruction's row, and what stands in its places, in their order.
    public var parts: (instruction: InstructionRow, operands: [Operand]) {
        switch self {
        case .constant(let number): (.constant, [.number(number)])
        case .load(let buffer, let index, let active): (.load, [.element(buffer, index), .active(active)])
        case .broadcast(let buffer, let index): (.broadcast, [.element(buffer, index)])
        case .gather(let buffer, let index, let stride, let active):
            (.gather, [.element(buffer, index, stride: stride), .active(active)])
        case .unary(let function, let a): (.unary(function), [.register(a)])
        case .binary(let function, let a, let b): (.binary(function), [.register(a), .register(b)])
        case .fusedMultiplyAdd(let a, let b, let c): (.fusedMultiplyAdd, [.register(a), .register(b), .register(c)])
        case .select(let comparison, let a, let b, let then, let otherwise):
            (.select, [.register(a), .comparison(comparison), .register(b), .register(then), .register(otherwise)])
        case .position(let index, let stride): (.position, [.counter(index, stride: stride)])
        case .uniform(let seed, let stream, let index, let stride):
            (.uniform, [.register(seed), .integer(stream), .counter(index, stride: stride)])
        case .acrossLanes(let function, let a): (.acrossLanes, [.combination(function), .register(a)])
        case .keep(let a, let active): (.keep, [.register(a), .index(active)])
        case .interleaveFirst(let a, let b): (.interleaveFirst, [.register(a), .register(b)])
        case .interleaveSecond(let a, let b): (.interleaveSecond, [.register(a), .register(b)])
        case .pack(let low, let high): (.pack, [.register(low), .register(high)])
        case .lower(let pairs): (.lower, [.register(pairs)])
        case .upper(let pairs): (.upper, [.register(pairs)])
        case .loadPairs(let buffer, let index): (.loadPairs, [.element(buffer, index)])
        case .broadcastPair(let buffer, let index): (.broadcastPair, [.element(buffer, index)])
        case .dot(let a, let b, let sum): (.dot, [.register(a), .register(b), .register(sum)])
        case .oddDot(let a, let b, let sum): (.oddDot, [.register(a), .register(b), .register(sum)])
        case .zeroTile: (.zeroTile, [])
        case .loadTile(let element, let buffer, let index, let stride):
            (.loadTile(element), [.element(buffer, index, stride: stride)])
        case .tileProduct(let a, let b, let sum): (.tileProduct, [.register(a), .register(b), .register(sum)])
        case .store(let buffer, let index, let value, let active): (.store, [.element(buffer, index), .register(value), .active(active)])
        case .scatter(let buffer, let index, let stride, let value, let active):
            (.scatter, [.element(buffer, index, stride: stride), .register(value), .active(active)])
        case .storePairs(let buffer, let index, let pairs): (.storePairs, [.register(pairs), .element(buffer, index)])
        case .storeTile(let buffer, let index, let stride, let tile):
            (.storeTile, [.register(tile), .element(buffer, index, stride: stride)])
        case .prefetch(let buffer, let index): (.prefetch, [.element(buffer, index)])
        }
    }
}

extension DotProduct.PairRule {
    /// The instruction that sums so.
    public func operation(_ a: Register, _ b: Register, sum: Register) -> Operation {
        switch self {
        case .fused: .dot(a, b, sum: sum)
        case .odd: .oddDot(a, b, sum: sum)
        }
    }
}

/// The rows. A further instruction is a case of `Operation`, taken apart above and listed below; what it computes is said in `KernelMachine`
/// and in `OperationEmitter.swift`.
extension InstructionRow {
    static let constant = InstructionRow("constant \(.number)", gives: .vector) { .constant($0.number(0)) }
    static let load = InstructionRow("load \(.element(.reads, .lanes))\(.active)", gives: .vector) {
        .load($0.buffer(0), $0.index(0), active: $0.active(1))
    }
    static let broadcast = InstructionRow("broadcast \(.element(.reads, .one))", gives: .vector) { .broadcast($0.buffer(0), $0.index(0)) }
    static let gather = InstructionRow("gather \(.element(.reads, .lanes, isStrided: true))\(.active)", gives: .vector) {
        .gather($0.buffer(0), $0.index(0), stride: $0.stride(0), active: $0.active(1))
    }
    static let fusedMultiplyAdd = InstructionRow("fma\(.vectors(3))", gives: .vector) {
        .fusedMultiplyAdd($0.register(0), $0.register(1), $0.register(2))
    }
    static let select = InstructionRow("select(\(.vector) \(.comparison) \(.vector), \(.vector), \(.vector))", gives: .vector) {
        .select($0.comparison(1), $0.register(0), $0.register(2), then: $0.register(3), otherwise: $0.register(4))
    }
    static let position = InstructionRow("position \(.counter)", gives: .vector) { .position($0.index(0), stride: $0.stride(0)) }
    static let uniform = InstructionRow("uniform(\(.vector), stream \(.integer)) at \(.counter)", gives: .vector) {
        .uniform(seed: $0.register(0), stream: $0.integer(1), $0.index(2), stride: $0.stride(2))
    }
    static let acrossLanes = InstructionRow("across \(.combination)\(.vectors(1))", gives: .vector) {
        .acrossLanes($0.combination(0), $0.register(1))
    }
    static let keep = InstructionRow("keep \(.vector) active \(.index)", gives: .vector) { .keep($0.register(0), active: $0.index(1)) }

    static let interleaveFirst = InstructionRow("interleaveFirst\(.vectors(2))", gives: .vector) {
        .interleaveFirst($0.register(0), $0.register(1))
    }
    static let interleaveSecond = InstructionRow("interleaveSecond\(.vectors(2))", gives: .vector) {
        .interleaveSecond($0.register(0), $0.register(1))
    }

    static let pack = InstructionRow("pack\(.vectors(2))", gives: .pairs) { .pack(low: $0.register(0), high: $0.register(1)) }
    static let lower = InstructionRow("lower\(.registers([.pairs]))", gives: .vector) { .lower($0.register(0)) }
    static let upper = InstructionRow("upper\(.registers([.pairs]))", gives: .vector) { .upper($0.register(0)) }
    static let loadPairs = InstructionRow("pairs \(.element(.reads, .pairs))", gives: .pairs) { .loadPairs($0.buffer(0), $0.index(0)) }
    static let broadcastPair = InstructionRow("pair \(.element(.reads, .pair))", gives: .pairs) {
        .broadcastPair($0.buffer(0), $0.index(0))
    }
    static let dot = InstructionRow("dot\(.registers([.pairs, .pairs, .vector]))", gives: .vector) {
        .dot($0.register(0), $0.register(1), sum: $0.register(2))
    }
    static let oddDot = InstructionRow("oddDot\(.registers([.pairs, .pairs, .vector]))", gives: .vector) {
        .oddDot($0.register(0), $0.register(1), sum: $0.register(2))
    }

    static let zeroTile = InstructionRow("zeroTile", gives: .tile(.sums)) { _ in .zeroTile }
    private static let loadTileOfSums = loadTile("sumTile", .sums)
    private static let loadTileOfPairs = loadTile("pairTile", .pairs)
    static let tileProduct = InstructionRow(
        "tileProduct\(.registers([.tile(.pairs), .tile(.pairs), .tile(.sums)]))", gives: .tile(.sums)
    ) { .tileProduct($0.register(0), $0.register(1), sum: $0.register(2)) }

    static let store = InstructionRow("\(.element(.writes, .lanes)) = \(.vector)\(.active)", named: "store") {
        .store($0.buffer(0), $0.index(0), $0.register(1), active: $0.active(2))
    }
    static let scatter = InstructionRow("\(.element(.writes, .lanes, isStrided: true)) = \(.vector)\(.active)", named: "scatter") {
        .scatter($0.buffer(0), $0.index(0), stride: $0.stride(0), $0.register(1), active: $0.active(2))
    }
    static let storePairs = InstructionRow("write \(.register(.pairs)) to \(.element(.writes, .pairs))") {
        .storePairs($0.buffer(1), $0.index(1), $0.register(0))
    }
    static let storeTile = InstructionRow("writeTile \(.register(.tile(.sums))) to \(.element(.writes, .tile(.sums), isStrided: true))") {
        .storeTile($0.buffer(1), $0.index(1), stride: $0.stride(1), $0.register(0))
    }
    static let prefetch = InstructionRow("prefetch \(.element(.prefetches, .one))") { .prefetch($0.buffer(0), $0.index(0)) }

    private static let unary = Dictionary(
        uniqueKeysWithValues: UnaryFunction.allCases.map { function in
            (function, InstructionRow("\(word: function.rawValue)\(.vectors(1))", gives: .vector) { .unary(function, $0.register(0)) })
        })
    private static let binary = Dictionary(
        uniqueKeysWithValues: BinaryFunction.allCases.map { function in
            (
                function,
                InstructionRow("\(word: function.rawValue)\(.vectors(2))", gives: .vector) {
                    .binary(function, $0.register(0), $0.register(1))
                }
            )
        })

    private static func loadTile(_ word: String, _ element: TileElement) -> InstructionRow {
        InstructionRow("\(word: word) \(.element(.reads, .tile(element), isStrided: true))", gives: .tile(element)) {
            .loadTile(element, $0.buffer(0), $0.index(0), stride: $0.stride(0))
        }
    }

    static func loadTile(_ element: TileElement) -> InstructionRow {
        switch element {
        case .sums: loadTileOfSums
        case .pairs: loadTileOfPairs
        }
    }

    static func unary(_ function: UnaryFunction) -> InstructionRow { unary[function] ?? { preconditionFailure("no row: \(function)") }() }
    static func binary(_ function: BinaryFunction) -> InstructionRow {
        binary[function] ?? { preconditionFailure("no row: \(function)") }()
    }

    /// The instructions but for the functions of scalars.
    static let table: [InstructionRow] = [
        constant, load, broadcast, gather, fusedMultiplyAdd, select, position, uniform, acrossLanes, keep,
        interleaveFirst, interleaveSecond, pack, lower, upper, loadPairs,
        broadcastPair, dot, oddDot, zeroTile, loadTileOfSums, loadTileOfPairs, tileProduct, store, scatter, storePairs, storeTile, prefetch,
    ]

    /// All instructions.
    static let all = table + UnaryFunction.allCases.map(unary) + BinaryFunction.allCases.map(binary)
}
