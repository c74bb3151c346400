import Graph
import Language
import Recipes

/// Which output has the scores of the classes: what the loss of the training compares with the class of a picture.
extension Network {
    /// The output that the loss compares with the class of a picture; nil where nothing says so, or what it compares is no output of the
    /// network as it predicts.
    public var scoresOutput: String? {
        guard let training else { return nil }
        let names = Set(graph.outputs.map(\.name))
        for value in training.comparedScores(in: training.graph) {
            let output = training.graph.outputs.first { $0.value == value && names.contains($0.name) }
            if let output { return output.name }
        }
        return nil
    }

    /// The network with the scores of the classes as an output, and what that is called: itself where they are one, or nothing says what the
    /// loss compares.
    ///
    /// Where the loss compares what it computes of an output, such as the logarithm of probabilities, that is a further output.
    public var scored: (network: Network, output: String?) {
        if let output = scoresOutput { return (self, output) }
        guard let training else { return (self, nil) }
        var judged = training.graph.forPrediction
        guard let scores = training.comparedScores(in: judged).first else { return (self, nil) }
        let (inputs, outputs) = (Set(graph.nodes.compactMap(\.inputName)), Set(graph.outputs.map(\.name)))
        judged.outputs = judged.outputs.filter { outputs.contains($0.name) } + [Graph.Output(Metric.answerOutput, scores)]
        var network = self
        network.graph = judged.reduced(toInputs: inputs)
        network.training = nil
        return (network, Metric.answerOutput)
    }
}

extension ElaboratedNetwork.Training {
    /// What the loss compares with a class of each picture, or its part of each class, in a graph of the training.
    fileprivate func comparedScores(in graph: Graph) -> [Value] {
        Metric.comparisons(with: Set(targets), in: graph).filter { $0.metric.name == Metric.accuracy.name }.map { $0.node.operands[0] }
            .filter { graph[$0].type.rank == 2 }
    }
}

extension Graph {
    /// The graph with what its outputs need alone, and these inputs: without targets, and without parameters that only a training has.
    fileprivate func reduced(toInputs inputs: Set<String>) -> Graph {
        var isNeeded = [Bool](repeating: false, count: nodes.count)
        for output in outputs { isNeeded[output.value.index] = true }
        for index in nodes.indices.reversed() {
            if let name = nodes[index].inputName, inputs.contains(name) { isNeeded[index] = true }
            if isNeeded[index] { for operand in nodes[index].operands { isNeeded[operand.index] = true } }
        }
        var renamed = [Value?](repeating: nil, count: nodes.count)
        var result = self
        (result.nodes, result.updates) = ([], [])
        for index in nodes.indices where isNeeded[index] {
            renamed[index] = Value(result.nodes.count)
            var node = nodes[index]
            node.operands = node.operands.map { renamed[$0.index]! }
            result.nodes.append(node)
        }
        result.outputs = outputs.map { Graph.Output($0.name, renamed[$0.value.index]!) }
        return result
    }
}
