import Graph
import Operators

/// Views that the language puts in by itself: a tensor of fewer axes gets extents of 1 in front where it is combined with one of more
/// (`Elaborator.aligningRanks`). A source does not say them.
struct AlignedOperands {
    private var sources: [Value: Value] = [:]

    /// Whether a node comes into being where its operand is used.
    func isImplied(_ value: Value) -> Bool { sources[value] != nil }

    /// What a source writes for a value.
    func source(of value: Value) -> Value { sources[value] ?? value }

    init(_ graph: Graph) {
        for value in graph.values where Self.aligns(graph, value) { sources[value] = graph[value].operands[0] }
        for output in graph.outputs { sources[output.value] = nil }
        guard !sources.isEmpty else { return }
        let isLive = graph.liveNodes
        var users: [Value: [Value]] = [:]
        for value in graph.values where isLive[value.index] {
            for operand in graph[value].operands where sources[operand] != nil { users[operand, default: []].append(value) }
        }
        var waiting = Array(users.values.joined())
        while let value = waiting.popLast() {
            let views = graph[value].operands.filter { sources[$0] != nil }
            guard !views.isEmpty, !isAligned(graph, value) else { continue }
            // What is said for one use is said for all, and then others may be aligned otherwise.
            for view in views {
                sources[view] = nil
                waiting += users[view] ?? []
            }
        }
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
