import Graph

/// In which of the processor's tiles each register of a kernel lies. The interpreter and the emitter use the same numbers.
///
/// No instruction copies a tile, and a product is written over its sum. So registers that follow each other share a tile: a product and its
/// sum, and what a loop carries, before it, inside, for the next turn and behind it. Such a group holds its tile from the first statement that
/// writes it to the last that needs it, or to the end of a loop around that one if it was written before the loop.
public struct TileAllocation: Hashable, Sendable {
    /// The tile of each register by its index; nil for those that are none, and no elements at all where a kernel has none.
    private var numbers: [Int?] = []

    public var isEmpty: Bool { numbers.isEmpty }

    /// The number of the register's tile; nil if it is no tile.
    public subscript(register: Register) -> Int? { numbers.isEmpty ? nil : numbers[register.index] }

    /// - Throws: `KernelError.invalid` if a tile is needed after another register of its group was written over it, or if more are needed at
    ///   one place than there are. The kernel is sound otherwise, and no condition carries a tile.
    init(_ kernel: Kernel) throws(KernelError) {
        var groups = TileGroups(kernel)
        guard !groups.isEmpty else { return }
        var lives = TileLives(kernel, groups)
        let found = try lives.find()
        var ends = [Int](repeating: -1, count: TileElement.registers)
        var numberOfGroup: [Int: Int] = [:]
        for (group, life) in found {
            guard let free = ends.firstIndex(where: { $0 < life.start }) else {
                throw .invalid(
                    kernel: kernel.name, statement: KernelPrinter(kernel).text(life.statement),
                    message: "more than \(TileElement.registers) tiles are needed at once")
            }
            ends[free] = life.end
            numberOfGroup[group] = free
        }
        numbers = (0..<kernel.registerCount).map { index in groups.group(Register(index)).flatMap { numberOfGroup[$0] } }
    }
}

extension Kernel {
    /// In which tiles the registers lie, of a kernel that keeps the rules.
    ///
    /// - Throws: what `verify` throws where the rules of tiles are broken.
    public func tiles() throws(KernelError) -> TileAllocation { try TileAllocation(self) }

    /// Whether there is an instruction of tiles in it.
    public var usesTiles: Bool { body.contains(where: \.usesTiles) }
}

extension Statement {
    fileprivate var usesTiles: Bool {
        switch self {
        case .define(_, let operation), .perform(let operation): operation.parts.instruction.usesTiles
        case .loop(let loop): loop.body.contains(where: \.usesTiles)
        case .when(_, _, let body): body.contains(where: \.usesTiles)
        }
    }
}

/// The registers that must share a tile, each group known by the index of one of its registers.
private struct TileGroups {
    /// For each register one of its group that is nearer to the group's name, at last itself; nil if it is no tile.
    private var parents: [Int?]
    private(set) var isEmpty = true

    init(_ kernel: Kernel) {
        parents = Array(repeating: nil, count: kernel.registerCount)
        add(kernel.body)
    }

    mutating func group(_ register: Register) -> Int? {
        guard var index = parents[register.index] else { return nil }
        while let next = parents[index], next != index {
            parents[index] = parents[next]
            index = next
        }
        parents[register.index] = index
        return index
    }

    private mutating func insert(_ register: Register) {
        if parents[register.index] == nil { parents[register.index] = register.index }
        isEmpty = false
    }

    /// Makes two groups one, if they are tiles.
    private mutating func join(_ a: Register, _ b: Register) {
        guard let a = group(a), let b = group(b) else { return }
        parents[a] = b
    }

    private mutating func add(_ statements: [Statement]) {
        for statement in statements {
            switch statement {
            case .define(let register, let operation):
                if operation.parts.instruction.result?.isTile ?? false { insert(register) }
                if case .tileProduct(_, _, let sum) = operation { join(register, sum) }
            case .perform: break
            case .loop(let loop):
                for carried in loop.carried where parents[carried.initial.index] != nil {
                    insert(carried.inside)
                    insert(carried.result)
                    join(carried.inside, carried.initial)
                    join(carried.result, carried.initial)
                }
                add(loop.body)
                for carried in loop.carried { join(carried.next, carried.inside) }
            case .when(_, _, let body): add(body)
            }
        }
    }
}

/// From where to where each group of registers needs its tile, and whether each finds in it what it was left there.
private struct TileLives {
    struct Life {
        var start: Int
        var end: Int
        /// The statement that writes it first.
        var statement: Statement
    }

    private let kernel: Kernel
    private var groups: TileGroups
    private var lives: [Int: Life] = [:]
    /// The register whose value is in the tile of a group.
    private var holders: [Int: Register] = [:]
    /// How many loops are around the statement that writes a register.
    private var depths: [Register: Int] = [:]
    /// For each loop around the place, the registers from outside of it that are needed in it.
    private var needed: [Set<Register>] = []
    /// The number of the statement, in the order of the text.
    private var position = 0
    private var place: Statement

    init(_ kernel: Kernel, _ groups: TileGroups) {
        self.kernel = kernel
        self.groups = groups
        place = .when([], carried: [], body: kernel.body)
    }

    /// The groups with their lives, those first that begin first.
    mutating func find() throws(KernelError) -> [(Int, Life)] {
        try visit(kernel.body)
        return lives.map { ($0, $1) }.sorted { ($0.1.start, $0.0) < ($1.1.start, $1.0) }
    }

    private mutating func visit(_ statements: [Statement]) throws(KernelError) {
        for statement in statements {
            place = statement
            position += 1
            switch statement {
            case .define(let register, let operation):
                for case .register(let operand) in operation.parts.operands { try need(operand) }
                write(register)
            case .perform(let operation): for case .register(let operand) in operation.parts.operands { try need(operand) }
            case .loop(let loop): try visit(loop, statement)
            case .when(_, _, let body): try visit(body)
            }
        }
    }

    private mutating func visit(_ loop: Loop, _ statement: Statement) throws(KernelError) {
        for carried in loop.carried { try need(carried.initial) }
        needed.append([])
        for carried in loop.carried { write(carried.inside) }
        try visit(loop.body)
        place = statement
        position += 1
        for carried in loop.carried { try need(carried.next) }
        // The next turn needs them again.
        for register in needed.removeLast().sorted(by: { $0.index < $1.index }) { try need(register, "in a further turn") }
        for carried in loop.carried { write(carried.result) }
    }

    /// Requires that the register's value is in its tile still.
    private mutating func need(_ register: Register, _ when: String? = nil) throws(KernelError) {
        guard let group = groups.group(register) else { return }
        guard let holder = holders[group], holder == register else {
            let other = holders[group].map { "%\($0.index)" } ?? "another"
            throw .invalid(
                kernel: kernel.name, statement: KernelPrinter(kernel).text(place),
                message: "the tile of %\(register.index) is needed\(when.map { " " + $0 } ?? "") after \(other) was written over it")
        }
        lives[group]?.end = position
        for depth in (depths[register] ?? 0)..<max(needed.count, depths[register] ?? 0) { needed[depth].insert(register) }
    }

    private mutating func write(_ register: Register) {
        guard let group = groups.group(register) else { return }
        holders[group] = register
        depths[register] = needed.count
        if lives[group] == nil {
            lives[group] = Life(start: position, end: position, statement: place)
        }
        lives[group]?.end = position
    }
}
