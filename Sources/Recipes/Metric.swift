import Graph
import Operators

/// How good what a network says is, in a number that people know: what is reported beside the loss, and not minimized. One row each.
///
/// Over a data set it is the sum of all batches' `amount` over the sum of their `weight`.
public struct Metric: Sendable {
    /// As files name it.
    public let name: String
    public let title: String
    /// Whether it lies between 0 and 1, the higher the better, and is written in percent; otherwise lower is better.
    public let isShare: Bool
    /// The operators of the language that measure the same as a loss, the prediction first and the target second.
    let losses: [Operator]
    private let sums: @Sendable (Prediction) -> (amount: Value, weight: Value)

    public static let all = [accuracy, f1, meanAbsoluteError]

    /// The outputs of a training that hold a batch's sums, f32[].
    public static let amountOutput = "metric.amount"
    public static let weightOutput = "metric.weight"
    /// What an evaluation names that which a loss compares with its target, where it is no output already.
    public static let answerOutput = "metric.answer"

    /// The share of pictures, or of their pixels, whose likeliest class is the right one; ignored ones do not count.
    public static let accuracy = Metric(
        name: "accuracy", title: "accuracy", isShare: true, losses: [.crossEntropy, .diceLoss]
    ) { prediction in
        let builder = prediction.builder
        let classes: Attributes = ["axes": .integers([1])]
        let guess = builder.apply(.argmax, prediction.value, attributes: classes)
        let isLabel = builder.type(of: prediction.target).element == .i32
        let right = isLabel ? prediction.target : builder.apply(.argmax, prediction.target, attributes: classes)
        let ignored = prediction.attributes["ignored_label"].map { _ in prediction.attributes.integer("ignored_label") } ?? -1
        let counts = { (what: Scalar) -> Scalar in
            isLabel && ignored >= 0 ? .select(.equal, .argument(1), .constant(Double(ignored)), then: 0, otherwise: what) : what
        }
        let operands = [("guess", guess), ("right", right)]
        return (
            prediction.sum("is_right", operands, counts(.select(.equal, .argument(0), .argument(1), then: 1, otherwise: 0))),
            prediction.sum("counts", operands, counts(1))
        )
    }

    /// `2 * hits / (predicted + true)`, over all labels of all pictures: those with scores above 0 (probabilities above 1/2) are
    /// predicted, those with targets above 1/2 are true.
    public static let f1 = Metric(name: "f1", title: "F1", isShare: true, losses: [.binaryCrossEntropy, .focalLoss]) { prediction in
        let (isPredicted, isTrue) = (indicator(.argument(0), above: 0), indicator(.argument(1), above: 0.5))
        return (
            prediction.sum("hits", prediction.both, 2 * isPredicted * isTrue),
            prediction.sum("labels", prediction.both, isPredicted + isTrue)
        )
    }

    public static let meanAbsoluteError = Metric(
        name: "mean_absolute_error", title: "mean absolute error", isShare: false,
        losses: [.meanSquaredError, .meanAbsoluteError, .huberLoss]
    ) { prediction in
        (
            prediction.sum("distance", prediction.both, .unary(.absolute, .argument(0) - .argument(1))),
            prediction.sum("counts", prediction.both, 1)
        )
    }

    private static func indicator(_ value: Scalar, above bound: Double) -> Scalar {
        .select(.less, .constant(bound), value, then: 1, otherwise: 0)
    }

    /// How many classes a loss tells apart of each target that it compares as `accuracy` does: as many as there are scores, the fewest where
    /// a target is compared several times.
    public static func classCounts(of targets: Set<String>, in graph: Graph) -> [String: Int] {
        var counts: [String: Int] = [:]
        for node in graph.nodes {
            guard let operation = node.operation, accuracy.losses.contains(operation),
                let name = graph[node.operands[1]].inputName, targets.contains(name),
                let count = graph[node.operands[0]].type.shape[1].value
            else { continue }
            counts[name] = min(count, counts[name] ?? count)
        }
        return counts
    }

    /// The metric of this name.
    public static func named(_ name: String) -> Metric? { all.first { $0.name == name } }

    /// What plots call it, with its unit, and a value in that unit.
    public var axis: String { isShare ? "\(title), %" : title }
    public func plotted(_ value: Double) -> Double { isShare ? 100 * value : value }

    private init(
        name: String, title: String, isShare: Bool, losses: [Operator],
        sums: @escaping @Sendable (Prediction) -> (amount: Value, weight: Value)
    ) {
        self.name = name
        self.title = title
        self.isShare = isShare
        self.losses = losses
        self.sums = sums
    }
}

extension Metric {
    /// What a loss compares: operands of its node.
    private struct Prediction {
        let builder: GraphBuilder
        let value: Value
        let target: Value
        let attributes: Attributes

        var both: [(String, Value)] { [("x", value), ("target", target)] }

        func sum(_ name: String, _ operands: [(String, Value)], _ body: Scalar) -> Value {
            let terms = builder.map(name, operands, body)
            return builder.apply(.sum, terms, attributes: ["axes": .integers(Array(0..<builder.type(of: terms).rank))])
        }
    }

    /// Adds the sums of the metric that goes with the loss of a training as outputs, and returns it; nil where the loss is written with
    /// other operators.
    ///
    /// Nothing is added where pictures have one class each and the scores are an output: whoever reads them counts right ones himself.
    /// The first operator of the loss that compares something with a target counts, which is that of the main output where auxiliary
    /// ones have losses, too.
    public static func measure(_ targets: Set<String>, _ builder: GraphBuilder) -> Metric? {
        let graph = builder.graph
        guard let (metric, node) = comparison(with: targets, in: graph) else { return nil }
        let isCounted = graph[node.operands[1]].type.element == .i32 && graph[node.operands[1]].type.rank == 1
        if isCounted, graph.outputs.contains(where: { $0.value == node.operands[0] }) { return metric }
        let prediction = Prediction(builder: builder, value: node.operands[0], target: node.operands[1], attributes: node.attributes)
        let (amount, weight) = metric.sums(prediction)
        builder.output(amountOutput, amount)
        builder.output(weightOutput, weight)
        return metric
    }

    /// The first operator that compares something, its first operand, with a target, its second one, and the metric that measures the same.
    public static func comparison(with targets: Set<String>, in graph: Graph) -> (metric: Metric, node: Node)? {
        comparisons(with: targets, in: graph).first
    }

    /// All such operators, in the order of the loss.
    public static func comparisons(with targets: Set<String>, in graph: Graph) -> [(metric: Metric, node: Node)] {
        graph.nodes.compactMap { node in
            guard let operation = node.operation, node.operands.count == 2,
                let metric = all.first(where: { $0.losses.contains(operation) }),
                let name = graph[node.operands[1]].inputName, targets.contains(name)
            else { return nil }
            return (metric, node)
        }
    }
}
