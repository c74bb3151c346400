import Graph

/// What is predicted of the gradient of one layer's weights at the beginning of a training.
public struct PredictedGradient: Equatable, Sendable {
    /// The layer's label, or what it computes where it has none.
    public var layer: String
    /// The layer's place in `LintSubject.propagation.graph`.
    public var value: Value
    /// The most layers with weights on a way from an input to what this one makes, itself included: from 1 on.
    public var depth: Int
    /// The Euclidean norm of the gradient of its weights, without biases.
    public var gradient: Double
    /// The Euclidean norm of these weights.
    public var weight: Double
}

extension LintSubject {
    /// A row a layer with weights (convolutions, linear layers and the like), in the graph's order; none where nothing is trained. Weights that
    /// several layers share stand with the first, several of one label in one row.
    public var predictedGradients: [PredictedGradient] {
        guard recipe != nil else { return [] }
        let made = propagation.graph
        var depths = [Int](repeating: 0, count: made.nodes.count)
        for value in made.values {
            let before = made[value].operands.map { depths[$0.index] }.max() ?? 0
            depths[value.index] = before + (made.isWeighted(value) ? 1 : 0)
        }
        var rows: [PredictedGradient] = []
        var places: [String: Int] = [:]
        var seen: Set<Value> = []
        for layer in weightedLayers where seen.insert(layer.weight.value).inserted {
            let size = layer.weight.size * Double(layer.weight.count).squareRoot()
            if let label = made[layer.value].label, let place = places[label] {
                rows[place].gradient = (rows[place].gradient * rows[place].gradient + layer.weight.gradientNorm * layer.weight.gradientNorm)
                    .squareRoot()
                rows[place].weight = (rows[place].weight * rows[place].weight + size * size).squareRoot()
                continue
            }
            if let label = made[layer.value].label { places[label] = rows.count }
            let operation = made[layer.value].operation.map { made[layer.value].name(of: $0) }
            rows.append(
                PredictedGradient(
                    layer: made[layer.value].label ?? operation ?? "layer", value: layer.value, depth: depths[layer.value.index],
                    gradient: layer.weight.gradientNorm, weight: size))
        }
        return rows
    }
}
