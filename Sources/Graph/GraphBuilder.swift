import Source

/// Makes a graph node by node: infers types, fills defaults, merges duplicates; `finish` drops what nothing reads.
///
/// A class, because the rules of operators, passes and the language all append to the same graph.
public final class GraphBuilder {
    public private(set) var graph: Graph
    /// Given to nodes that are appended without a span or label of their own, so that derived nodes point where their origin does.
    public var currentSpan: Span = .none
    public var currentLabel: String?
    /// The calls around what is appended.
    public var currentCalls = CallChain()
    /// Likewise: what such nodes are made from.
    private var currentProvenance = Provenance()

    private struct Key: Hashable {
        var kind: Node.Kind
        var operands: [Value]
        /// Of tensors, whose values do not tell it.
        var shape: Shape?
    }
    private var known: [Key: Value] = [:]

    public init(name: String) { graph = Graph(name: name) }

    /// Begins a graph that takes another's place: with its name, and what its author says of precision, sizes and classes.
    public init(inPlaceOf other: Graph) {
        graph = Graph(name: other.name, precisions: other.precisions, constraints: other.constraints, classLabels: other.classLabels)
    }

    /// Notes what the author says of the precision of a label's step or block; the empty path is the whole network.
    public func setPrecision(_ precision: Precision, of path: String) { graph.precisions.set(precision, of: path) }

    /// Notes what the author says of sizes.
    public func addConstraint(_ constraint: SizeConstraint) {
        if !graph.constraints.contains(constraint) { graph.constraints.append(constraint) }
    }

    public func type(of value: Value) -> TensorType { graph[value].type }

    private func insert(_ node: Node) -> Value {
        let key = Key(kind: node.kind, operands: node.operands, shape: node.tensor == nil ? nil : node.type.shape)
        // Two uses of running statistics are two steps of them, though they read the same.
        let isOwn = node.operation.map { $0.isRandom || $0.inputs.contains { $0.role == .state } } ?? false
        if !isOwn, let value = known[key] {
            graph[value].provenance.join(node.provenance)
            return value
        }
        let value = Value(graph.nodes.count)
        graph.nodes.append(node)
        known[key] = value
        return value
    }

    /// Lets nodes that are appended without a span or label of their own point where `node` does, and be made from what it is made from; nil
    /// lets them point nowhere.
    public func derive(from node: Node?) {
        (currentSpan, currentLabel, currentCalls) = (node?.span ?? .none, node?.label, node?.calls ?? CallChain())
        currentProvenance = node?.provenance ?? Provenance()
    }

    /// Runs `body` and lets appended nodes point where they did before.
    public func restoringOrigin<Result>(_ body: () -> Result) -> Result {
        let before = (currentSpan, currentLabel, currentCalls, currentProvenance)
        defer { (currentSpan, currentLabel, currentCalls, currentProvenance) = before }
        return body()
    }

    /// Notes that a node stands for others, too, and by which rule it was made.
    public func note(_ value: Value, standsFor nodes: [Node] = [], by rule: String? = nil) {
        for node in nodes { graph[value].provenance.join(node.provenance) }
        if let rule { graph[value].provenance.note(rule) }
    }

    /// A tensor given anew to every run. Asking twice for a name gives the same value.
    public func input(
        _ name: String, _ type: TensorType, span: Span? = nil, preparation: PicturePreparation? = nil
    ) -> Value {
        insert(Node(.input(name), type: type, span: span ?? currentSpan, preparation: preparation))
    }

    /// A tensor that outlives runs.
    public func parameter(_ parameter: Parameter, _ type: TensorType, label: String? = nil, span: Span? = nil) -> Value {
        var node = Node(.parameter(parameter), type: type, label: label ?? currentLabel, span: span ?? currentSpan)
        node.calls = currentCalls
        return insert(node)
    }

    /// A tensor of the program's own; there are as many values as its shape has.
    public func tensor(_ values: ConstantTensor, _ shape: Shape, span: Span? = nil) -> Value {
        insert(Node(.tensor(values), type: TensorType(.f32, shape), span: span ?? currentSpan))
    }

    public func constant(_ value: Double) -> Value { insert(Node(.constant(value.isNaN ? .nan : value), type: .f32())) }

    /// Appends an operation, or says why its operands do not fit.
    public func append(
        _ operation: Operator, _ operands: [Value], _ attributes: Attributes = [:], label: String? = nil, span: Span? = nil
    ) throws(TypeError) -> Value {
        let attributes = try operation.completing(attributes)
        let type = try operation.inferType(Signature(operands.map { graph[$0].type }, attributes))
        var node = Node(
            .operation(operation, attributes), operands: operands, type: type, label: label ?? currentLabel, span: span ?? currentSpan)
        (node.calls, node.provenance) = (currentCalls, currentProvenance)
        return insert(node)
    }

    /// Appends an operation whose operands are known to fit: for the rules of operators and passes.
    public func apply(_ operation: Operator, _ operands: Value..., attributes: Attributes = [:]) -> Value {
        apply(operation, operands, attributes)
    }

    /// Appends an operation whose operands are known to fit.
    public func apply(_ operation: Operator, _ operands: [Value], _ attributes: Attributes) -> Value {
        do {
            return try append(operation, operands, attributes)
        } catch {
            let types = operands.map { "\(graph[$0].type)" }.joined(separator: ", ")
            preconditionFailure("a rule built '\(operation.name)(\(types))', which does not fit: \(error)")
        }
    }

    /// Copies `node` with other operands, keeping label, span and annotations but its place, which names a value of its own graph;
    /// inputs and parameters are copied as they are.
    public func copy(_ node: Node, operands: [Value]) -> Value {
        var node = node
        node.operands = operands
        node.place = nil
        if let operation = node.operation {
            do {
                node.type = try operation.inferType(Signature(operands.map { graph[$0].type }, node.attributes))
            } catch {
                preconditionFailure("a pass gave '\(operation.name)' operands that do not fit: \(error)")
            }
        }
        return insert(node)
    }

    /// Notes what the classes of an output are called.
    public func setClassLabels(_ labels: [String], of output: String) { graph.classLabels[output] = labels }

    public func output(_ name: String, _ value: Value) { graph.outputs.append(Graph.Output(name, value)) }

    /// Writes `value` over the parameter `state` when a run ends; a parameter is updated at most once.
    public func update(_ state: Value, to value: Value) {
        precondition(graph[state].parameter != nil, "only parameters are updated")
        precondition(!graph.updates.contains { $0.state == state }, "'\(graph[state].parameter!.name)' is updated twice")
        graph.updates.append(Graph.Update(state: state, value: value))
    }

    /// Writes `step` of the parameter `state` over it when a run ends. Several steps of one parameter follow one another, as when two
    /// nodes share their running statistics.
    public func advance(_ state: Value, by step: (Value) -> Value) {
        guard let index = graph.updates.firstIndex(where: { $0.state == state }) else { return update(state, to: step(state)) }
        graph.updates[index].value = step(graph.updates[index].value)
    }

    /// The graph without nodes that no output or update needs; inputs and parameters stay, for they are the interface.
    public func finish() -> Graph {
        var needed = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { needed[output.value.index] = true }
        for update in graph.updates { needed[update.value.index] = true }
        for index in graph.nodes.indices.reversed() {
            if needed[index] { for operand in graph.nodes[index].operands { needed[operand.index] = true } }
            switch graph.nodes[index].kind {
            case .input, .parameter: needed[index] = true
            case .constant, .tensor, .operation: break
            }
        }
        var renamed = [Value?](repeating: nil, count: graph.nodes.count)
        var result = Graph(
            name: graph.name, precisions: graph.precisions, constraints: graph.constraints, classLabels: graph.classLabels)
        for index in graph.nodes.indices where needed[index] {
            renamed[index] = Value(result.nodes.count)
            var node = graph.nodes[index]
            node.operands = node.operands.map { renamed[$0.index]! }
            result.nodes.append(node)
        }
        result.outputs = graph.outputs.map { Graph.Output($0.name, renamed[$0.value.index]!) }
        result.updates = graph.updates.map { Graph.Update(state: renamed[$0.state.index]!, value: renamed[$0.value.index]!) }
        return result
    }
}

extension Graph {
    /// Rebuilds the graph, each node by `transform`, which gets the node and its operands in the new graph and returns its replacement.
    ///
    /// Duplicates merge and dead nodes vanish on the way. Return nil to copy the node as it is.
    public func rebuilt(_ transform: (GraphBuilder, Value, Node, [Value]) -> Value?) -> Graph {
        let builder = GraphBuilder(inPlaceOf: self)
        var renamed: [Value] = []
        renamed.reserveCapacity(nodes.count)
        for (index, node) in nodes.enumerated() {
            let operands = node.operands.map { renamed[$0.index] }
            builder.derive(from: node)
            let value = transform(builder, Value(index), node, operands) ?? builder.copy(node, operands: operands)
            builder.note(value, standsFor: [node])
            renamed.append(value)
        }
        for output in outputs { builder.output(output.name, renamed[output.value.index]) }
        for update in updates { builder.update(renamed[update.state.index], to: renamed[update.value.index]) }
        return builder.finish()
    }
}
