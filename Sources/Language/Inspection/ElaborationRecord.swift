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
