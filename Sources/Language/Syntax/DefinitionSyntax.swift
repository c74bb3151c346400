import Source

/// The tree of one file.
public struct FileSyntax: Sendable {
    public var imports: [ImportSyntax] = []
    public var definitions: [DefinitionSyntax] = []
}

/// `import "blocks.braid"` or `extern "ops.c"`.
public struct ImportSyntax: Sendable {
    public enum Kind: String, Sendable {
        /// A file of this language.
        case `import`
        /// A file of another one.
        case extern
    }

    public var kind = Kind.import
    /// The path, relative to the importing file.
    public var path: String
    public var span: Span
}

public enum DefinitionSyntax: Sendable {
    case block(BlockSyntax)
    case activation(ActivationSyntax)
    case `operator`(OperatorSyntax)
    case network(NetworkSyntax)
    case training(TrainingSyntax)
}

/// `block name(x, width, stride = 1) { … }`: a function from tensors and numbers to tensors.
public struct BlockSyntax: Sendable {
    public var documentation: String
    public var name: NameSyntax
    public var parameters: [ParameterSyntax]
    public var body: BodySyntax
}

/// `activation name(x, slope = 0.01) = …`: a function of one element.
public struct ActivationSyntax: Sendable {
    public var documentation: String
    public var name: NameSyntax
    public var parameters: [ParameterSyntax]
    public var body: ExpressionSyntax
    /// What computes it in place of the body, where a file of another language defines it.
    public var foreign: (any ForeignFunction)?

    public init(
        documentation: String, name: NameSyntax, parameters: [ParameterSyntax], body: ExpressionSyntax,
        foreign: (any ForeignFunction)? = nil
    ) {
        self.documentation = documentation
        self.name = name
        self.parameters = parameters
        self.body = body
        self.foreign = foreign
    }
}

/// `operator name(image: f32[N, C, H, W], sigma = 1.0): f32[N, C, H, W] = extern "ops.c" function, gradient other`: a function over arrays
/// of a file of another language.
public struct OperatorSyntax: Sendable {
    public var documentation: String
    public var name: NameSyntax
    /// Inputs have a type, numbers a default.
    public var parameters: [ParameterSyntax]
    public var result: TypeSyntax
    /// The path of the file, as the text literal has it.
    public var path: String
    public var pathSpan: Span
    public var function: NameSyntax
    /// The function that computes the gradients of the inputs.
    public var gradient: NameSyntax?
    /// What the file has for it; nil until it was read, and where it does not fit.
    public var code: ForeignCode?

    public var inputs: [ParameterSyntax] { parameters.filter { $0.type != nil } }
    public var numbers: [ParameterSyntax] { parameters.filter { $0.type == nil } }
}

/// `network name(classes = 10) { input …, output … }`.
public struct NetworkSyntax: Sendable {
    public var documentation: String
    public var name: NameSyntax
    public var parameters: [ParameterSyntax]
    public var body: BodySyntax
}

/// `training of small, large(auxiliary: true) { … }`: how networks are trained.
public struct TrainingSyntax: Sendable {
    /// One of the networks that are trained alike, with the arguments that it has while it is trained.
    public struct Subject: Sendable {
        public var network: NameSyntax
        public var arguments: [ArgumentSyntax]
    }

    public var documentation: String
    public var subjects: [Subject]
    public var clauses: [ClauseSyntax]
    public var span: Span
}

public enum ClauseSyntax: Sendable {
    /// `target label: i32[N]`
    case target(NameSyntax, TypeSyntax)
    /// `loss cross_entropy(logits, label)`
    case loss(ExpressionSyntax, keyword: Span)
    /// `optimizer sgd(momentum: 0.9)`, `initialize conv: he_normal, linear: xavier_uniform`, `clip norm 1.0`, `group "*.bias", weight_decay: 0`,
    /// `batch 64`.
    case setting(NameSyntax, [ArgumentSyntax])
}

public struct ParameterSyntax: Sendable {
    public var name: NameSyntax
    public var defaultValue: ExpressionSyntax?
    /// Of an operator's input.
    public var type: TypeSyntax?
    /// What it is, where its definition says so.
    public var summary: String

    public init(name: NameSyntax, defaultValue: ExpressionSyntax? = nil, type: TypeSyntax? = nil, summary: String = "") {
        self.name = name
        self.defaultValue = defaultValue
        self.type = type
        self.summary = summary
    }
}
