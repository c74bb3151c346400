/// Moves by whole pixels and mirroring along one axis: which position of the picture before stands at each position.
struct AxisMove: Equatable {
    let extent: Int
    private(set) var isMirrored = false
    private var offset = 0
    /// The positions where something of the picture before stands; the others are black.
    private(set) var visible: Range<Int>

    init(_ extent: Int) {
        self.extent = extent
        visible = 0..<extent
    }

    /// Whether all of the picture before is seen, perhaps mirrored.
    var isWhole: Bool { visible.count == extent && offset == (isMirrored ? extent - 1 : 0) }
    var isIdentity: Bool { isWhole && !isMirrored }

    /// The position before of a visible one: `first + step * position`.
    var source: (first: Int, step: Int) { (offset, isMirrored ? -1 : 1) }

    func callAsFunction(_ position: Int) -> Int { isMirrored ? offset - position : offset + position }

    /// Towards higher positions.
    mutating func shift(_ steps: Int) {
        offset += isMirrored ? steps : -steps
        let low = min(max(visible.lowerBound + steps, 0), extent)
        visible = low..<min(max(visible.upperBound + steps, low), extent)
    }

    mutating func mirror() {
        offset += isMirrored ? 1 - extent : extent - 1
        isMirrored.toggle()
        visible = extent - visible.upperBound..<extent - visible.lowerBound
    }

    /// The same as a map of places (`AffineMap`) along the axis.
    var map: (scale: Double, offset: Double) { isMirrored ? (-1, Double(offset + 1)) : (1, Double(offset)) }
}
