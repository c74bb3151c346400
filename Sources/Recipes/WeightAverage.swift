import Graph
import Operators

/// How weights are averaged over the updates of a training, to be predicted with; one row each.
///
/// As PyTorch's `AveragedModel`, the first average is the weights behind the first update. Averages are states beside the optimizer's.
public struct WeightAverage: Form {
    public static let kind = "average"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    /// What an average keeps of itself, a function of how many weights it has taken up, one or more.
    fileprivate let share: @Sendable (Attributes) -> Scalar
}

extension WeightAverage {
    public static let all = [exponential]

    public static let exponential = WeightAverage(
        name: "exponential",
        parameters: [
            .number("decay", 0...0.999_999, default: 0.999),
            .boolean("warmup", default: true, "`false` keeps `decay` of the average from the second update on"),
        ],
        summary:
            "`a = d * a + (1 - d) * w` behind every update, where `d = min(decay, (1 + t) / (10 + t))` and `t` is the number of updates "
            + "before; `a = w` behind the first",
        source: "`torch.optim.swa_utils.get_ema_multi_avg_fn`; the warm-up is TensorFlow's `ExponentialMovingAverage`"
    ) { values in
        let decay = Scalar.constant(values.number("decay"))
        guard values.boolean("warmup") else { return decay }
        let count = Scalar.argument(0)
        return .minimum(decay, (count + 1) / (count + 10))
    }
}

extension Chosen<WeightAverage> {
    /// Appends the averages of all weights, behind the updates of these.
    public func update(_ weights: [(weight: TrainedWeight, node: Node)], _ builder: GraphBuilder) {
        builder.currentLabel = "optimizer"
        let updates = Dictionary(builder.graph.updates.map { ($0.state, $0.value) }) { first, _ in first }
        let count = builder.parameter(Parameter(OptimizerState.averageCount.name(of: ""), .state, .zeros), .f32())
        // Nothing is kept of what is there before the first update.
        let share = builder.map("kept_share", [("t", count)], .select(.less, 0, .argument(0), then: form.share(values), otherwise: 0))
        builder.update(count, to: builder.map(OptimizerState.averageCount.name, [("t", count)], .argument(0) + 1))
        for (weight, node) in weights {
            guard let next = updates[weight.value] else { continue }
            builder.derive(from: node)
            let state = OptimizerState.movingAverage
            let kept = builder.parameter(Parameter(state.name(of: weight.name), .state, .zeros), builder.type(of: weight.value))
            builder.update(
                kept,
                to: builder.map(
                    state.name, [("w", next), ("average", kept), ("share", share)],
                    .argument(1) + (1 - .argument(2)) * (.argument(0) - .argument(1))))
        }
    }

    /// The names of the states that are kept for weights.
    public static func stateNames(of weights: [String]) -> [String] {
        [OptimizerState.averageCount.name(of: "")] + weights.map { OptimizerState.movingAverage.name(of: $0) }
    }
}
