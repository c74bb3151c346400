/// How a node's operands get their gradients.
public enum Gradient: Sendable {
    /// For element-wise operators from the scalar expression's own derivative; for composite ones from what they are written with.
    case derived
    /// One gradient an operand, nil for one that takes none.
    case rule(@Sendable (GradientContext) -> [Value?])
    /// Gradients do not flow through (integer results, comparisons).
    case stops
}

/// What an operator's gradient rule sees: the node's operands and result in the graph under construction, and the gradient of the
/// loss with respect to the result.
public struct GradientContext {
    public let builder: GraphBuilder
    public let operands: [Value]
    public let result: Value
    public let gradient: Value
    public let signature: Signature
    /// Which operands' gradients are wanted; rules may return nil for the others.
    public let wanted: [Bool]

    public init(builder: GraphBuilder, operands: [Value], result: Value, gradient: Value, signature: Signature, wanted: [Bool]) {
        self.builder = builder
        self.operands = operands
        self.result = result
        self.gradient = gradient
        self.signature = signature
        self.wanted = wanted
    }
}
