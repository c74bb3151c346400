import Graph
import LoopNest

/// Takes tiles of an operand, a register of channels an element, through the maps of both sides. What lies outside of the operand is zero.
struct TileTransform {
    let emitter: PointEmitter
    let value: Value
    /// The operand's height and width.
    let extents: [Int]
    let channels: Int
    /// How many elements a tile has along each side, and how far apart they lie.
    let size: [Int]
    let strides: [Int]
    let maps: [LinearMap]
    /// Loads an element from where the operand was packed; nil where it is read, or computed, itself.
    var packed: (([Position], Index?) -> Register)?

    private var builder: KernelBuilder { emitter.builder }

    /// Transforms one tile of a block of channels.
    ///
    /// - Parameters:
    ///   - start: where the tile begins along each side, perhaps outside of the operand.
    ///   - store: takes a row and a column of the transformed tile, and its register.
    func emit(image: Index, block: Index, start: [Index], store: (Int, Int, Register) -> Void) {
        func element(_ row: Int, _ column: Int, active: Index?) -> Register {
            let position = [
                Position(image), Position(outer: block, split: builder.lanes), Position(start[0] + .constant(row * strides[0])),
                Position(start[1] + .constant(column * strides[1])),
            ]
            if let packed { return packed(position, active) }
            guard emitter.group.reads.contains(value) else { return computed(position, active: active) }
            let offset = emitter.graph.storage(of: value).offset(of: position, lane: nil).offset
            return builder.load(emitter.buffer(value), offset, active: active)
        }
        func transform(_ elements: [[Register]]) {
            let registers = WinogradForm.apply(maps, to: elements, builder)
            for row in registers.indices { for column in registers[row].indices { store(row, column, registers[row][column]) } }
        }
        /// The distance from the first to the last element of a tile along a side.
        func span(_ side: Int) -> Int { (size[side] - 1) * strides[side] }
        // How far the tile stays within the operand: not negative if it lies inside.
        let distances = (0..<2).flatMap { side in
            [start[side], .constant(extents[side] - 1 - span(side)) + start[side] * -1]
        }
        let inside = distances.reduce(Index.constant(1 << 20)) { .least($0, $1) }
        builder.when([IndexRange(inside, 0, .constant(1 << 30))]) {
            transform((0..<size[0]).map { row in (0..<size[1]).map { element(row, $0, active: nil) } })
            return []
        }
        builder.when([IndexRange(inside, .constant(-(1 << 30)), 0)]) {
            // 0 where the row or column lies outside, else 1.
            let isInside = (0..<2).map { side in
                (0..<size[side]).map { number in
                    let position = start[side] + .constant(number * strides[side])
                    let upper = Index.constant(extents[side]) + position * -1
                    return Index.greatest(0, .least(1, .least(position + .constant(1), upper)))
                }
            }
            transform(
                (0..<size[0]).map { row in
                    (0..<size[1]).map { column in
                        element(row, column, active: Index.least(isInside[0][row], isInside[1][column]) * builder.lanes)
                    }
                })
            return []
        }
    }

    /// The element where it is not in memory. What lies outside is zero, whatever comes of the nearest element inside, and so are channels
    /// beyond the last.
    private func computed(_ position: [Position], active: Index?) -> Register {
        var nearest = position
        if active != nil {
            for side in [2, 3] {
                nearest[side] = Position(.greatest(0, .least(position[side].index, .constant(extents[side - 2] - 1))))
            }
        }
        let rest = channels % builder.lanes == 0 ? nil : Index.constant(channels) + position[1].index * -1
        let register = emitter.point(emitter.graph.extents(value), at: nearest, lane: 1, active: rest).value(value)
        let kept = [active, rest].compactMap(\.self)
        return kept.isEmpty ? register : builder.define(.keep(register, active: kept.dropFirst().reduce(kept[0]) { .least($0, $1) }))
    }
}
