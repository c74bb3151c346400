import Graph
import Operators

/// Views that the language puts in by itself: a tensor of fewer axes gets extents of 1 in front where it is combined with one of more
/// (`Elaborator.aligningRanks`). A source does not say them, and has no word for them.
struct AlignedOperands {
    private var sources: [Value: Value] = [:]

    /// Whether a node comes into being where its operand is used.
    func isImplied(_ value: Value) -> Bool { sources[value] != nil }

    /// What a source writes for a value.
    func source(of value: Value) -> Value { sources[value] ?? value }

    init(_ graph: Graph) throws(WritingError) {
        let candidates = graph.values.filter { Self.aligns(graph, $0) }
        guard !candidates.isEmpty else { return }
        for value in candidates { sources[value] = graph[value].operands[0] }
        let isLive = graph.liveNodes
        for value in graph.values where isLive[value.index] && graph[value].operands.contains(where: { sources[$0] != nil }) {
            guard isAligned(graph, value) else {
                let view = graph[value].operands.first { sources[$0] != nil } ?? value
                throw Self.refusal(graph, view)
            }
        }
        for output in graph.outputs where sources[output.value] != nil { throw Self.refusal(graph, output.value) }
    }

    private static func refusal(_ graph: Graph, _ view: Value) -> WritingError {
        WritingError(
            "\(graph.phrase(of: view)) cannot be written: the language has no value for its whole shape", repair: "give it `extents`",
            value: view)
    }

    /// Whether a node only puts extents of 1 in front, in the way that rules do.
    private static func aligns(_ graph: Graph, _ value: Value) -> Bool {
        guard case .operation(let operation, let attributes) = graph[value].kind, operation.isInLanguage, graph[value].operands.count == 1
        else {
            return false
        }
        return operation.parameters.contains { parameter in
            parameter.kind == .shape && attributes[parameter.name] != parameter.defaultValue.flatMap(parameter.kind.convert)
        }
    }

    /// Whether the language would align the operands of a node, as they are written, to what they are.
    private func isAligned(_ graph: Graph, _ value: Value) -> Bool {
        guard case .operation(let operation, let attributes) = graph[value].kind else { return false }
        let aligned = graph[value].operands.map { graph[$0].type }
        let written = graph[value].operands.map { graph[source(of: $0)].type }
        let rank = written.map(\.rank).max() ?? 0
        let expected = written.map { type in
            (2..<max(2, rank)).contains(type.rank)
                ? TensorType(type.element, Shape([Dimension](repeating: 1, count: rank - type.rank) + type.shape.dimensions)) : type
        }
        guard expected == aligned, (try? operation.inferType(Signature(written, attributes))) == nil else { return false }
        if case .elementwise = operation.lowering(Signature(aligned, attributes)) { return true }
        return false
    }
}
