/// What kind of tensor an operator's input is.
public enum InputRole: Hashable, Sendable {
    /// Flows through the network.
    case operand
    /// A trainable parameter that the operator owns: the language creates it under the node's label.
    case weight
    /// Persistent but not trained, such as running statistics.
    case state
}

/// One tensor input of an operator.
public struct OperatorInput: Sendable {
    public var name: String
    public var role: InputRole
    public var summary: String
    /// Takes any number of operands (one or more); only the sole input may.
    public var isVariadic: Bool
    /// The boolean parameter without which the input is missing, if there is one.
    public var condition: String?

    public init(_ name: String, _ role: InputRole, variadic: Bool = false, onlyIf condition: String? = nil, _ summary: String) {
        self.name = name
        self.role = role
        self.summary = summary
        self.condition = condition
        isVariadic = variadic
    }

    /// An input that flows through the network.
    public init(_ name: String, variadic: Bool = false, _ summary: String) { self.init(name, .operand, variadic: variadic, summary) }
}
