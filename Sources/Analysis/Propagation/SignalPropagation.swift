import Graph

/// What a network's activations and gradients will be when its training begins, predicted from its graph and initializers alone.
///
/// Mean-field theory: weights are random, sums of many terms nearly normal, and gradients independent of the activations that they meet (Glorot &
/// Bengio 2010; He et al., arXiv 1502.01852; Poole et al., arXiv 1606.05340; Schoenholz et al., arXiv 1611.01232; of residual networks Yang &
/// Schoenholz, arXiv 1712.08969; of batch normalization Yang et al., arXiv 1902.08129).
public struct SignalPropagation: Sendable {
    /// A value of the graph.
    public struct Layer: Sendable {
        public var value: Value
        /// Of an element of the activation.
        public var activation: Moments
        /// The mean square of an element of the gradient of the loss; nil where none arrives.
        public var gradient: Double?
    }

    /// A trained parameter that the loss depends on.
    public struct Weight: Sendable {
        public var name: String
        public var value: Value
        /// The number of its elements.
        public var count: Int
        /// The root of the mean square of an element, at the beginning.
        public var size: Double
        /// The root of the mean square of an element of its gradient.
        public var gradient: Double
        /// The Euclidean norm of the whole gradient.
        public var gradientNorm: Double { gradient * Double(count).squareRoot() }
    }

    /// What has been followed: the graph, with composite operators written out as far as they have no rule of their own.
    public let graph: Graph
    /// Those that are computed from an input, in the graph's order.
    public let layers: [Layer]
    public let weights: [Weight]
    /// What was taken for granted for want of a rule, and where.
    public let assumptions: [(value: Value, text: String)]
    private let places: [Value: Int]

    /// - Parameters:
    ///   - graph: a network with its loss, all symbols but the batch bound.
    ///   - loss: the output that is minimized; without one, or where there is none, nothing goes back.
    ///   - batch: the number of images of a step.
    ///   - input: the moments of an element of an input of type f32, by its name and type.
    /// - Throws: where the graph takes no number of images that is tried.
    public init(
        of graph: Graph, loss: String?, batch: Int, input: @escaping (String, TensorType) -> Moments = { _, _ in .pictures }
    ) throws(SizeError) {
        let bound = try graph.bound(images: batch)
        let propagator = SignalPropagator(bound, images: batch, inputs: input)
        propagator.forward()
        if let loss = propagator.graph.outputs.first(where: { $0.name == loss }) { propagator.backward(from: loss.value) }
        let made = propagator.graph
        self.graph = made
        var layers: [Layer] = []
        var weights: [Weight] = []
        for value in made.values {
            guard let signal = propagator.signals[value.index] else { continue }
            let gradient = propagator.gradients[value.index]?.average(signal.populations).own
            if let parameter = made[value].parameter, parameter.role == .weight, let gradient {
                let count = made[value].type.shape.elementCount ?? 1
                weights.append(
                    Weight(
                        name: parameter.name, value: value, count: count, size: signal.average.second.own.squareRoot(),
                        gradient: max(0, gradient).squareRoot()))
            }
            if !signal.isWeight { layers.append(Layer(value: value, activation: signal.average, gradient: gradient)) }
        }
        self.layers = layers
        self.weights = weights
        // What only metrics read does not matter.
        let wanted = made.outputs.contains { $0.name == loss } ? made.outputs.filter { $0.name == loss } : made.outputs
        var isRead = [Bool](repeating: false, count: made.nodes.count)
        for output in wanted { isRead[output.value.index] = true }
        for value in made.values.reversed() where isRead[value.index] {
            for operand in made[value].operands { isRead[operand.index] = true }
        }
        assumptions = propagator.assumptions.filter { isRead[$0.key.index] }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        places = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($0.element.value, $0.offset) })
    }

    /// What is known of a value of `graph`; nil for parameters, constants and labels.
    public func layer(_ value: Value) -> Layer? { places[value].map { layers[$0] } }
}

extension Moments {
    /// Of pictures whose values are normalized: neighbouring pixels are much alike, pictures are not.
    public static let pictures = Moments(mean: 0, SecondMoments(own: 1, near: 0.9, far: 0.2, other: 0))

    /// Of independent normal numbers.
    public static let noise = Moments(mean: 0, SecondMoments(own: 1, near: 0, far: 0, other: 0))
}
