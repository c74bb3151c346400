import Graph
import LoopNest
import TestSupport

/// Writes kernels that keep all rules but compute nothing of sense: every kind of statement, operation, index and name occurs.
struct RandomKernel {
    private var random: SeededGenerator
    private var kernel: Kernel
    private var variables: [Variable] = [.task]
    private var registers: [Register] = []

    static func make(seed: Int) -> Kernel {
        var maker = RandomKernel(seed: seed)
        maker.kernel.body = maker.block(depth: 0)
        if maker.random.chance(20) { maker.kernel.registerCount += 3 }
        return maker.kernel
    }

    private init(seed: Int) {
        random = SeededGenerator(seed: seed)
        let names = ["x", "y", "layer1.0.conv1.weight", "load", "an odd \"name\"", "y"]
        kernel = Kernel(
            name: seed % 3 == 0 ? "conv 3x3" : "conv_3x3", lanes: [1, 4, 8, 16][seed % 4], taskCount: random.number(1..<9),
            parameters: (0..<random.number(2..<6)).map { index in
                Buffer(
                    names[index], StoredElement.ofKernels[[0, 1, 2, 0, 0, 2][index % 6]], count: 1000 + index,
                    access: Buffer.Access.allCases[index % 3])
            },
            scratch: (0..<random.number(0..<3)).map { Buffer("x\($0)", .f32, count: 64, access: .readWrite) })
    }

    private mutating func register() -> Register {
        kernel.registerCount += 1
        return Register(kernel.registerCount - 1)
    }

    private mutating func known() -> Register { registers[random.number(0..<registers.count)] }

    private mutating func index(depth: Int = 0) -> Index {
        switch random.number(0..<(depth > 3 ? 3 : 9)) {
        case 0: .constant(random.number(-20..<100))
        case 1, 2: .variable(variables[random.number(0..<variables.count)])
        case 3, 4: .sum(index(depth: depth + 1), index(depth: depth + 1))
        case 5: .product(index(depth: depth + 1), random.number(-3..<50))
        case 6: random.chance(50) ? .quotient(index(depth: depth + 1), random.number(1..<9)) : .remainder(index(depth: depth + 1), 16)
        case 7: .minimum(index(depth: depth + 1), index(depth: depth + 1))
        default: .maximum(index(depth: depth + 1), index(depth: depth + 1))
        }
    }

    private mutating func active() -> Index? { random.chance(30) ? index() : nil }

    private mutating func buffer(not access: Buffer.Access) -> BufferID {
        let count = kernel.parameters.count + kernel.scratch.count
        let allowed = (0..<count).map(BufferID.init).filter { kernel[$0].access != access }
        return allowed[random.number(0..<allowed.count)]
    }

    private mutating func operation() -> Operation {
        switch registers.isEmpty ? random.number(0..<5) : random.number(0..<13) {
        case 0: .constant([0, 1, -2.5, 1e-30, 3e20, .infinity, 0.1][random.number(0..<7)])
        case 1: .load(buffer(not: .write), index(), active: active())
        case 2: .broadcast(buffer(not: .write), index())
        case 3: .gather(buffer(not: .write), index(), stride: random.number(-4..<70), active: active())
        case 4: .position(index(), stride: random.number(0..<3))
        case 5, 6: .unary(UnaryFunction.allCases.randomElement(using: &random)!, known())
        case 7, 8: .binary(BinaryFunction.allCases.randomElement(using: &random)!, known(), known())
        case 9: .fusedMultiplyAdd(known(), known(), known())
        case 10: .select(Comparison.allCases.randomElement(using: &random)!, known(), known(), then: known(), otherwise: known())
        case 11: .uniform(seed: known(), stream: random.number(0..<5), index(), stride: 1)
        default: random.chance(50) ? .acrossLanes([.add, .maximum][random.number(0..<2)], known()) : .keep(known(), active: index())
        }
    }

    private mutating func block(depth: Int) -> [Statement] {
        let outer = registers
        var statements: [Statement] = []
        for _ in 0..<random.number(1..<7) {
            switch random.number(0..<(depth < 4 ? 10 : 6)) {
            case 0, 1, 2, 3: statements.append(define())
            case 4: statements.append(random.chance(50) ? .prefetch(buffer(not: .write), index()) : define())
            case 5: if !registers.isEmpty { statements.append(write()) }
            case 6, 7, 8: statements.append(loop(depth: depth))
            default:
                let conditions = (0..<random.number(1..<3)).map { _ in IndexRange(index(), index(), index()) }
                let (carried, body) = scope(depth: depth) { random, known in (known, known) }
                statements.append(.when(conditions, carried: carried, body: body))
            }
        }
        if depth == 0 { return statements }
        registers = outer
        return statements
    }

    private mutating func define() -> Statement {
        let operation = operation()
        let result = register()
        registers.append(result)
        return .define(result, operation)
    }

    private mutating func write() -> Statement {
        random.chance(70)
            ? .store(buffer(not: .read), index(), known(), active: active())
            : .scatter(buffer(not: .read), index(), stride: random.number(-4..<70), known(), active: active())
    }

    private mutating func loop(depth: Int) -> Statement {
        let variable = Variable(kernel.variableNames.count)
        kernel.variableNames.append(["y", "x", "row", "step", "y"][random.number(0..<5)])
        let (from, to) = (index(), index())
        variables.append(variable)
        let (carried, body) = scope(depth: depth) { maker, initial in (maker.register(), initial) }
        variables.removeLast()
        return .loop(
            Loop(
                variable: variable, from: from, to: to, step: random.number(1..<4), unroll: random.number(1..<5), carried: carried,
                body: body))
    }

    /// Registers carried through a block, and the block.
    private mutating func scope(
        depth: Int, _ inside: (inout RandomKernel, Register) -> (inside: Register, initial: Register)
    ) -> ([Loop.Carried], [Statement]) {
        let outer = registers
        let starts = (0..<(registers.isEmpty ? 0 : random.number(0..<3))).map { _ in inside(&self, known()) }
        registers += starts.map(\.inside).filter { !outer.contains($0) }
        let body = block(depth: depth + 1)
        let next = starts.map { _ in known() }
        registers = outer
        let carried = zip(starts, next).map { start, next in
            Loop.Carried(inside: start.inside, initial: start.initial, next: next, result: register())
        }
        registers += carried.map(\.result)
        return (carried, body)
    }
}
