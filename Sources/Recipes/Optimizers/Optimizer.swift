import Graph
import Operators

/// How weights follow their gradients; one row an optimizer, one file each or each family.
///
/// An optimizer is written as expressions of the graph, which the passes fuse like any others, and so runs in the fp64 reference as well.
public struct Optimizer: Form {
    public static let kind = "optimizer"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    /// All that it may keep from step to step; `step` says which of them with the values at hand.
    public let states: [OptimizerState]
    /// Whether steps are as long for small gradients as for large ones.
    public let isAdaptive: Bool
    private let problem: @Sendable (Attributes) -> FormProblem?
    fileprivate let begin: @Sendable (OptimizerStep) -> (TrainedWeight) -> Void

    /// - Parameters:
    ///   - parameters: its own; all optimizers take `decay_vectors` besides.
    ///   - isAdaptive: whether steps are as long for small gradients as for large ones.
    ///   - begin: appends to a graph what all weights share, and returns what appends the update of one.
    init(
        _ name: String, _ parameters: [FormParameter], states: [OptimizerState], isAdaptive: Bool = true, _ summary: String,
        source: String,
        problem: @escaping @Sendable (Attributes) -> FormProblem? = { _ in nil },
        begin: @escaping @Sendable (OptimizerStep) -> (TrainedWeight) -> Void
    ) {
        self.name = name
        self.parameters = parameters + [Self.decaysVectors]
        self.states = states
        self.isAdaptive = isAdaptive
        self.summary = summary
        self.source = source
        self.problem = problem
        self.begin = begin
    }

    public func problem(_ values: Attributes) -> FormProblem? { problem(values) }

    public static let all = [sgd, adam, adamw, rmsprop, adagrad, adadelta, lion, lars, lamb]

    private static let decaysVectors = FormParameter.boolean(
        "decay_vectors", default: true,
        "`false` leaves biases and the scales and shifts of normalizations without decay"
    ).common

    /// What a running average keeps of itself in a step.
    static let retained = 0.0...0.999_999

    static func weightDecay(default value: Double = 0) -> FormParameter {
        .number("weight_decay", FormParameter.share, default: value)
    }
}

extension Chosen<Optimizer> {
    /// Appends the updates of all weights to a graph.
    ///
    /// - Parameters:
    ///   - rate: the learning rate, f32[].
    ///   - weights: with their gradients, and their nodes, from which labels and places in the source are taken.
    public func update(_ weights: [(weight: TrainedWeight, node: Node)], rate: Value, _ builder: GraphBuilder) {
        builder.currentLabel = "optimizer"
        let append = form.begin(OptimizerStep(values: values, rate: rate, builder: builder))
        for (weight, node) in weights {
            builder.derive(from: node)
            append(weight)
        }
    }
}

/// A weight, and what its update is computed from.
public struct TrainedWeight {
    public var name: String
    public var value: Value
    public var gradient: Value
    /// Whether it is a bias, or a scale or shift of a normalization.
    public var isVector: Bool
    /// What the rate is multiplied by.
    public var rate: Double
    /// In place of what the optimizer says of the decay.
    public var decay: Double?

    public init(name: String, value: Value, gradient: Value, isVector: Bool, rate: Double = 1, decay: Double? = nil) {
        self.name = name
        self.value = value
        self.gradient = gradient
        self.isVector = isVector
        self.rate = rate
        self.decay = decay
    }
}

/// What an optimizer's row appends its expressions with.
struct OptimizerStep {
    let values: Attributes
    let rate: Value
    let builder: GraphBuilder

    func number(_ name: String) -> Double { values.number(name) }

    /// The rate of a weight, f32[]; there is one node for all weights of one factor.
    func rate(of weight: TrainedWeight) -> Value {
        if weight.rate == 1 { return rate }
        let label = builder.currentLabel
        builder.currentLabel = "optimizer"
        defer { builder.currentLabel = label }
        return builder.map("group_rate", [("rate", rate)], .argument(0) * .constant(weight.rate))
    }

    /// The decay of a weight: what its group says, else none of vectors where the recipe says so.
    func decay(of weight: TrainedWeight) -> Double {
        if let decay = weight.decay { return decay }
        return weight.isVector && !values.boolean("decay_vectors") ? 0 : number("weight_decay")
    }

    /// The gradient with the decay added, of a weight that is the function's first argument and its gradient that is the second.
    func decayedGradient(of weight: TrainedWeight) -> Scalar { .argument(1) + .constant(decay(of: weight)) * .argument(0) }

    /// What is kept of all weights together.
    func shared(_ state: OptimizerState) -> Value {
        builder.parameter(Parameter(state.name(of: ""), .state, state.initializer), .f32())
    }

    /// What is kept of a weight, of its shape.
    func kept(_ state: OptimizerState, of weight: TrainedWeight) -> Value {
        builder.parameter(Parameter(state.name(of: weight.name), .state, state.initializer), builder.type(of: weight.value))
    }

    /// The sum of a tensor's squares, f32[].
    func squares(_ value: Value) -> Value {
        let square = builder.map("square", [("x", value)], .argument(0) * .argument(0))
        let axes = Array(0..<builder.type(of: value).rank)
        return axes.isEmpty ? square : builder.apply(.sum, square, attributes: ["axes": .integers(axes)])
    }

    /// Moves a running average of `values`, a function of the weight and its gradient, and returns it.
    ///
    /// - Parameter kept: what is kept of it, where that is in the graph already.
    func average(_ state: OptimizerState, _ kept: Value? = nil, of weight: TrainedWeight, _ share: Double, _ values: Scalar) -> Value {
        let kept = kept ?? self.kept(state, of: weight)
        let next = builder.map(
            state.name, [("w", weight.value), ("g", weight.gradient), ("average", kept)],
            .constant(share) * .argument(2) + .constant(1 - share) * values)
        builder.update(kept, to: next)
        return next
    }
}
