import Graph
import LoopNest

/// Runs a plan with the kernel interpreter, in an arena like the real one: what compiled programs are compared with, and what finds a
/// memory plan that lets two live buffers overlap.
public struct PlanInterpreter {
    public let plan: Plan
    /// The contents of every buffer outside the arena, stored in its layout, by index.
    private var kept: [Int: KernelArray] = [:]
    /// The arena, poisoned, so that reading what was never written shows; in words, so that every element is aligned.
    private var arena: [UInt64]
    /// The values of streamed parameters, which get to their places just before the first step that reads them.
    private var streamed: [Int: KernelArray] = [:]
    private let interpreter: KernelInterpreter

    public init(_ plan: Plan, interpreter: KernelInterpreter = KernelInterpreter()) {
        self.plan = plan
        self.interpreter = interpreter
        arena = [UInt64](repeating: .max, count: (max(plan.arenaBytes, plan.temporaryBytes) + 7) / 8)
        for (index, buffer) in plan.buffers.enumerated() where Self.offset(of: buffer) == nil {
            kept[index] = KernelArray(buffer.element, numbers: [Double](repeating: 0, count: buffer.count))
        }
        for (tensor, buffer) in plan.tensors { set(buffer, tensor.values) }
    }

    /// Sets a parameter from row-major values.
    public mutating func setParameter(_ name: String, _ values: [Float]) {
        guard let buffer = plan.parameters.first(where: { $0.parameter.name == name })?.buffer else {
            preconditionFailure("'\(plan.name)' has no parameter '\(name)'")
        }
        set(buffer, values)
    }

    /// Sets what is kept from row-major values.
    private mutating func set(_ buffer: Int, _ values: [Float]) {
        let stored = KernelArray.f32(plan.buffers[buffer].layout.stored(values, extents: plan.buffers[buffer].extents))
        if plan.streamsParameters { streamed[buffer] = stored } else { kept[buffer] = stored }
    }

    /// Sets an input from row-major values, converted to the input's element type.
    public mutating func setInput(_ name: String, _ values: [Double]) {
        guard let buffer = plan.inputs.first(where: { $0.name == name })?.buffer else {
            preconditionFailure("'\(plan.name)' has no input '\(name)'")
        }
        let layout = plan.buffers[buffer].layout
        let stored = layout.stored(values, extents: plan.buffers[buffer].extents)
        kept[buffer] = KernelArray(plan.buffers[buffer].element, numbers: stored)
    }

    public mutating func run() throws(KernelError) {
        var waiting = streamed
        for step in plan.preparation + plan.steps {
            for buffer in step.buffers { if let values = waiting.removeValue(forKey: buffer) { write(values, to: buffer) } }
            var arrays = step.buffers.map { contents($0) }
            try interpreter.run(plan.kernels[step.kernel], &arrays)
            for (parameter, (buffer, array)) in zip(plan.kernels[step.kernel].parameters, zip(step.buffers, arrays))
            where parameter.access != .read {
                write(array, to: buffer)
            }
        }
    }

    /// An output in row-major order.
    public func output(_ name: String) -> [Double] {
        guard let buffer = plan.outputs.first(where: { $0.name == name })?.buffer else {
            preconditionFailure("'\(plan.name)' has no output '\(name)'")
        }
        return values(buffer)
    }

    /// A parameter's present value in row-major order.
    public func parameter(_ name: String) -> [Double] {
        guard let buffer = plan.parameters.first(where: { $0.parameter.name == name })?.buffer else {
            preconditionFailure("'\(plan.name)' has no parameter '\(name)'")
        }
        return values(buffer)
    }

    private func values(_ buffer: Int) -> [Double] {
        plan.buffers[buffer].layout.rowMajor(contents(buffer).numbers, extents: plan.buffers[buffer].extents)
    }

    /// The place of a buffer in the arena's memory, if it lies there.
    private static func offset(of buffer: Plan.PlannedBuffer) -> Int? {
        switch buffer.storage {
        case .arena(let offset), .temporary(let offset): offset
        case .input, .parameter, .prepared: nil
        }
    }

    private func contents(_ index: Int) -> KernelArray {
        let buffer = plan.buffers[index]
        guard let offset = Self.offset(of: buffer) else { return kept[index]! }
        return arena.withUnsafeBytes { KernelArray(buffer.element, bytes: .init(rebasing: $0[offset..<offset + buffer.bytes])) }
    }

    private mutating func write(_ array: KernelArray, to index: Int) {
        guard let offset = Self.offset(of: plan.buffers[index]) else {
            kept[index] = array
            return
        }
        array.withUnsafeBytes { contents in
            arena.withUnsafeMutableBytes { $0[offset..<offset + contents.count].copyBytes(from: contents) }
        }
    }
}

extension Layout {
    /// Row-major values as they lie in memory in this layout, with zeros in the padding.
    public func stored<Element: Numeric>(_ values: [Element], extents: [Int]) -> [Element] {
        precondition(values.count == extents.reduce(1, *), "\(values.count) values do not fill \(extents)")
        var result = [Element](repeating: 0, count: storedCount(extents))
        forEachOffset(extents) { rowMajor, offset in result[offset] = values[rowMajor] }
        return result
    }

    /// The values of a tensor in this layout in row-major order.
    public func rowMajor<Element: Numeric>(_ stored: [Element], extents: [Int]) -> [Element] {
        precondition(stored.count == storedCount(extents), "\(stored.count) values are no \(extents) in \(self)")
        var result = [Element](repeating: 0, count: extents.reduce(1, *))
        forEachOffset(extents) { rowMajor, offset in result[rowMajor] = stored[offset] }
        return result
    }

    /// Calls `body` with every row-major position and its offset in memory.
    private func forEachOffset(_ extents: [Int], _ body: (_ rowMajor: Int, _ offset: Int) -> Void) {
        guard !extents.contains(0) else { return }
        var position = [Int](repeating: 0, count: extents.count)
        for rowMajor in 0..<extents.reduce(1, *) {
            body(rowMajor, offset(of: position, in: extents))
            for axis in extents.indices.reversed() {
                position[axis] += 1
                if position[axis] < extents[axis] { break }
                position[axis] = 0
            }
        }
    }
}
