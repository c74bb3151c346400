/// One parameter of an operator: an attribute with its kind, default and meaning.
public struct OperatorParameter: Sendable {
    public var name: String
    public var kind: AttributeKind
    /// Nil when the parameter must be given.
    public var defaultValue: Attribute?
    public var summary: String

    public init(_ name: String, _ kind: AttributeKind, default defaultValue: Attribute? = nil, _ summary: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }
}

/// The results of an operator that has several: a node is one of them, and the language makes all, as a tuple.
public struct OperatorResults: Sendable {
    /// The integer parameter that says which one a node is, from 0 on, which is its default; the language does not show it.
    public var parameter: String
    /// How many a use has, whose operands are sound and whose parameters are complete.
    public var count: @Sendable (Signature) throws(TypeError) -> Int

    public init(parameter: String, count: @escaping @Sendable (Signature) throws(TypeError) -> Int) {
        self.parameter = parameter
        self.count = count
    }
}
