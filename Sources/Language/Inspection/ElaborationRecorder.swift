import Graph
import Source

/// Collects a record while an elaborator runs. A class, because the elaborator and whoever asks share it.
final class ElaborationRecorder: ElaborationObserver {
    /// Beyond, calls of one place are only counted.
    private static let maximumEntries = 8

    private(set) var places: [Span: ElaborationRecord.Place] = [:]
    private(set) var graph = Graph(name: "")
    /// What the clauses of the network's training gave, which are elaborated with another graph.
    private(set) var training: ElaborationRecorder?

    func note(_ value: ElaboratedValue, at span: Span, nodes: Range<Int>, path: [String], graph: Graph) {
        places[span, default: ElaborationRecord.Place()].count += 1
        guard places[span]!.count <= Self.maximumEntries else { return }
        var tensor: Value?
        if case .tensor(let value) = value { tensor = value }
        places[span]!.entries.append(
            ElaborationRecord.Entry(path: path.joined(separator: "."), value: value.shown(in: graph), nodes: nodes, tensor: tensor))
    }

    func finish(_ graph: Graph) { self.graph = graph }

    func observerOfTraining() -> any ElaborationObserver {
        let recorder = ElaborationRecorder()
        training = recorder
        return recorder
    }
}

extension ElaboratedValue {
    /// The value for a person: types for tensors, numbers and texts as they are.
    fileprivate func shown(in graph: Graph, depth: Int = 0) -> String {
        switch self {
        case .tensor(let value): return "\(graph[value].type)"
        case .list(let items), .tuple(let items):
            guard depth < 3 else { return "…" }
            let shown = items.prefix(8).map { $0.shown(in: graph, depth: depth + 1) } + (items.count > 8 ? ["…"] : [])
            if case .list = self { return "[" + shown.joined(separator: ", ") + "]" }
            return "(" + shown.joined(separator: ", ") + ")"
        default: return constantText.map { String($0.prefix(80)) } ?? phrase(in: graph)
        }
    }
}
