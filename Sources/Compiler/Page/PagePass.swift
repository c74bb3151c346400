import Graph
import Passes

/// A graph on its way through the passes, and what the pass before it changed.
struct PagePass: Encodable, Sendable {
    /// What takes the place of some nodes.
    struct Change: Encodable, Sendable {
        var rules: [String]
        /// Nodes of the graph before; none where nodes are decided about, and stay.
        var before: [Int]
        /// Nodes of this graph.
        var after: [Int]
        var decisions: [String]
    }

    /// The pass that made it; `graph` for the one that the passes begin with.
    var name: String
    var summary: String
    /// How often each rule was applied.
    var firings: [String]
    /// The graph as text.
    var lines: [String]
    /// The number of the line that node 0 has; the others follow.
    var firstNode: Int
    var nodeCount: Int
    /// The nodes of the graph before that each node comes from; none in the first graph.
    var origins: [[Int]]
    var changes: [Change]

    /// The graph that passes begin with.
    init(beginning graph: Graph) {
        self.init("graph", "The graph as it was elaborated from the text.", [], graph, origins: [], changes: [])
    }

    /// A graph behind a pass.
    init(_ report: PassReport, _ summary: String, from graph: Graph, to next: Graph) {
        let changes = PassChange.all(of: graph.values, from: graph, to: next).changes
        self.init(
            report.pass, summary, report.firings.map { "\($0.rule) \($0.count)" }, next,
            origins: next.nodes.map { $0.provenance.origins.map(\.index) },
            changes: changes.map {
                Change(rules: $0.rules, before: $0.before.map(\.index), after: $0.after.map(\.index), decisions: $0.decisions)
            })
    }

    private init(
        _ name: String, _ summary: String, _ firings: [String], _ graph: Graph, origins: [[Int]], changes: [Change]
    ) {
        (self.name, self.summary, self.firings, self.origins, self.changes) = (name, summary, firings, origins, changes)
        lines = PageSource.lines(of: graph.description)
        if lines.last?.isEmpty == true { lines.removeLast() }
        firstNode = 1 + graph.constraints.count + graph.precisions.sorted.count
        nodeCount = graph.nodes.count
    }
}
