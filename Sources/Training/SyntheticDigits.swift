import Recipes

/// Synthetic handwritten digits: 28 x 28 grey pictures drawn by code, white ink on black.
///
/// A picture is strokes through jittered points, bent by a smooth random field, sheared, turned, scaled, drawn with a
/// pen of random width and hardness, now and then with a stray mark, over noise. Picture `i` depends on the seed, the
/// part and `i` alone, bit for bit on every machine: only exactly rounded operations are used.
public struct SyntheticDigits: Sendable {
    /// The two parts have nothing in common, whatever their sizes.
    public enum Part: Sendable {
        case training
        case heldOut
    }

    /// Rows and columns of a picture.
    public static let side = 28
    public static let defaultTrainingCount = 12_000
    public static let defaultHeldOutCount = 2_000

    public let seed: UInt64
    public let part: Part

    public init(seed: UInt64 = 0, part: Part) {
        self.seed = seed
        self.part = part
    }

    /// The digit that picture `index` shows, 0 to 9; all are equally frequent.
    public func label(_ index: Int) -> Int32 { Int32(index % 10) }

    /// Draws the pictures of `indices` one after the other into `pixels`, 784 values each.
    public func draw(_ indices: Range<Int>, into pixels: UnsafeMutableBufferPointer<UInt8>) {
        let area = Self.side * Self.side
        precondition(indices.lowerBound >= 0 && pixels.count == indices.count * area, "no room for \(indices.count) pictures")
        var pen = DigitPen()
        for (place, index) in indices.enumerated() {
            let purpose: CounterGenerator.Purpose = part == .training ? .trainingDigits : .heldOutDigits
            pen.draw(Int(label(index)), CounterGenerator(seed: seed, purpose, index))
            pen.develop(into: UnsafeMutableBufferPointer(rebasing: pixels[place * area..<(place + 1) * area]))
        }
    }
}

/// Draws one picture at a time; its buffers are reused.
private struct DigitPen {
    private typealias Point = SIMD2<Float>
    private static let side = SyntheticDigits.side
    /// Straight pieces of a curve between two of its points, and of a straight line.
    private static let curvePieces = 5
    private static let linePieces = 4
    /// Nodes of the bending field along each axis.
    private static let fieldSide = 4

    private var random = CounterGenerator(seed: 0, .trainingDigits, 0)
    /// How much of a pixel the pen covers, 0 to 1.
    private var ink = [Float](repeating: 0, count: side * side)
    private var points: [Point] = []
    private var field = [Point](repeating: .zero, count: fieldSide * fieldSide)
    private var columnX = Point.zero
    private var columnY = Point.zero
    private var origin = Point.zero
    private var hardness: Float = 1
    private var strength: Float = 1

    mutating func draw(_ digit: Int, _ random: CounterGenerator) {
        self.random = random
        for index in ink.indices { ink[index] = 0 }
        choosePlace()
        let styles = DigitGlyphs.styles[digit]
        let width = self.random.uniform(0.6...1.8)
        hardness = self.random.uniform(0.65...1.2)
        strength = 1
        for stroke in styles[self.random.below(styles.count)] { draw(stroke, width: width) }
        if self.random.below(3) == 0 { drawStrayMark() }
    }

    /// Chooses the map from the unit square to the picture: turn, slant, size, place and bend.
    private mutating func choosePlace() {
        let angle = random.uniform(-0.28...0.28)
        let square = angle * angle
        let cosine = 1 - square * (0.5 - square * (1 / 24))
        let sine = angle * (1 - square * (1 / 6 - square * (1 / 120)))
        let height = random.uniform(15...22)
        let width = height * random.uniform(0.5...0.9)
        let slant = random.uniform(-0.35...0.25) * height
        columnX = Point(width * cosine, width * sine)
        columnY = Point(slant * cosine - height * sine, slant * sine + height * cosine)
        let center = Point(random.uniform(12...16), random.uniform(12...16))
        origin = center - 0.5 * (columnX + columnY)
        for node in field.indices { field[node] = Point(random.uniform(-1.4...1.4), random.uniform(-1.4...1.4)) }
    }

    /// Maps a point of the unit square to the picture, bent by the field (bilinear between its nodes, smoothed).
    private func place(_ point: Point) -> Point {
        let cells = Float(Self.fieldSide - 1)
        let scaled = (point * cells).clamped(lowerBound: .zero, upperBound: Point(repeating: cells - 0x1p-10))
        let column = Int(scaled.x), row = Int(scaled.y)
        var weight = scaled - Point(Float(column), Float(row))
        weight = weight * weight * (3 - 2 * weight)
        let node = row * Self.fieldSide + column
        let upper = field[node] + weight.x * (field[node + 1] - field[node])
        let lower = field[node + Self.fieldSide] + weight.x * (field[node + Self.fieldSide + 1] - field[node + Self.fieldSide])
        return origin + point.x * columnX + point.y * columnY + upper + weight.y * (lower - upper)
    }

    private mutating func draw(_ stroke: DigitStroke, width: Float) {
        points.removeAll(keepingCapacity: true)
        for point in stroke.points { points.append(point + Point(random.uniform(-0.04...0.04), random.uniform(-0.04...0.04))) }
        let isClosed = stroke.isSmooth && stroke.points.first == stroke.points.last
        if isClosed { points[points.count - 1] = points[0] }
        let last = points.count - 1
        // The pen's pressure changes along the stroke.
        let begin = width * random.uniform(0.75...1.2), end = width * random.uniform(0.75...1.2)
        let pieces = stroke.isSmooth ? Self.curvePieces : Self.linePieces
        let step = 1 / Float(pieces)
        var from = place(points[0])
        for index in 0..<last {
            let before = index > 0 ? points[index - 1] : isClosed ? points[last - 1] : points[0]
            let after = index + 2 <= last ? points[index + 2] : isClosed ? points[1] : points[last]
            for piece in 1...pieces {
                let t = Float(piece) * step
                let between =
                    stroke.isSmooth
                    ? Self.spline(before, points[index], points[index + 1], after, t)
                    : points[index] + t * (points[index + 1] - points[index])
                let to = place(between)
                let progress = (Float(index) + t) / Float(last)
                drawLine(from, to, radius: begin + progress * (end - begin))
                from = to
            }
        }
    }

    /// The Catmull-Rom spline between its two inner points.
    private static func spline(_ before: Point, _ from: Point, _ to: Point, _ after: Point, _ t: Float) -> Point {
        let linear = to - before
        let square = 2 * before - 5 * from + 4 * to - after
        let cube = 3 * from - before - 3 * to + after
        return from + 0.5 * t * (linear + t * (square + t * cube))
    }

    private mutating func drawStrayMark() {
        strength = random.uniform(0.3...0.8)
        let from = Point(random.uniform(0...28), random.uniform(0...28))
        let to = from + Point(random.uniform(-5...5), random.uniform(-5...5))
        drawLine(from, to, radius: random.uniform(0.5...0.9))
    }

    /// Covers the pixels near the line, their edge antialiased by the distance of the pixel's centre.
    private mutating func drawLine(_ from: Point, _ to: Point, radius: Float) {
        let reach = radius + 0.5 / hardness
        let low = pointwiseMin(from, to) - reach - 0.5, high = pointwiseMax(from, to) + reach - 0.5
        let limit = Float(Self.side)
        guard high.x >= 0, high.y >= 0, low.x < limit, low.y < limit else { return }
        let columns = Int(max(0, low.x.rounded(.up)))..<min(Self.side, Int(high.x) + 1)
        let rows = Int(max(0, low.y.rounded(.up)))..<min(Self.side, Int(high.y) + 1)
        if columns.isEmpty || rows.isEmpty { return }
        let line = to - from
        let scale = 1 / max((line * line).sum(), 0x1p-20)
        let (hardness, strength) = (hardness, strength)
        ink.withUnsafeMutableBufferPointer { ink in
            for row in rows {
                let y = Float(row) + 0.5 - from.y
                for column in columns {
                    let x = Float(column) + 0.5 - from.x
                    let along = min(max((x * line.x + y * line.y) * scale, 0), 1)
                    let dx = x - along * line.x, dy = y - along * line.y
                    let distance = (dx * dx + dy * dy).squareRoot()
                    let cover = min(max((radius - distance) * hardness + 0.5, 0), 1) * strength
                    let pixel = row * Self.side + column
                    ink[pixel] = max(ink[pixel], cover)
                }
            }
        }
    }

    /// Turns ink into grey values: random contrast, noise of random strength over everything.
    mutating func develop(into pixels: UnsafeMutableBufferPointer<UInt8>) {
        let contrast = random.uniform(140...255)
        let background = random.uniform(0...14)
        let noise = random.uniform(0...30)
        for start in stride(from: 0, to: pixels.count, by: 4) {
            // Four pixels a draw: the noise of each is the sum of two bytes, a triangular distribution.
            var bits = random.next()
            for pixel in start..<start + 4 {
                let sum = Float(bits & 0xff) + Float(bits >> 8 & 0xff) - 255
                bits >>= 16
                let value = background + ink[pixel] * (contrast - background) + sum * (1 / 255) * noise
                pixels[pixel] = UInt8(min(max(value + 0.5, 0), 255))
            }
        }
    }
}
