/// A network as a drawing: layers as boxes, blocks around them, parallel branches side by side.
public struct Drawing: Sendable {
    let diagram: Diagram

    /// - Parameter depth: the levels that are drawn; blocks at the last of them are boxes. All if nil.
    public init(_ description: NetworkDescription, depth: Int? = nil) {
        diagram = Diagram(description, depth: depth)
    }

    /// Scalable Vector Graphics 1.1, laid out.
    ///
    /// Throws where the network has too many layers or too many lines side by side.
    public func svg() throws(DrawingError) -> String { SVGWriter(diagram, try DiagramLayout(diagram)).text }

    /// The language of Graphviz, for its `dot` to lay out.
    public var dot: String { DOTWriter(diagram).text }
}
