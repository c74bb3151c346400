import Graph
import Kernels
import LoopNest
import Machine

/// A kernel of a network, with all that is known of it.
public struct KernelExplanation: Sendable {
    /// A tensor that a kernel reads or writes.
    public struct Tensor: Sendable {
        /// What the kernel calls it.
        public var name: String
        public var access: String
        /// Its type and layout, such as `f32[1, 64, 56, 56] blocked(1:16)`.
        public var type: String
        public var bytes: Int
        /// Where its memory comes from.
        public var storage: String
        /// The steps from the first to the last that need it; nil where it is kept.
        public var lifetime: Range<Int>?
        /// How many other tensors lie at its place, at other times.
        public var sharers: Int
    }

    /// Which step of the plan it is, counted from 0.
    public var step: Int
    public var name: String
    public var summary: String
    /// The labels of the nodes that it computes, and of those among them that were asked for.
    public var labels: [String]
    public var ownLabels: [String]
    public var tasks: Int
    public var scratchBytes: Int
    public var tensors: [Tensor]
    public var multiplyAccumulates: Int
    public var bytes: Int
    public var choice: AlgorithmChoice?
    public var nest: String
    public var llvm: String
    public var assembly: String
    /// Of all its code, and of the innermost loop that multiplies most.
    public var instructions: InstructionCounts
    public var innermost: (counts: InstructionCounts, text: [String])?
    /// As it was measured; nil where it was not.
    public var measured: Benchmark.Step?

    init(
        _ index: Int, of plan: Plan, _ group: Group, asked: Set<Value>, _ target: Target
    ) throws(CompilerError) {
        let step = plan.steps[index]
        let kernel = plan.kernels[step.kernel]
        (self.step, name, summary) = (index, kernel.name, step.summary)
        func labels(_ values: [Value]) -> [String] {
            var names: [String] = []
            for name in values.compactMap({ group.graph[$0].label }) where !names.contains(name) { names.append(name) }
            return names
        }
        self.labels = labels(group.members)
        ownLabels = labels(group.members.filter(asked.contains))
        tasks = kernel.taskCount
        scratchBytes = kernel.scratchBytes
        tensors = zip(kernel.parameters, step.buffers).map { Tensor($0, plan.buffers[$1], in: plan) }
        multiplyAccumulates = step.multiplyAccumulates
        bytes = step.bytes
        choice = step.choice
        nest = kernel.description
        do {
            let generator = try CodeGenerator(for: target)
            llvm = try generator.text([(kernel, kernel.name)])
            assembly = try generator.assembly([(kernel, kernel.name)])
            let functions = try Disassembly.functions(of: try generator.object([(kernel, kernel.name)]), for: target)
            instructions = InstructionCounts(functions.flatMap(\.instructions))
            innermost = functions.flatMap { function in
                function.innermostLoops.map { function.instructions[$0] }
            }.map { (InstructionCounts($0), Array($0)) }.max { $0.0.products < $1.0.products }.flatMap { $0.0.products > 0 ? $0 : nil }
        } catch {
            throw CompilerError("the code for \(target.name) could not be made: \(error)")
        }
    }
}

extension KernelExplanation.Tensor {
    fileprivate init(_ parameter: Buffer, _ buffer: Plan.PlannedBuffer, in plan: Plan) {
        name = parameter.name
        access = parameter.access.rawValue
        let extents = buffer.extents.map(String.init).joined(separator: ", ")
        type = "\(buffer.element.rawValue)[\(extents)] \(buffer.layout)"
        bytes = buffer.bytes
        storage = buffer.storage.text
        lifetime = buffer.lifetime
        sharers = 0
        guard case .arena(let offset) = buffer.storage else { return }
        sharers = plan.buffers.count { other in
            guard case .arena(let place) = other.storage, other.lifetime != buffer.lifetime || place != offset else { return false }
            return place < offset + buffer.bytes && offset < place + other.bytes
        }
    }
}
