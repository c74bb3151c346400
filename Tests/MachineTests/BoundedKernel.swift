import Graph
import LoopNest

/// Writes random kernels that stay within their buffers and whose arithmetic is exactly rounded.
struct BoundedKernel {
    private static let tasks = 4
    private static let room = 2048
    private var state: UInt64
    private let builder: KernelBuilder
    private let inputs: [BufferID]
    private let outputs: [BufferID]
    private let scratch: BufferID
    /// Loop variables in scope, and the count that each stays below.
    private var variables: [(index: Index, limit: Int)] = [(.variable(.task), BoundedKernel.tasks)]
    private var registers: [Register] = []
    /// Registers of pairs.
    private var pairs: [Register] = []

    static func make(seed: Int, lanes: Int) -> Kernel {
        var maker = BoundedKernel(seed: seed, lanes: lanes)
        maker.registers = [maker.builder.constant(1.5)]
        maker.pairs = [maker.builder.define(.pack(low: maker.registers[0], high: maker.builder.constant(-0.75)))]
        maker.fillScratch(lanes)
        for _ in 0..<maker.number(3..<7) { maker.statement(depth: 0) }
        maker.store()
        return maker.builder.finish()
    }

    private init(seed: Int, lanes: Int) {
        state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 &+ 99
        builder = KernelBuilder(name: "random", lanes: lanes, taskCount: Self.tasks)
        inputs = [
            builder.parameter("a", count: Self.room, .read), builder.parameter("b", .i32, count: Self.room, .read),
            builder.parameter("c", .bf16, count: Self.room, .read),
        ]
        outputs = [
            builder.parameter("x", count: Self.tasks * Self.room, .readWrite),
            builder.parameter("y", .i32, count: Self.tasks * Self.room, .readWrite),
            builder.parameter("z", .bf16, count: Self.tasks * Self.room, .readWrite),
        ]
        scratch = builder.scratch("s", count: Self.room)
    }

    private mutating func number(_ range: Range<Int>) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return range.lowerBound + Int(state >> 33) % range.count
    }

    private mutating func known() -> Register { registers[number(0..<registers.count)] }
    private mutating func knownPairs() -> Register { pairs[number(0..<pairs.count)] }

    private func fillScratch(_ lanes: Int) {
        builder.loop("fill", to: .constant(Self.room), step: lanes) { builder.store(scratch, $0, builder.constant(0.25)) }
    }

    /// An index that is not negative.
    private mutating func index(depth: Int = 0) -> Index {
        let variable = variables[number(0..<variables.count)].index
        if depth > 2 { return variable }
        return switch number(0..<8) {
        case 0: .constant(number(0..<200))
        case 1, 2: variable
        case 3: index(depth: depth + 1) + index(depth: depth + 1)
        case 4: index(depth: depth + 1) * number(0..<40)
        case 5: number(0..<2) == 0 ? index(depth: depth + 1) / number(1..<9) : index(depth: depth + 1) % number(1..<20)
        case 6: .least(index(depth: depth + 1), index(depth: depth + 1))
        default: .greatest(index(depth: depth + 1), index(depth: depth + 1) - 5)
        }
    }

    /// A place in a buffer of `room` elements with 400 elements after it.
    private mutating func place() -> Index { index() % (Self.room - 400) }

    private mutating func active() -> Index? {
        number(0..<3) > 0 ? nil : number(0..<2) == 0 ? .constant(number(0..<20)) : index() % 20
    }

    /// A buffer to read at a place in the task's own part.
    private mutating func source() -> (BufferID, Index) {
        switch number(0..<5) {
        case 0, 1: (inputs[0], place())
        case 2: (inputs[1], place())
        case 3: (scratch, place())
        default: (outputs[number(0..<2)], builder.task * Self.room + place())
        }
    }

    private mutating func store() {
        let buffer = number(0..<4) == 0 ? scratch : outputs[number(0..<2)]
        let index = buffer == scratch ? place() : builder.task * Self.room + place()
        if number(0..<3) == 0 {
            builder.scatter(buffer, index, stride: number(0..<20), known(), active: active())
        } else {
            builder.store(buffer, index, known(), active: active())
        }
    }

    private mutating func operation() -> Operation {
        let (buffer, index) = source()
        switch number(0..<14) {
        case 13: return number(0..<2) == 0 ? .lower(knownPairs()) : .upper(knownPairs())
        case 12:
            let rule = [DotProduct.PairRule.fused, .odd][number(0..<2)]
            return rule.operation(knownPairs(), knownPairs(), sum: known())
        case 0: return .constant(Double(number(-9..<9)) / 4)
        case 1, 2: return .load(buffer, index, active: active())
        case 3: return .broadcast(buffer, index)
        case 4: return .gather(buffer, index, stride: number(0..<20), active: active())
        case 5: return .position(index, stride: number(0..<3))
        case 6: return .unary([.negate, .absolute, .reciprocal, .squareRoot, .floor][number(0..<5)], known())
        case 7: return .binary(BinaryFunction.allCases[number(0..<6)], known(), known())
        case 8: return .fusedMultiplyAdd(known(), known(), known())
        case 9: return .select(Comparison.allCases[number(0..<3)], known(), known(), then: known(), otherwise: known())
        case 10: return .uniform(seed: known(), stream: number(0..<5), index, stride: number(0..<3))
        default: return number(0..<2) == 0 ? .acrossLanes([.add, .maximum][number(0..<2)], known()) : .keep(known(), active: index)
        }
    }

    private mutating func statement(depth: Int) {
        switch number(0..<(depth < 3 ? 11 : 7)) {
        case 0, 1, 2, 3: registers.append(builder.define(operation()))
        case 6:
            switch number(0..<4) {
            case 0: pairs.append(builder.define(.pack(low: known(), high: known())))
            case 1: pairs.append(builder.define(.loadPairs(inputs[2], place())))
            case 2: pairs.append(builder.define(.broadcastPair(outputs[2], builder.task * Self.room + place())))
            default: builder.perform(.storePairs(outputs[2], builder.task * Self.room + place(), knownPairs()))
            }
        case 4: store()
        case 5: builder.prefetch(inputs[0], place())
        case 7, 8, 9:
            let from = number(0..<3) == 0 ? index() % 4 : .constant(number(0..<3))
            let to = number(0..<3) == 0 ? index() % 9 : .constant(number(0..<9))
            let initial = carried()
            let (step, unroll) = (number(1..<4), number(1..<5))
            let results = builder.loop("i", from: from, to: to, step: step, unroll: unroll, carrying: initial.vectors + initial.pairs) {
                variable, inside in
                variables.append((variable, 9))
                defer { variables.removeLast() }
                return scope(depth: depth, Array(inside.prefix(initial.vectors.count)), Array(inside.dropFirst(initial.vectors.count)))
            }
            keep(results, initial.vectors.count)
        default:
            let conditions = (0..<number(1..<3)).map { _ in IndexRange(index(), .constant(number(0..<4)), index()) }
            let initial = carried()
            let results = builder.when(conditions, carrying: initial.vectors + initial.pairs) {
                scope(depth: depth, initial.vectors, initial.pairs)
            }
            keep(results, initial.vectors.count)
        }
    }

    /// Registers to carry through a loop or condition.
    private mutating func carried() -> (vectors: [Register], pairs: [Register]) {
        ((0..<number(0..<4)).map { _ in known() }, (0..<number(0..<2)).map { _ in knownPairs() })
    }

    /// Makes the results of a loop or condition known, of which the first `count` are vectors.
    private mutating func keep(_ results: [Register], _ count: Int) {
        registers += results.prefix(count)
        pairs += results.dropFirst(count)
    }

    private mutating func scope(depth: Int, _ vectors: [Register], _ carriedPairs: [Register]) -> [Register] {
        let outer = (registers, pairs)
        registers += vectors
        pairs += carriedPairs
        for _ in 0..<number(1..<5) { statement(depth: depth + 1) }
        let next = vectors.map { _ in known() } + carriedPairs.map { _ in knownPairs() }
        (registers, pairs) = outer
        return next
    }
}
