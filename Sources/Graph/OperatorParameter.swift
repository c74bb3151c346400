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
