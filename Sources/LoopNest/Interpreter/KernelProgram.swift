import Graph

/// A kernel flattened for the interpreter: instructions with jumps, indices as affine sums, registers by offset.
struct KernelProgram {
    /// An index as `constant + sum of factor * slot`, after the `steps` that fill the slots beyond the loop variables.
    struct CompiledIndex {
        var constant = 0
        var terms: [(slot: Int, factor: Int)] = []
        var steps: [Step] = []
    }

    /// The part of an index that is not affine, kept in a slot of its own.
    enum Step {
        case quotient(slot: Int, CompiledIndex, Int)
        case remainder(slot: Int, CompiledIndex, Int)
        case minimum(slot: Int, CompiledIndex, CompiledIndex)
        case maximum(slot: Int, CompiledIndex, CompiledIndex)
    }

    /// Pairs of registers to copy at once, by offset.
    typealias Moves = [(from: Int, to: Int)]

    enum Instruction {
        case constant(to: Int, Float)
        case load(to: Int, Access)
        case broadcast(to: Int, Access)
        case unary(UnaryFunction, to: Int, Int)
        case binary(BinaryFunction, to: Int, Int, Int)
        case fusedMultiplyAdd(to: Int, Int, Int, Int)
        case select(Comparison, to: Int, Int, Int, then: Int, otherwise: Int)
        case position(to: Int, CompiledIndex, stride: Int)
        case uniform(to: Int, seed: Int, stream: UInt32, CompiledIndex, stride: Int)
        case acrossLanes(BinaryFunction, to: Int, Int)
        case keep(to: Int, Int, CompiledIndex)
        case interleave(to: Int, Int, Int, from: Int)
        case pack(to: Int, low: Int, high: Int)
        case lower(to: Int, Int)
        case upper(to: Int, Int)
        case loadPairs(to: Int, Access)
        case broadcastPair(to: Int, Access)
        case dot(to: Int, Int, Int, sum: Int)
        case oddDot(to: Int, Int, Int, sum: Int)
        case storePairs(Int, Access)
        // Tiles are known by their numbers.
        case zeroTile(to: Int)
        case loadTile(TileElement, to: Int, Access, rowStride: Int)
        case tileProduct(Int, Int, sum: Int)
        case storeTile(Int, Access, rowStride: Int)
        case store(Int, Access)
        /// Sets the variable, or moves `initial` to `result` and jumps behind the loop.
        case enterLoop(variable: Int, from: CompiledIndex, to: CompiledIndex, first: Moves, skipped: Moves, exit: Int)
        /// Advances the variable and jumps to `start`, or moves `next` to `result`.
        case repeatLoop(variable: Int, step: Int, to: CompiledIndex, start: Int, again: Moves, last: Moves)
        case enterWhen([(CompiledIndex, CompiledIndex, CompiledIndex)], skipped: Moves, exit: Int)
        case leaveWhen(Moves)
    }

    /// Which elements a load or store touches: `index + lane * stride` for the lanes before `active`.
    struct Access {
        var buffer: Int
        var index: CompiledIndex
        var stride: Int
        var active: CompiledIndex?
        /// For messages: the statement and the loops around it.
        var statement: Statement
        var scope: [Variable]
    }

    let kernel: Kernel
    private let tiles: TileAllocation
    private(set) var instructions: [Instruction] = []
    /// Loop variables first, then the slots of steps.
    private(set) var slotCount: Int

    /// - Throws: what `Kernel.tiles` throws.
    init(_ kernel: Kernel) throws(KernelError) {
        self.kernel = kernel
        tiles = try kernel.tiles()
        slotCount = kernel.variableNames.count
        compile(kernel.body, scope: [.task])
    }

    var usesTiles: Bool { !tiles.isEmpty }

    private func offset(_ register: Register) -> Int { register.index * kernel.lanes }

    private func tile(_ register: Register) -> Int {
        guard let number = tiles[register] else { preconditionFailure("%\(register.index) is no tile") }
        return number
    }

    /// What is carried, with tiles left out: they stay where they are.
    private func moves(_ carried: [Loop.Carried], _ from: (Loop.Carried) -> Register, _ to: (Loop.Carried) -> Register) -> Moves {
        carried.filter { tiles[$0.initial] == nil }.map { (offset(from($0)), offset(to($0))) }
    }

    private mutating func compile(_ index: Index) -> CompiledIndex {
        var result = CompiledIndex()
        func add(_ index: Index, factor: Int, slots: inout Int) {
            func step(_ make: (Int) -> Step) {
                let slot = slots
                slots += 1
                result.steps.append(make(slot))
                result.terms.append((slot, factor))
            }
            func inner(_ index: Index) -> CompiledIndex {
                var copy = self
                copy.slotCount = slots
                let compiled = copy.compile(index)
                slots = copy.slotCount
                return compiled
            }
            switch index {
            case .constant(let value): result.constant &+= value &* factor
            case .variable(let variable):
                if let known = result.terms.firstIndex(where: { $0.slot == variable.index }) {
                    result.terms[known].factor &+= factor
                } else {
                    result.terms.append((variable.index, factor))
                }
            case .sum(let a, let b):
                add(a, factor: factor, slots: &slots)
                add(b, factor: factor, slots: &slots)
            case .product(let a, let other): add(a, factor: factor &* other, slots: &slots)
            case .quotient(let a, let divisor):
                let a = inner(a)
                step { .quotient(slot: $0, a, divisor) }
            case .remainder(let a, let divisor):
                let a = inner(a)
                step { .remainder(slot: $0, a, divisor) }
            case .minimum(let a, let b):
                let (a, b) = (inner(a), inner(b))
                step { .minimum(slot: $0, a, b) }
            case .maximum(let a, let b):
                let (a, b) = (inner(a), inner(b))
                step { .maximum(slot: $0, a, b) }
            }
        }
        var slots = slotCount
        add(index, factor: 1, slots: &slots)
        slotCount = slots
        return result
    }

    private mutating func access(
        _ buffer: BufferID, _ index: Index, stride: Int = 1, _ active: Index?, _ statement: Statement, _ scope: [Variable]
    ) -> Access {
        Access(
            buffer: buffer.index, index: compile(index), stride: stride, active: active.map { compile($0) }, statement: statement,
            scope: scope)
    }

    private mutating func compile(_ statements: [Statement], scope: [Variable]) {
        for statement in statements {
            switch statement {
            case .define(let register, let operation): compile(operation, to: tiles[register] ?? offset(register), statement, scope)
            case .perform(let operation): compile(operation, to: 0, statement, scope)
            case .loop(let loop):
                let entry = instructions.count
                let from = compile(loop.from)
                let to = compile(loop.to)
                instructions.append(.leaveWhen([]))
                compile(loop.body, scope: scope + [loop.variable])
                instructions.append(
                    .repeatLoop(
                        variable: loop.variable.index, step: loop.step, to: to, start: entry + 1,
                        again: moves(loop.carried, \.next, \.inside), last: moves(loop.carried, \.next, \.result)))
                instructions[entry] = .enterLoop(
                    variable: loop.variable.index, from: from, to: to, first: moves(loop.carried, \.initial, \.inside),
                    skipped: moves(loop.carried, \.initial, \.result), exit: instructions.count)
            case .when(let conditions, let carried, let body):
                let entry = instructions.count
                let ranges = conditions.map { (compile($0.index), compile($0.lower), compile($0.upper)) }
                instructions.append(.leaveWhen([]))
                compile(body, scope: scope)
                instructions.append(.leaveWhen(moves(carried, \.next, \.result)))
                instructions[entry] = .enterWhen(
                    ranges, skipped: moves(carried, \.initial, \.result), exit: instructions.count)
            }
        }
    }

    /// Appends an operation's instruction; `to` is where it leaves its result, if it has one.
    private mutating func compile(_ operation: Operation, to: Int, _ statement: Statement, _ scope: [Variable]) {
        let instruction: Instruction
        switch operation {
        case .constant(let value): instruction = .constant(to: to, Float(value))
        case .load(let buffer, let index, let active): instruction = .load(to: to, access(buffer, index, active, statement, scope))
        case .broadcast(let buffer, let index): instruction = .broadcast(to: to, access(buffer, index, nil, statement, scope))
        case .gather(let buffer, let index, let stride, let active):
            instruction = .load(to: to, access(buffer, index, stride: stride, active, statement, scope))
        case .unary(let function, let a): instruction = .unary(function, to: to, offset(a))
        case .binary(let function, let a, let b): instruction = .binary(function, to: to, offset(a), offset(b))
        case .fusedMultiplyAdd(let a, let b, let c): instruction = .fusedMultiplyAdd(to: to, offset(a), offset(b), offset(c))
        case .select(let comparison, let a, let b, let then, let otherwise):
            instruction = .select(comparison, to: to, offset(a), offset(b), then: offset(then), otherwise: offset(otherwise))
        case .position(let index, let stride): instruction = .position(to: to, compile(index), stride: stride)
        case .uniform(let seed, let stream, let index, let stride):
            instruction = .uniform(to: to, seed: offset(seed), stream: UInt32(truncatingIfNeeded: stream), compile(index), stride: stride)
        case .acrossLanes(let function, let a): instruction = .acrossLanes(function, to: to, offset(a))
        case .keep(let a, let active): instruction = .keep(to: to, offset(a), compile(active))
        case .interleaveFirst(let a, let b): instruction = .interleave(to: to, offset(a), offset(b), from: 0)
        case .interleaveSecond(let a, let b): instruction = .interleave(to: to, offset(a), offset(b), from: kernel.lanes)
        case .pack(let low, let high): instruction = .pack(to: to, low: offset(low), high: offset(high))
        case .lower(let pairs): instruction = .lower(to: to, offset(pairs))
        case .upper(let pairs): instruction = .upper(to: to, offset(pairs))
        case .loadPairs(let buffer, let index): instruction = .loadPairs(to: to, access(buffer, index, nil, statement, scope))
        case .broadcastPair(let buffer, let index): instruction = .broadcastPair(to: to, access(buffer, index, nil, statement, scope))
        case .storePairs(let buffer, let index, let pairs):
            instruction = .storePairs(offset(pairs), access(buffer, index, nil, statement, scope))
        case .dot(let a, let b, let sum): instruction = .dot(to: to, offset(a), offset(b), sum: offset(sum))
        case .oddDot(let a, let b, let sum): instruction = .oddDot(to: to, offset(a), offset(b), sum: offset(sum))
        case .store(let buffer, let index, let value, let active):
            instruction = .store(offset(value), access(buffer, index, active, statement, scope))
        case .scatter(let buffer, let index, let stride, let value, let active):
            instruction = .store(offset(value), access(buffer, index, stride: stride, active, statement, scope))
        case .zeroTile: instruction = .zeroTile(to: to)
        case .loadTile(let element, let buffer, let index, let stride):
            instruction = .loadTile(element, to: to, access(buffer, index, nil, statement, scope), rowStride: stride)
        case .tileProduct(let a, let b, let sum): instruction = .tileProduct(tile(a), tile(b), sum: tile(sum))
        case .storeTile(let buffer, let index, let stride, let value):
            instruction = .storeTile(tile(value), access(buffer, index, nil, statement, scope), rowStride: stride)
        case .prefetch: return
        }
        instructions.append(instruction)
    }
}
