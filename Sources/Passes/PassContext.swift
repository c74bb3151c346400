import Graph
import Recipes

/// What passes may know beside the graph.
public struct PassContext {
    public var mode: Mode
    /// What is stored and multiplied: f32 all; bf16 what no clause of the author's keeps in f32; nil what the clauses say, else f32.
    public var precision: Precision?
    /// The f32 lanes of the target's vectors: 16 for AVX-512, 8 for AVX2, 4 for NEON.
    public var lanes: Int
    /// How to train; needed by the training pipeline.
    public var recipe: TrainingRecipe?
    /// The most that an element-wise value may cost to be computed anew by each of its readers instead of being stored, in the units
    /// of `Scalar.cost`; 0 stores everything.
    public var recomputationLimit = 16
    /// Counts what rules did, for reports.
    public let firings = RuleCounter()

    public init(mode: Mode, lanes: Int, precision: Precision? = nil, recipe: TrainingRecipe? = nil) {
        precondition(lanes >= 1, "a vector has at least one lane")
        self.mode = mode
        self.precision = precision
        self.lanes = lanes
        self.recipe = recipe
    }
}

/// How often each rule was applied.
public final class RuleCounter {
    private var counts: [String: Int] = [:]

    /// Notes that `rule` was applied.
    func fire(_ rule: String) { counts[rule, default: 0] += 1 }

    /// Notes that `rule` was applied to a node, in its provenance, too.
    func fire(_ rule: String, at node: inout Node) {
        fire(rule)
        node.provenance.note(rule)
    }

    /// The counts by rule name in alphabetical order, and starts anew.
    func drain() -> [RuleFirings] {
        defer { counts = [:] }
        return counts.sorted { $0.key < $1.key }.map { RuleFirings(rule: $0.key, count: $0.value) }
    }
}

/// How often one rule was applied.
public struct RuleFirings: Hashable, Sendable {
    public var rule: String
    public var count: Int
}
