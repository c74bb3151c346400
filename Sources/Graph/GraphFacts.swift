/// What passes and kernels look up again and again about a graph that does not change meanwhile: worked out once, and shared by all that
/// carry it along.
public final class GraphFacts: Sendable {
    public let graph: Graph
    private let lowerings: [Lowering?]
    private let usersOfValues: [[Value]]
    private let leaving: [Bool]
    private let prepared: [Bool]
    private let constant: [Bool]
    private let trained: [Bool]
    private let forward: [Bool]

    /// - Parameter graph: one without violations; its symbols need not be bound.
    public init(_ graph: Graph) {
        self.graph = graph
        lowerings = graph.values.map { graph.lowering(of: $0) }
        usersOfValues = graph.users()
        var leaving = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { leaving[output.value.index] = true }
        for update in graph.updates { leaving[update.value.index] = true }
        self.leaving = leaving
        var trained = [Bool](repeating: false, count: graph.nodes.count)
        for update in graph.updates { trained[update.state.index] = true }
        self.trained = trained
        var forward = [Bool](repeating: graph.updates.isEmpty, count: graph.nodes.count)
        for output in graph.outputs { forward[output.value.index] = true }
        for value in graph.values.reversed() where forward[value.index] {
            for operand in graph[value].operands { forward[operand.index] = true }
        }
        self.forward = forward
        prepared = graph.preparedValues()
        constant = graph.constantValues()
    }

    /// What `value` computes; nil for inputs, parameters and constants.
    ///
    /// An operation without operands is a number that its attributes give: an element-wise constant once its symbols are bound, and another
    /// kind of operation before.
    public func lowering(of value: Value) -> Lowering? { lowerings[value.index] }

    /// The expression of an element-wise operation.
    public func expression(of value: Value) -> Scalar? {
        if case .elementwise(let expression)? = lowerings[value.index] { expression } else { nil }
    }

    /// The formula of a contraction.
    public func contraction(of value: Value) -> Formula? {
        if case .contraction(let formula)? = lowerings[value.index] { formula } else { nil }
    }

    /// Whether `value` is what a C function computes, whose operands and results lie row by row in f32.
    public func isForeign(_ value: Value) -> Bool { if case .foreign? = lowerings[value.index] { true } else { false } }

    /// The users of `value`, in order, each once.
    public func users(of value: Value) -> [Value] { usersOfValues[value.index] }

    /// Whether `value` leaves the graph, as an output or as the next value of a parameter.
    public func leaves(_ value: Value) -> Bool { leaving[value.index] }

    /// Whether `value` depends on nothing that changes from run to run, see `Graph.preparedValues`.
    public func isPrepared(_ value: Value) -> Bool { prepared[value.index] }

    /// Whether `value` is a parameter, in another layout perhaps, or depends on parameters alone.
    public func isWeight(_ value: Value) -> Bool {
        if graph[value].parameter != nil || isPrepared(value) { return true }
        return expression(of: value) == .argument(0) && isWeight(graph[value].operands[0])
    }

    /// Whether `value` is a parameter that the graph itself updates: what is made of it has to be made in every run.
    public func isTrained(_ value: Value) -> Bool { trained[value.index] }

    /// Whether an output is computed from `value`; in a training step those are the network and its loss, and all else is gradients and
    /// updates. All values are where nothing is updated.
    public func isForward(_ value: Value) -> Bool { forward[value.index] }

    /// Whether `value` is the same for all parameters, see `Graph.constantValues`.
    public func isConstant(_ value: Value) -> Bool { constant[value.index] }

    /// The only user of `value`, nil if there are several or it leaves the graph.
    public func soleUser(of value: Value) -> Value? {
        leaves(value) || users(of: value).count != 1 ? nil : users(of: value)[0]
    }

    /// The operands that an element-wise operation reads and that have its result's shape, each once; none for any other value.
    public func fullSizeOperands(of value: Value) -> [Value] {
        guard expression(of: value) != nil else { return [] }
        let shape = graph[value].type.shape
        var seen: Set<Value> = []
        return readOperands(of: value).filter { graph[$0].type.shape == shape && seen.insert($0).inserted }
    }

    /// The operands that computing `value` reads, by position: an expression need not read all.
    public func readOperands(of value: Value) -> [Value] {
        let operands = graph[value].operands
        guard let expression = expression(of: value) else { return operands }
        return operands.indices.filter { expression.reads(argument: $0) }.map { operands[$0] }
    }
}
