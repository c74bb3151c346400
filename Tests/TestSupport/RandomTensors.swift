import Graph
import Operators

/// Values for the inputs and parameters of a graph, by name.
public struct GivenTensors: Sendable {
    public var inputs: [String: ReferenceTensor] = [:]
    public var parameters: [String: ReferenceTensor] = [:]

    public init() {}
}

extension Graph {
    /// Random values for every input and parameter of a bound graph; all can be held by f32.
    ///
    /// Weights and inputs are normal (weights smaller), what starts as ones (scales, variances) lies in 0.5...1.5, integers below `labels`.
    public func randomTensors(seed: Int, labels: Int = 2) -> GivenTensors {
        var random = SplitMix(seed: seed)
        var given = GivenTensors()
        for node in nodes {
            guard let extents = node.type.shape.extents else { preconditionFailure("the graph has unbound symbols") }
            func tensor(_ element: () -> Double) -> ReferenceTensor {
                ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { _ in element() })
            }
            if let name = node.inputName {
                let isInteger = node.type.element == .i32
                given.inputs[name] = tensor { isInteger ? Double(Int.random(in: 0..<labels, using: &random)) : random.normal() }
            } else if let parameter = node.parameter {
                let isScale = parameter.initializer == .ones
                given.parameters[parameter.name] = tensor {
                    isScale ? Double(Float.random(in: 0.5...1.5, using: &random)) : 0.5 * random.normal()
                }
            }
        }
        return given
    }
}

extension ReferenceTensor {
    /// The largest distance between elements, relative to the largest magnitude in `other` but at least 1.
    public func distance(to other: ReferenceTensor) -> Double {
        guard extents == other.extents else { return .infinity }
        let scale = max(1, other.values.map(abs).max() ?? 0)
        return zip(values, other.values).map { $0 == $1 ? 0 : abs($0 - $1) / scale }.reduce(0) { $1.isNaN ? .infinity : max($0, $1) }
    }
}
