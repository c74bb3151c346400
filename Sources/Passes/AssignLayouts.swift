import Graph
import Operators

extension Pass {
    /// Decides how every tensor lies in memory, by what computes it and what reads it:
    ///
    /// - inputs and integers lie row-major, as they arrive; so do tensors with one channel;
    /// - tensors that element-wise operations join, and a parameter and its next value, lie alike;
    /// - a weight has its result's channels innermost, in blocks of a vector's lanes, and before them the channels that are summed over
    ///   if they fill a block (`OIhw16i16o`); the first contraction that reads it decides;
    /// - what matrices are multiplied from and to has its last axis in blocks, which is row-major with padded rows, and so have the tensors
    ///   of three axes and more that views, sums and element-wise operations tie to them;
    /// - everything else has its channels in blocks (`nChw16c`), vectors too, which pads them to whole blocks.
    ///
    /// C functions take and give row-major tensors: identity maps bring what they read there, and their results away.
    ///
    /// Where a contraction wants its weight otherwise (the gradient with respect to data has the other channels in lanes), an identity
    /// map with the wanted layout stands between; but products of matrices copy what they need of weights that are trained themselves, a
    /// part at a time.
    public static let assignLayouts = Pass("assign_layouts", "Decides how tensors lie in memory; inserts relayouts.") { graph, context in
        let facts = GraphFacts(graph)
        var assignment = LayoutAssignment(facts, lanes: context.lanes)
        assignment.join()
        assignment.findRows()
        assignment.findGroups()
        assignment.vote()
        let layouts = assignment.layouts()
        return insertingRelayouts(facts, layouts, context)
    }
}

/// Decides layouts for classes of values that must lie alike.
private struct LayoutAssignment {
    let facts: GraphFacts
    let lanes: Int
    var classes: DisjointSets
    /// The layout that a class got by vote, by the class's representative.
    var decided: [Int: Layout] = [:]
    /// Whether the rows of a value lie one after another, its last axis in blocks.
    var isOfRows: [Bool]
    /// Whether groups of channels are axis 1 of a value of five axes, as convolutions by groups read it, and not the channels, as of volumes.
    var isOfGroups: [Bool]

    init(_ facts: GraphFacts, lanes: Int) {
        self.facts = facts
        self.lanes = lanes
        classes = DisjointSets(count: facts.graph.nodes.count)
        isOfRows = [Bool](repeating: false, count: facts.graph.nodes.count)
        isOfGroups = isOfRows
    }

    private func isFree(_ value: Value) -> Bool { facts.graph[value].inputName == nil && facts.graph[value].type.element == .f32 }

    /// Joins what element-wise operations and updates tie together.
    mutating func join() {
        for value in facts.graph.values where isFree(value) {
            for operand in facts.fullSizeOperands(of: value) where isFree(operand) { classes.join(value.index, operand.index) }
        }
        for update in facts.graph.updates { classes.join(update.state.index, update.value.index) }
    }

    /// Finds the classes of matrices that are multiplied, and those that views, reductions and element-wise operations tie to them, but for
    /// pictures, over which something slides.
    mutating func findRows() {
        let graph = facts.graph
        var (rows, pictures): (Set<Int>, Set<Int>) = ([], [])
        func isMatrix(_ value: Value) -> Bool { isFree(value) && graph[value].type.rank >= 3 }
        for value in graph.values {
            let tensors = ([value] + graph[value].operands).filter(isMatrix)
            switch facts.lowering(of: value) {
            case .contraction(let formula)? where formula.isMatrixProduct: for tensor in tensors { rows.insert(classes.root(tensor.index)) }
            case .contraction?: for tensor in tensors { pictures.insert(classes.root(tensor.index)) }
            case .window(let formula)? where !formula.reductionAxes.isEmpty:
                for tensor in tensors { pictures.insert(classes.root(tensor.index)) }
            default: break
            }
        }
        rows.subtract(pictures)
        guard !rows.isEmpty else { return }
        var isGrowing = true
        while isGrowing {
            isGrowing = false
            for value in graph.values where isMatrix(value) {
                switch facts.lowering(of: value) {
                case .view?, .reduction?, .elementwise?: break
                default: continue
                }
                let tied = ([value] + graph[value].operands.filter(isMatrix)).map { classes.root($0.index) }
                guard tied.contains(where: rows.contains) else { continue }
                for root in tied where !pictures.contains(root) && rows.insert(root).inserted { isGrowing = true }
            }
        }
        for value in graph.values where isMatrix(value) { isOfRows[value.index] = rows.contains(classes.root(value.index)) }
    }

    /// Finds the classes of images whose groups of channels are an axis of their own.
    mutating func findGroups() {
        var groups: Set<Int> = []
        for value in facts.graph.values {
            guard let formula = facts.contraction(of: value), !formula.isMatrixProduct else { continue }
            for tensor in [value] + facts.graph[value].operands where facts.graph[tensor].type.rank == 5 {
                groups.insert(classes.root(tensor.index))
            }
        }
        guard !groups.isEmpty else { return }
        for value in facts.graph.values { isOfGroups[value.index] = groups.contains(classes.root(value.index)) }
    }

    /// Lets each contraction say how the parameters that it reads along its lanes should lie; the first one decides.
    mutating func vote() {
        var hasParameter: Set<Int> = []
        for value in facts.graph.values where facts.graph[value].isKept { hasParameter.insert(classes.root(value.index)) }
        for value in facts.graph.values {
            guard let formula = facts.contraction(of: value) else { continue }
            let root = classes.root(value.index)
            let resultLayout = decided[root] ?? (hasParameter.contains(root) && !isOfRows[value.index] ? nil : natural(value))
            guard let resultLayout, let lane = formula.laneAxis(of: resultLayout) else { continue }
            for read in formula.reads {
                let operand = facts.graph[value].operands[read.operand]
                let operandRoot = classes.root(operand.index)
                guard hasParameter.contains(operandRoot), decided[operandRoot] == nil, isFree(operand) else { continue }
                decided[operandRoot] = formula.layout(of: read, in: facts.graph[operand].type.shape, lane: lane, lanes: lanes)
            }
        }
    }

    /// Channels or rows in blocks, or row-major where there is but one.
    private func natural(_ value: Value) -> Layout {
        let shape = facts.graph[value].type.shape
        if isOfRows[value.index] {
            return shape[shape.rank - 1] == 1 ? .plain : Layout([Layout.Block(axis: shape.rank - 1, size: lanes)])
        }
        if shape.rank == 5, !isOfGroups[value.index] {
            return shape[1] == 1 ? .plain : Layout([Layout.Block(axis: 1, size: lanes)])
        }
        guard shape.rank >= 1, shape.rank == 1 || shape[Layout.channelAxis(rank: shape.rank)] != 1 else { return .plain }
        return .channels(rank: shape.rank, lanes: lanes)
    }

    mutating func layouts() -> [Layout] {
        var isWeight: Set<Int> = []
        for value in facts.graph.values where facts.graph[value].isKept && facts.graph[value].type.rank > 1 {
            isWeight.insert(classes.root(value.index))
        }
        return facts.graph.values.map { value in
            guard isFree(value), facts.graph[value].type.rank > 0 else { return .plain }
            let root = classes.root(value.index)
            // A parameter that no contraction reads, such as a table, lies as it is loaded.
            return decided[root] ?? (isWeight.contains(root) && !isOfRows[value.index] ? .plain : natural(value))
        }
    }
}

extension Formula {
    /// How the operand of `read` should lie for a result whose lanes run along `lane`; nil if the read does not go along the lanes, or
    /// not simply.
    fileprivate func layout(of read: Read, in shape: Shape, lane: Int, lanes: Int) -> Layout? {
        guard axes[lane].extent != 1, let lanePosition = position(of: lane, in: read) else { return nil }
        var blocks = [Layout.Block(axis: lanePosition, size: lanes)]
        // The channels that are summed over: a reduction axis that runs along the channels of the other operands.
        let summed = reductionAxes.first { axis in
            reads.allSatisfy { $0 == read || position(of: axis, in: $0) == channelPlace(rank: $0.position.count) }
        }
        if let summed, let place = position(of: summed, in: read), let extent = shape[place].value, extent >= lanes {
            blocks.insert(Layout.Block(axis: place, size: lanes), at: 0)
        }
        return Layout(blocks)
    }

    /// The axis of an operand's channels: of matrices, the last.
    private func channelPlace(rank: Int) -> Int { isMatrixProduct && rank >= 3 ? rank - 1 : Layout.channelAxis(rank: rank) }
}

/// The graph with its layouts, and identity maps where a contraction reads along its lanes what does not lie so.
private func insertingRelayouts(_ facts: GraphFacts, _ layouts: [Layout], _ context: PassContext) -> Graph {
    let graph = facts.graph
    var result = Graph(name: graph.name, precisions: graph.precisions, classLabels: graph.classLabels)
    var renamed: [Value] = []
    var relayouts: [Relayout: Value] = [:]
    /// A value in another layout, one node for all that read it so.
    func relayout(_ value: Value, as layout: Layout) -> Value {
        let key = Relayout(source: value, layout: layout)
        if let known = relayouts[key] { return known }
        let made = Value(result.nodes.count)
        relayouts[key] = made
        result.nodes.append(key.node(type: result[value].type, like: result[value]))
        context.firings.fire("relayout", at: &result[made])
        return made
    }
    for (index, node) in graph.nodes.enumerated() {
        var node = node
        var operands = node.operands.map { renamed[$0.index] }
        if let formula = facts.contraction(of: Value(index)), let lane = formula.laneAxis(of: layouts[index]) {
            for read in formula.reads {
                let operand = node.operands[read.operand]
                let shape = graph[operand].type.shape
                // Matrices of activations, and weights that change in every run, are copied by those that multiply them.
                let isCopied = formula.isMatrixProduct && (!facts.isWeight(operand) || facts.isTrained(operand))
                guard graph[operand].inputName == nil, !isCopied,
                    let wanted = formula.layout(of: read, in: shape, lane: lane, lanes: context.lanes),
                    wanted.blocks.last?.axis != layouts[operand.index].blocks.last?.axis
                else { continue }
                operands[read.operand] = relayout(renamed[operand.index], as: wanted)
            }
        }
        let isForeign = facts.isForeign(Value(index))
        if isForeign { operands = operands.map { result[$0].layout == .plain ? $0 : relayout($0, as: .plain) } }
        node.operands = operands
        node.layout = isForeign ? .plain : layouts[index]
        node.place = nil
        renamed.append(Value(result.nodes.count))
        result.nodes.append(node)
        if isForeign, layouts[index] != .plain { renamed[index] = relayout(renamed[index], as: layouts[index]) }
    }
    result.outputs = graph.outputs.map { Graph.Output($0.name, renamed[$0.value.index]) }
    result.updates = graph.updates.map { Graph.Update(state: renamed[$0.state.index], value: renamed[$0.value.index]) }
    return result
}

/// A value in another layout.
private struct Relayout: Hashable {
    var source: Value
    var layout: Layout

    func node(type: TensorType, like original: Node) -> Node {
        let identity = ScalarFunction("relayout", ["x"], .argument(0))
        var node = Node(
            .operation(.map, ["function": .function(identity)]), operands: [source], type: type, label: original.label, span: original.span)
        node.layout = layout
        node.provenance = Provenance(original.provenance.origins)
        return node
    }
}
