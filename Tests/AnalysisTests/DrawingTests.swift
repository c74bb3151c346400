import Compiler
import Foundation
import FoundationXML
import Graph
import Operators
import TestSupport
import Testing

@testable import Analysis

private let drawings = Golden.folder("Drawings", beside: #filePath)

private func describe(_ name: String, _ definitions: [String: String] = [:]) throws -> NetworkDescription {
    try NetworkDescription(Network.load(drawings.appending(path: "\(name).braid").path, definitions: definitions))
}

private func describe(_ graph: Graph) throws -> NetworkDescription {
    try NetworkDescription(of: graph, name: graph.name)
}

@Suite struct DrawingTests {
    /// The files are also pictures to look at.
    @Test(arguments: ["inception", "residual", "two_sided"]) func golden(name: String) throws {
        let drawing = Drawing(try describe(name))
        for (text, suffix) in [(try drawing.svg(), "svg"), (drawing.dot, "dot")] {
            try Golden.check(text, drawings.appending(path: "\(name).\(suffix)"))
        }
    }

    @Test func generatedIsFresh() throws {
        let network = try Network.load(Golden.root.appending(path: "graphs/mnist_resnet.braid").path)
        let text = try Drawing(NetworkDescription(network)).svg()
        try Golden.check(text, Golden.root.appending(path: "generated/mnist_resnet/network.svg"))
    }

    @Test(arguments: ["inception", "residual", "two_sided"], [1, 2, 9]) func laysOutSoundly(name: String, depth: Int) throws {
        try expectSound(Diagram(try describe(name), depth: depth))
    }

    /// Labels that say nothing of the structure: paths leave blocks and enter them again, at every level.
    @Test(arguments: 0..<30) func laysOutTangles(seed: Int) throws {
        var random = SplitMix(seed: seed)
        var graph = RandomNetwork.make(seed: seed, batch: nil, operations: 24)
        for value in graph.values where graph[value].operation != nil {
            let parts = (0..<Int.random(in: 0...3, using: &random)).map { _ in ["a", "b", "c"].randomElement(using: &random)! }
            graph[value].label = parts.isEmpty ? nil : (parts + ["x\(value.index)"]).joined(separator: ".")
        }
        for depth in [1, 2, nil] { try expectSound(Diagram(try describe(graph), depth: depth)) }
    }

    @Test func layersThatFollowAloneShareABox() throws {
        let diagram = Diagram(try describe("residual"))
        let texts = diagram.boxes.map { $0.strips.map(\.text) }
        #expect(texts.contains(["conv 7x7/2, 64", "batchnorm", "relu"]) && texts.contains(["add", "relu"]))
        #expect(texts.contains(["global_avg_pool", "flatten"]))
        #expect(
            diagram.groups.map(\.title) == ["", "layer1", "0  bottleneck", "1  bottleneck", "layer2", "0  bottleneck", "1  bottleneck"])
        #expect(diagram.boxes.contains { $0.label == "downsample" })
        #expect(
            Diagram(try describe("residual"), depth: 1).boxes.filter { $0.kind == .block }.map(\.strips[0].text) == ["layer1", "layer2"])
        let folded = Diagram(try describe("residual"), depth: 2)
        #expect(folded.groups.map(\.title) == ["", "layer1", "layer2"])
        #expect(folded.boxes.filter { $0.kind == .block }.map(\.strips[0].text) == Array(repeating: "bottleneck", count: 4))
    }

    /// The branches of a module stand side by side in the order of the source, each ending above the concatenation.
    @Test func branchesStandSideBySide() throws {
        let diagram = Diagram(try describe("inception"))
        let layout = try DiagramLayout(diagram)
        let group = try #require(diagram.groups.firstIndex { $0.title == "Mixed_5b  module_a" })
        func frame(_ label: String) throws -> Frame {
            layout.boxes[try #require(diagram.boxes.firstIndex { $0.label == label && $0.group == group }, "\(label)")]
        }
        let ends = try ["branch1x1", "branch5x5_2", "branch3x3dbl_3", "branch_pool"].map(frame)
        for (left, right) in zip(ends, ends.dropFirst()) { #expect(left.right < right.x && left.y == right.y) }
        #expect(try frame("branch3x3dbl_1").bottom < frame("branch3x3dbl_2").y)
    }

    /// The main path of a residual block runs straight down, its shortcut beside it.
    @Test func shortcutsBendAndMainPathsDoNot() throws {
        let diagram = Diagram(try describe("residual"))
        let layout = try DiagramLayout(diagram)
        let groups = Set(diagram.groups.indices.filter { diagram.groups[$0].title.hasSuffix("bottleneck") })
        for (index, box) in diagram.boxes.enumerated() where groups.contains(box.group) && box.strips[0].text == "add" {
            let arriving = layout.lines.filter { $0.target == index }
            #expect(arriving.count == 2 && arriving.filter { Set($0.points.map(\.x)).count == 1 }.count == 1)
        }
    }

    /// Whatever a file calls things, the drawings stay what they are.
    @Test func hostileNamesBreakNothing() throws {
        let names = [
            "</text><script>alert(1)</script>", "a\"b'c&d;e]]>", "back\\", "line\nbreak\r\tand \u{1}\u{7F}\u{FFFF}", "\u{202E}reversed",
            "🧠𝔘nicode\u{301}", String(repeating: "long", count: 500), "--> <!-- ${x} \\N \\G %s",
        ]
        for name in names {
            let builder = GraphBuilder(name: name)
            var value = builder.input(name, .f32(.symbol(name), 3, 8, 8))
            for index in 0..<3 {
                let weight = builder.parameter(Parameter("\(name).\(index)", .weight, .zeros), .f32(3, 3, 1, 1), label: name)
                value = try builder.append(
                    .convolution, [value, weight], ["channels": .integer(3), "kernel": .integer(1), "bias": .boolean(false)],
                    label: "\(name).\(name).\(index)")
                let function = ScalarFunction(name, ["x"], .argument(0) * .constant(Double(index + 2)))
                value = try builder.append(.map, [value], ["function": .function(function)], label: name + ".x\(index)")
            }
            builder.output(name, value)
            let description = try describe(builder.finish())
            try expectSound(Diagram(description))
            for depth in [1, nil] {
                let drawing = Drawing(description, depth: depth)
                let parser = Elements(try drawing.svg())
                #expect(
                    parser.isSound && parser.names == ["svg", "title", "defs", "marker", "path", "rect", "text", "g"],
                    "\(name): \(parser.names)")
                expectPlainDOT(drawing.dot)
            }
        }
    }

    /// Inputs that nobody reads, an output that is an input, two outputs of one value, and nothing at all.
    @Test func oddGraphsAreDrawn() throws {
        let builder = GraphBuilder(name: "odd")
        let image = builder.input("image", .f32(1, 3, 8, 8))
        _ = builder.input("unread", .f32(1))
        let sum = builder.apply(.add, image, image)
        for name in ["first", "second"] { builder.output(name, sum) }
        builder.output("same", image)
        builder.output("constant", builder.constant(1))
        for graph in [builder.finish(), Graph(name: "empty")] {
            try expectSound(Diagram(try describe(graph)))
            #expect(Elements(try Drawing(describe(graph)).svg()).isSound)
        }
        #expect(Diagram(try describe(builder.finish())).edges.count == 4)
    }

    @Test func tooLargeDrawingsAreRefused() throws {
        let builder = GraphBuilder(name: "wide")
        let image = builder.input("image", .f32(1, 1, 2, 2))
        for index in 0...DiagramLayout.maximumBoxes / 2 {
            builder.output("o\(index)", builder.apply(.add, image, builder.constant(Double(index))))
        }
        let drawing = Drawing(try describe(builder.finish()))
        let error = #expect(throws: DrawingError.self) { try drawing.svg() }
        #expect(error?.diagnostic.help?.contains("fewer levels with --depth") == true)
    }

    /// A thousand convolutions, and fifty values that are all read by each other.
    @Test func largeNetworksAreDrawnFast() throws {
        let deep = try describe("residual", ["depths": "165"])
        let builder = GraphBuilder(name: "dense")
        var values = [builder.input("image", .f32(1, 4, 8, 8))]
        for index in 0..<50 {
            let joined = builder.apply(.concat, values, [:])
            values.append(try builder.append(.slice, [joined], ["start": .integer(0), "count": .integer(4)], label: "layer\(index)"))
        }
        builder.output("last", values.last!)
        let dense = try describe(builder.finish())
        let start = ContinuousClock.now
        #expect(try Drawing(deep).svg().count > 1_000_000)
        #expect(try Drawing(dense).svg().count > 50_000)
        // A tenth of this in release builds; debug builds on busy machines are slow.
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect(Diagram(deep).boxes.count > 1000)
        try expectSound(Diagram(dense))
    }
}

/// The elements of an XML document, and whether it is well formed.
private final class Elements: NSObject, XMLParserDelegate {
    private(set) var names: Set<String> = []
    private(set) var isSound = false

    init(_ text: String) {
        super.init()
        let parser = XMLParser(data: Data(text.utf8))
        parser.delegate = self
        isSound = parser.parse()
    }

    func parser(
        _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName qName: String?,
        attributes attributeDict: [String: String] = [:]
    ) {
        names.insert(elementName)
    }
}

/// Outside of quoted texts there is nothing but the drawing's own words.
private func expectPlainDOT(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    var rest = text.unicodeScalars[...]
    var plain = ""
    while let scalar = rest.popFirst() {
        guard scalar == "\"" else {
            plain.unicodeScalars.append(scalar)
            continue
        }
        while let inner = rest.popFirst(), inner != "\"" {
            #expect(inner.value >= 0x20, sourceLocation: sourceLocation)
            if inner == "\\" { rest.removeFirst() }
        }
    }
    let words = Set(plain.split { !$0.isLetter }.map(String.init))
    let known: Set<String> = [
        "digraph", "graph", "fontname", "fontsize", "labelloc", "t", "label", "nodesep", "ranksep", "node", "shape", "box", "style",
        "color",
        "edge", "arrowsize", "n", "fillcolor", "tooltip", "subgraph", "cluster", "labeljust", "l",
    ]
    #expect(words.isSubset(of: known), "\(words.subtracting(known))", sourceLocation: sourceLocation)
}
