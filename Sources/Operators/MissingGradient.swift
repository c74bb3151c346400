import Graph

/// A C function without a gradient that stands behind something trained, which it would keep from being so.
public struct MissingGradient {
    public let value: Value
    public let message: String
    public let repair: String
}

extension Graph {
    /// The first such function between what is trained and the loss.
    public func missingGradient(before loss: Value) -> MissingGradient? {
        var isReached = [Bool](repeating: false, count: nodes.count)
        isReached[loss.index] = true
        for value in values.reversed() where isReached[value.index] {
            for operand in self[value].operands { isReached[operand.index] = true }
        }
        var depends = [Bool](repeating: false, count: nodes.count)
        for weight in values where self[weight].parameter?.role == .weight && isReached[weight.index] { depends[weight.index] = true }
        for value in values where self[value].operands.contains(where: { depends[$0.index] }) {
            depends[value.index] = true
            let node = self[value]
            guard isReached[value.index], node.operation == .foreign, node.attributes["gradient"] ?? .text("") == .text("") else {
                continue
            }
            let function = node.attributes.text("function")
            return MissingGradient(
                value: value, message: "the C function '\(function)' has no gradient, and what comes before it is trained",
                repair: "name the function that computes it behind the other: `, gradient \(function)_gradient`")
        }
        return nil
    }
}
