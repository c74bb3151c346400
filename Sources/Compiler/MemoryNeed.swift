import Foundation
import Graph
import Interchange
import Kernels
import Source

/// What running a plan takes, in bytes.
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
            case .input: inputs += buffer.bytes
            case .parameter, .prepared: weights += buffer.bytes
            case .arena, .temporary: break
            }
        }
        activations = max(plan.arenaBytes, plan.temporaryBytes)
        scratch = threads * (plan.kernels.map(\.scratchBytes).max() ?? 0)
    }

    var text: String {
        [("weights", weights), ("inputs", inputs), ("activations", activations), ("scratch", scratch)]
            .map { "\($0) \(MachineMemory.text($1))" }.joined(separator: ", ")
    }
}

extension Compiler {
    /// Refuses a plan that cannot be had in memory, before anything is allocated, and says which batch could.
    ///
    /// - Parameter planned: gives the plan for another batch.
    func checkMemory(
        _ plan: Plan, of network: Network, training: Bool, batch: Int, planned: (Int) throws(CompilerError) -> Plan
    ) throws(CompilerError) {
        let need = MemoryNeed(plan, threads: threads)
        guard need.total > memoryLimit else { return }
        func total(_ batch: Int) throws(CompilerError) -> Int { MemoryNeed(try planned(batch), threads: threads).total }
        let help: String
        let least = batch == 1 ? need.total : try total(1)
        if least > memoryLimit {
            help = "not even one image fits: use a smaller network or image"
        } else {
            // What a batch needs grows nearly evenly with its images; layouts may round it up.
            let slope = Double(need.total - least) / Double(batch - 1)
            var fitting = max(1, min(batch - 1, 1 + Int(Double(memoryLimit - least) / slope)))
            while fitting > 1, try total(fitting) > memoryLimit { fitting = fitting * 9 / 10 }
            help = "a batch of \(fitting) fits"
        }
        throw CompilerError(
            [
                Diagnostic(
                    "\(training ? "training " : "")'\(network.name)' at batch \(batch) needs \(MachineMemory.text(need.total)) of memory, "
                        + "and there are \(MachineMemory.text(memoryLimit))",
                    at: .none, notes: [need.text], help: help)
            ], network.sources)
    }
}
