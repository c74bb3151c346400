import Source

/// How one network is trained: its part of a `training of` definition.
public struct NetworkTraining: Sendable {
    public var network: Name
    /// What the network's own parameters are while it is trained.
    public var arguments: [Argument]
    public var clauses: [TrainingClause]
    /// The whole definition.
    public var span: Span
}
