import Source

/// The calls of blocks that led to a node, the innermost first: for explanations.
///
/// It is no part of what a node is: all chains are equal, so that graphs and nodes that differ in it alone are.
public struct CallChain: Hashable, Sendable {
    private final class Link: Sendable {
        let place: Span
        let outer: Link?

        init(_ place: Span, outer: Link?) { (self.place, self.outer) = (place, outer) }
    }

    private var innermost: Link?

    /// No call at all: what stands in the network itself.
    public init() {}

    /// The chain within a call.
    ///
    /// - Parameter place: the called name in the source.
    public func calling(at place: Span) -> CallChain {
        var chain = self
        chain.innermost = Link(place, outer: innermost)
        return chain
    }

    /// Where the called names stand.
    public var places: [Span] { Array(sequence(first: innermost) { $0?.outer }.prefix { $0 != nil }.compactMap { $0?.place }) }

    public static func == (a: CallChain, b: CallChain) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}
