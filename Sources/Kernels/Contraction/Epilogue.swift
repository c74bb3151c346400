import Graph
import LoopNest

/// What happens to finished sums: the element-wise nodes of the group, then the stores.
struct Epilogue {
    let shape: ContractionShape
    let emitter: PointEmitter

    /// Applies the epilogue to the sums of a tile whose first point and lane block are at `base`, and stores the group's results.
    func store(_ sums: [Register], _ tile: RegisterTile, _ base: ContractionPoint) {
        for (number, point) in tile.points(from: base).enumerated() {
            for block in 0..<tile.laneBlocks {
                var coordinates = point.absolute
                coordinates[shape.lane].outer = coordinates[shape.lane].outer + .constant(block)
                store(sums[number * tile.laneBlocks + block], at: shape.result.position.map { $0.position(coordinates) })
            }
        }
    }

    /// Applies the epilogue to one register of the contraction's result and stores the group's results.
    ///
    /// - Parameter known: registers of other members that the epilogue reads.
    func store(_ sum: Register, at position: [Position], knowing known: [(Value, Register)] = []) {
        let graph = emitter.graph
        let extents = graph.extents(shape.result.value)
        let extent = extents[shape.lane]
        let active: Index? =
            extent % emitter.builder.lanes == 0 ? nil : .constant(extent) + position[shape.lane].index * -1
        let point = emitter.point(extents, at: position, lane: shape.lane, active: active)
        point.set(shape.result.value, sum)
        for (value, register) in known { point.set(value, register) }
        let registers = emitter.group.results.map { point.value($0) }
        for (value, register) in zip(emitter.group.results, registers) {
            emitter.store(register, to: value, at: position, lane: shape.lane, active: active)
        }
    }
}
