import Compiler
import Graph
import Interchange
import Training

/// What the classes of a network's outputs are called: as `--labels` says, else as the weights remember it, else as the network does.
struct ClassNames {
    /// By output.
    let names: [String: [String]]

    /// - Parameter file: what `--labels` names.
    ///
    /// Throws where the file cannot be read, or names another number of classes than the network tells apart.
    init(_ network: Network, labels file: String?, _ metadata: WeightsMetadata?) throws {
        let given = try file.map { file throws(InterchangeError) in try LabelFile.read(file) }
        var names: [String: [String]] = [:]
        var counts: [(output: String, classes: Int)] = []
        for output in network.graph.outputs {
            let type = network.graph[output.value].type
            guard type.rank == 2 || type.rank == 4, type.shape[0].symbol == network.batchSymbol, let classes = type.shape[1].value
            else { continue }
            counts.append((output.name, classes))
            let known = [given, metadata?.classNames, network.graph.classLabels[output.name]].compactMap(\.self)
            names[output.name] = known.first { $0.count == classes }
        }
        if let file, let given {
            guard let first = counts.first else {
                throw CompilerError("'\(network.name)' gives no scores [N, classes], which labels belong to", help: "leave out --labels")
            }
            if !counts.contains(where: { $0.classes == given.count }) {
                let told = counts.first { $0.output == "logits" } ?? first
                throw CompilerError(
                    "\(file) names \(given.count) classes, but '\(told.output)' of '\(network.name)' has \(told.classes)",
                    help: "give a file of \(told.classes) names, in the order of the scores")
            }
        }
        self.names = names
    }

    /// The names of an output's classes; of one that a file calls otherwise than the graph, those of an output with as many.
    func of(_ output: String, classes: Int) -> [String]? {
        if let known = names[output] { return known.count == classes ? known : nil }
        return names.sorted { $0.key < $1.key }.first { $0.value.count == classes }?.value
    }
}
