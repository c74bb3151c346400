import Graph
import TestSupport

@testable import LoopNest

/// Writes kernels that keep all rules but compute nothing of sense: every kind of statement, index and name occurs, and every instruction,
/// made of its row.
struct RandomKernel {
    private var random: SeededGenerator
    private var kernel: Kernel
    private var variables: [Variable] = [.task]
    private var registers: [Known] = []

    private struct Known: Hashable {
        var register: Register
        var type: RegisterType
    }

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

    private mutating func known() -> Known { registers[random.number(0..<registers.count)] }

    /// A register of the type, if one is known.
    private mutating func known(_ type: RegisterType) -> Register? {
        let fitting = registers.filter { $0.type == type }
        return fitting.isEmpty ? nil : fitting[random.number(0..<fitting.count)].register
    }

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

    /// A buffer without that access, and of elements if they are given; nil if there is none.
    private mutating func buffer(not access: Buffer.Access, of element: StoredElement?) -> BufferID? {
        let count = kernel.parameters.count + kernel.scratch.count
        let allowed = (0..<count).map(BufferID.init).filter { id in
            kernel[id].access != access && element.map { kernel[id].element == $0 } ?? true
        }
        return allowed.isEmpty ? nil : allowed[random.number(0..<allowed.count)]
    }

    /// An operation of the row; nil if it takes a register of a type of which none is known.
    private mutating func operation(_ instruction: InstructionRow) -> Operation? {
        var operands: [Operand] = []
        for place in instruction.places {
            guard let operand = operand(place) else { return nil }
            operands.append(operand)
        }
        return instruction.compose(operands)
    }

    private mutating func operand(_ place: Place) -> Operand? {
        switch place {
        case .register(let type): known(type).map(Operand.register)
        case .registers: preconditionFailure("each has a place of its own")
        case .element(let effect, let reach, let isStrided):
            buffer(not: effect == .writes ? .read : .write, of: reach.element?.stored).map {
                .element($0, index(), stride: isStrided ? random.number(-4..<70) : 1)
            }
        case .active: .active(random.chance(30) ? index() : nil)
        case .index: .index(index())
        case .counter: .counter(index(), stride: random.number(0..<3))
        case .integer: .integer(random.number(0..<5))
        case .number: .number([0, 1, -2.5, 1e-30, 3e20, .infinity, 0.1][random.number(0..<7)])
        case .combination: .combination([.add, .maximum, .minimum][random.number(0..<3)])
        case .comparison: .comparison(Comparison.allCases[random.number(0..<3)])
        }
    }

    private mutating func block(depth: Int) -> [Statement] {
        let outer = registers
        var statements: [Statement] = []
        for _ in 0..<random.number(1..<7) {
            switch random.number(0..<(depth < 4 ? 10 : 6)) {
            case 0: statements += random.chance(30) ? tiles() : []
            case 1, 2, 3, 4, 5: if let statement = instruction() { statements.append(statement) }
            case 6, 7, 8: statements.append(loop(depth: depth))
            default:
                let conditions = (0..<random.number(1..<3)).map { _ in IndexRange(index(), index(), index()) }
                let (carried, body) = scope(depth: depth) { random, known in (known.register, known.register) }
                statements.append(.when(conditions, carried: carried, body: body))
            }
        }
        if depth == 0 { return statements }
        registers = outer
        return statements
    }

    private mutating func instruction() -> Statement? {
        let rows = random.chance(60) ? InstructionRow.table : InstructionRow.all
        let instruction = rows[random.number(0..<rows.count)]
        guard !instruction.usesTiles, let operation = operation(instruction) else { return nil }
        guard let type = instruction.result else { return .perform(operation) }
        let result = Known(register: register(), type: type)
        registers.append(result)
        return .define(result.register, operation)
    }

    /// A few products, with the sums carried by a loop. Tiles are known nowhere else, as few uses of them keep the rules.
    private mutating func tiles() -> [Statement] {
        let outer = registers
        defer { registers = outer }
        var statements: [Statement] = []
        func define(_ instruction: InstructionRow) -> Register? {
            guard kernel.lanes == TileElement.lanes, let operation = operation(instruction), let type = instruction.result else {
                return nil
            }
            let result = Known(register: register(), type: type)
            registers.append(result)
            statements.append(.define(result.register, operation))
            return result.register
        }
        guard let pairs = define(.loadTile(.pairs)), let start = define(random.chance(50) ? .zeroTile : .loadTile(.sums)) else {
            return statements
        }
        let before = statements
        let (variable, inside, result) = (Variable(kernel.variableNames.count), register(), register())
        kernel.variableNames.append("tile")
        let (from, to) = (index(), index())
        statements = []
        var sum = inside
        for _ in 0..<random.number(0..<4) {
            guard let other = define(.loadTile(.pairs)) else { break }
            let product = register()
            statements.append(.define(product, .tileProduct(other, random.chance(50) ? pairs : other, sum: sum)))
            sum = product
        }
        let carried = Loop.Carried(inside: inside, initial: start, next: sum, result: result)
        let loop = Loop(
            variable: variable, from: from, to: to, step: random.number(1..<4), unroll: random.number(1..<3), carried: [carried],
            body: statements)
        registers = [Known(register: result, type: .tile(.sums))]
        let store = operation(.storeTile)
        return before + [.loop(loop)] + (store.map { [.perform($0)] } ?? [])
    }

    private mutating func loop(depth: Int) -> Statement {
        let variable = Variable(kernel.variableNames.count)
        kernel.variableNames.append(["y", "x", "row", "step", "y"][random.number(0..<5)])
        let (from, to) = (index(), index())
        variables.append(variable)
        let (carried, body) = scope(depth: depth) { maker, initial in (maker.register(), initial.register) }
        variables.removeLast()
        return .loop(
            Loop(
                variable: variable, from: from, to: to, step: random.number(1..<4), unroll: random.number(1..<5), carried: carried,
                body: body))
    }

    /// Registers carried through a block, and the block.
    private mutating func scope(
        depth: Int, _ inside: (inout RandomKernel, Known) -> (inside: Register, initial: Register)
    ) -> ([Loop.Carried], [Statement]) {
        let outer = registers
        let starts = (0..<(registers.isEmpty ? 0 : random.number(0..<3))).map { _ in
            let known = known()
            let (inside, initial) = inside(&self, known)
            return (inside: Known(register: inside, type: known.type), initial: initial)
        }
        registers += starts.map(\.inside).filter { !outer.contains($0) }
        let body = block(depth: depth + 1)
        let next = starts.map { known($0.inside.type) ?? $0.inside.register }
        registers = outer
        let carried = zip(starts, next).map { start, next in
            Loop.Carried(inside: start.inside.register, initial: start.initial, next: next, result: register())
        }
        registers += zip(carried, starts).map { Known(register: $0.result, type: $1.inside.type) }
        return (carried, body)
    }
}
