import Graph
import Source

/// A rewrite of the whole graph: a row of a pipeline.
public struct Pass: Sendable {
    /// The name for `--dump-after`, a verb.
    public let name: String
    public let summary: String
    public let run: @Sendable (Graph, PassContext) throws(PassError) -> Graph

    public init(_ name: String, _ summary: String, run: @escaping @Sendable (Graph, PassContext) throws(PassError) -> Graph) {
        self.name = name
        self.summary = summary
        self.run = run
    }
}

/// Why a pass cannot do what is asked: a mistake of the user's, with its repair and the place in the source if there is one.
public struct PassError: Mistake, Hashable {
    public var message: String
    public var repair: String?
    public var span: Span

    public init(_ message: String, repair: String? = nil, at span: Span = .none) {
        self.message = message
        self.repair = repair
        self.span = span
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: span, help: repair) }
}
