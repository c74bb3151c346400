import Foundation
import Interchange
import Testing

@testable import Training

/// The picture of gradient norms, and the table that it is made of.
@Suite struct GradientPictureTests {
    private static func layer(_ name: String, isTrained: Bool = true) -> GradientWatch.Layer {
        .init(
            name: name, line: 3,
            weights: [.init(name: "\(name).weight", rows: nil, isTrained: isTrained)], activations: [])
    }

    private static let layers = [layer("a"), layer("frozen", isTrained: false), layer("b"), layer("c")]

    private static func watched(_ step: Int, _ gradients: [Double?]) -> WatchedStep {
        WatchedStep(
            step: step, epoch: 1,
            layers: gradients.map { gradient in
                var measures = LayerMeasures()
                (measures.gradient, measures.mean) = (gradient, 0.5)
                return measures
            })
    }

    private static let steps = [
        watched(1, [10, nil, 0.001, 0]), watched(2, [100, nil, 1e-5, 1]), watched(5, [0.5, nil, .nan, 1e-7]),
    ]

    @Test func hasACellForEachLayerAndStep() {
        var picture = GradientPicture(title: "n", layers: Self.layers, table: Data())
        #expect(picture.drawing == nil)
        for step in Self.steps { picture.add(step) }
        let (steps, rows) = picture.cells
        #expect(steps == [1...1, 2...2, 5...5])
        let expected: [[GradientPicture.Cell]] = [
            [.power(1), .power(2), .power(log10(0.5))], [.power(-3), .power(-5), .none], [.zero, .power(0), .power(-7)],
        ]
        for (row, cells) in rows.enumerated() {
            for (observed, wanted) in zip(cells, expected[row]) {
                guard case (.power(let a), .power(let b)) = (observed, wanted) else {
                    #expect(observed == wanted)
                    continue
                }
                #expect(abs(a - b) < 1e-12)
            }
        }
        #expect(GradientPicture.range(of: rows) == -7...2)
        #expect(GradientPicture.range(of: [[.power(0.2)], [.zero]]) == -1...2 && GradientPicture.range(of: []) == -3...0)
        let svg = picture.drawing?.svg() ?? ""
        for part in ["n: gradient norm", ">a</text>", ">b</text>", ">c</text>", ">5</text>", ">1e1</text>", ">1e-7</text>", ">none</text>"]
        {
            #expect(svg.contains(part), "\(part)")
        }
        #expect(!svg.contains("frozen"))
    }

    /// What was read back from the table draws as what was added.
    @Test func goesOnFromItsTable() {
        let rows = Self.steps.map { TrainingTables.rows($0, of: Self.layers) }.joined()
        #expect(rows.hasPrefix("1,1,a,3,10.0,,,0.5,,,,\n1,1,frozen,3,,,,0.5,,,,\n1,1,b,3,0.001,"))
        let table = Data((TrainingTables.layerHeader + rows).utf8)
        var added = GradientPicture(title: "n", layers: Self.layers, table: Data())
        for step in Self.steps { added.add(step) }
        #expect(GradientPicture(title: "n", layers: Self.layers, table: table).drawing == added.drawing)
        // Behind a checkpoint of step 2, and with a last line that was cut off.
        let part = TrainingTables.rows(of: table + Data("5,1,a".utf8), header: TrainingTables.layerHeader, upTo: 2)
        let expected = TrainingTables.layerHeader + Self.steps[..<2].map { TrainingTables.rows($0, of: Self.layers) }.joined()
        #expect(part == Data(expected.utf8))
        let other = TrainingTables.rows(of: Data("step,layer\n1,a\n".utf8), header: TrainingTables.layerHeader, upTo: 2)
        #expect(other == Data(TrainingTables.layerHeader.utf8))
        // A table of anything else leaves no trace.
        let damaged = Data((TrainingTables.layerHeader + "1,1,a\n7,x,unknown,3,1,1,1,1,1,1,1,1\nx\n").utf8)
        #expect(GradientPicture(title: "n", layers: Self.layers, table: damaged).drawing?.svg().contains("1e") != true)
    }

    /// Of thousands of steps and hundreds of layers the picture stays as large as it is.
    @Test func joinsManySteps() throws {
        let layers = (0..<300).map { Self.layer("layer\($0)") }
        var picture = GradientPicture(title: "n", layers: layers, table: Data())
        for step in 1...1000 {
            let power = step % 2 == 0 ? -1.0 : -3
            picture.add(Self.watched(step, (0..<300).map { pow(10, power - Double($0) / 100) }))
        }
        let (steps, rows) = picture.cells
        #expect(steps.count == 112 && steps[0] == 1...9 && steps[111] == 1000...1000 && rows.count == 300)
        let drawing = try #require(picture.drawing)
        #expect(drawing.width < 1400 && drawing.height < 1400, "\(drawing.width) x \(drawing.height)")
    }
}
