/// Carrying out what a geometry says, by bilinear interpolation between the centres of pixels.
extension PictureGeometry {
    /// Writes the picture that a source becomes.
    ///
    /// - Parameter room: for all values of a picture, where the source is bytes and there is a map.
    func resample(
        _ source: PictureSource, channels: Int, into target: UnsafeMutablePointer<Float>, room: UnsafeMutablePointer<Float>?
    ) {
        guard let map else {
            if let crop { return enlarge(crop, of: source, channels, into: target) }
            return move(source, channels, into: target)
        }
        switch source {
        case .values(let values): transform(values, map, channels, source, into: target)
        case .bytes:
            guard let room else { preconditionFailure("a map of bytes needs room for their values") }
            for channel in 0..<channels {
                let start = channel * height * width
                source.copy(channel, from: start, step: 1, count: height * width, to: room + start)
            }
            transform(UnsafePointer(room), map, channels, source, into: target)
        }
    }

    /// Moves and mirrors by whole pixels.
    private func move(_ source: PictureSource, _ channels: Int, into target: UnsafeMutablePointer<Float>) {
        let (first, step) = columns.source
        let (low, high) = (columns.visible.lowerBound, columns.visible.upperBound)
        // Behind the visible rows and columns, and before them.
        let (top, bottom) = low < high ? (rows.visible.lowerBound, rows.visible.upperBound) : (0, 0)
        for channel in 0..<channels {
            let black = source.black(channel)
            let plane = target + channel * height * width
            plane.update(repeating: black, count: top * width)
            for row in top..<bottom {
                let target = plane + row * width
                for column in 0..<low { target[column] = black }
                let start = (channel * height + rows(row)) * width + first + step * low
                source.copy(channel, from: start, step: step, count: high - low, to: target + low)
                for column in high..<width { target[column] = black }
            }
            (plane + bottom * width).update(repeating: black, count: (height - bottom) * width)
        }
    }

    /// Where a position along one axis of an enlarged picture comes from: a point between two pixels of the crop.
    private struct Tap {
        let first: Int
        let second: Int
        /// How far the point lies from `first` to `second`, 0 to 1.
        let part: Float

        init(_ position: Int, of extent: Int, from start: Int, _ count: Int) {
            let point = (Double(position) + 0.5) * Double(count) / Double(extent) - 0.5
            let inner = min(max(point, 0), Double(count - 1))
            first = start + Int(inner)
            second = start + min(Int(inner) + 1, count - 1)
            part = Float(inner - inner.rounded(.down))
        }
    }

    /// Enlarges a part, then moves and mirrors it. Each of its rows is interpolated along the row once, for all rows of the result that lie
    /// beside it.
    private func enlarge(_ crop: PictureRectangle, of source: PictureSource, _ channels: Int, into target: UnsafeMutablePointer<Float>) {
        let visible = columns.visible
        withUnsafeTemporaryAllocation(of: Tap.self, capacity: width + height) { taps in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * width) { lines in
                guard let taps = taps.baseAddress, let line = lines.baseAddress else { return }
                for column in visible { (taps + column).initialize(to: Tap(columns(column), of: width, from: 0, crop.width)) }
                for row in rows.visible { (taps + width + row).initialize(to: Tap(rows(row), of: height, from: crop.top, crop.height)) }
                lines.initialize(repeating: 0)
                for channel in 0..<channels {
                    let black = source.black(channel)
                    /// The rows of the source that the two lines hold.
                    var (held, other) = (-1, -1)
                    var (blended, spare) = (line + width, line + 2 * width)
                    /// Puts a row into `blended`; `spare` may keep what it has.
                    func hold(_ row: Int) {
                        if held == row { return }
                        (held, other, blended, spare) = (other, held, spare, blended)
                        if held == row { return }
                        held = row
                        let start = (channel * height + row) * width + crop.left
                        source.copy(channel, from: start, step: 1, count: crop.width, to: line)
                        for column in visible {
                            let tap = taps[column]
                            let value = line[tap.first]
                            blended[column] = value + tap.part * (line[tap.second] - value)
                        }
                    }
                    for row in 0..<height {
                        let target = target + (channel * height + row) * width
                        guard rows.visible.contains(row), !visible.isEmpty else {
                            target.update(repeating: black, count: width)
                            continue
                        }
                        let tap = taps[width + row]
                        hold(tap.first)
                        let upper = blended
                        hold(tap.second)
                        let lower = blended
                        for column in 0..<visible.lowerBound { target[column] = black }
                        for column in visible { target[column] = upper[column] + tap.part * (lower[column] - upper[column]) }
                        for column in visible.upperBound..<width { target[column] = black }
                    }
                }
            }
        }
    }

    /// Four neighbouring pixels and how far a point lies between them.
    private struct Corner {
        var place: Int
        var right: Int
        var down: Int
        var x: Float
        var y: Float
    }

    /// Follows a map that is more than moves and mirroring.
    private func transform(
        _ values: UnsafePointer<Float>, _ map: AffineMap, _ channels: Int, _ source: PictureSource,
        into target: UnsafeMutablePointer<Float>
    ) {
        let taps = self.taps
        let (left, right) = (Double(taps.left), Double(taps.left + taps.width - 1))
        let (top, bottom) = (Double(taps.top), Double(taps.top + taps.height - 1))
        withUnsafeTemporaryAllocation(of: Corner.self, capacity: width) { corners in
            guard let corners = corners.baseAddress else { return }
            for row in 0..<height {
                // What lies within rectangles is one stretch of a row.
                var (low, high) = (0, width)
                let y = Double(row) + 0.5
                for frame in frames {
                    while low < high, !frame.contains(Double(low) + 0.5, y) { low += 1 }
                    while low < high, !frame.contains(Double(high - 1) + 0.5, y) { high -= 1 }
                }
                for column in low..<high {
                    let point = map(Double(column) + 0.5, y)
                    // The bound comes first, so that no number at all counts as it.
                    let (inX, inY) = (min(right, max(left, point.x - 0.5)), min(bottom, max(top, point.y - 0.5)))
                    let (x, y) = (Int(inX), Int(inY))
                    (corners + column).initialize(
                        to: Corner(
                            place: y * width + x, right: Double(x) < right ? 1 : 0, down: Double(y) < bottom ? width : 0,
                            x: Float(inX - Double(x)), y: Float(inY - Double(y))))
                }
                for channel in 0..<channels {
                    let (target, values) = (target + (channel * height + row) * width, values + channel * height * width)
                    let black = source.black(channel)
                    for column in 0..<low { target[column] = black }
                    for column in low..<high {
                        let corner = corners[column]
                        let upper = values + corner.place
                        let lower = upper + corner.down
                        let above = upper[0] + corner.x * (upper[corner.right] - upper[0])
                        let below = lower[0] + corner.x * (lower[corner.right] - lower[0])
                        target[column] = above + corner.y * (below - above)
                    }
                    for column in high..<width { target[column] = black }
                }
            }
        }
    }
}
