/// A broken invariant of a graph: the node at fault, if it is one, and what is wrong.
public struct GraphViolation: Hashable, Sendable, CustomStringConvertible {
    public var value: Value?
    public var message: String

    public var description: String { (value.map { "\($0): " } ?? "") + message }
}

extension Graph {
    /// All that is wrong with the graph; nothing for a graph that passes may see.
    ///
    /// Operands precede users; every type is what the operator infers; attributes are complete; inputs and parameters, and outputs,
    /// have names of their own; a parameter is updated at most once, to a value of its type; layouts fit the ranks; what lies in
    /// another's memory fits there; f32 results of operations alone are rounded, no outputs, and nothing that the author keeps in f32.
    public func violations() -> [GraphViolation] {
        var found: [GraphViolation] = []
        var names: Set<String> = []
        for value in values {
            let node = self[value]
            func complain(_ message: String) { found.append(GraphViolation(value: value, message: message)) }
            if case .values(let tensor)? = node.parameter?.initializer, node.type.shape.elementCount != tensor.values.count {
                complain("\(tensor.values.count) values do not fill '\(node.parameter?.name ?? "")', \(node.type)")
            }
            if let name = node.inputName ?? node.parameter?.name, !names.insert(name).inserted {
                complain("a second input or parameter is called '\(name)'")
            }
            if node.operation == nil, !node.operands.isEmpty { complain("only operations have operands") }
            if node.constant != nil, node.type != .f32() { complain("a constant has the type f32[]") }
            if let tensor = node.tensor,
                node.type != TensorType(.f32, node.type.shape) || node.type.shape.elementCount != tensor.values.count
            {
                complain("\(tensor.values.count) values do not fill \(node.type)")
            }
            for block in node.layout?.blocks ?? [] where block.axis >= node.type.rank || block.axis < 0 || block.size < 1 {
                complain("the layout \(node.layout!) does not fit \(node.type)")
            }
            guard node.operands.allSatisfy({ $0.index >= 0 && $0 < value }) else {
                complain("an operand does not precede its user")
                continue
            }
            if let message = typeProblem(of: value) ?? node.precisionProblem { complain(message) }
        }
        if let (value, problem) = clauseProblem { found.append(GraphViolation(value: value, message: problem)) }
        found += borderViolations()
        // What a view reads and where can be told only of nodes that are right.
        let placed = values.filter { self[$0].place != nil }
        guard found.isEmpty, !placed.isEmpty else { return found }
        let facts = GraphFacts(self)
        return placed.compactMap { value in facts.placementProblem(of: value).map { GraphViolation(value: value, message: $0) } }
    }

    private func typeProblem(of value: Value) -> String? {
        let node = self[value]
        guard let operation = node.operation else { return nil }
        if let problem = operation.operandCountProblem(node.operands.count) { return problem }
        do {
            guard try operation.completing(node.attributes) == node.attributes else { return "its attributes are not complete" }
            let inferred = try operation.inferType(signature(of: value))
            return inferred == node.type ? nil : "it is recorded as \(node.type), but is \(inferred)"
        } catch {
            return "\(error)"
        }
    }

    /// The first value that is rounded though a clause keeps it in f32, with what is wrong.
    var clauseProblem: (value: Value, problem: String)? {
        guard !precisions.isEmpty else { return nil }
        for value in values where self[value].stored != nil || self[value].factors != nil {
            guard let clause = precisions.clause(for: self[value].label), clause.precision == .f32 else { continue }
            return (value, "it is rounded, but a clause keeps it in f32")
        }
        return nil
    }

    private func borderViolations() -> [GraphViolation] {
        var found: [GraphViolation] = []
        func complain(_ message: String) { found.append(GraphViolation(value: nil, message: message)) }
        func exists(_ value: Value) -> Bool { nodes.indices.contains(value.index) }
        var outputNames: Set<String> = []
        for output in outputs {
            if !exists(output.value) { complain("the output '\(output.name)' is no value of the graph") }
            if exists(output.value), self[output.value].stored != nil {
                complain("the output '\(output.name)' is not stored as its type says")
            }
            if !outputNames.insert(output.name).inserted { complain("two outputs are called '\(output.name)'") }
        }
        var updated: Set<Value> = []
        for update in updates {
            guard exists(update.state), exists(update.value), let parameter = self[update.state].parameter else {
                complain("an update of \(update.state) does not refer to a parameter and a value")
                continue
            }
            if !updated.insert(update.state).inserted { complain("'\(parameter.name)' is updated twice") }
            if self[update.state].type != self[update.value].type {
                complain("'\(parameter.name)' is \(self[update.state].type), but its next value is \(self[update.value].type)")
            }
        }
        return found
    }
}

extension Node {
    /// What is wrong with what the node is rounded to, or nil.
    var precisionProblem: String? {
        guard stored != nil || factors != nil else { return nil }
        guard operation != nil, type.element == .f32 else { return "only f32 results of operations are rounded" }
        return [stored, factors].allSatisfy { $0.map(StoredElement.narrow.contains) ?? true } ? nil : "f32 cannot be rounded so"
    }
}

extension Operator {
    /// What is wrong with a number of operands, or nil. Trailing inputs may be left out where an attribute says so (a bias), which
    /// `inferType` checks.
    func operandCountProblem(_ count: Int) -> String? {
        if inputs.count == 1, inputs[0].isVariadic { return count >= 1 ? nil : "'\(name)' takes one operand or more" }
        let names = inputs.map(\.name).joined(separator: ", ")
        let fewest = inputs.filter { $0.role == .operand }.count
        return (fewest...inputs.count).contains(count) ? nil : "'\(name)' takes \(inputs.count) operands (\(names)), not \(count)"
    }
}
