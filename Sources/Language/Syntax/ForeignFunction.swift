import Graph
import Source

/// A function of elements and numbers that a file of another language defines.
public protocol ForeignFunction: Sendable {
    /// The formula with the parameters bound.
    ///
    /// - Parameter arguments: one a parameter; numbers are constants.
    func expression(of arguments: [Scalar]) throws(ForeignProblem) -> Scalar
}

/// Why a function of another language has no formula for some arguments.
public struct ForeignProblem: Mistake {
    public var message: String
    /// Where in its file.
    public var span: Span
    public var help: String?

    public init(message: String, span: Span, help: String? = nil) {
        self.message = message
        self.span = span
        self.help = help
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: span, help: help) }
}

/// A function over arrays, as a file of another language declares it.
public struct ForeignArrayFunction: Sendable {
    public struct Parameter: Sendable {
        public enum Kind: Hashable, Sendable {
            /// `const float *`, `float *` and `const int64_t *`.
            case input, result, shape
            /// `float` and `int`.
            case number, integer
            case other
        }

        public var name: String
        public var kind: Kind
        /// As the file writes it.
        public var type: String
        public var span: Span
        /// What the file says that it is.
        public var summary: String

        public init(name: String, kind: Kind, type: String, span: Span, summary: String) {
            self.name = name
            self.kind = kind
            self.type = type
            self.span = span
            self.summary = summary
        }
    }

    public var name: String
    public var span: Span
    public var parameters: [Parameter]
    public var documentation: String

    public init(name: String, span: Span, parameters: [Parameter], documentation: String) {
        self.name = name
        self.span = span
        self.parameters = parameters
        self.documentation = documentation
    }
}

/// What an operator needs of a file whose functions fit it.
public struct ForeignCode: Sendable {
    /// All of the text that is compiled.
    public var source: String
    /// The names of the numbers that the functions take as integers.
    public var integers: Set<String>
}
