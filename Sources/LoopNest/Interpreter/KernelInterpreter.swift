import Graph

/// Runs kernels statement by statement, in fp32 as compiled code does, checking every access of every lane.
///
/// Scratch holds NaN when a task begins. A run fails where tasks touch each other's elements.
public struct KernelInterpreter {
    /// In which order the tasks of a kernel run; the result is the same.
    public enum TaskOrder: Hashable, Sendable {
        case ascending
        case shuffled(seed: UInt64)
    }

    /// The most scratch elements a run allocates, of all buffers together.
    static let mostScratch = 1 << 28

    public var order: TaskOrder
    /// The most loop turns a run may take.
    public var turnLimit: Int

    public init(order: TaskOrder = .ascending, turnLimit: Int = 1 << 40) {
        self.order = order
        self.turnLimit = turnLimit
    }

    /// Runs all tasks of `kernel` on `buffers`, one array a parameter.
    ///
    /// - Throws: what `Kernel.verify` throws; `arguments` if an array has another type or count than its parameter; `outOfBounds`,
    ///   `dependentTasks` or `tooLong` if the run does what it must not. The arrays are unchanged then.
    public func run(_ kernel: Kernel, _ buffers: inout [KernelArray]) throws(KernelError) {
        try kernel.verify(accesses: false)
        func refuse(_ message: String) -> KernelError { .arguments(kernel: kernel.name, message: message) }
        guard buffers.count == kernel.parameters.count else {
            throw refuse("it takes \(kernel.parameters.count) buffers and got \(buffers.count)")
        }
        for (array, buffer) in zip(buffers, kernel.parameters) where array.count != buffer.count || array.element != buffer.element {
            throw refuse("'\(buffer.name)' is \(buffer.element.rawValue)[\(buffer.count)], not \(array.element.rawValue)[\(array.count)]")
        }
        var scratchCount = 0
        for buffer in kernel.scratch {
            scratchCount += buffer.count
            guard scratchCount <= Self.mostScratch else { throw refuse("its scratch has more than \(Self.mostScratch) elements") }
        }
        let program = try KernelProgram(kernel)
        let memory = KernelMemory(kernel, parameters: buffers)
        try withExtendedLifetime(memory) { () throws(KernelError) in
            if let call = kernel.call {
                for task in tasks(kernel.taskCount) { try call.run(task: task, memory) }
                return
            }
            let machine = KernelMachine(program, memory, turnLimit: turnLimit)
            for task in tasks(kernel.taskCount) { try machine.run(task) }
        }
        for (index, buffer) in kernel.parameters.enumerated() where buffer.access != .read {
            buffers[index] = KernelArray(buffer.element, bytes: UnsafeRawBufferPointer(memory.contents(index)))
        }
    }

    private func tasks(_ count: Int) -> [Int] {
        guard case .shuffled(var state) = order else { return Array(0..<count) }
        var tasks = Array(0..<count)
        for last in stride(from: count - 1, to: 0, by: -1) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            tasks.swapAt(last, Int(state >> 33) % (last + 1))
        }
        return tasks
    }
}
