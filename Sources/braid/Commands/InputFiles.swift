import Compiler
import Foundation
import Interchange
import Training

/// Files for the inputs of a network, as the command line names them: `[name=]path`.
struct InputFiles {
    let network: Network
    /// What the weights remember of pictures.
    let metadata: WeightsMetadata?
    /// For warnings.
    let weights: String?
    /// The option that names them, for messages.
    let option: String

    /// Reads a file, or several pictures, for every input.
    ///
    /// Throws where one is missing, or does not fit.
    func read(_ texts: [String]) throws -> [NetworkInput] {
        let declared = network.graph.nodes.compactMap { node in node.inputName.map { (name: $0, type: node.type) } }
        let names = declared.map(\.name)
        var paths: [String: [String]] = [:]
        for text in texts {
            if let (name, path) = text.splitAtEquals, names.contains(name) || !FileManager.default.fileExists(atPath: text) {
                guard names.contains(name) else {
                    throw CompilerError("'\(network.name)' has no input '\(name)'", help: "it has \(names.joined(separator: ", "))")
                }
                paths[name, default: []].append(path)
            } else if let name = names.first, names.count == 1 {
                paths[name, default: []].append(text)
            } else {
                throw CompilerError(
                    "which input is \(text) for?", help: "write \(option) NAME=\(text) with one of \(names.joined(separator: ", "))")
            }
        }
        return try declared.map { name, type in
            guard let paths = paths[name] else {
                throw CompilerError("nothing is given for the input '\(name)'", help: "add \(option) \(name)=FILE")
            }
            let channels = type.rank == 4 ? type.shape[1].value : nil
            let preparation = network.preparation(of: name)
            let normalization = try channels.map { count throws(TrainingError) in
                try network.normalization(metadata, channels: count, preparation)
            }
            let input = try NetworkInput(
                name, type, symbol: network.batchSymbol, paths: paths, preparation: preparation, normalization: normalization?.values)
            if let weights, input.isPictures, normalization?.isAssumed == true { WeightsReport.warnOfNormalization(weights, network.name) }
            try input.requireClasses(of: network.graph, path: paths[0])
            return input
        }
    }
}
