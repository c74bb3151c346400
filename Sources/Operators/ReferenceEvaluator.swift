import Graph

/// Runs whole graphs in fp64, operator by operator: what every backend is compared with.
public struct ReferenceEvaluator: Sendable {
    /// What a run of a graph makes.
    public struct Result: Sendable {
        public var outputs: [String: ReferenceTensor]
        /// The next values of the parameters that the graph updates, by name.
        public var updates: [String: ReferenceTensor]
    }

    /// How composite operators are decomposed.
    public var mode: Mode

    /// Who computes; the bits do not depend on it.
    public var workers: ReferenceWorkers

    /// Whether each operator's results are rounded to f32, as a program that computes in f32 leaves them: what is rounded to integers after may
    /// be others.
    public var roundsToSingle = false

    public init(mode: Mode = .inference, workers: ReferenceWorkers = .serial) {
        self.mode = mode
        self.workers = workers
    }

    /// Runs a graph whose symbols are bound.
    ///
    /// - Parameters:
    ///   - inputs: a tensor for every input, by name, of the input's shape.
    ///   - parameters: a tensor for every parameter, by name.
    public func run(_ graph: Graph, inputs: [String: ReferenceTensor], parameters: [String: ReferenceTensor] = [:]) -> Result {
        run(graph, inputs: inputs) { parameter, _ in parameters[parameter.name] }
    }

    /// Runs a graph whose symbols are bound, and keeps no value in memory longer than it is read.
    ///
    /// - Parameters:
    ///   - inputs: a tensor for every input, by name, of the input's shape.
    ///   - parameter: gives a parameter's tensor, of these extents, when it is first read.
    ///   - observe: called with the number of nodes that are computed, of how many.
    public func run<Failure: Error>(
        _ graph: Graph, inputs: [String: ReferenceTensor],
        parameter: (Parameter, [Int]) throws(Failure) -> ReferenceTensor?, observe: (Int, Int) -> Void = { _, _ in }
    ) throws(Failure) -> Result {
        let graph = graph.decomposed(mode: mode)
        var lastReader: [Int] = Array(graph.nodes.indices)
        for (index, node) in graph.nodes.enumerated() { for operand in node.operands { lastReader[operand.index] = index } }
        for value in graph.outputs.map(\.value) + graph.updates.map(\.value) { lastReader[value.index] = .max }
        var values = [ReferenceTensor?](repeating: nil, count: graph.nodes.count)
        for (index, node) in graph.nodes.enumerated() {
            observe(index, graph.nodes.count)
            // Parameters are asked for by whoever reads them first.
            if node.parameter != nil, lastReader[index] != .max { continue }
            for operand in node.operands where values[operand.index] == nil {
                values[operand.index] = try value(graph, operand.index, values, inputs, parameter)
            }
            values[index] = try value(graph, index, values, inputs, parameter)
            for operand in node.operands where lastReader[operand.index] == index { values[operand.index] = nil }
        }
        func found(_ value: Value) -> ReferenceTensor {
            guard let tensor = values[value.index] else { preconditionFailure("\(value) of '\(graph.name)' was not computed") }
            return tensor
        }
        return Result(
            outputs: Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, found($0.value)) }),
            updates: Dictionary(
                uniqueKeysWithValues: graph.updates.map { update in
                    guard let parameter = graph[update.state].parameter else { preconditionFailure("only parameters are updated") }
                    return (parameter.name, found(update.value))
                }))
    }

    /// The value of every node of a graph without composite operators, whose symbols are bound.
    public func values(
        of graph: Graph, inputs: [String: ReferenceTensor], parameters: [String: ReferenceTensor] = [:]
    ) -> [ReferenceTensor] {
        var values: [ReferenceTensor?] = []
        values.reserveCapacity(graph.nodes.count)
        for index in graph.nodes.indices {
            values.append(value(graph, index, values, inputs) { parameter, _ in parameters[parameter.name] })
        }
        return values.compactMap(\.self)
    }

    /// How many elements a run of a graph computes, whose symbols are bound, and how many terms they are combined of: what a run takes
    /// grows with it, and does not follow from the sizes of operands and results. The largest integer where there are more.
    public func work(of graph: Graph) -> Int {
        let graph = graph.decomposed(mode: mode)
        return graph.nodes.indices.reduce(0) { work, index in
            let (node, value) = (graph.nodes[index], Value(index))
            guard let operation = node.operation, let extents = node.type.shape.extents else { return work }
            switch operation.lowering(graph.signature(of: value)) {
            case .reduction(let formula), .contraction(let formula), .window(let formula): return .clampedSum(work, formula.termCount)
            case .elementwise, .view, .foreign, .composite: return .clampedSum(work, extents.reduce(1) { .clampedProduct($0, $1) })
            }
        }
    }

    /// The value of a node whose operands are known.
    private func value<Failure: Error>(
        _ graph: Graph, _ index: Int, _ values: [ReferenceTensor?], _ inputs: [String: ReferenceTensor],
        _ parameter: (Parameter, [Int]) throws(Failure) -> ReferenceTensor?
    ) throws(Failure) -> ReferenceTensor {
        let node = graph.nodes[index]
        guard let extents = node.type.shape.extents else { preconditionFailure("%\(index) of type \(node.type) has unbound symbols") }
        switch node.kind {
        case .input(let name): return Self.given(inputs[name], "input", name, extents)
        case .parameter(let declared): return Self.given(try parameter(declared, extents), "parameter", declared.name, extents)
        case .constant(let constant): return .scalar(constant)
        case .tensor(let tensor): return ReferenceTensor(extents, tensor.values.map(Double.init))
        case .operation(let operation, _):
            let operands = node.operands.map { operand -> ReferenceTensor in
                guard let tensor = values[operand.index] else { preconditionFailure("\(operand) of '\(graph.name)' is not known") }
                return tensor
            }
            let result = operation.lowering(graph.signature(of: Value(index))).evaluate(operands, extents: extents, workers: workers)
            return roundsToSingle ? ReferenceTensor(result.extents, result.values.map { Double(Float($0)) }) : result
        }
    }

    private static func given(_ tensor: ReferenceTensor?, _ kind: String, _ name: String, _ extents: [Int]) -> ReferenceTensor {
        guard let tensor else { preconditionFailure("no value is given for the \(kind) '\(name)'") }
        precondition(tensor.extents == extents, "the \(kind) '\(name)' has extents \(tensor.extents), not \(extents)")
        return tensor
    }
}
