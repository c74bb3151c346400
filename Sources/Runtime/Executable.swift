import Foundation
import Graph
import Kernels
import Machine

/// A plan with its machine code and memory, ready to run any number of times.
///
/// A run allocates nothing. It does the same arithmetic with any number of threads: they share out a kernel's tasks, which the plan
/// has fixed.
public final class Executable {
    public let plan: Plan
    public let program: CompiledProgram
    public let pool: ThreadPool
    /// Bytes of everything the executable holds: arena, kept buffers and scratch.
    public let memoryBytes: Int

    private let kept: AlignedBuffer
    private let arena: AlignedBuffer
    private let preparation: StepSequence
    private let steps: StepSequence
    private var inputs: [String: Int] = [:]
    private var parameters: [String: Int] = [:]
    private var outputs: [String: Int] = [:]
    /// The place of every buffer.
    private let places: [(buffer: AlignedBuffer, offset: Int)]
    private var mustPrepare = true

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
            if case .arena(let offset) = buffer.storage { return offset }
            defer { keptBytes += (buffer.bytes + 63) / 64 * 64 }
            return keptBytes
        }
        let (kept, arena) = (try AlignedBuffer(byteCount: keptBytes), try AlignedBuffer(byteCount: plan.arenaBytes))
        (self.kept, self.arena) = (kept, arena)
        places = zip(plan.buffers, offsets).map { buffer, offset in
            if case .arena = buffer.storage { (arena, offset) } else { (kept, offset) }
        }
        // A page between the threads' scratch keeps prefetchers of one off the other's lines.
        let largest = plan.kernels.map(\.scratchBytes).max() ?? 0
        let scratchBytes = (largest + 4095) / 4096 * 4096 + 4096
        let scratch = try AlignedBuffer(byteCount: scratchBytes * pool.threads)
        memoryBytes = keptBytes + plan.arenaBytes + scratch.byteCount
        let addresses = zip(plan.buffers, places).map { planned, place in
            precondition(place.offset + planned.bytes <= place.buffer.byteCount, "a planned buffer lies outside the arena")
            return place.buffer.start + place.offset
        }
        preparation = StepSequence(plan.preparation, plan, program, addresses, scratch, scratchBytes, pool)
        steps = StepSequence(plan.steps, plan, program, addresses, scratch, scratchBytes, pool)
        for (name, buffer) in plan.inputs { inputs[name] = buffer }
        for (parameter, buffer) in plan.parameters { parameters[parameter.name] = buffer }
        for (name, buffer) in plan.outputs { outputs[name] = buffer }
    }

    // MARK: Running

    /// Computes the outputs and updates from the inputs and parameters that were set last.
    public func run() {
        if mustPrepare {
            pool.run(preparation)
            mustPrepare = false
        }
        pool.run(steps)
    }

    /// Whether each run measures its steps; off at first.
    public var measuresSteps: Bool {
        get { steps.isMeasured }
        set { steps.isMeasured = newValue }
    }

    /// The seconds that each step of the plan took, summed over the runs since `measuresSteps` was last set.
    public var stepSeconds: [Double] { steps.seconds }

    // MARK: Values

    private func find(_ kind: String, _ name: String, in table: [String: Int]) throws(RuntimeError) -> Int {
        guard let index = table[name] else { throw .unknownName(kind: kind, name: name, known: table.keys.sorted()) }
        return index
    }

    private func elements<Element: TensorElement>(
        _ name: String, _ index: Int, _ type: Element.Type
    ) throws(RuntimeError) -> (UnsafeMutableBufferPointer<Element>, LayoutCopy) {
        let buffer = plan.buffers[index]
        guard buffer.element == Element.elementType else {
            throw .wrongElement(name: name, expected: buffer.element, observed: Element.elementType)
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
    public func setParameter<Element: TensorElement>(_ name: String, to values: [Element]) throws(RuntimeError) {
        let index = try find("parameter", name, in: parameters)
        try values.withUnsafeBufferPointer { (values) throws(RuntimeError) in try write(name, index, values) }
        mustPrepare = true
    }

    /// The current value of a parameter, in row-major order.
    public func parameter<Element: TensorElement>(_ name: String, as type: Element.Type = Float.self) throws(RuntimeError) -> [Element] {
        let (stored, copy) = try elements(name, find("parameter", name, in: parameters), type)
        return copy.gather(stored)
    }

    /// An output of the last run, in row-major order.
    public func output<Element: TensorElement>(_ name: String, as type: Element.Type = Float.self) throws(RuntimeError) -> [Element] {
        let (stored, copy) = try elements(name, find("output", name, in: outputs), type)
        return copy.gather(stored)
    }

    /// Takes over all parameters that `other` has too: for an evaluation between steps of a training, or another batch size.
    ///
    /// - Throws: `RuntimeError` if a shared parameter has another shape or element type there.
    public func copyParameters(from other: Executable) throws(RuntimeError) {
        for (parameter, index) in plan.parameters {
            guard let source = other.parameters[parameter.name] else { continue }
            let (mine, theirs) = (plan.buffers[index], other.plan.buffers[source])
            guard mine.extents == theirs.extents else {
                throw .wrongCount(name: parameter.name, expected: mine.extents, observed: theirs.extents.reduce(1, *))
            }
            if mine.layout == theirs.layout && mine.element == theirs.element {
                let (to, from) = (places[index], other.places[source])
                memcpy(to.buffer.start + to.offset, from.buffer.start + from.offset, mine.bytes)
            } else if mine.element == .f32 {
                try setParameter(parameter.name, to: try other.parameter(parameter.name, as: Float.self))
            } else {
                try setParameter(parameter.name, to: try other.parameter(parameter.name, as: Int32.self))
            }
        }
        mustPrepare = true
    }
}
