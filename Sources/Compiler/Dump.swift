import Foundation
import Graph
import Kernels
import Language
import LoopNest
import Machine
import Passes

extension Compiler {
    /// The text (or for `object`, the bytes) of a stage.
    ///
    /// - Parameters:
    ///   - training: whether the stages after `graph` show a training step.
    ///   - batch: binds the batch symbol from `plan` on.
    ///   - pass: with it, the graph after that pass instead of a stage.
    public func dump(
        _ network: Network, _ stage: Stage, training: Bool = false, batch: Int = 1, afterPass pass: String? = nil
    ) throws(CompilerError) -> [UInt8] {
        let network = try network.graph.movesBatch && stage != .graph && stage != .language ? network.bindingMovedBatch(to: batch) : network
        if let pass { return Array(try optimize(network, training: training, stoppingAfter: pass).description.utf8) }
        switch stage {
        case .tokens: return Array(try root(of: network).lexed.printed(network.sources).utf8)
        case .syntax: return Array(try root(of: network).syntax.printed().utf8)
        case .graph: return Array(try graph(of: network, training: training).description.utf8)
        case .language: return Array(try source(of: network, training: training).utf8)
        case .training: return Array(try optimize(network, training: true, stoppingAfter: "update").description.utf8)
        case .optimized: return Array(try optimize(network, training: training).description.utf8)
        case .plan: return Array(try plan(network, training: training, batch: batch).description.utf8)
        case .kernels:
            return Array(try kernels(network, training: training, batch: batch).map(\.description).joined(separator: "\n").utf8)
        case .llvm, .assembly, .object: return try code(network, stage, training: training, batch: batch)
        }
    }

    private func graph(of network: Network, training: Bool) throws(CompilerError) -> Graph {
        guard network.origin == .language || network.origin == .graph else {
            throw CompilerError("'\(network.name)' was read from a later stage than `graph`")
        }
        return training ? network.training?.graph ?? network.graph : network.graph
    }

    private func source(of network: Network, training: Bool) throws(CompilerError) -> String {
        let graph = try graph(of: network, training: training)
        do throws(WritingError) {
            return try SourceWriter.write(
                graph, documentation: network.documentation, interfaceDocumentation: network.interfaceDocumentation
            ).text
        } catch {
            throw CompilerError(error.message, help: error.repair, at: error.value.map { graph[$0].span } ?? .none, network.sources)
        }
    }

    private func root(of network: Network) throws(CompilerError) -> ParsedFile {
        guard let program = network.program else {
            throw CompilerError("'\(network.name)' was not read from the language", help: "tokens and syntax are those of a .braid file")
        }
        return program.root
    }

    private func kernels(_ network: Network, training: Bool, batch: Int) throws(CompilerError) -> [Kernel] {
        network.origin == .kernels ? network.kernels : try plan(network, training: training, batch: batch).kernels
    }

    private func code(_ network: Network, _ stage: Stage, training: Bool, batch: Int) throws(CompilerError) -> [UInt8] {
        let kernels = try kernels(network, training: training, batch: batch).map { (kernel: $0, symbol: $0.name) }
        do {
            let generator = try CodeGenerator(for: target)
            switch stage {
            case .llvm: return Array(try generator.text(kernels).utf8)
            case .assembly: return Array(try generator.assembly(kernels).utf8)
            default: return try generator.object(kernels)
            }
        } catch {
            throw CompilerError("the code for \(target.name) could not be made: \(error)")
        }
    }
}

extension Plan: CustomStringConvertible {
    /// The plan as a table: buffers with their places, then steps with their kernels.
    public var description: String {
        var lines = [
            "plan \(name): arena \(arenaBytes) bytes (at least \(arenaLowerBound) are alive at once)"
                + (streamsParameters ? ", \(temporaryBytes) bytes while weights are prepared" : "")
        ]
        for (index, buffer) in buffers.enumerated() {
            let extents = buffer.extents.map(String.init).joined(separator: ", ")
            lines.append(
                "  buffer \(index): \(buffer.element.rawValue)[\(extents)] \(buffer.layout) \(buffer.bytes) bytes, \(buffer.storage.text)")
        }
        func list(_ title: String, _ steps: [Step]) {
            for (index, step) in steps.enumerated() {
                let kernel = kernels[step.kernel]
                let arguments = zip(kernel.parameters, step.buffers).map { "\($0.name)=\($1)" }.joined(separator: ", ")
                lines.append("  \(title) \(index): \(kernel.name)(\(arguments)), \(kernel.taskCount) tasks  # \(step.summary)")
            }
        }
        list("preparation", preparation)
        list("step", steps)
        for output in outputs { lines.append("  output \(output.name): buffer \(output.buffer)") }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension Plan.Storage {
    var text: String {
        switch self {
        case .input(let name): "input \(name)"
        case .parameter(let name): "parameter \(name)"
        case .prepared: "prepared once"
        case .arena(let offset): "arena at \(offset)"
        case .temporary(let offset): "at \(offset) while weights are prepared"
        }
    }
}
