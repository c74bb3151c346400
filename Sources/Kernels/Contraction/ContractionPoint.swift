import LoopNest

/// The coordinates of all axes of a contraction: from the tensors' origins, and from the start of the region a task has staged.
struct ContractionPoint {
    var absolute: [Position]
    var local: [Position]

    init(axes: Int) {
        absolute = [Position](repeating: Position(0), count: axes)
        local = absolute
    }

    /// Sets a coordinate: `position` counts from `start`, the first of the staged region.
    mutating func set(_ axis: Int, _ position: Position, from start: Position = Position(0)) {
        local[axis] = position
        if start.split == position.split {
            absolute[axis] = Position(outer: start.outer + position.outer, inner: start.inner + position.inner, split: position.split)
        } else if start == Position(0) {
            absolute[axis] = position
        } else {
            absolute[axis] = Position(start.index + position.index)
        }
    }

    /// The point `count` positions further along `axis`; a blocked coordinate stays in its block.
    func advanced(_ axis: Int, by count: Int) -> ContractionPoint {
        var point = self
        point.absolute[axis] = absolute[axis].advanced(by: count)
        point.local[axis] = local[axis].advanced(by: count)
        return point
    }
}
