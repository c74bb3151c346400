/// Where a tensor lies that has no memory of its own: inside the memory of another, from a position along one axis on.
public struct Placement: Hashable, Sendable {
    public var parent: Value
    public var axis: Int
    /// The position along `axis` of the parent where the tensor begins, a multiple of the axis's block.
    public var start: Int

    public init(parent: Value, axis: Int, start: Int) {
        self.parent = parent
        self.axis = axis
        self.start = start
    }
}

extension GraphFacts {
    /// The places in a concatenation's memory that its operands can have, by operand; nil where one cannot begin or end there, for it
    /// would share a block with its neighbour. Empty for anything that is no concatenation.
    public func places(in concatenation: Value) -> [Placement?] {
        guard case .view(.concatenate(let axis))? = lowering(of: concatenation) else { return [] }
        var start = 0
        var isKnown = true
        return graph[concatenation].operands.map { operand in
            defer {
                if let count = graph[operand].type.shape[axis].value { start += count } else { isKnown = false }
            }
            let place = Placement(parent: concatenation, axis: axis, start: start)
            return isKnown && fits(operand, place) ? place : nil
        }
    }

    /// The place in its operand's memory that a slice can be read at; nil if it begins or ends within a block, or is no slice.
    public func placeOfSlice(_ slice: Value) -> Placement? {
        guard case .view(.slice(let axis, let start, _))? = lowering(of: slice) else { return nil }
        let place = Placement(parent: graph[slice].operands[0], axis: axis, start: start)
        return fits(slice, place) ? place : nil
    }

    /// Whether a tensor could lie at a place: both are blocked alike along the axis alone, and it fills whole blocks or ends the parent.
    private func fits(_ value: Value, _ place: Placement) -> Bool {
        let (node, parent) = (graph[value], graph[place.parent])
        guard let layout = node.layout, layout == parent.layout, layout.blocks.count == 1, layout.blocks[0].axis == place.axis,
            node.type.element == parent.type.element, node.stored == parent.stored, let count = node.type.shape[place.axis].value,
            let whole = parent.type.shape[place.axis].value
        else { return false }
        let size = layout.blocks[0].size
        return place.start % size == 0 && (count % size == 0 || place.start + count == whole)
    }

    /// What is wrong with where a value is placed, or nil.
    func placementProblem(of value: Value) -> String? {
        guard let place = graph[value].place else { return nil }
        guard graph.nodes.indices.contains(place.parent.index) else { return "it lies in \(place.parent), which is no value of the graph" }
        guard graph[value].operation != nil, graph[place.parent].operation != nil else { return "only operations' results share memory" }
        guard graph[value].group != nil, graph[place.parent].group != nil else { return "only what a kernel stores shares memory" }
        guard
            placeOfSlice(value) == place
                || places(in: place.parent).enumerated().contains(where: { index, possible in
                    possible == place && graph[place.parent].operands[index] == value
                })
        else { return "it cannot lie in \(place.parent) at \(place.start)" }
        return leaves(value) ? "what leaves the graph has memory of its own" : nil
    }
}
