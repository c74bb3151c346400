import Source

/// The tree of one file.
public struct FileSyntax: Sendable {
    public var imports: [ImportSyntax] = []
    public var definitions: [DefinitionSyntax] = []
}

public struct ImportSyntax: Sendable {
    /// The path, relative to the importing file.
    public var path: String
    public var span: Span
}

public enum DefinitionSyntax: Sendable {
    case block(BlockSyntax)
    case activation(ActivationSyntax)
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
    /// `optimizer sgd(momentum: 0.9)`, `initialize conv: he_normal, linear: xavier_uniform`, `clip norm 1.0`, `batch 64`.
    case setting(NameSyntax, [ArgumentSyntax])
}

public struct ParameterSyntax: Sendable {
    public var name: NameSyntax
    public var defaultValue: ExpressionSyntax?
}
