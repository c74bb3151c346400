import Graph

extension BroadcastSource {
    /// The operand as it lies in memory, whose blocks of the last axis alone are as if there were none.
    init(flattened shape: ContractionShape, _ emitter: PointEmitter) {
        let value = shape.broadcast.value
        buffer = emitter.buffer(emitter.source(of: value) ?? value)
        memory = emitter.graph.storage(of: value).flattened
        position = shape.broadcast.position
        isStaged = false
    }
}

extension StoredTensor {
    /// The same memory without blocks, where only the last axis is divided into them.
    var flattened: StoredTensor {
        guard layout.blocks.count == 1, let block = layout.blocks.first, block.axis == extents.count - 1 else { return self }
        var flat = self
        flat.layout = .plain
        flat.extents[block.axis] = (extents[block.axis] + block.size - 1) / block.size * block.size
        return flat
    }
}
