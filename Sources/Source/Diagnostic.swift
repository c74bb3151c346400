/// What is wrong with a source text, where, why, and how to repair it. Overlong names and texts that it quotes are shortened.
public struct Diagnostic: Hashable, Sendable {
    public enum Severity: String, Hashable, Sendable {
        case error, warning
        /// What may well be meant, and is worth knowing.
        case note
    }

    /// A place with what is to be said there.
    public struct Label: Hashable, Sendable {
        public var span: Span
        /// What stands beside the markers; may be empty.
        public var text: String

        public init(_ span: Span, _ text: String = "") {
            self.span = span
            self.text = Quotation.shortened(text)
        }
    }

    public var severity: Severity
    /// One sentence without a final stop.
    public var message: String
    /// Where the fault lies; marked with carets.
    public var primary: Label
    /// Places that explain the fault; marked with dashes.
    public var secondary: [Label]
    /// Explanations below the source lines; each may hold several lines.
    public var notes: [String]
    /// How to repair the fault.
    public var help: String?

    public init(
        _ message: String, severity: Severity = .error, at span: Span, label: String = "", secondary: [Label] = [], notes: [String] = [],
        help: String? = nil
    ) {
        self.severity = severity
        self.message = Quotation.shortened(message)
        primary = Label(span, label)
        self.secondary = secondary
        self.notes = notes.map(Quotation.shortened)
        self.help = help.map(Quotation.shortened)
    }
}

extension Sequence where Element == Diagnostic {
    public var hasErrors: Bool { contains { $0.severity == .error } }

    /// Returns the diagnostics in reading order: by file, place, then message; equal ones once.
    public func inReadingOrder() -> [Diagnostic] {
        var seen: Set<Diagnostic> = []
        return filter { seen.insert($0).inserted }.sorted { first, second in
            let (a, b) = (first.primary.span, second.primary.span)
            if a.file != b.file { return a.file.rawValue < b.file.rawValue }
            if a.lower != b.lower { return a.lower < b.lower }
            return first.message < second.message
        }
    }
}
