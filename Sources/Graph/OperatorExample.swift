/// One use of an operator for the tests and the reference pages: every catalog test runs over these.
public struct OperatorExample: Sendable {
    /// Where the values of an operand are drawn from.
    public enum Values: Sendable {
        case normal
        /// In [0.5, 2]: for logarithms, roots and variances.
        case positive
        /// Integers in 0..<below.
        case labels(below: Int)
    }

    public var note: String
    public var signature: Signature
    public var values: [Values]

    /// Whether the largest first extent could be a symbol, the batch.
    public var hasBatch: Bool

    /// - Parameter values: one an operand; missing ones are `.normal`.
    public init(
        _ note: String, _ operands: [TensorType], _ attributes: Attributes = [:], values: [Values] = [], hasBatch: Bool = true
    ) {
        self.hasBatch = hasBatch
        self.note = note
        signature = Signature(operands, attributes)
        self.values = operands.indices.map { $0 < values.count ? values[$0] : .normal }
    }
}
