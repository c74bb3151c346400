import Graph

/// What an operation gives: of a `RegisterType`, `Kernel.lanes` f32 values or pairs of bf16, or a tile. Registers are assigned once.
public struct Register: Hashable, Sendable {
    public var index: Int
    public init(_ index: Int) { self.index = index }
}

/// A buffer of a kernel: the parameters first, then the scratch buffers.
public struct BufferID: Hashable, Sendable {
    public var index: Int
    public init(_ index: Int) { self.index = index }
}

/// A flat array that a kernel reads or writes. Distinct buffers never overlap.
public struct Buffer: Hashable, Sendable {
    public enum Access: String, Hashable, Sendable, CaseIterable { case read, write, readWrite }

    public var name: String
    public var element: StoredElement
    /// The number of elements; every access lies within.
    public var count: Int
    public var access: Access

    public init(_ name: String, _ element: StoredElement, count: Int, access: Access) {
        self.name = name
        self.element = element
        self.count = count
        self.access = access
    }

    public var bytes: Int { count * element.size }
    /// The bytes that it takes where buffers lie one behind the other.
    public var alignedBytes: Int { (bytes + 63) / 64 * 64 }
}

/// A counted loop `for variable in from ..< to by step` with registers that are carried from turn to turn.
public struct Loop: Hashable, Sendable {
    public struct Carried: Hashable, Sendable {
        /// The register inside the body.
        public var inside: Register
        /// Its value in the first turn.
        public var initial: Register
        /// Its value in the next turn: a register of the body.
        public var next: Register
        /// Its value after the loop (`initial` if the loop makes no turn).
        public var result: Register

        public init(inside: Register, initial: Register, next: Register, result: Register) {
            self.inside = inside
            self.initial = initial
            self.next = next
            self.result = result
        }
    }

    public var variable: Variable
    public var from: Index
    public var to: Index
    public var step: Int
    /// How many turns the emitter writes out one after another; 1 keeps the loop rolled.
    public var unroll: Int
    public var carried: [Carried]
    public var body: [Statement]

    public init(variable: Variable, from: Index, to: Index, step: Int = 1, unroll: Int = 1, carried: [Carried], body: [Statement]) {
        self.variable = variable
        self.from = from
        self.to = to
        self.step = step
        self.unroll = unroll
        self.carried = carried
        self.body = body
    }
}

/// `lower <= index < upper`.
public struct IndexRange: Hashable, Sendable {
    public var index: Index
    public var lower: Index
    public var upper: Index

    public init(_ index: Index, _ lower: Index, _ upper: Index) {
        self.index = index
        self.lower = lower
        self.upper = upper
    }

    /// Whether the condition holds, where constants decide it.
    public var holds: Bool? {
        guard let index = index.constantValue, let lower = lower.constantValue, let upper = upper.constantValue else { return nil }
        return lower <= index && index < upper
    }
}

/// One step of a kernel.
public enum Statement: Hashable, Sendable {
    /// An operation that gives a register.
    case define(Register, Operation)
    /// One that gives none.
    case perform(Operation)
    case loop(Loop)
    /// Runs the body if every condition holds; `carried` registers keep `initial` otherwise (`inside` is not used).
    case when([IndexRange], carried: [Loop.Carried], body: [Statement])
}

/// A loop nest over explicit vectors: the only thing that the emitter and the interpreter know.
///
/// The tasks `0 ..< taskCount` run in any order on any thread; each has its own scratch, which holds garbage when a task begins.
/// The order of arithmetic inside a task is fixed, so the result does not depend on the number of threads.
public struct Kernel: Hashable, Sendable {
    public var name: String
    /// The width of every register, in f32 values.
    public var lanes: Int
    public var taskCount: Int
    public var parameters: [Buffer]
    public var scratch: [Buffer]
    /// The names of loop variables, by index; the first is the task's.
    public var variableNames: [String]
    public var registerCount: Int
    public var body: [Statement]
    /// The C function that each task calls, in place of a body.
    public var call: ArrayCall?

    public init(
        name: String, lanes: Int, taskCount: Int, parameters: [Buffer], scratch: [Buffer] = [], variableNames: [String] = ["task"],
        registerCount: Int = 0, body: [Statement] = [], call: ArrayCall? = nil
    ) {
        self.name = name
        self.lanes = lanes
        self.taskCount = taskCount
        self.parameters = parameters
        self.scratch = scratch
        self.variableNames = variableNames
        self.registerCount = registerCount
        self.body = body
        self.call = call
    }

    /// The buffer `id` names: a parameter, or after those a scratch buffer.
    public subscript(id: BufferID) -> Buffer {
        id.index < parameters.count ? parameters[id.index] : scratch[id.index - parameters.count]
    }

    /// The bytes of scratch that one thread needs, each buffer aligned to 64 bytes.
    public var scratchBytes: Int { scratch.reduce(0) { $0 + $1.alignedBytes } }
}
