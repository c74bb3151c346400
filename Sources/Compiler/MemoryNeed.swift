import Foundation
import Graph
import Interchange
import Kernels
import Source

/// What running a plan takes, in bytes: what an `Executable` of it holds.
public struct MemoryNeed: Hashable, Sendable {
    /// Parameters, and what is computed from them once.
    public var weights = 0
    public var inputs = 0
    /// The arena: results of layers, and in training their gradients. Weights that are not kept pass through it.
    public var activations = 0
    /// What every thread has for itself while a kernel runs.
    public var scratch = 0

    public var total: Int { weights + inputs + activations + scratch }

    public init(_ plan: Plan, threads: Int) {
        for buffer in plan.buffers {
            switch buffer.storage {
            case .input: inputs += buffer.alignedBytes
            case .parameter, .prepared: weights += buffer.alignedBytes
            case .arena, .temporary: break
            }
        }
        activations = max(plan.arenaBytes, plan.temporaryBytes)
        scratch = threads * plan.scratchBytesOfThread
    }

    var text: String {
        [("weights", weights), ("inputs", inputs), ("activations", activations), ("scratch", scratch)]
            .map { "\($0) \(MachineMemory.text($1))" }.joined(separator: ", ")
    }
}

extension BatchMemory {
    /// Refuses a batch that cannot be had in memory, before anything is compiled or allocated; says which layer takes most, and which batch
    /// could be had.
    public func require(_ batch: Int) throws(CompilerError) {
        let (total, limit) = (try total(batch), compiler.memoryLimit)
        guard total > limit else { return }
        let forecast = try forecast(batch)
        var notes = [forecast.need.text]
        if let layer = forecast.largestLayer, !layer.layer.isEmpty {
            notes.append("the most takes '\(layer.layer)': \(MachineMemory.text(layer.total))")
        }
        let watching = try watching(batch)
        if total > forecast.need.total + watching {
            notes.append("\(MachineMemory.text(total - forecast.need.total - watching)) of it are for evaluating beside the training")
        }
        if watching > 0 { notes.append("\(MachineMemory.text(watching)) of it are for watching gradients beside the training") }
        let fitting = largestBatch()
        let help = fitting > 0 ? "a batch of \(fitting) fits" : "not even one image fits: use a smaller network or image"
        throw CompilerError(
            [
                Diagnostic(
                    "\(isTraining ? "training " : "")'\(network.name)' at batch \(batch) needs \(MachineMemory.text(total)) of memory, "
                        + "and there are \(MachineMemory.text(limit))",
                    at: .none, notes: notes, help: help)
            ], network.sources)
    }
}
