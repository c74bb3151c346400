import Source

/// A name as written, with its place.
public struct Name: Hashable, Sendable {
    public var text: String
    public var span: Span
}

/// The tree of one file.
public struct SyntaxFile: Sendable {
    public var imports: [ImportSyntax] = []
    public var definitions: [Definition] = []
}

public struct ImportSyntax: Sendable {
    /// The path, relative to the importing file.
    public var path: String
    public var span: Span
}

public enum Definition: Sendable {
    case block(BlockDefinition)
    case activation(ActivationDefinition)
    case network(NetworkDefinition)
    case training(TrainingDefinition)
}

/// `block name(x, width, stride = 1) { … }`: a function from tensors and numbers to tensors.
public struct BlockDefinition: Sendable {
    public var documentation: String
    public var name: Name
    public var parameters: [ParameterSyntax]
    public var body: Body
}

/// `activation name(x, slope = 0.01) = …`: a function of one element.
public struct ActivationDefinition: Sendable {
    public var documentation: String
    public var name: Name
    public var parameters: [ParameterSyntax]
    public var body: Expression
}

/// `network name(classes = 10) { input …, output … }`.
public struct NetworkDefinition: Sendable {
    public var documentation: String
    public var name: Name
    public var parameters: [ParameterSyntax]
    public var body: Body
}

/// `training of small, large(auxiliary: true) { … }`: how networks are trained.
public struct TrainingDefinition: Sendable {
    /// One of the networks that are trained alike, with the arguments that it has while it is trained.
    public struct Subject: Sendable {
        public var network: Name
        public var arguments: [Argument]
    }

    public var documentation: String
    public var subjects: [Subject]
    public var clauses: [TrainingClause]
    public var span: Span
}

public enum TrainingClause: Sendable {
    /// `target label: i32[N]`
    case target(Name, TypeSyntax)
    /// `loss cross_entropy(logits, label)`
    case loss(Expression, keyword: Span)
    /// `optimizer sgd(momentum: 0.9)`, `initialize conv: he_normal, linear: xavier_uniform`, `clip norm 1.0`, `batch 64`.
    case setting(Name, [Argument])
}

public struct ParameterSyntax: Sendable {
    public var name: Name
    public var defaultValue: Expression?
}

/// `f32[N, 1, 28, 28]`
public struct TypeSyntax: Sendable {
    public var element: Name
    public var dimensions: [Expression]
    public var span: Span
}

/// `prepare resize: 256, crop: 224`, behind an input's type: how picture files become its values.
public struct PreparationSyntax: Sendable {
    /// The place of the word itself.
    public var keyword: Span
    /// All with a name.
    public var settings: [Argument]
}

/// What stands between braces: statements, and at the end perhaps the value.
public struct Body: Sendable {
    public var statements: [Statement]
    public var result: Expression?
    public var span: Span
    /// Whether the parser reported an error inside, so that a missing value needs no report of its own.
    public var isDamaged = false
}

public struct Statement: Sendable {
    public indirect enum Kind: Sendable {
        /// `let x = …`, `var x = …`, `let (a, b) = …`
        case bind(Pattern, Expression, isMutable: Bool)
        /// `x = …` for a `var`.
        case assign(Name, Expression)
        case forEach(Pattern, in: Expression, Body)
        /// `input image: f32[N, 1, 28, 28]`, perhaps with `prepare …`.
        case input(Name, TypeSyntax, PreparationSyntax?, documentation: String)
        /// `output logits = …`
        case output(Name, Expression, documentation: String)
        /// An `if` whose branches assign, or a value in the wrong place.
        case expression(Expression)
    }
    public var kind: Kind
    public var span: Span
}

/// What `let` and `for` bind.
public enum Pattern: Sendable {
    case name(Name)
    case tuple([Name], Span)

    public var names: [Name] {
        switch self {
        case .name(let name): [name]
        case .tuple(let names, _): names
        }
    }
}

/// One argument of a call: `value` or `name: value`.
public struct Argument: Sendable {
    public var name: Name?
    public var value: Expression

    public var span: Span { name.map { $0.span.joined(to: value.span) } ?? value.span }
}

/// A label that names parameters: `layer{stage}.{i}.conv1`. Its parts follow one another as they are, dots included.
public struct LabelSyntax: Sendable {
    public enum Part: Sendable {
        case text(String)
        case computed(Expression)
    }
    public var parts: [Part]
    public var span: Span
}

/// `|> label: callee(arguments)`
public struct PipelineStep: Sendable {
    public var label: LabelSyntax?
    public var callee: Name
    public var arguments: [Argument]
    public var span: Span
}

public enum UnaryOperator: String, Sendable {
    case negate = "-"
    case not
}

public enum BinaryOperator: String, Sendable {
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

public struct Expression: Sendable {
    public indirect enum Kind: Sendable {
        case integer(Int)
        case number(Double)
        case boolean(Bool)
        case text(String)
        case name(String)
        case tuple([Expression])
        case list([Expression])
        case unary(UnaryOperator, Expression)
        /// With the place of the operator itself.
        case binary(BinaryOperator, Expression, Expression, at: Span)
        case call(Name, [Argument])
        case pipeline(Expression, [PipelineStep])
        case member(Expression, Name)
        case index(Expression, Expression)
        case conditional([(condition: Expression, body: Body)], otherwise: Body?)
        /// What the parser could not read; it has been reported.
        case invalid
    }
    public var kind: Kind
    public var span: Span

    public var isInvalid: Bool { if case .invalid = kind { true } else { false } }
    var isConditional: Bool { if case .conditional = kind { true } else { false } }
}

extension String {
    /// Whether an unbound name is a dimension's symbol: it begins with a capital letter.
    var isSymbol: Bool { first?.isUppercase == true }
}
