/// A drawing of lines, areas and texts, of which an SVG file and pixels are made alike.
///
/// Places are in pixels from the upper left corner, as SVG has them.
public struct VectorPicture: Equatable, Sendable {
    public struct Point: Equatable, Sendable {
        public var x: Double
        public var y: Double

        public init(_ x: Double, _ y: Double) {
            self.x = x
            self.y = y
        }
    }

    public struct Color: Equatable, Sendable {
        public var red: UInt8
        public var green: UInt8
        public var blue: UInt8

        public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8) {
            (self.red, self.green, self.blue) = (red, green, blue)
        }

        public static let black = Color(0x22, 0x22, 0x22)
        public static let white = Color(0xff, 0xff, 0xff)
        public static let grey = Color(0x88, 0x88, 0x88)
        public static let pale = Color(0xdd, 0xdd, 0xdd)

        /// The colour of which a part, 0 to 1, is another one.
        public func mixed(with other: Color, _ part: Double) -> Color {
            let part = part.isFinite ? min(max(part, 0), 1) : 0
            func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8((Double(a) + (Double(b) - Double(a)) * part).rounded()) }
            return Color(mix(red, other.red), mix(green, other.green), mix(blue, other.blue))
        }
    }

    /// Where a text stands relative to its place, which is on its base line.
    public enum Anchor: String, Sendable { case start, middle, end }

    public enum Shape: Equatable, Sendable {
        /// - Parameter dash: the length of dashes and gaps; nil for an unbroken line.
        case line([Point], Color, width: Double, dash: Double?)
        /// A filled rectangle with this upper left corner.
        case area(Point, width: Double, height: Double, Color)
        case dot(Point, radius: Double, Color)
        case text(String, Point, Anchor, isBold: Bool, Color)
    }

    public let width: Int
    public let height: Int
    public var shapes: [Shape] = []

    /// The height of letters, in pixels, and about how wide they are.
    public static let fontSize = 12
    public static let letterWidth = 7.4

    /// Makes a white picture without shapes.
    public init(width: Int, height: Int) {
        precondition(width > 0 && height > 0, "no picture of \(width) x \(height)")
        self.width = width
        self.height = height
    }

    public mutating func line(_ points: [Point], _ color: Color, width: Double = 1, dash: Double? = nil) {
        if points.count > 1 { shapes.append(.line(points, color, width: width, dash: dash)) }
    }

    public mutating func area(_ corner: Point, width: Double, height: Double, _ color: Color) {
        shapes.append(.area(corner, width: width, height: height, color))
    }

    public mutating func dot(_ place: Point, radius: Double = 3, _ color: Color) { shapes.append(.dot(place, radius: radius, color)) }

    public mutating func text(_ text: String, _ place: Point, _ anchor: Anchor = .start, isBold: Bool = false, _ color: Color = .black) {
        shapes.append(.text(text, place, anchor, isBold: isBold, color))
    }

    /// Writes the picture, as a PNG file where the path ends so, else as SVG; atomically.
    public func write(to path: String) throws(InterchangeError) {
        if path.lowercased().hasSuffix(".png") {
            try image().writePNG(to: path)
        } else {
            try AtomicFile.write([UInt8](svg().utf8), to: path)
        }
    }
}
