import Graph

extension Pass {
    /// Applies the rules of `SimplificationRule.all` to every node, operands first, until none fits.
    public static let simplify = Pass("simplify", "Removes what changes nothing.") { graph, context in
        graph.rebuilt { builder, _, node, operands in
            var value = builder.copy(node, operands: operands)
            // Each firing makes the graph smaller or the expression shorter; the bound only guards against a faulty rule.
            for _ in 0..<32 {
                let subject = SimplificationSubject(builder: builder, value: value)
                var replacement: Value?
                for rule in SimplificationRule.all {
                    guard let result = rule.apply(subject), result != value else { continue }
                    context.firings.fire(rule.name)
                    builder.note(result, by: rule.name)
                    replacement = result
                    break
                }
                guard let replacement else { break }
                precondition(builder.type(of: replacement) == builder.type(of: value), "a simplification changed a type")
                value = replacement
            }
            return value
        }
    }
}

/// A rewrite of one node: a row of `all`.
struct SimplificationRule: Sendable {
    let name: String
    /// The value to take instead, nil where the rule does not fit.
    let apply: @Sendable (SimplificationSubject) -> Value?

    init(_ name: String, _ apply: @escaping @Sendable (SimplificationSubject) -> Value?) {
        self.name = name
        self.apply = apply
    }
}

/// The node that a rule looks at, in the graph under construction.
struct SimplificationSubject {
    let builder: GraphBuilder
    let value: Value

    var node: Node { builder.graph[value] }
    var operands: [Value] { node.operands }
    var type: TensorType { node.type }
    func type(_ value: Value) -> TensorType { builder.type(of: value) }

    func expression(_ value: Value) -> Scalar? {
        guard !builder.graph[value].operands.isEmpty, case .elementwise(let expression)? = builder.graph.lowering(of: value) else {
            return nil
        }
        return expression
    }

    func view(_ value: Value) -> View? {
        guard !builder.graph[value].operands.isEmpty, case .view(let view)? = builder.graph.lowering(of: value) else { return nil }
        return view
    }

    /// The same operation on other operands, if they fit and the type stays.
    func replacing(_ value: Value, operands: [Value], attributes: [String: Attribute] = [:]) -> Value? {
        let node = builder.graph[value]
        guard let operation = node.operation else { return nil }
        let changed = Attributes(node.attributes.values.merging(attributes) { $1 })
        guard let result = try? builder.append(operation, operands, changed), type(result) == type else { return nil }
        return result
    }
}
