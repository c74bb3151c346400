/// Where each pixel of a moved, turned or cut picture comes from.
///
/// What is done one after the other becomes one map from places in the result to places in the picture, so that all of it takes one
/// interpolation. Moves by whole pixels, mirroring, and cutting out before them are kept as such, which is exact and faster.
struct PictureGeometry {
    /// What must lie within a rectangle, for what comes in from outside of a picture is black.
    struct Frame {
        /// From places in the result to places in the picture that was moved or turned.
        var map = AffineMap()
        var columns: Range<Double>
        var rows: Range<Double>

        func contains(_ x: Double, _ y: Double) -> Bool {
            let place = map(x, y)
            return columns.contains(place.x) && rows.contains(place.y)
        }
    }

    let height: Int
    let width: Int
    /// What is cut out and enlarged before all else.
    private(set) var crop: PictureRectangle?
    private(set) var columns: AxisMove
    private(set) var rows: AxisMove
    /// From places in the result to places in the picture, once more than the above was done; the above then counts no more.
    private(set) var map: AffineMap?
    private(set) var frames: [Frame] = []

    init(height: Int, width: Int) {
        (self.height, self.width) = (height, width)
        (columns, rows) = (AxisMove(width), AxisMove(height))
    }

    var isIdentity: Bool { map == nil && crop == nil && columns.isIdentity && rows.isIdentity }

    /// The pixels that are interpolated between: those of the crop, if one was first.
    var taps: PictureRectangle { crop ?? PictureRectangle(top: 0, left: 0, height: height, width: width) }

    mutating func shift(right: Int, down: Int) {
        if map != nil { return transform(AffineMap(x0: -Double(right), y0: -Double(down))) }
        columns.shift(right)
        rows.shift(down)
    }

    /// Mirrors left to right.
    mutating func mirror() {
        if map != nil { return append(AffineMap(xx: -1, x0: Double(width))) }
        columns.mirror()
    }

    /// Mirrors top to bottom.
    mutating func mirrorVertically() {
        if map != nil { return append(AffineMap(yy: -1, y0: Double(height))) }
        rows.mirror()
    }

    /// Cuts out a rectangle within the picture and enlarges it to the picture's size.
    mutating func cut(_ rectangle: PictureRectangle) {
        if map == nil, crop == nil, columns.isWhole, rows.isWhole {
            // What is cut out of a mirrored picture is the mirrored picture of what lies on the other side.
            crop = PictureRectangle(
                top: rows.isMirrored ? height - rectangle.top - rectangle.height : rectangle.top,
                left: columns.isMirrored ? width - rectangle.left - rectangle.width : rectangle.left,
                height: rectangle.height, width: rectangle.width)
            return
        }
        append(
            AffineMap(
                xx: Double(rectangle.width) / Double(width), x0: Double(rectangle.left),
                yy: Double(rectangle.height) / Double(height), y0: Double(rectangle.top)))
    }

    /// Moves all pixels, given where each comes from; those from outside are black.
    mutating func transform(_ source: AffineMap) {
        append(source)
        frames.append(Frame(map: source, columns: 0..<Double(width), rows: 0..<Double(height)))
    }

    /// Adds a map whose places all lie within the picture.
    private mutating func append(_ source: AffineMap) {
        let before = wholeMap()
        for place in frames.indices { frames[place].map = frames[place].map.after(source) }
        map = before.after(source)
    }

    /// All that was done, as a map, and what must lie within frames.
    func whole() -> (map: AffineMap, frames: [Frame]) {
        var copy = self
        let map = copy.wholeMap()
        return (map, copy.frames)
    }

    /// The map of all that was done so far.
    private mutating func wholeMap() -> AffineMap {
        if let map { return map }
        if columns.visible.count < width || rows.visible.count < height {
            func range(_ move: AxisMove) -> Range<Double> { Double(move.visible.lowerBound)..<Double(move.visible.upperBound) }
            frames.append(Frame(columns: range(columns), rows: range(rows)))
        }
        let (x, y) = (columns.map, rows.map)
        let moved = AffineMap(xx: x.scale, x0: x.offset, yy: y.scale, y0: y.offset)
        guard let crop else { return moved }
        let cut = AffineMap(
            xx: Double(crop.width) / Double(width), x0: Double(crop.left), yy: Double(crop.height) / Double(height), y0: Double(crop.top))
        return cut.after(moved)
    }
}
