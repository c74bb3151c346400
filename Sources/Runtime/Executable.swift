import Foundation
import Graph
import Kernels
import Machine

/// A plan with its machine code and memory, ready to run any number of times.
///
/// A run allocates nothing. It does the same arithmetic with any number of threads: they share out a kernel's tasks, which the plan
/// has fixed.
///
/// For inference, parameters are set all at once (`setParameters`): what the steps do not read is not kept. A training keeps them, and each
/// may be set and read by itself.
public final class Executable {
    public let plan: Plan
    public let program: CompiledProgram
    public let pool: ThreadPool
    /// Bytes of everything the executable holds: arena, kept buffers and scratch.
    public let memoryBytes: Int

    private let kept: AlignedBuffer
    let arena: AlignedBuffer
    let preparation: StepSequence
    private let steps: StepSequence
    private(set) var inputs: [String: Int] = [:]
    private(set) var parameters: [String: Int] = [:]
    private var outputs: [String: Int] = [:]
    /// The place of every buffer.
    let places: [(buffer: AlignedBuffer, offset: Int)]
    /// Whether the preparation reads or writes a buffer.
    private var isPreparationOperand: [Bool]
    /// Whether a buffer no longer holds what was put there once the preparation has run: it is temporary or written over.
    private(set) var isConsumed: [Bool]
    var mustPrepare = true

    /// Lays out the memory of `plan` and binds its buffers to its kernels' code.
    ///
    /// - Parameter program: the code of `plan.kernels`, in their order.
    /// - Throws: `RuntimeError.outOfMemory`.
    public init(_ plan: Plan, _ program: CompiledProgram, pool: ThreadPool) throws(RuntimeError) {
        precondition(program.entries.count == plan.kernels.count, "one entry a kernel")
        self.plan = plan
        self.program = program
        self.pool = pool
        var keptBytes = 0
        let offsets = plan.buffers.map { buffer in
            switch buffer.storage {
            case .arena(let offset), .temporary(let offset): return offset
            case .input, .parameter, .prepared: break
            }
            defer { keptBytes += buffer.alignedBytes }
            return keptBytes
        }
        let arenaBytes = max(plan.arenaBytes, plan.temporaryBytes)
        let (kept, arena) = (try AlignedBuffer(byteCount: keptBytes), try AlignedBuffer(byteCount: arenaBytes))
        (self.kept, self.arena) = (kept, arena)
        places = zip(plan.buffers, offsets).map { buffer, offset in
            switch buffer.storage {
            case .arena, .temporary: (arena, offset)
            case .input, .parameter, .prepared: (kept, offset)
            }
        }
        let scratchBytes = plan.scratchBytesOfThread
        let scratch = try AlignedBuffer(byteCount: scratchBytes * pool.threads)
        memoryBytes = keptBytes + arenaBytes + scratch.byteCount
        let addresses = zip(plan.buffers, places).map { planned, place in
            precondition(place.offset + planned.bytes <= place.buffer.byteCount, "a planned buffer lies outside the arena")
            return place.buffer.start + place.offset
        }
        preparation = StepSequence(plan.preparation, plan, entries: program.entries, addresses, scratch, scratchBytes, pool)
        steps = StepSequence(plan.steps, plan, entries: program.entries, addresses, scratch, scratchBytes, pool)
        isPreparationOperand = [Bool](repeating: false, count: plan.buffers.count)
        isConsumed = plan.buffers.map { if case .temporary = $0.storage { true } else { false } }
        for step in plan.preparation {
            for buffer in step.buffers { isPreparationOperand[buffer] = true }
            for buffer in plan.writes(step) { isConsumed[buffer] = true }
        }
        for (name, buffer) in plan.inputs { inputs[name] = buffer }
        for (parameter, buffer) in plan.parameters { parameters[parameter.name] = buffer }
        for (name, buffer) in plan.outputs { outputs[name] = buffer }
        for (tensor, buffer) in plan.tensors where !isConsumed[buffer] { store(tensor, in: buffer) }
    }

    // MARK: Running

    /// Computes the outputs and updates from the inputs and parameters that were set last.
    ///
    /// Where the plan streams its parameters they must have been set.
    public func run() {
        prepareIfNeeded()
        steps.run()
    }

    /// As `run`, one step after the other, with `before` and `after` called around each with its index: what lies in memory may then be
    /// looked at, see `elements(of:in:)`.
    public func run(before: (Int) -> Void, after: (Int) -> Void) {
        prepareIfNeeded()
        defer { steps.range = plan.steps.indices }
        for step in plan.steps.indices {
            before(step)
            steps.range = step..<step + 1
            steps.run()
            after(step)
        }
    }

    private func prepareIfNeeded() {
        guard mustPrepare else { return }
        precondition(!plan.streamsParameters || plan.preparation.isEmpty, "'\(plan.name)' has no parameters yet")
        preparation.run()
        mustPrepare = false
    }

    /// Whether each run measures its steps; off at first.
    public var measuresSteps: Bool {
        get { steps.isMeasured }
        set { steps.isMeasured = newValue }
    }

    /// The seconds that each step of the plan took, summed over the runs since `measuresSteps` was last set.
    public var stepSeconds: [Double] { steps.seconds }

    /// Whether each run notes which thread works on which step, and when; off at first.
    public var tracesThreads: Bool {
        get { steps.isTraced }
        set { steps.isTraced = newValue }
    }

    /// What the threads did in the last run, by thread and step; empty where it was not traced.
    public var trace: [StepSpan] { steps.trace }

    // MARK: Values

    func find(_ kind: String, _ name: String, in table: [String: Int]) throws(RuntimeError) -> Int {
        guard let index = table[name] else { throw .unknownName(kind: kind, name: name, known: table.keys.sorted()) }
        return index
    }

    func elements<Element: TensorElement>(
        _ name: String, _ index: Int, _ type: Element.Type
    ) throws(RuntimeError) -> (UnsafeMutableBufferPointer<Element>, LayoutCopy) {
        let buffer = plan.buffers[index]
        guard buffer.element == Element.storedElement else {
            throw .wrongElement(name: name, expected: buffer.element, observed: Element.storedElement)
        }
        let place = places[index]
        return (place.buffer.elements(type, at: place.offset, count: buffer.count), LayoutCopy(buffer.layout, buffer.extents))
    }

    private func write<Element: TensorElement>(
        _ name: String, _ index: Int, _ values: UnsafeBufferPointer<Element>
    ) throws(RuntimeError) {
        let (stored, copy) = try elements(name, index, Element.self)
        guard values.count == copy.count else {
            throw .wrongCount(name: name, expected: plan.buffers[index].extents, observed: values.count)
        }
        copy.scatter(values, to: stored)
    }

    /// Sets an input, in row-major order.
    public func setInput<Element: TensorElement>(_ name: String, to values: UnsafeBufferPointer<Element>) throws(RuntimeError) {
        try write(name, find("input", name, in: inputs), values)
    }

    /// Sets an input, in row-major order.
    public func setInput<Element: TensorElement>(_ name: String, to values: [Element]) throws(RuntimeError) {
        let index = try find("input", name, in: inputs)
        try values.withUnsafeBufferPointer { (values) throws(RuntimeError) in try write(name, index, values) }
    }

    /// Sets a parameter, in row-major order; the next run prepares what depends on it.
    ///
    /// - Throws: `RuntimeError`, `notKept` where the plan streams its parameters and prepares something from this one.
    public func setParameter<Element: TensorElement>(_ name: String, to values: [Element]) throws(RuntimeError) {
        let index = try find("parameter", name, in: parameters)
        if plan.streamsParameters && isPreparationOperand[index] { throw .notKept(name: name) }
        try values.withUnsafeBufferPointer { (values) throws(RuntimeError) in try write(name, index, values) }
        if isPreparationOperand[index] { mustPrepare = true }
    }

    /// The current value of a parameter, in row-major order.
    ///
    /// - Throws: `RuntimeError`, `notKept` where only the preparation needed it.
    public func parameter<Element: TensorElement>(_ name: String, as type: Element.Type = Float.self) throws(RuntimeError) -> [Element] {
        let index = try find("parameter", name, in: parameters)
        if isConsumed[index] { throw .notKept(name: name) }
        let (stored, copy) = try elements(name, index, type)
        return copy.gather(stored)
    }

    /// An output of the last run, in row-major order.
    public func output<Element: TensorElement>(_ name: String, as type: Element.Type = Float.self) throws(RuntimeError) -> [Element] {
        let (stored, copy) = try elements(name, find("output", name, in: outputs), type)
        return copy.gather(stored)
    }
}
