/// What a node was made from in the graph before the last pass, and by which rules of it: for explanations.
///
/// It is no part of what a node is: all provenances are equal, so that graphs and nodes that differ in it alone are.
public struct Provenance: Hashable, Sendable {
    /// Nodes of the graph before the pass: those that the node stands for, or for whose sake it was added.
    public private(set) var origins: [Value]
    /// The rules of the pass that made it, or decided something about it, in their order.
    public private(set) var rules: [String] = []

    public init(_ origins: [Value] = []) { self.origins = origins }

    /// Takes up the origins of another, and its rules.
    public mutating func join(_ other: Provenance) {
        for origin in other.origins where !origins.contains(origin) { origins.append(origin) }
        for rule in other.rules { note(rule) }
    }

    public mutating func note(_ rule: String) { if !rules.contains(rule) { rules.append(rule) } }

    public static func == (a: Provenance, b: Provenance) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}

extension Graph {
    /// The graph with each node as its own origin: what a pass begins with.
    public var withOwnOrigins: Graph {
        var graph = self
        for value in values { graph[value].provenance = Provenance([value]) }
        return graph
    }
}
