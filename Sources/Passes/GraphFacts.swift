import Graph

/// What passes look up again and again about a graph that does not change meanwhile.
struct GraphFacts {
    let graph: Graph
    let users: [[Value]]
    /// Whether a value leaves the graph, as an output or as the next value of a parameter.
    let leaves: [Bool]
    /// See `Graph.preparedValues`.
    let isPrepared: [Bool]
    /// What each value computes; nil for inputs, parameters, constants, and for operations without operands, which are numbers that
    /// their attributes give (once symbols are bound).
    let lowerings: [Lowering?]

    init(_ graph: Graph) {
        self.graph = graph
        users = graph.users()
        isPrepared = graph.preparedValues()
        var leaves = [Bool](repeating: false, count: graph.nodes.count)
        for output in graph.outputs { leaves[output.value.index] = true }
        for update in graph.updates { leaves[update.value.index] = true }
        self.leaves = leaves
        lowerings = graph.values.map { graph[$0].operands.isEmpty ? nil : graph.lowering(of: $0) }
    }

    /// The only user of `value`, nil if there are several or it leaves the graph.
    func soleUser(of value: Value) -> Value? {
        leaves[value.index] || users[value.index].count != 1 ? nil : users[value.index][0]
    }

    /// The expression of an element-wise operation.
    func expression(_ value: Value) -> Scalar? {
        if case .elementwise(let expression)? = lowerings[value.index] { expression } else { nil }
    }

    /// The operands that an element-wise operation reads; an expression need not read all.
    func readOperands(_ value: Value, _ expression: Scalar) -> [Value] {
        let operands = graph[value].operands
        return operands.indices.filter { expression.reads(argument: $0) }.map { operands[$0] }
    }

    /// The operands that an element-wise operation reads and that have its result's shape.
    func fullSizeOperands(_ value: Value, _ expression: Scalar) -> [Value] {
        let shape = graph[value].type.shape
        var seen: Set<Value> = []
        return readOperands(value, expression).filter { graph[$0].type.shape == shape && seen.insert($0).inserted }
    }
}

extension Formula {
    /// The axis of the result along which the lanes of vectors lie: the result's innermost block, or the channels.
    func laneAxis(of layout: Layout) -> Int? {
        if let innermost = layout.blocks.last { return innermost.axis }
        return resultRank >= 2 ? Layout.channelAxis(rank: resultRank) : nil
    }

    /// The axis of the operand that `axis` runs along in `read`, if it does so alone and nowhere else in that read.
    func position(of axis: Int, in read: Read) -> Int? {
        let places = read.position.indices.filter { read.position[$0].scale(of: axis) != 0 }
        return places.count == 1 && read.position[places[0]].singleAxis == axis ? places[0] : nil
    }

    func uses(_ axis: Int, in read: Read) -> Bool { read.position.contains { $0.scale(of: axis) != 0 } }
}
