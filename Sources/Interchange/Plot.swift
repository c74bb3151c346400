/// Curves over axes, panel below panel: one description, of which SVG and PNG files are drawn alike.
public struct Plot: Equatable, Sendable {
    public enum Scale: Equatable, Sendable { case linear, logarithmic }

    public struct Axis: Equatable, Sendable {
        public var name: String
        public var scale: Scale
        /// What is shown; nil for all that there is. What lies outside is drawn on the border.
        public var range: ClosedRange<Double>?

        public init(_ name: String = "", _ scale: Scale = .linear, range: ClosedRange<Double>? = nil) {
            self.name = name
            self.scale = scale
            self.range = range
        }
    }

    public enum Style: Equatable, Sendable {
        case line
        /// A line of thin strokes, for what is only to be compared with.
        case dashes
        case dots
        /// Bars from zero up to the values, so wide on the x-axis.
        case bars(width: Double)
    }

    public struct Series: Equatable, Sendable {
        /// What the legend says; none where it is empty.
        public var name: String
        public var style: Style
        public var points: [(x: Double, y: Double)]
        /// The number of the colour; nil for that of the series' place.
        public var color: Int?

        public init(_ name: String = "", style: Style = .line, color: Int? = nil, _ points: [(x: Double, y: Double)]) {
            self.name = name
            self.style = style
            self.color = color
            self.points = points
        }

        public static func == (first: Series, second: Series) -> Bool {
            first.name == second.name && first.style == second.style && first.color == second.color
                && first.points.elementsEqual(second.points) { $0 == $1 }
        }
    }

    /// A value on the x-axis with a name.
    public struct Mark: Equatable, Sendable {
        public var x: Double
        public var name: String

        public init(_ x: Double, _ name: String) {
            self.x = x
            self.name = name
        }
    }

    public struct Panel: Equatable, Sendable {
        public var title: String
        public var x: Axis
        public var y: Axis
        public var series: [Series]
        public var marks: [Mark]

        public init(_ title: String, x: Axis = Axis(), y: Axis = Axis(), _ series: [Series], marks: [Mark] = []) {
            self.title = title
            self.x = x
            self.y = y
            self.series = series
            self.marks = marks
        }
    }

    public var title: String
    public var panels: [Panel]

    public init(_ title: String, _ panels: [Panel]) {
        self.title = title
        self.panels = panels
    }

    /// Writes the plot, as a PNG file where the path ends so, else as SVG; atomically.
    public func write(to path: String) throws(InterchangeError) { try picture().write(to: path) }
}
