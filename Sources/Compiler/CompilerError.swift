import Graph
import Passes
import Source

/// Why a network could not be compiled: diagnostics with the sources that they point into.
public struct CompilerError: Mistake {
    public var diagnostics: [Diagnostic]
    public var sources: SourceMap

    public init(_ diagnostics: [Diagnostic], _ sources: SourceMap = SourceMap()) {
        self.diagnostics = diagnostics
        self.sources = sources
    }

    public init(_ message: String, help: String? = nil, at span: Span = .none, _ sources: SourceMap = SourceMap()) {
        self.init([Diagnostic(message, at: span, help: help)], sources)
    }

    init(_ error: SizeError, _ sources: SourceMap) {
        self.init([Diagnostic(error.message, at: error.span, notes: error.notes, help: error.repair)], sources)
    }

    init(_ error: PassError, _ sources: SourceMap) { self.init(error.message, help: error.repair, at: error.span, sources) }

    /// The diagnostics as text, with the source lines and carets.
    public func text(usesColor: Bool = false) -> String { DiagnosticRenderer(sources, usesColor: usesColor).render(diagnostics) }

    /// The first that is an error.
    public var diagnostic: Diagnostic {
        diagnostics.first { $0.severity == .error } ?? diagnostics.first ?? Diagnostic("the network cannot be compiled", at: .none)
    }

    public var description: String { text() }
}
