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
    /// The axis whose positions the input's integers name, if they do: they are not negative and below its extent.
    public var selects: SelectedAxis?

    /// An axis of another operand of the same operator.
    public struct SelectedAxis: Hashable, Sendable {
        public var operand: Int
        public var axis: Int
    }

    public init(_ name: String, _ role: InputRole, variadic: Bool = false, onlyIf condition: String? = nil, _ summary: String) {
        self.name = name
        self.role = role
        self.summary = summary
        self.condition = condition
        isVariadic = variadic
    }

    /// An input that flows through the network.
    public init(_ name: String, variadic: Bool = false, _ summary: String) { self.init(name, .operand, variadic: variadic, summary) }

    /// An input of integers that name positions along an axis of the operand `operand`, such as the classes of scores.
    public init(_ name: String, selecting axis: Int, of operand: Int, _ summary: String) {
        self.init(name, .operand, summary)
        selects = SelectedAxis(operand: operand, axis: axis)
    }
}
