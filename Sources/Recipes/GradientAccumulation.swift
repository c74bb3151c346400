import Graph
import Operators

/// Gradients that are summed over several batches, in states of the graph, before their average moves the weights.
///
/// Two inputs, f32[], say where in a group of batches a run is: how many of them are in the sums already, and how many the group has. So
/// one training step serves for all batches, and the last group of an epoch may have fewer.
public enum GradientAccumulation {
    public static let doneInput = "accumulated_batches"
    public static let countInput = "batches_per_update"

    /// All names that accumulation needs for itself.
    public static func names(of weights: [String]) -> [String] {
        [doneInput, countInput] + weights.map { OptimizerState.gradientSum.name(of: $0) }
    }

    private static func inputs(_ builder: GraphBuilder) -> (done: Value, count: Value) {
        (builder.input(doneInput, .f32()), builder.input(countInput, .f32()))
    }

    /// Appends the sum of a weight's gradients so far, which is kept, and returns their average if this batch is the last of its group.
    public static func average(_ gradient: Value, of weight: String, _ builder: GraphBuilder) -> Value {
        let (done, count) = inputs(builder)
        let state = OptimizerState.gradientSum
        let kept = builder.parameter(Parameter(state.name(of: weight), .state, .zeros), builder.type(of: gradient))
        let sum = builder.map(
            state.name, [("g", gradient), ("sum", kept), ("done", done)],
            .select(.less, 0, .argument(2), then: .argument(1) + .argument(0), otherwise: .argument(0)))
        builder.update(kept, to: sum)
        return builder.map("average_gradient", [("sum", sum), ("count", count)], .argument(0) / .argument(1))
    }

    /// Appends what a state becomes: `next` behind the last batch of a group, else what it is.
    public static func update(_ state: Value, to next: Value, _ builder: GraphBuilder) -> Value {
        let (done, count) = inputs(builder)
        return builder.map(
            "update", [("next", next), ("kept", state), ("done", done), ("count", count)],
            .select(.less, .argument(2) + 1, .argument(3), then: .argument(1), otherwise: .argument(0)))
    }
}
