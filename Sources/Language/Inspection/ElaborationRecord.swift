import Graph
import Source

/// What the expressions of the source stood for while a network was elaborated.
public struct ElaborationRecord: Sendable {
    /// What an expression was in one of the calls of the block around it.
    public struct Entry: Sendable {
        /// The labels around it, such as `blocks.0`; empty in the network itself.
        public var path: String
        /// The value as the language writes it: a type, a number, a list of such.
        public var value: String
        /// The nodes that came into being with it, by their places in `graph`.
        public var nodes: Range<Int>
        /// The tensor, where it is one.
        public var tensor: Value?
    }

    /// How often a place was elaborated, and what came of the first times.
    public struct Place: Sendable {
        public var count = 0
        public var entries: [Entry] = []
    }

    public var network: String
    /// Everything that the elaboration made, also what no output needs.
    public var graph: Graph
    public var places: [Span: Place]
}

/// Collects a record while an elaborator runs. A class, because the elaborator and whoever asks share it.
final class ElaborationRecorder {
    /// Beyond, calls of one place are only counted.
    private static let maximumEntries = 8

    private(set) var places: [Span: ElaborationRecord.Place] = [:]
    var graph = Graph(name: "")
    /// What the clauses of the network's training gave, which are elaborated with another graph.
    var training: ElaborationRecorder?

    func note(_ value: ElaboratedValue, at span: Span, nodes: Range<Int>, path: [String], graph: Graph) {
        places[span, default: ElaborationRecord.Place()].count += 1
        guard places[span]!.count <= Self.maximumEntries else { return }
        var tensor: Value?
        if case .tensor(let value) = value { tensor = value }
        places[span]!.entries.append(
            ElaborationRecord.Entry(path: path.joined(separator: "."), value: value.shown(in: graph), nodes: nodes, tensor: tensor))
    }
}

extension Elaborator {
    /// Runs `body` and notes its value; elements inside activations have no place in a network.
    func recording(at span: Span, _ body: () -> ElaboratedValue) -> ElaboratedValue {
        guard let recorder, frame.kind != .activation else { return body() }
        let start = builder.graph.nodes.count
        let value = body()
        if !value.isPoison {
            recorder.note(value, at: span, nodes: start..<builder.graph.nodes.count, path: path, graph: builder.graph)
        }
        return value
    }

    func record(_ value: ElaboratedValue, at span: Span) {
        guard recorder != nil, !span.isNone else { return }
        _ = recording(at: span) { value }
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
