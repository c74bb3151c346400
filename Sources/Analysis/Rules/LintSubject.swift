import Foundation
import Graph
import Operators
import Recipes
import Source

/// A network as the rules see it, with what is worked out for several of them.
public struct LintSubject: Sendable {
    /// With the loss, where there is a training; all symbols but the batch are bound.
    public let graph: Graph
    public let recipe: TrainingRecipe?
    /// The images of a step.
    public let batch: Int
    public let propagation: SignalPropagation
    let users: [[Value]]
    /// What is said of the graph's layers, in its order.
    let description: NetworkDescription
    private let lowerings: [Lowering?]

    /// The images of a step where the recipe does not say.
    public static let usualBatch = 32

    /// - Parameters:
    ///   - graph: the network with its loss, or without where it is not trained; all sizes are numbers.
    ///   - recipe: how it is trained.
    /// - Throws: where the graph takes no number of images that is tried.
    public init(_ graph: Graph, _ recipe: TrainingRecipe?) throws(SizeError) {
        self.recipe = recipe
        let batch = recipe?.batchSize ?? Self.usualBatch
        self.batch = batch
        let bound = try graph.bound(images: batch)
        self.graph = bound
        propagation = try SignalPropagation(of: bound, loss: recipe?.lossOutput, batch: batch)
        description = try NetworkDescription(of: bound, name: bound.name)
        users = bound.users()
        lowerings = bound.values.map { bound.lowering(of: $0) }
    }

    /// Why a graph is not followed, or nil: lists as long as an axis are made of it, and it may come from anywhere.
    public static func obstacle(in graph: Graph) -> String? {
        if graph.nodes.count > mostNodes { return "it has \(graph.nodes.count) nodes, more than \(mostNodes)" }
        for node in graph.nodes {
            let area = node.type.shape.dimensions.dropFirst(2).compactMap(\.value)
            let kernel: [Int] =
                switch node.attributes["kernel"] {
                case .integer(let one)?: [one]
                case .integers(let several)?: several
                default: []
                }
            if let large = area.first(where: { $0 > largestExtent }) {
                return "an axis has \(large) positions, more than \(largestExtent)"
            }
            if let large = kernel.first(where: { $0 > largestKernel }) { return "a kernel has \(large) taps, more than \(largestKernel)" }
        }
        return nil
    }

    private static let mostNodes = 20_000
    private static let largestExtent = 65_536
    private static let largestKernel = 256

    // MARK: - The graph as it was written

    func lowering(_ value: Value) -> Lowering? { lowerings[value.index] }

    func users(of value: Value) -> [Value] { users[value.index] }

    /// The operands of a value that are no parameters and no numbers.
    func inputs(of value: Value) -> [Value] { graph[value].operands.filter { !graph.isParameter($0) } }

    /// Whether a value is made by a layer with trained weights of rank 2 or more: a convolution, a linear layer.
    func isWeighted(_ value: Value) -> Bool { graph.isWeighted(value) }

    func isNormalization(_ value: Value) -> Bool {
        guard let operation = graph[value].operation else { return false }
        return Self.normalizations.contains(operation)
    }

    static let normalizations: Set<Operator> = [.batchNormalization, .layerNormalization, .groupNormalization, .instanceNormalization]

    /// Whether a value has the elements of its operand, in other places or another shape.
    func isView(_ value: Value) -> Bool { if case .view? = lowering(value) { true } else { false } }

    /// What a value is called in messages.
    func name(_ value: Value) -> String { graph.name(value) }

    // MARK: - What is predicted

    /// The layers with weights on the way from the input to the loss, in the graph's order, as `propagation.graph` has them.
    var weightedLayers: [WeightedLayer] {
        let made = propagation.graph
        let gradients = Dictionary(propagation.weights.map { ($0.value, $0) }) { first, _ in first }
        return made.values.compactMap { value in
            guard made.isWeighted(value), let layer = propagation.layer(value),
                let weight = made[value].operands.lazy.compactMap({ gradients[$0] }).first
            else { return nil }
            return WeightedLayer(value: value, layer: layer, weight: weight)
        }
    }

    struct WeightedLayer {
        var value: Value
        var layer: SignalPropagation.Layer
        var weight: SignalPropagation.Weight
        /// How much the loss changes where each element of the weight changes by a share of its size.
        var sensitivity: Double { weight.gradientNorm * weight.size }
        /// The gradient beside the weight itself.
        var relativeGradient: Double { weight.size > 0 ? weight.gradient / weight.size : 0 }
    }

    /// The activations: functions of one operand alone behind a layer, that are no affine ones. By their value in `propagation.graph`.
    var activations: [Activation] {
        let made = propagation.graph
        return made.values.compactMap { value in
            guard case .elementwise(let expression)? = made.lowering(of: value), let node = made[value].operands.first,
                made[value].operands.count == 1, let layer = propagation.layer(node), !expression.dependsOnPosition, !expression.isAffine
            else { return nil }
            return Activation(value: value, operand: node, function: expression, moments: layer.activation)
        }
    }

    struct Activation {
        var value: Value
        var operand: Value
        var function: Scalar
        /// Of the operand.
        var moments: Moments

        /// Whether the function is flat far out, on both sides.
        var saturates: Bool { isFlat(30) && isFlat(-30) && abs(at(30) - at(-30)) > 1e-6 }
        /// Whether it is 0 on one side, as a ReLU is.
        var isRectifier: Bool { at(-1) == 0 && at(-30) == 0 && at(2) > at(1) }
        /// The largest slope where it is finite, as that of a root at 0 is not.
        var steepest: Double {
            let slope = function.derivative(0)
            return stride(from: -6.0, through: 6, by: 0.05).map { abs(slope.evaluate([$0])) }.filter(\.isFinite).max() ?? 0
        }

        func at(_ place: Double) -> Double { function.evaluate([place]) }
        private func isFlat(_ place: Double) -> Bool { abs(at(place) - at(2 * place)) < 1e-6 }

        /// The share of a normal distribution with the operand's moments at which a condition holds.
        func share(_ condition: (Double) -> Bool) -> Double {
            let deviation = moments.variance.squareRoot()
            return stride(from: -6.0, through: 6, by: 0.02).reduce(0.0) { sum, place in
                let density = exp(-place * place / 2) / (2 * Double.pi).squareRoot() * 0.02
                return sum + (condition(moments.mean + deviation * place) ? density : 0)
            }
        }
    }
}

extension Graph {
    func isParameter(_ value: Value) -> Bool { self[value].isKept || self[value].constant != nil }

    func isWeighted(_ value: Value) -> Bool {
        guard let operation = self[value].operation, !LintSubject.normalizations.contains(operation) else { return false }
        return self[value].operands.contains { self[$0].parameter?.role == .weight && self[$0].type.rank > 1 }
            && self[value].operands.contains { !isParameter($0) }
            && {
                switch lowering(of: value) {
                case .contraction?: true
                case .composite?: operation.inputs.contains { $0.name == "weight" }
                default: false
                }
            }()
    }

    func name(_ value: Value) -> String {
        let node = self[value]
        let operation = node.operation.map { node.name(of: $0) } ?? node.inputName ?? "value"
        return node.label.map { "`\($0)`" } ?? operation
    }
}

extension Scalar {
    /// Whether it is a number times the argument and a number.
    fileprivate var isAffine: Bool {
        let (low, middle, high) = (evaluate([-3]), evaluate([1]), evaluate([5]))
        return abs(low + high - 2 * middle) < 1e-9 && abs(evaluate([0]) * 2 - evaluate([-2]) - evaluate([2])) < 1e-9
    }
}

/// A number as messages have it: three digits, no more.
func brief(_ number: Double) -> String {
    if number == number.rounded(), abs(number) < 1e5 { return String(Int(number)) }
    let size = abs(number)
    if size >= 1e5 || size < 1e-3 { return String(format: "%.1e", number) }
    if size >= 100 { return String(format: "%.0f", number) }
    return String(format: size >= 10 ? "%.1f" : "%.2g", number)
}

func percent(_ share: Double) -> String { String(format: "%.0f %%", 100 * share) }
