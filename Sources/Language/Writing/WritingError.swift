import Graph
import Operators
import Source

/// What of a graph no source can say, and what would help.
public struct WritingError: Mistake, Hashable {
    public var message: String
    public var repair: String?
    /// The node at fault, if it is one.
    public var value: Value?

    init(_ message: String, repair: String? = nil, value: Value? = nil) {
        self.message = message
        self.repair = repair
        self.value = value
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }

    /// The error as that of a node of the graph, or of the node that it names already.
    func located(in graph: Graph, at value: Value) -> WritingError {
        WritingError(
            "\(graph.phrase(of: value)) cannot be written: \(message)", repair: repair ?? Self.anyRepair, value: self.value ?? value)
    }

    /// What helps where nothing in particular does.
    static let anyRepair = "take the model or the printed graph itself, which commands read in place of a source"
}

extension Graph {
    /// A node for a person: what it does, its value in the printed graph, and its label, or where it has none the nearest before it that has
    /// a name.
    func phrase(of value: Value) -> String {
        let node = self[value]
        let what = node.operation?.name ?? node.parameter?.name ?? node.inputName ?? "a constant"
        let place = node.label.map { ", \($0)" } ?? landmark(before: value).map { ", behind \($0)" } ?? ""
        return "`\(what)` (\(value)\(place))"
    }

    /// What the nearest node among those that a node is made of is called, by the fewest steps: a layer or an input, else a parameter.
    private func landmark(before value: Value) -> String? {
        var seen: Set<Value> = [value]
        var front = [value]
        var parameter: String?
        while !front.isEmpty {
            front = front.flatMap { self[$0].operands }.filter { seen.insert($0).inserted }
            for value in front {
                if self[value].parameter == nil, let name = self[value].label ?? self[value].inputName { return name }
                parameter = parameter ?? self[value].parameter?.name
            }
        }
        return parameter
    }
}
