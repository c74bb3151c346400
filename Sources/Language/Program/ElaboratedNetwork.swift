import Graph
import Recipes

/// A network with its parameters given: what the rest of the compiler works on.
public struct ElaboratedNetwork: Sendable {
    /// What a training adds.
    public struct Training: Sendable {
        /// The network with its targets as further inputs and the loss as a further output.
        public var graph: Graph
        public var recipe: TrainingRecipe
        /// The inputs that are targets, in order.
        public var targets: [String]
        /// The files that parameters begin with.
        public var initialFiles: [InitialFile]
        /// What is reported beside the loss, whose sums are outputs of the graph, or are counted from the scores; nil for the loss alone.
        public var metric: Metric?

        /// The label that a loss does not count, nil where all count.
        public var ignoredLabel: Int? {
            graph.nodes.lazy.compactMap { node in
                node.attributes["ignored_label"].flatMap { if case .integer(let label) = $0, label >= 0 { label } else { nil } }
            }.first
        }

        /// How the loss counts pictures that have one class each.
        public var labelLoss: LabelLoss { LabelLoss(comparing: Set(targets), in: graph) }

        /// How many classes the loss tells apart of each target that it takes for classes of pictures or pixels: as many as there are
        /// scores to compare with, the fewest where it is compared several times. A target that it compares otherwise is not among them.
        public var classCounts: [String: Int] { Metric.classCounts(of: Set(targets), in: graph) }

        public init(graph: Graph, recipe: TrainingRecipe, targets: [String], metric: Metric? = nil, initialFiles: [InitialFile] = []) {
            self.graph = graph
            self.recipe = recipe
            self.targets = targets
            self.metric = metric
            self.initialFiles = initialFiles
        }
    }

    public var name: String
    /// The doc comment, without its `///`.
    public var documentation: String
    /// The values of the network's own parameters, as the language writes them.
    public var arguments: [(name: String, value: String)]
    /// Inputs to outputs, neither differentiated nor optimized.
    public var graph: Graph
    public var training: Training?
    /// The doc comments of inputs and outputs, by name; those without one are absent.
    public var interfaceDocumentation: [String: String]
    /// The names of the blocks that were called under a label, by their full label: `layer1.0` is a `bottleneck`.
    public var blocks: [String: String]
}
