import Graph
import Interchange
import Kernels
import Runtime
import Source

/// A training step that computes some activations a second time, so that it needs no more than a given memory.
public struct FittedStep: Sendable {
    public let batch: Int
    /// How many results are computed twice; none where the step fits as it is.
    public let recomputed: Int
    /// The bytes that the step needs, and would need if it kept everything.
    public let bytes: Int
    public let keptBytes: Int
    /// The bytes of what is in memory with the step, as of the network that evaluates.
    public let bytesBeside: Int
    /// The multiply-accumulates of a step, and those without computing anything again.
    public let multiplyAccumulates: Int
    public let keptMultiplyAccumulates: Int
    let plan: Plan
    let graph: Graph

    /// What it costs: `recomputes 12 activations: 1.9 GiB in place of 3.4 GiB, 18 % more multiply-adds`, with what is beside the step; nil where
    /// nothing is computed again.
    public var text: String? {
        guard recomputed > 0 else { return nil }
        let more = 100 * Double(multiplyAccumulates - keptMultiplyAccumulates) / Double(max(1, keptMultiplyAccumulates))
        let share = more < 0.05 ? "no" : more < 10 ? "\((more * 10).rounded() / 10) %" : "\(Int(more.rounded())) %"
        return "recomputes \(recomputed) activation\(recomputed == 1 ? "" : "s"): \(MachineMemory.text(bytes + bytesBeside)) in place of "
            + "\(MachineMemory.text(keptBytes + bytesBeside)), \(share) more multiply-adds"
    }
}

extension Compiler {
    /// A step of training that needs no more than `limit` bytes, computing activations again where it must.
    ///
    /// - Parameters:
    ///   - limit: the bytes that may be taken in all.
    ///   - beside: those of them that go to what is in memory with the step, as to the network that evaluates.
    /// - Throws: where computing all again that can be does not suffice.
    public func fittedStep(_ network: Network, batch: Int, within limit: Int, beside: Int = 0) throws(CompilerError) -> FittedStep {
        try checkTraining(network, batch: batch)
        let whole = network
        let network = try network.bindingMovedBatch(to: batch)
        let graph = bind(try optimize(network, training: true), batch: batch)
        let kept = try plan(graph, of: network, batch: batch)
        let keptBytes = MemoryNeed(kept, threads: threads).total
        func fitted(_ plan: Plan, _ graph: Graph, recomputed: Int) -> FittedStep {
            FittedStep(
                batch: batch, recomputed: recomputed, bytes: MemoryNeed(plan, threads: threads).total, keptBytes: keptBytes,
                bytesBeside: beside,
                multiplyAccumulates: plan.steps.reduce(0) { $0 + $1.multiplyAccumulates },
                keptMultiplyAccumulates: kept.steps.reduce(0) { $0 + $1.multiplyAccumulates }, plan: plan, graph: graph)
        }
        let available = limit - beside
        if keptBytes <= available { return fitted(kept, graph, recomputed: 0) }
        var choice = RecomputationChoice(graph)
        // What is not the arena's stays; the arena's plan is a little larger than what is alive, and has workspaces.
        var target = available - (keptBytes - kept.arenaLowerBound)
        var least: FittedStep?
        while true {
            let isReached = choice.reduce(to: target)
            let step = choice.step
            let result = fitted(try plan(step, of: network, batch: batch), step, recomputed: choice.again.count)
            if result.bytes <= available { return result }
            if result.bytes < least?.bytes ?? .max { least = result }
            guard isReached else { break }
            target -= max(result.bytes - available, max(1, target / 50))
        }
        var bounded = self
        bounded.memoryLimit = limit
        let fitting = try BatchMemory(bounded, whole, training: true).largestBatch()
        throw CompilerError(
            "training '\(network.name)' at batch \(batch) needs \(MachineMemory.text((least?.bytes ?? keptBytes) + beside)) of memory even where "
                + "activations are recomputed, and there are \(MachineMemory.text(limit))",
            help: fitting > 0 ? "a batch of \(fitting) fits without recomputing" : "use a smaller batch, network or image", network.sources)
    }

    /// A step that was fitted, ready to run.
    public func executable(_ step: FittedStep, of network: Network, pool: ThreadPool) throws(CompilerError) -> Executable {
        try executable(step.plan, of: network, batch: step.batch, pool: pool)
    }
}
