import Source

/// A name as written, with its place.
public struct NameSyntax: Hashable, Sendable {
    public var text: String
    public var span: Span

    public init(text: String, span: Span) {
        self.text = text
        self.span = span
    }
}

public struct ExpressionSyntax: Sendable {
    public indirect enum Kind: Sendable {
        case integer(Int)
        case number(Double)
        case boolean(Bool)
        case text(String)
        /// `"stage {i}"`: at least one part is computed.
        case formatted([LabelSyntax.Part])
        case name(String)
        case tuple([ExpressionSyntax])
        case list([ExpressionSyntax])
        /// `[for i in 0..<5 { exp(-i * i) }]`
        case comprehension(PatternSyntax, in: ExpressionSyntax, BodySyntax)
        case unary(UnaryOperator, ExpressionSyntax)
        /// With the place of the operator itself.
        case binary(BinaryOperator, ExpressionSyntax, ExpressionSyntax, at: Span)
        case call(NameSyntax, [ArgumentSyntax])
        case pipeline(ExpressionSyntax, [PipelineStepSyntax])
        case member(ExpressionSyntax, NameSyntax)
        case index(ExpressionSyntax, ExpressionSyntax)
        case conditional([(condition: ExpressionSyntax, body: BodySyntax)], otherwise: BodySyntax?)
        /// What the parser could not read; it has been reported.
        case invalid
    }
    public var kind: Kind
    public var span: Span

    public init(kind: Kind, span: Span) {
        self.kind = kind
        self.span = span
    }

    public var isInvalid: Bool { if case .invalid = kind { true } else { false } }
    var isConditional: Bool { if case .conditional = kind { true } else { false } }
}

public enum UnaryOperator: String, Sendable {
    case negate = "-"
    case not
}

public enum BinaryOperator: String, CaseIterable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case remainder = "%"
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case and
    case or
    case rangeBelow = "..<"
    case rangeThrough = "..."
}

/// One argument of a call: `value` or `name: value`.
public struct ArgumentSyntax: Sendable {
    public var name: NameSyntax?
    public var value: ExpressionSyntax

    public var span: Span { name.map { $0.span.joined(to: value.span) } ?? value.span }
}

/// `|> label: callee(arguments)`, or `|> share label: callee(arguments)`.
public struct PipelineStepSyntax: Sendable {
    /// The place of the word `share`, nil where the step makes parameters of its own.
    public var share: Span?
    public var label: LabelSyntax?
    public var callee: NameSyntax
    public var arguments: [ArgumentSyntax]
    public var span: Span
}

/// A label that names parameters: `layer{stage}.{i}.conv1`. Its parts follow one another as they are, dots included.
public struct LabelSyntax: Sendable {
    public enum Part: Sendable {
        case text(String)
        case computed(ExpressionSyntax)
    }
    public var parts: [Part]
    public var span: Span
}

extension String {
    /// Whether an unbound name is a dimension's symbol: it begins with a capital letter.
    var isSymbol: Bool { first?.isUppercase == true }
}
