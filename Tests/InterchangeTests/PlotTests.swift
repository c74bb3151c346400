import Foundation
import Testing

@testable import Interchange

@Suite struct PlotTests {
    private static let plot = Plot(
        "a & b",
        [
            Plot.Panel(
                "loss", x: Plot.Axis("step"),
                [Plot.Series("train", [(0, 2), (10, 1), (20, 0.5)]), Plot.Series("held out", style: .dots, [(10, 1.5), (20, 1)])],
                marks: [Plot.Mark(10, "here")]),
            Plot.Panel("rate", x: Plot.Axis("", .logarithmic), [Plot.Series("", [(1e-7, 1), (1e-3, 2), (10, 4)])]),
        ])

    @Test func writesSVG() {
        let svg = Self.plot.picture().svg()
        #expect(svg.hasPrefix("<svg xmlns=") && svg.hasSuffix("</svg>\n") && svg.contains("a &amp; b") && svg.contains(">here</text>"))
        // Three curves and two dots, with one of the legend; ticks of both scales.
        #expect(svg.components(separatedBy: "stroke-width=\"1.5\"").count == 3 && svg.components(separatedBy: "<circle").count == 4)
        for tick in ["0.5", "20", "1e-07", "0.001", "10"] { #expect(svg.contains(">\(tick)</text>"), "\(tick)") }
    }

    /// The first curve falls from the upper left to the lower right corner of its panel, in both forms alike.
    @Test func drawsTheSameInPixels() throws {
        let picture = Self.plot.picture()
        let line = try #require(
            picture.shapes.lazy.compactMap { shape -> [VectorPicture.Point]? in
                if case .line(let points, _, width: 1.5, _) = shape { points } else { nil }
            }.first)
        #expect(line.count == 3 && line[0].x == 64 && line[2].x == 696 && line[0].y < line[1].y && line[1].y < line[2].y)
        let image = picture.image(scale: 1)
        #expect(image.width == 720 && image.height == picture.height)
        let (x, y) = (Int(line[1].x), Int(line[1].y))
        let found = (y - 2...y + 2).contains { image[x - 3, $0, 2] > 120 && image[x - 3, $0, 0] < 100 }
        #expect(found, "there is blue on the curve")
        #expect(image[710, 100, 0] == 255, "and white beside the panels")
    }

    /// What has no place is left out, whatever it is; nothing traps, and no file holds a word for no number.
    @Test(arguments: [
        [(Double, Double)](), [(1, 1)], [(0, .nan), (1, .infinity), (.nan, 1)], [(0, 0), (0, 0)], [(-1, -1), (0, 1e39)],
        [(0, 1e308), (1, -1e308)],
        [(.leastNonzeroMagnitude, .leastNonzeroMagnitude), (.leastNormalMagnitude, 5)], [(1e15, 1e15), (1e15 + 1, 1e15 + 1)],
        [(5, 0), (.infinity, 3), (7, 1)],
    ])
    func takesAnyPoints(points: [(Double, Double)]) {
        for scale in [Plot.Scale.linear, .logarithmic] {
            for style in [Plot.Style.line, .dashes, .dots, .bars(width: 0.5)] {
                let axis = Plot.Axis("x", scale)
                let marks = points.prefix(1).map { Plot.Mark($0.0, "mark") }
                let plot = Plot(
                    "any", [Plot.Panel("p", x: axis, y: axis, [Plot.Series("s", style: style, points.map { ($0.0, $0.1) })], marks: marks)])
                let svg = plot.picture().svg()
                #expect(!svg.contains("nan") && !svg.contains("inf"))
                #expect(plot.picture(width: 200).image(scale: 1).width == 200)
            }
        }
    }

    @Test(arguments: [
        (0.0, 1.0, ["0", "0.2", "0.4", "0.6", "0.8", "1"]), (0, 97, ["0", "20", "40", "60", "80"]),
        (-1, 1, ["-1", "-0.5", "0", "0.5", "1"]),
        (0.0012, 0.0019, ["0.0012", "0.0014", "0.0016", "0.0018"]),
    ])
    func choosesRoundTicks(low: Double, high: Double, names: [String]) {
        let axis = PlotAxis(Plot.Axis("", range: low...high), values: [], margin: 0)
        #expect(axis.ticks(5).map(\.name) == names)
    }

    @Test(arguments: [
        (1e-7, 10.0, ["1e-07", "1e-06", "1e-05", "0.0001", "0.001", "0.01", "0.1", "1", "10"]), (0.1, 2, ["0.1", "0.2", "0.5", "1", "2"]),
    ])
    func choosesRoundTicksOfLogarithms(low: Double, high: Double, names: [String]) {
        let axis = PlotAxis(Plot.Axis("", .logarithmic, range: low...high), values: [], margin: 0)
        #expect(axis.ticks(8).map(\.name) == names)
    }

    @Test func pathsChooseTheForm() throws {
        let folder = NSTemporaryDirectory() + "/braid-plot-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Self.plot.write(to: "\(folder)/a.svg")
        try Self.plot.write(to: "\(folder)/a.PNG")
        #expect(try String(contentsOfFile: "\(folder)/a.svg", encoding: .utf8) == Self.plot.picture().svg())
        #expect(try Image(path: "\(folder)/a.PNG").width == 1440)
    }
}
