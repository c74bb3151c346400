import Graph
import Source

/// Is told, while a network is elaborated, what its expressions stand for.
protocol ElaborationObserver: AnyObject {
    /// An expression has a value, which is not poison.
    ///
    /// - Parameters:
    ///   - nodes: the nodes that came into being with it, by their places in `graph`.
    ///   - path: the labels around it.
    ///   - graph: as it is at that moment.
    func note(_ value: ElaboratedValue, at span: Span, nodes: Range<Int>, path: [String], graph: Graph)

    /// The end: everything that the elaboration made, also what no output needs.
    func finish(_ graph: Graph)

    /// Who is to be told what the clauses of the network's training stand for.
    func observerOfTraining() -> any ElaborationObserver
}

extension Elaborator {
    /// Runs `body` and tells its value to the observer; elements inside activations have no place in a network.
    func observing(at span: Span, _ body: () -> ElaboratedValue) -> ElaboratedValue {
        guard let observer, frame.kind != .activation else { return body() }
        let start = builder.graph.nodes.count
        let value = body()
        if !value.isPoison {
            observer.note(value, at: span, nodes: start..<builder.graph.nodes.count, path: path, graph: builder.graph)
        }
        return value
    }

    func observe(_ value: ElaboratedValue, at span: Span) {
        guard observer != nil, !span.isNone else { return }
        _ = observing(at: span) { value }
    }
}
