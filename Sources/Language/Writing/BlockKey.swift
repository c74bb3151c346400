import Graph

/// All of a block but the values of arguments, as a text: blocks are alike that have the same.
struct BlockKey {
    /// Numbers of tensors, so that their values are compared once.
    private var tensors: [Operand: Int] = [:]

    /// - Parameter depth: how many parts of the labels are those of the block's own path.
    mutating func key(of body: OutlineBody, depth: Int) -> String {
        var places: [Int: String] = [:]
        for (index, wire) in body.inputs.enumerated() { places[wire] = "i\(index)" }
        var parts: [String] = []
        for (index, step) in body.steps.enumerated() {
            var part: String
            switch step.callee {
            case .operation(let operation): part = operation.name
            case .function: part = "function"
            case .parameter(let role, _, let initializer): part = "\(role) \(initializer.text)"
            case .block(let inner): part = "block \(inner.type?.number ?? -1)"
            case .constant, .loop, .optional: part = "\(index)"
            }
            let isNamed = step.ownsParameters || step.isDeclaration || step.isBlock || step.needsLabel
            part += isNamed ? " " + step.label.dropFirst(depth).joined(separator: ".") : ""
            part += " (" + step.operands.map { text(of: $0, places) }.joined(separator: ", ") + ")"
            for given in step.given { part += " \(given.input): \(text(of: given.operand, places))" }
            part += " [" + step.arguments.map(\.name).joined(separator: " ") + "]"
            for (result, wire) in step.results.enumerated() {
                if let wire { places[wire] = "s\(index).\(result)" }
                part += wire == nil ? " _" : " r"
            }
            parts.append(part)
        }
        parts.append(body.results.map { text(of: $0, places) }.joined(separator: ", "))
        return parts.joined(separator: "\n")
    }

    private mutating func text(of operand: Operand, _ places: [Int: String]) -> String {
        switch operand {
        case .wire(let wire): return places[wire] ?? "?"
        case .number(let number): return "\(number)"
        case .size(let size, let divisor): return "\(size) / \(divisor)"
        case .tensor:
            let number = tensors[operand] ?? tensors.count
            tensors[operand] = number
            return "t\(number)"
        }
    }
}
