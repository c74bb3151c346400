import Source

/// The operand types and attributes of one node: all that an operator's rules look at.
public struct Signature: Sendable {
    public var operands: [TensorType]
    public var attributes: Attributes

    public init(_ operands: [TensorType], _ attributes: Attributes = [:]) {
        self.operands = operands
        self.attributes = attributes
    }
}

/// Why an operator cannot take its operands: a sentence, and when there is one, the repair.
public struct TypeError: Mistake, Hashable {
    public var message: String
    public var repair: String?
    /// The operand at fault, if it is one.
    public var operand: Int?
    /// The parameter at fault, if it is one.
    public var parameter: String?
    /// The axis of the first operand whose extent is at fault, if it is one: what made it so explains the fault.
    public var axis: Int?

    public init(_ message: String, repair: String? = nil, operand: Int? = nil, parameter: String? = nil, axis: Int? = nil) {
        self.message = message
        self.repair = repair
        self.operand = operand
        self.parameter = parameter
        self.axis = axis
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }

    /// What `body` gives; what it throws names the axis that `axis` gives for the one it finds at fault, for operators that are written with others
    /// of another rank.
    public static func renamingAxes<Result>(
        _ axis: (Int) -> Int?, _ body: () throws(TypeError) -> Result
    ) throws(TypeError) -> Result {
        do { return try body() } catch {
            var error = error
            error.axis = error.axis.flatMap(axis)
            throw error
        }
    }
}
