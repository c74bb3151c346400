extension VectorPicture {
    /// The picture in pixels, with smooth edges, and texts in letters of 5 x 7 dots.
    ///
    /// - Parameter scale: how many pixels of the image each pixel of the drawing is wide and high.
    public func image(scale: Int = 2) -> Image {
        var canvas = Canvas(Image(width: width * scale, height: height * scale, channels: 3, filledWith: 255), scale: scale)
        for shape in shapes {
            switch shape {
            case .line(let points, let color, let width, let dash): canvas.line(points, color, width: width, dash: dash)
            case .area(let corner, let width, let height, let color): canvas.area(corner, width: width, height: height, color)
            case .dot(let place, let radius, let color): canvas.dot(place, radius: radius, color)
            case .text(let text, let place, let anchor, let isBold, let color):
                canvas.text(text, place, anchor, isBold: isBold, color)
            }
        }
        return canvas.image
    }
}

/// An image that is drawn on.
private struct Canvas {
    private(set) var image: Image
    private let scale: Double
    private let dotSize: Int

    init(_ image: Image, scale: Int) {
        self.image = image
        self.scale = Double(scale)
        dotSize = scale
    }

    /// Mixes a colour into a pixel, which may lie outside.
    private mutating func blend(_ x: Int, _ y: Int, _ color: VectorPicture.Color, _ share: Double) {
        guard share > 0, (0..<image.width).contains(x), (0..<image.height).contains(y) else { return }
        let old = VectorPicture.Color(image[x, y, 0], image[x, y, 1], image[x, y, 2])
        let new = old.mixed(with: color, share)
        (image[x, y, 0], image[x, y, 1], image[x, y, 2]) = (new.red, new.green, new.blue)
    }

    /// The pixels that an interval meets, within the image.
    private func pixels(_ low: Double, _ high: Double, below end: Int) -> Range<Int> {
        guard low.isFinite, high.isFinite, high >= 0, low < Double(end) else { return 0..<0 }
        let first = Int(max(0, low.rounded(.down)))
        return first..<max(first, min(end, Int(min(high, Double(end)).rounded(.up)) + 1))
    }

    mutating func area(_ corner: VectorPicture.Point, width: Double, height: Double, _ color: VectorPicture.Color) {
        let (left, top) = (corner.x * scale, corner.y * scale)
        let (right, bottom) = (left + width * scale, top + height * scale)
        func share(_ place: Int, _ low: Double, _ high: Double) -> Double {
            max(0, min(high, Double(place + 1)) - max(low, Double(place)))
        }
        for y in pixels(top, bottom, below: image.height) {
            for x in pixels(left, right, below: image.width) { blend(x, y, color, share(x, left, right) * share(y, top, bottom)) }
        }
    }

    mutating func dot(_ place: VectorPicture.Point, radius: Double, _ color: VectorPicture.Color) {
        let (x, y, radius) = (place.x * scale, place.y * scale, radius * scale)
        for row in pixels(y - radius - 1, y + radius + 1, below: image.height) {
            for column in pixels(x - radius - 1, x + radius + 1, below: image.width) {
                let (right, down) = (Double(column) + 0.5 - x, Double(row) + 0.5 - y)
                blend(column, row, color, min(1, radius + 0.5 - (right * right + down * down).squareRoot()))
            }
        }
    }

    mutating func line(_ points: [VectorPicture.Point], _ color: VectorPicture.Color, width: Double, dash: Double?) {
        var done = 0.0
        for (a, b) in zip(points, points.dropFirst()) {
            let (from, to) = (VectorPicture.Point(a.x * scale, a.y * scale), VectorPicture.Point(b.x * scale, b.y * scale))
            segment(from, to, color, radius: width * scale / 2, dash: dash.map { $0 * scale }, done: done)
            done += Canvas.length(from, to)
        }
    }

    private static func length(_ a: VectorPicture.Point, _ b: VectorPicture.Point) -> Double {
        ((b.x - a.x) * (b.x - a.x) + (b.y - a.y) * (b.y - a.y)).squareRoot()
    }

    /// Draws what is nearer than `radius` to a stretch, row by row of the longer direction, so that only what is near is looked at.
    ///
    /// - Parameter done: the length of the line before it, for the dashes.
    private mutating func segment(
        _ a: VectorPicture.Point, _ b: VectorPicture.Point, _ color: VectorPicture.Color, radius: Double, dash: Double?, done: Double
    ) {
        let length = Self.length(a, b)
        guard length.isFinite else { return }
        let (dx, dy) = (b.x - a.x, b.y - a.y)
        let isSteep = abs(dy) > abs(dx)
        let (from, to, slope) = isSteep ? (a.y, b.y, dy == 0 ? 0 : dx / dy) : (a.x, b.x, dx == 0 ? 0 : dy / dx)
        let reach = (radius + 1) * (1 + slope * slope).squareRoot()
        let (along, across) = isSteep ? (image.height, image.width) : (image.width, image.height)
        for first in pixels(min(from, to) - radius - 1, max(from, to) + radius + 1, below: along) {
            let middle = (isSteep ? a.x : a.y) + (min(max(Double(first) + 0.5, min(from, to)), max(from, to)) - from) * slope
            for second in pixels(middle - reach, middle + reach, below: across) {
                let (x, y) = isSteep ? (second, first) : (first, second)
                let (right, down) = (Double(x) + 0.5 - a.x, Double(y) + 0.5 - a.y)
                let part = length > 0 ? min(max((right * dx + down * dy) / (length * length), 0), 1) : 0
                if let dash, ((done + part * length) / dash).truncatingRemainder(dividingBy: 2) >= 1 { continue }
                let (aside, below) = (right - part * dx, down - part * dy)
                blend(x, y, color, min(1, radius + 0.5 - (aside * aside + below * below).squareRoot()))
            }
        }
    }

    mutating func text(
        _ text: String, _ place: VectorPicture.Point, _ anchor: VectorPicture.Anchor, isBold: Bool, _ color: VectorPicture.Color
    ) {
        let size = Double(text.count * Image.characterWidth * dotSize)
        let shift = anchor == .start ? 0 : anchor == .middle ? size / 2 : size
        let (left, base) = (place.x * scale - shift, place.y * scale)
        guard left.isFinite, base.isFinite, abs(left) < 1e6, abs(base) < 1e6 else { return }
        // The last row of dots is below the base line.
        let (x, y) = (Int(left.rounded()), Int(base.rounded()) - (Image.textHeight - 1) * dotSize)
        for dot in Image.dots(of: text) {
            for row in 0..<dotSize {
                for column in 0..<dotSize + (isBold ? dotSize / 2 : 0) {
                    blend(x + dot.column * dotSize + column, y + dot.row * dotSize + row, color, 1)
                }
            }
        }
    }
}
