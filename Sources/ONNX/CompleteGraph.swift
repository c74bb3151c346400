import Graph
import Interchange

extension ImportedNetwork {
    /// The graph as it is written, as a source or another model: with the outputs that follow from the model alone, as constants.
    ///
    /// - Parameter graph: the model's, in which inputs may say how pictures are prepared, or where sizes have become numbers; nil for itself.
    /// Throws where the model has no inputs or no outputs, and for constants that no graph holds: without elements, too large, or of integers that
    /// f32 does not have.
    public func completeGraph(_ graph: Graph? = nil) throws(ONNXError) -> Graph {
        let graph = graph ?? self.graph
        if !graph.nodes.contains(where: { $0.inputName != nil }) {
            throw ONNXError(
                path, "the model has no inputs, and a network has one at least",
                repair: "run the model itself, which gives its outputs: braid run \(path)")
        }
        if outputs.isEmpty { throw ONNXError(path, "the model has no outputs", repair: "name outputs in it, and export it again") }
        if knownOutputs.isEmpty { return graph }
        let builder = GraphBuilder(inPlaceOf: graph)
        var copies: [Value] = []
        for node in graph.nodes { copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] })) }
        let computed = Dictionary(graph.outputs.map { ($0.name, copies[$0.value.index]) }) { first, _ in first }
        for output in outputs {
            guard let tensor = knownOutputs[output.graphName] else {
                if let value = computed[output.graphName] { builder.output(output.graphName, value) }
                continue
            }
            let numbers = tensor.floats
            guard 1...ConstantTensor.maximumCount ~= tensor.count, Shape(tensor.shape).problem == nil,
                zip(numbers, tensor.doubles).allSatisfy({ Double($0) == $1 || $0.isNaN || tensor.element == .f64 })
            else {
                throw ONNXError(
                    path,
                    "the output '\(output.name)' is the same for any input, \(output.element) \(tensor.shape), and no network holds it",
                    repair: "run the model itself, which gives it: braid run \(path)")
            }
            let value =
                tensor.shape.isEmpty && numbers[0].isFinite
                ? builder.constant(Double(numbers[0])) : builder.tensor(ConstantTensor(numbers), Shape(tensor.shape))
            builder.output(output.graphName, value)
        }
        return builder.finish()
    }
}
