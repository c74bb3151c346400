import Foundation
import Graph
import Interchange
import Operators

/// Batch normalizations that are part of the layers before them: y = (W x + b - mean) * s + shift, where s = scale / sqrt(variance + epsilon), is the
/// layer with the weights s * W and the biases (b - mean) * s + shift.
struct FoldedNormalizations {
    typealias Weights = (Parameter, [Int]) throws(InterchangeError) -> HostTensor

    /// The graph without them; what its weights are made of is in `weights`.
    private(set) var graph: Graph
    private var layers: [String: Layer] = [:]
    private var biases: [String: Layer] = [:]
    private let source: Weights

    /// A layer with the normalization behind it.
    private struct Layer {
        var weight: (Parameter, [Int])
        var bias: (Parameter, [Int])?
        /// Scale, shift, mean and variance.
        var statistics: [(Parameter, [Int])]
        var epsilon: Double
    }

    init(_ graph: Graph, _ weights: @escaping Weights) {
        source = weights
        self.graph = graph
        let users = graph.users()
        let outputs = Set(graph.outputs.map(\.value))
        func parameter(_ value: Value) -> (Parameter, [Int])? {
            guard let parameter = graph[value].parameter, let extents = graph[value].type.shape.extents else { return nil }
            return (parameter, extents)
        }
        var found: [Value: (layer: Value, normalization: Value)] = [:]
        for value in graph.values where graph[value].operation == .batchNormalization {
            let (layer, operands) = (graph[value].operands[0], graph[value].operands)
            guard [Operator.convolution, .linear].contains(where: { $0 == graph[layer].operation }), users[layer.index] == [value],
                !outputs.contains(layer), let weight = parameter(graph[layer].operands[1]),
                users[graph[layer].operands[1].index].count == 1,
                case let statistics = operands.dropFirst().compactMap(parameter), statistics.count == 4
            else { continue }
            let bias = graph[layer].operands.count > 2 ? parameter(graph[layer].operands[2]) : nil
            if graph[layer].operands.count > 2, bias == nil || users[graph[layer].operands[2].index].count > 1 { continue }
            let folded = Layer(weight: weight, bias: bias, statistics: statistics, epsilon: graph[value].attributes.number("epsilon"))
            layers[weight.0.name] = folded
            biases[bias?.0.name ?? Self.biasName(weight.0.name)] = folded
            found[value] = (layer, value)
        }
        guard !found.isEmpty else { return }
        let layersFound = Set(found.values.map(\.layer))
        let folded = graph.rebuilt { builder, value, node, operands in
            if found[value] != nil { return operands[0] }
            guard layersFound.contains(value), let operation = node.operation, let weight = graph[node.operands[1]].parameter,
                let extents = graph[node.operands[1]].type.shape.extents
            else { return nil }
            var operands = operands
            if operands.count < 3 {
                let type = TensorType(.f32, [.fixed(extents[0])])
                operands.append(builder.parameter(Parameter(Self.biasName(weight.name), .weight, .zeros), type))
            }
            return builder.apply(operation, operands, node.attributes.with(["bias": .boolean(true)]))
        }
        self.graph = folded.withoutUnusedParameters()
    }

    private static func biasName(_ weight: String) -> String {
        (weight.hasSuffix(".weight") ? String(weight.dropLast("weight".count)) : weight + ".") + "bias"
    }

    /// The weights of the graph without normalizations.
    func weights(_ parameter: Parameter, _ extents: [Int]) throws(InterchangeError) -> HostTensor {
        if let layer = layers[parameter.name] {
            let factors = try factors(layer).scale
            let values = try source(layer.weight.0, layer.weight.1).floats
            let rest = values.count / factors.count
            return HostTensor(
                name: parameter.name, shape: extents, floats: values.indices.map { Float(Double(values[$0]) * factors[$0 / rest]) })
        }
        guard let layer = biases[parameter.name] else { return try source(parameter, extents) }
        let (scale, shift) = try factors(layer)
        let bias = try layer.bias.map { (bias) throws(InterchangeError) in try source(bias.0, bias.1).doubles }
        return HostTensor(
            name: parameter.name, shape: extents, floats: scale.indices.map { Float((bias?[$0] ?? 0) * scale[$0] + shift[$0]) })
    }

    /// What a normalization multiplies by, and then adds.
    private func factors(_ layer: Layer) throws(InterchangeError) -> (scale: [Double], shift: [Double]) {
        var values: [[Double]] = []
        for statistic in layer.statistics { values.append(try source(statistic.0, statistic.1).doubles) }
        let scale = zip(values[0], values[3]).map { $0 / ($1 + layer.epsilon).squareRoot() }
        return (scale, scale.indices.map { values[1][$0] - values[2][$0] * scale[$0] })
    }
}

extension Graph {
    /// The graph without parameters that nothing reads.
    fileprivate func withoutUnusedParameters() -> Graph {
        let users = users()
        let read = Set(outputs.map(\.value))
        return keeping { self[$0].parameter == nil || !users[$0.index].isEmpty || read.contains($0) }
    }
}
