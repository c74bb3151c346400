import Graph
import Operators

/// How a training's loss counts pictures of each class: the options of its `cross_entropy`.
public struct LabelLoss: Hashable, Sendable {
    /// The part of the target that is spread over all classes.
    public var smoothing: Double
    /// One a class; empty where all count the same.
    public var classWeights: [Double]
    /// The class that does not count, if there is one.
    public var ignoredLabel: Int?

    /// The cross-entropy as it is, by default.
    public init(smoothing: Double = 0, classWeights: [Double] = [], ignoredLabel: Int? = nil) {
        self.smoothing = smoothing
        self.classWeights = classWeights
        self.ignoredLabel = ignoredLabel
    }

    /// That of the first operator of a training's loss that compares something with one of the targets; the cross-entropy as it is where that
    /// is another operator.
    public init(comparing targets: Set<String>, in graph: Graph) {
        self.init()
        guard let (_, node) = Metric.comparison(with: targets, in: graph), node.operation == .crossEntropy else { return }
        smoothing = node.attributes.number("smoothing")
        classWeights = node.attributes.numbers("class_weights")
        let label = node.attributes.integer("ignored_label")
        ignoredLabel = label < 0 ? nil : label
    }

    /// What a picture of a class counts for in the mean.
    public func weight(of label: Int) -> Double {
        label == ignoredLabel ? 0 : classWeights.indices.contains(label) ? classWeights[label] : 1
    }

    /// The output of a training that says what its loss counts for, f32[]: how many labels of the batch count, or the sum of their classes'
    /// weights.
    public static let weightOutput = "loss.weight"

    /// Adds `weightOutput` where the loss of a training is one `cross_entropy` of labels that do not count alike: means over batches are then
    /// those over all pictures. Other losses count by pictures.
    ///
    /// - Parameter loss: the output that is minimized.
    public static func measure(_ targets: Set<String>, loss: String, _ builder: GraphBuilder) {
        let graph = builder.graph
        guard let value = graph.outputs.first(where: { $0.name == loss })?.value, graph[value].operation == .crossEntropy else { return }
        guard Metric.comparison(with: targets, in: graph)?.node.operands == graph[value].operands,
            let divisor = Operator.crossEntropyDivisor(of: value, builder)
        else { return }
        builder.output(weightOutput, divisor)
    }
}
