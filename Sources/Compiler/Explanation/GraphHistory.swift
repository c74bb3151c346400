import Graph
import Passes

/// What the passes make of some nodes.
public struct GraphHistory: Sendable {
    /// What one pass changed of them.
    public struct Step: Sendable {
        public var pass: String
        public var changes: [Change]
    }

    /// What takes the place of some nodes.
    public struct Change: Sendable {
        /// The names of the rules that were applied, in their order; none where a pass has only one.
        public var rules: [String]
        /// The nodes before the pass, a line each; none where nodes are decided about, and stay.
        public var before: [String]
        /// The nodes behind it; none where they vanish.
        public var after: [String]
        /// What was decided about the nodes, such as `layout blocked(1:16)`; empty where nodes are made.
        public var decisions: [String]
    }

    /// The nodes in the graph that the passes begin with, a line each.
    public private(set) var nodes: [String]
    public private(set) var steps: [Step] = []
    private var graph: Graph
    private var tracked: [Value]

    init(of tracked: [Value], in graph: Graph) {
        (self.graph, self.tracked) = (graph, tracked)
        nodes = tracked.map { graph.line(of: $0) }
    }

    /// The nodes in the last graph: what has become of the first ones.
    var results: [Value] { tracked }

    /// Goes on to the graph that a pass made of the last one.
    mutating func follow(_ pass: String, to next: Graph) {
        let (changes, following) = PassChange.all(of: tracked, from: graph, to: next)
        let told = changes.map { change in
            Change(
                rules: change.rules, before: change.before.map { graph.line(of: $0) }, after: change.after.map { next.line(of: $0) },
                decisions: change.decisions)
        }
        if !told.isEmpty { steps.append(Step(pass: pass, changes: told)) }
        (graph, tracked) = (next, following)
    }
}
