extension GraphFacts {
    /// Whether `value` is a reshape whose elements lie where its operand's lie, so that it needs no memory of its own.
    public func isAlias(_ value: Value) -> Bool {
        guard case .view(.reshape)? = lowering(of: value) else { return false }
        let (node, source) = (graph[value], graph[graph[value].operands[0]])
        // Inside another tensor's memory, images lie apart.
        guard source.place == nil else { return false }
        return Layout.sharesMemory(
            node.type.shape, node.layout ?? .plain, with: source.type.shape, source.layout ?? .plain)
    }
}

extension Layout {
    /// Whether a tensor can be read, element by element in row-major order, from the memory of another with another shape and layout.
    static func sharesMemory(_ shape: Shape, _ layout: Layout, with otherShape: Shape, _ otherLayout: Layout) -> Bool {
        guard let own = stripped(shape, layout), let other = stripped(otherShape, otherLayout) else { return false }
        if own.layout.blocks.isEmpty, other.layout.blocks.isEmpty { return true }
        if own == other { return true }
        // The axes behind a blocked one are row-major, however they are divided.
        if let block = own.layout.blocks.first, own.layout == other.layout, own.layout.blocks.count == 1,
            own.shape.count > block.axis, own.shape.prefix(block.axis + 1) == other.shape.prefix(block.axis + 1)
        {
            return true
        }
        // One axis alone lies in memory as if it were not blocked, only with padding at the end, which a reader may ignore.
        return own.layout.blocks.isEmpty && own.shape == other.shape && other.shape.count == 1
    }

    private struct Stripped: Equatable {
        var shape: [Dimension]
        var layout: Layout
    }

    /// The shape without its axes of extent 1, nil if one of them is blocked.
    private static func stripped(_ shape: Shape, _ layout: Layout) -> Stripped? {
        var renamed: [Int: Int] = [:]
        var kept: [Dimension] = []
        for (axis, dimension) in shape.dimensions.enumerated() where dimension != 1 {
            renamed[axis] = kept.count
            kept.append(dimension)
        }
        var blocks: [Block] = []
        for block in layout.blocks {
            guard let axis = renamed[block.axis] else { return nil }
            blocks.append(Block(axis: axis, size: block.size))
        }
        // Whole blocks of the last axis alone lie as if there were none.
        if blocks.count == 1, blocks[0].axis == kept.count - 1, let extent = kept[blocks[0].axis].value, extent % blocks[0].size == 0 {
            blocks = []
        }
        return Stripped(shape: kept, layout: Layout(blocks))
    }
}
