import Source

/// How one network is trained: its part of a `training of` definition.
public struct NetworkTraining: Sendable {
    public var network: NameSyntax
    /// What the network's own parameters are while it is trained.
    public var arguments: [ArgumentSyntax]
    public var clauses: [ClauseSyntax]
    /// The whole definition.
    public var span: Span
}
