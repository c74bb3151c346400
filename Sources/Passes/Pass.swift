import Graph
import Source

/// A rewrite of the whole graph: a row of a pipeline.
public struct Pass: Sendable {
    /// The name for `--dump-after`, a verb.
    public let name: String
    public let summary: String
    public let run: @Sendable (Graph, PassContext) throws(PassError) -> Graph

    public init(_ name: String, _ summary: String, run: @escaping @Sendable (Graph, PassContext) throws(PassError) -> Graph) {
        self.name = name
        self.summary = summary
        self.run = run
    }
}

/// What passes may know beside the graph.
public struct PassContext {
    public var mode: Mode
    /// The f32 lanes of the target's vectors: 16 for AVX-512, 8 for AVX2, 4 for NEON.
    public var lanes: Int
    /// How to train; needed by the training pipeline.
    public var recipe: TrainingRecipe?
    /// The most that an element-wise value may cost to be computed anew by each of its readers instead of being stored, in the units
    /// of `Scalar.cost`; 0 stores everything.
    public var recomputationLimit = 16
    /// Counts what rules did, for reports.
    public let firings = RuleCounter()

    public init(mode: Mode, lanes: Int, recipe: TrainingRecipe? = nil) {
        precondition(lanes >= 1, "a vector has at least one lane")
        self.mode = mode
        self.lanes = lanes
        self.recipe = recipe
    }
}

/// How often each rule was applied.
public final class RuleCounter {
    private var counts: [String: Int] = [:]

    /// Notes that `rule` was applied.
    func fire(_ rule: String) { counts[rule, default: 0] += 1 }

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

/// Why a pass cannot do what is asked: a mistake of the user's, with its repair and the place in the source if there is one.
public struct PassError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    public var repair: String?
    public var span: Span

    public init(_ message: String, repair: String? = nil, at span: Span = .none) {
        self.message = message
        self.repair = repair
        self.span = span
    }

    public var description: String { repair.map { "\(message); \($0)" } ?? message }
}
