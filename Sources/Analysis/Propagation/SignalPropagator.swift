import Graph
import Operators

/// Follows moments through a graph, forward and from its loss back.
final class SignalPropagator {
    let graph: Graph
    let images: Int
    let expectation = GaussianExpectation()
    /// Of each value; nil of those that carry no numbers, such as labels.
    private(set) var signals: [Signal?]
    private(set) var gradients: [SignalGradient?]
    /// What is taken for granted, by the value of which it is.
    private(set) var assumptions: [Value: String] = [:]
    private let inputs: (String, TensorType) -> Moments

    private struct MaximumKey: Hashable {
        var field: Moments
        var function: Scalar
        var window: SignalGradient.Selection
    }
    private var maxima: [MaximumKey: WindowMaximum] = [:]

    /// - Parameters:
    ///   - graph: with all symbols bound.
    ///   - inputs: the moments of an input of type f32.
    init(_ graph: Graph, images: Int, inputs: @escaping (String, TensorType) -> Moments) {
        self.graph = graph.decomposedForPropagation
        self.images = images
        self.inputs = inputs
        signals = Array(repeating: nil, count: self.graph.nodes.count)
        gradients = Array(repeating: nil, count: self.graph.nodes.count)
    }

    func signal(of value: Value) -> Signal {
        if let signal = signals[value.index] { return signal }
        let extents = graph[value].type.shape.dimensions.map { $0.value ?? 1 }
        var nothing = Signal(roles: defaultRoles(extents.count), extents: extents, .constant(0))
        nothing.isWeight = true
        return nothing
    }

    func defaultRoles(_ rank: Int) -> [AxisRole] { (0..<rank).map { $0 == 0 ? .image : $0 == 1 ? .channel : .position } }

    func assume(_ text: String, of value: Value) { if assumptions[value] == nil { assumptions[value] = text } }

    func add(_ gradient: SignalGradient, to value: Value) {
        guard signals[value.index] != nil else { return }
        if gradients[value.index] == nil { gradients[value.index] = gradient } else { gradients[value.index]!.add(gradient) }
    }

    /// The largest of a function of a normal field's elements in each window.
    func maximum(of field: Moments, _ function: Scalar, _ window: SignalGradient.Selection) -> WindowMaximum {
        let key = MaximumKey(field: field, function: function, window: window)
        if let known = maxima[key] { return known }
        let made = WindowMaximum(of: field, function, window)
        maxima[key] = made
        return made
    }

    func forward() {
        for value in graph.values {
            let node = graph[value]
            let extents = node.type.shape.dimensions.map { $0.value ?? 1 }
            switch node.kind {
            case .input(let name):
                guard node.type.element == .f32 else { continue }
                signals[value.index] = Signal(roles: defaultRoles(extents.count), extents: extents, inputs(name, node.type))
            case .parameter(let parameter): signals[value.index] = weight(extents, parameter.initializer.moments(extents))
            case .constant(let number):
                signals[value.index] = weight(extents, .constant(number))
            case .tensor(let tensor):
                let values = tensor.values.map(Double.init)
                let count = Double(max(1, values.count))
                let square = values.reduce(0) { $0 + $1 * $1 } / count
                signals[value.index] = weight(extents, Moments(mean: values.reduce(0, +) / count, .constant(square)))
            case .operation(let operation, _):
                guard node.type.element == .f32 else { continue }
                let step = PropagationStep(propagator: self, value: value)
                guard let rule = PropagationRule.rule(of: operation, operation.lowering(step.signature)) else {
                    preconditionFailure("'\(operation.name)' was left written with others")
                }
                var signal = rule.forward(step)
                signal.isWeight = node.operands.allSatisfy { self.signal(of: $0).isWeight }
                signals[value.index] = signal
            }
        }
    }

    /// The moments of the elements of a weight: each is drawn by itself, and is the same for all images.
    private func weight(_ extents: [Int], _ moments: Moments) -> Signal {
        var signal = Signal(roles: extents.map { _ in .channel }, extents: extents, moments)
        signal.isWeight = true
        return signal
    }

    func backward(from loss: Value) {
        add(SignalGradient([.constant(1)]), to: loss)
        for value in graph.values.reversed() {
            guard let gradient = gradients[value.index], let operation = graph[value].operation else { continue }
            let step = PropagationStep(propagator: self, value: value)
            PropagationRule.rule(of: operation, operation.lowering(step.signature))?.backward(step, gradient)
        }
    }
}

extension Graph {
    /// The graph with composite operators replaced by what they are written with, but for those that have rules of their own.
    fileprivate var decomposedForPropagation: Graph {
        var graph = self
        func isWritten(_ value: Value) -> Bool {
            guard let operation = graph[value].operation else { return false }
            return PropagationRule.rule(of: operation, operation.lowering(graph.signature(of: value))) == nil
        }
        var ordinal = 0
        while graph.values.contains(where: isWritten) {
            graph = graph.rebuilt { builder, _, node, operands in
                guard let operation = node.operation else { return nil }
                let signature = Signature(operands.map(builder.type), node.attributes)
                let lowering = operation.lowering(signature)
                guard case .composite(let rule) = lowering, PropagationRule.rule(of: operation, lowering) == nil else { return nil }
                defer { ordinal += 1 }
                if operation == .attention { return builder.attention(operands, node.attributes) }
                return rule(Decomposition(builder: builder, operands: operands, signature: signature, mode: .training, ordinal: ordinal))
            }
        }
        return graph
    }
}

extension GraphBuilder {
    /// Attention with its softmax as one node.
    fileprivate func attention(_ operands: [Value], _ attributes: Attributes) -> Value {
        let products = apply(.matrixProduct, operands[0], operands[1], attributes: ["transpose_b": .boolean(true)])
        let width = Double(type(of: operands[0]).shape.dimensions.last?.value ?? 1)
        let given = attributes.number("scale")
        let scale = Scalar.constant(given == 0 ? 1 / width.squareRoot() : given)
        let function = ScalarFunction("scores", ["product"], .argument(0) * scale)
        let scores = apply(.map, products, attributes: ["function": .function(function)])
        return apply(.matrixProduct, apply(.softmax, scores, attributes: ["axis": .integer(-1)]), operands[2])
    }
}

extension Initializer {
    /// The mean and mean square of a parameter's values.
    func moments(_ extents: [Int]) -> Moments {
        switch self {
        case .values(let tensor):
            let count = Double(max(1, tensor.values.count))
            let mean = tensor.values.reduce(0) { $0 + Double($1) } / count
            return Moments(mean: mean, .constant(tensor.values.reduce(0) { $0 + Double($1) * Double($1) } / count))
        case .form(let chosen):
            switch chosen.form.distribution(chosen.values, Fans(extents)) {
            case .constant(let value): return .constant(value)
            case .normal(let deviation): return Moments(mean: 0, .constant(deviation * deviation))
            // Of a normal variable within two deviations: 1 - 4 phi(2) / (2 Phi(2) - 1).
            case .truncatedNormal(let deviation): return Moments(mean: 0, .constant(0.773_741 * deviation * deviation))
            case .uniform(let bound): return Moments(mean: 0, .constant(bound * bound / 3))
            case .orthogonal(let gain):
                let rows = extents.first ?? 1
                let columns = max(1, extents.dropFirst().reduce(1, *))
                return Moments(mean: 0, .constant(gain * gain / Double(max(rows, columns))))
            }
        }
    }
}
