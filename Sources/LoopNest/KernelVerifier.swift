import Graph

extension Kernel {
    /// Checks the rules that every kernel keeps and that the emitter and the interpreter rely on.
    ///
    /// Registers are assigned once, before and in the scope of every use, and hold what is taken from them; variables belong to one loop and
    /// are used inside it; buffers exist, are not written where they are read-only nor read where they are write-only; steps and divisors are
    /// positive. Every element that is read or written lies within its buffer, as far as the bounds of loops, conditions and counts of lanes
    /// show it (`IndexBounds`), no number in an index is so large that arithmetic with it could overflow, and what loops write out is bounded.
    /// A kernel with tiles has 16 lanes, no condition carries one, and a `TileAllocation` is found.
    ///
    /// - Throws: `KernelError.invalid`, naming the statement.
    public func verify() throws(KernelError) { try verify(accesses: true) }

    /// Checks the rules, those of elements and numbers in indices only with `accesses`: the interpreter checks each access itself.
    func verify(accesses: Bool) throws(KernelError) {
        var verifier = KernelVerifier(kernel: self, checksAccesses: accesses)
        try verifier.verify()
    }
}

struct KernelVerifier {
    static let laneCounts = [1, 4, 8, 16]

    let kernel: Kernel
    let checksAccesses: Bool
    /// What each register holds; nil before it is assigned.
    private var types: [RegisterType?]
    /// Whether a register may be used here: it is assigned and its scope is still open.
    private var isVisible: [Bool]
    private var isDeclared: [Bool]
    private var isInScope: [Bool]
    var bounds = IndexBounds()
    /// The statement under inspection, nil outside all.
    private var place: Statement?
    private var usesTiles = false
    /// How often the place is written out by the loops around it, and how many statements that were in all.
    private var copies = 1
    private var written = 0

    init(kernel: Kernel, checksAccesses: Bool) {
        self.kernel = kernel
        self.checksAccesses = checksAccesses
        types = Array(repeating: nil, count: max(kernel.registerCount, 0))
        isVisible = Array(repeating: false, count: types.count)
        isDeclared = Array(repeating: false, count: kernel.variableNames.count)
        isInScope = isDeclared
    }

    /// All that a kernel may write out: hundreds of times what lowerings make.
    static let mostStatements = 1 << 20
    /// The buffers of a kernel.
    static let mostBuffers = 1 << 14

    func error(_ message: String) -> KernelError {
        .invalid(kernel: kernel.name, statement: place.map { KernelPrinter(kernel).text($0) } ?? "", message: message)
    }

    private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(KernelError) {
        if !condition { throw error(message()) }
    }

    mutating func verify() throws(KernelError) {
        try require(Self.laneCounts.contains(kernel.lanes), "\(kernel.lanes) lanes; there may be 1, 4, 8 or 16")
        try require(kernel.taskCount > 0, "a kernel has at least one task")
        try require(kernel.registerCount >= 0, "a count of registers is not negative")
        try require(kernel.variableNames.first == "task", "variable 0 is called 'task'")
        let buffers = kernel.parameters + kernel.scratch
        try require(buffers.count <= Self.mostBuffers, "there are \(buffers.count) buffers; \(Self.mostBuffers) are the limit")
        for buffer in buffers {
            try require(StoredElement.ofKernels.contains(buffer.element), "'\(buffer.name)' holds \(buffer.element), which no kernel can")
            try require(
                buffer.count >= 0 && buffer.count <= KernelReader.mostElements,
                "'\(buffer.name)' has \(buffer.count) elements; there may be 0 ... \(KernelReader.mostElements)")
        }
        for buffer in kernel.scratch {
            try require(buffer.access == .readWrite, "scratch buffer '\(buffer.name)' is both written and read")
        }
        if let problem = kernel.callProblem { throw error(problem) }
        isDeclared[0] = true
        isInScope[0] = true
        let task = Loop(variable: .task, from: 0, to: .constant(kernel.taskCount), carried: [], body: [])
        try enter(task)
        _ = try verify(kernel.body, depth: 0)
        place = nil
        for (index, name) in kernel.variableNames.enumerated() {
            try require(isDeclared[index], "no loop has the variable \(index) ('\(name)')")
        }
        if usesTiles { _ = try TileAllocation(kernel) }
    }

    /// Checks a block and returns the registers that it made visible, for the caller to hide again.
    private mutating func verify(_ statements: [Statement], depth: Int) throws(KernelError) -> [Register] {
        try require(depth < KernelReader.deepestNesting, "blocks are nested more than \(KernelReader.deepestNesting) deep")
        var made: [Register] = []
        for statement in statements {
            place = statement
            written += copies
            try require(written <= Self.mostStatements, "unrolled loops write out more than \(Self.mostStatements) statements")
            switch statement {
            case .define(let register, let operation):
                guard let type = try verify(operation) else { throw error("'\(operation.parts.instruction.name)' gives no register") }
                try assign(register, type)
                made.append(register)
            case .perform(let operation):
                guard try verify(operation) == nil else {
                    throw error("what '\(operation.parts.instruction.name)' gives needs a register")
                }
            case .loop(let loop):
                try verify(loop.from)
                try verify(loop.to)
                try require(loop.step > 0, "a loop's step is positive")
                try require(loop.unroll > 0, "a loop is unrolled at least once")
                let types = try carriedTypes(loop.carried)
                try open(loop.variable)
                for (carried, type) in zip(loop.carried, types) { try assign(carried.inside, type) }
                let isDead = try enter(loop)
                let around = copies
                // Turns are written out once in the machine's loop, and once more for those that remain.
                if loop.unroll > 1 { copies = min(Self.mostStatements + 1, copies * min(2 * loop.unroll, Self.mostStatements)) }
                var inner = try verify(loop.body, depth: depth + 1)
                place = statement
                copies = around
                bounds.leaveLoop(isDead: isDead)
                for (carried, type) in zip(loop.carried, types) { try use(carried.next, as: type) }
                inner += loop.carried.map(\.inside)
                for register in inner { isVisible[register.index] = false }
                isInScope[loop.variable.index] = false
                for (carried, type) in zip(loop.carried, types) { try assign(carried.result, type) }
                made += loop.carried.map(\.result)
            case .when(let conditions, let carried, let body):
                try require(!conditions.isEmpty, "a condition compares at least one index")
                for condition in conditions {
                    try verify(condition.index)
                    try verify(condition.lower)
                    try verify(condition.upper)
                }
                let types = try carriedTypes(carried)
                try require(!types.contains(where: \.isTile), "a condition carries no tiles; loops do")
                try enter(conditions)
                let inner = try verify(body, depth: depth + 1)
                place = statement
                bounds.leaveScope()
                for (one, type) in zip(carried, types) { try use(one.next, as: type) }
                for register in inner { isVisible[register.index] = false }
                for (one, type) in zip(carried, types) { try assign(one.result, type) }
                made += carried.map(\.result)
            }
        }
        return made
    }

    private mutating func assign(_ register: Register, _ type: RegisterType) throws(KernelError) {
        try require(types.indices.contains(register.index), "there is no register %\(register.index)")
        try require(types[register.index] == nil, "%\(register.index) is assigned twice")
        types[register.index] = type
        isVisible[register.index] = true
    }

    /// The types of carried registers: those of what they hold at first.
    private func carriedTypes(_ carried: [Loop.Carried]) throws(KernelError) -> [RegisterType] {
        var types: [RegisterType] = []
        for one in carried { types.append(try use(one.initial)) }
        return types
    }

    /// Requires that a register has a value here, and one of the type.
    private func use(_ register: Register, as type: RegisterType) throws(KernelError) {
        let held = try use(register)
        try require(held == type, "%\(register.index) holds \(held.phrase), not \(type.phrase)")
    }

    /// Requires that a register has a value here, and gives its type.
    private func use(_ register: Register) throws(KernelError) -> RegisterType {
        try require(isVisible.indices.contains(register.index), "there is no register %\(register.index)")
        guard isVisible[register.index], let type = types[register.index] else {
            throw error("%\(register.index) is used where it has no value")
        }
        return type
    }

    private mutating func open(_ variable: Variable) throws(KernelError) {
        try require(isDeclared.indices.contains(variable.index), "there is no variable \(variable.index)")
        try require(!isDeclared[variable.index], "'\(kernel.variableNames[variable.index])' is the variable of two loops")
        isDeclared[variable.index] = true
        isInScope[variable.index] = true
    }

    private func verify(_ buffer: BufferID) throws(KernelError) {
        let count = kernel.parameters.count + kernel.scratch.count
        try require(buffer.index >= 0 && buffer.index < count, "there is no buffer \(buffer.index)")
    }

    private func verify(_ index: Index) throws(KernelError) {
        switch index {
        case .constant: break
        case .variable(let variable):
            try require(isInScope.indices.contains(variable.index), "there is no variable \(variable.index)")
            try require(isInScope[variable.index], "'\(kernel.variableNames[variable.index])' is used outside its loop")
        case .sum(let a, let b), .minimum(let a, let b), .maximum(let a, let b):
            try verify(a)
            try verify(b)
        case .product(let a, _): try verify(a)
        case .quotient(let a, let divisor), .remainder(let a, let divisor):
            try verify(a)
            try require(divisor > 0, "a divisor is positive")
        }
    }

    /// - Returns: the type of the register that it gives.
    private mutating func verify(_ operation: Operation) throws(KernelError) -> RegisterType? {
        let (instruction, operands) = operation.parts
        if instruction.usesTiles {
            usesTiles = true
            try require(
                kernel.lanes == TileElement.lanes, "a kernel with tiles has \(TileElement.lanes) lanes, and this one has \(kernel.lanes)")
        }
        for (place, operand) in zip(instruction.places, operands) { try verify(operand, at: place) }
        guard checksAccesses else { return instruction.result }
        for (place, operand) in zip(instruction.places, operands) {
            switch (place, operand) {
            case (.element(.prefetches, _, _), .element(_, let index, _)), (_, .index(let index)): _ = try form(index)
            case (.element(_, let reach, _), .element(let buffer, let index, let stride)):
                try verifyAccess(buffer, index, stride: stride, reach.extent(lanes: kernel.lanes), operands.activeCount)
            case (_, .counter(let index, let stride)): try verifyCounter(index, stride)
            default: break
            }
        }
        return instruction.result
    }

    /// Checks that all that an operand names exists, and may be used here and in this way.
    private func verify(_ operand: Operand, at place: Place) throws(KernelError) {
        switch operand {
        case .register(let register): if case .register(let type) = place { try use(register, as: type) }
        case .element(let buffer, let index, _):
            try verify(buffer)
            if case .element(let effect, let reach, _) = place {
                let access = kernel[buffer].access
                try require(effect != .reads || access != .write, "'\(kernel[buffer].name)' may only be written")
                try require(effect != .writes || access != .read, "'\(kernel[buffer].name)' may only be read")
                if let (stored, phrase) = reach.element {
                    let held = kernel[buffer].element
                    try require(held == stored, "'\(kernel[buffer].name)' holds \(held), and \(phrase) of \(stored)")
                }
            }
            try verify(index)
        case .active(let count): if let count { try verify(count) }
        case .index(let index), .counter(let index, _): try verify(index)
        case .combination(let function):
            try require(Place.combinations.contains(function), "lanes are combined by add, maximum or minimum")
        case .integer, .number, .comparison: break
        }
    }
}

extension [Operand] {
    /// How many lanes touch memory; nil for all.
    fileprivate var activeCount: LoopNest.Index? {
        for case .active(let count) in self { return count }
        return nil
    }
}
