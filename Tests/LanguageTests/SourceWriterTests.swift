import Foundation
import Graph
import Language
import Operators
import Source
import TestSupport
import Testing

/// Graphs that are written as sources of the language: the sources make equal graphs, and people can read them.
@Suite struct SourceWriterTests {
    /// The networks of the product, a file at a time.
    static let files = ["graphs", "graphs/lessons", "graphs/notebooks"].flatMap { folder in
        Golden.files(in: Golden.root.appending(path: folder), suffix: ".braid").map { folder + "/" + $0.lastPathComponent }
    }

    private static func program(_ path: String, _ text: String) -> Program {
        Program.load(
            path: path, text: text, readTensor: { (path) throws(TensorFileError) in try GoldenCase.tensor(path) }
        ) { GoldenCase.imported($0) ?? (try? String(contentsOfFile: $0, encoding: .utf8)) }
    }

    /// Writes a graph, and elaborates what was written.
    @discardableResult
    private func check(_ graph: Graph, renamesParameters: Bool = false) throws -> WrittenSource {
        let written = try SourceWriter.write(graph, renamesParameters: renamesParameters)
        #expect(SourceFormatter.format(written.text, name: "written.braid").text == written.text, "the formatter changes\n\(written.text)")
        let differences = written.differences(from: graph)
        #expect(differences.isEmpty, "\(differences.prefix(8).joined(separator: "\n"))\n\(written.text)")
        return written
    }

    // MARK: - Round trips

    @Test(arguments: files) func networksComeBack(path: String) throws {
        let place = Golden.root.appending(path: path)
        let program = Self.program(place.path, try String(contentsOf: place, encoding: .utf8))
        for network in program.networks where program.root.syntax.definitions.contains(where: { $0.isNetwork(network.name.text) }) {
            let (elaborated, diagnostics) = program.elaborate(network.name.text)
            let graph = try #require(elaborated, "\(DiagnosticRenderer(program.map).render(diagnostics))").graph
            try check(graph)
        }
    }

    @Test(arguments: GoldenCase.all.filter { ["graph", "training"].contains($0.command) }) func goldenCasesComeBack(_ golden: GoldenCase)
        throws
    {
        guard let network = Self.program(golden.name + ".braid", golden.text).elaborate().network else { return }
        guard golden.name != "graph/tensors" else {
            // A value of its file is not finite.
            #expect(throws: WritingError.self) { try SourceWriter.write(network.graph) }
            return
        }
        try check(network.graph)
    }

    // MARK: - What people read

    @Test(arguments: [
        "graphs/lenet.braid:lenet", "graphs/mnist_resnet.braid:mnist_resnet", "graphs/resnet.braid:resnet50",
        "graphs/resnet.braid:resnet152",
        "graphs/googlenet.braid:googlenet", "graphs/inception_v3.braid:inception_v3", "graphs/densenet.braid:densenet121",
        "graphs/vit.braid:vit_tiny_patch16_224", "graphs/mobilenet_v3.braid:mobilenet_v3_small", "graphs/convnext.braid:convnext_tiny",
        "graphs/unet.braid:unet", "graphs/siamese.braid:siamese",
    ])
    func networksReadWell(which: String) throws {
        let parts = which.split(separator: ":").map(String.init)
        let place = Golden.root.appending(path: parts[0])
        let program = Self.program(place.path, try String(contentsOf: place, encoding: .utf8))
        let network = try #require(program.elaborate(parts[1]).network)
        let written = try SourceWriter.write(
            network.graph, documentation: network.documentation, interfaceDocumentation: network.interfaceDocumentation)
        try Golden.check(written.text, Self.expected(parts[1]))
    }

    @Test(arguments: ["constructs", "elements", "parameters", "shared", "sizes", "size_values", "transformer", "values", "views"])
    func casesReadWell(name: String) throws {
        let golden = try #require(GoldenCase.all.first { $0.name == "graph/" + name })
        guard let network = Self.program(golden.name + ".braid", golden.text).elaborate().network else { return }
        try Golden.check(try SourceWriter.write(network.graph).text, Self.expected(name))
    }

    /// As other programs have networks: only layers have labels, or none has, and parameters have numbers for names.
    @Test(arguments: [("resnet", "resnet50"), ("googlenet", "googlenet"), ("efficientnet", "efficientnet_b0")], [false, true])
    func labelsAreImplied(network: (file: String, name: String), hasLabels: Bool) throws {
        let place = Golden.root.appending(path: "graphs/\(network.file).braid")
        let program = Self.program(place.path, try String(contentsOf: place, encoding: .utf8))
        var graph = try #require(program.elaborate(network.name).network).graph
        for index in graph.nodes.indices {
            let isLayer = graph.nodes[index].operands.contains { graph[$0].parameter != nil }
            if !hasLabels || !isLayer { graph.nodes[index].label = nil }
            guard case .parameter(var parameter) = graph.nodes[index].kind, !hasLabels else { continue }
            parameter.name = "onnx::Weight_\(index)"
            graph.nodes[index].kind = .parameter(parameter)
        }
        let written = try check(graph)
        try Golden.check(written.text, Self.expected(network.name + (hasLabels ? "_layers" : "_unlabelled")))
    }

    private static func expected(_ name: String) -> URL { GoldenCase.folder.appending(path: "written/\(name).expected") }

    // MARK: - Names

    /// A graph as foreign files have them: names with marks, keywords, names of operators, parameters that no layer would call so.
    private static let foreign = """
        graph "main graph" {
          where "batch height" % 2 == 0
          %0 = input "input.1" : f32["batch size", 3, "batch height", width]
          %1 = input in : f32["batch size", 8, 1, 1]
          %2 = weight "onnx::Conv_497" fan_in_uniform : f32[8, 3, 3, 3]
          %3 = weight "onnx::Conv_498" fan_in_uniform(27) : f32[8]
          %4 = conv(%0, %2, %3) channels=8 kernel=(3, 3) pad=[1] : f32["batch size", 8, "batch height", width]  # "/layer/for/Conv"
          %5 = map(%4) function="my relu"(x) = max(x, 0) : f32["batch size", 8, "batch height", width]  # "/layer/Relu"
          %6 = weight conv fan_in_uniform : f32[8, 8, 1, 1]
          %7 = conv(%5, %6) channels=8 kernel=(1, 1) bias=false : f32["batch size", 8, "batch height", width]  # conv
          %8 = weight "3x" normal(0.5) : f32[8, 1, 1]
          %9 = reshape(%8) shape=[1, 8, 1, 1] : f32[1, 8, 1, 1]
          %10 = add(%7, %9) : f32["batch size", 8, "batch height", width]
          %11 = add(%10, %1) : f32["batch size", 8, "batch height", width]
          %12 = map(%11) function=relu(x) = x * x * x : f32["batch size", 8, "batch height", width]
          output "out put" = %12
          output in = %11
          output if = %5
        }
        """

    @Test(arguments: [false, true]) func foreignNamesBecomeLegal(renamesParameters: Bool) throws {
        let graph = try Graph(reading: Self.foreign, catalog: .standard)
        let written = try check(graph, renamesParameters: renamesParameters)
        let names = [
            ("parameters", written.parameters), ("inputs", written.inputs), ("outputs", written.outputs), ("sizes", written.sizes),
        ]
        let table = names.map { title, names in
            title + "\n" + names.sorted { $0.key < $1.key }.map { "    \($0.key) -> \($0.value)\n" }.joined()
        }
        try Golden.check(written.text + "\n" + table.joined(), Self.expected(renamesParameters ? "foreign_renamed" : "foreign_names"))
        #expect(Set(written.parameters.values).count == written.parameters.count)
    }

    @Test func namesOfWordsStay() throws {
        // Words that mean something at the beginning of statements, and names of operators and functions.
        for name in ["input", "output", "block", "conv", "relu", "precision", "x", "state", "parameter", "network", "norm", "where", "pi"] {
            let text =
                "graph g {\n  %0 = input \(name) : f32[N, 4]\n  %1 = map(%0) function=relu(x) = max(x, 0) : f32[N, 4]\n"
                + "  %2 = add(%1, %0) : f32[N, 4]\n  output output = %2\n}"
            let written = try check(try Graph(reading: text, catalog: .standard))
            #expect(written.inputs == [name: name])
        }
    }

    /// Operators take lists of numbers for tensors, functions do not.
    @Test func functionsTakeConstantTensors() throws {
        let graph = try Graph(
            reading: """
                graph g {
                  %0 = input image : f32[N, 2, 2, 2]
                  %1 = tensor [0, 10, 2, 12] : f32[1, 1, 2, 2]
                  %2 = map(%0, %1) function=place(tap, first) = first + floor(tap / 2) : f32[N, 2, 2, 2]
                  output y = %2
                }
                """, catalog: .standard)
        #expect(try check(graph).text.contains("place(image, tensor([[[[0, 10], [2, 12]]]]))"))
    }

    /// Whatever form a graph has of a reshape, the text has the one that says nothing of the batch.
    @Test(arguments: [
        ("flatten(%0) : f32[N, 256]", "image |> flatten"),
        ("reshape(%0) extents=[N, 256] whole=true : f32[N, 256]", "image |> reshape(256)"),
        ("reshape(%0) extents=[N, 4, 64] whole=true : f32[N, 4, 64]", "image |> reshape((4, 64))"),
        ("reshape(%0) shape=[N, 4, 64] : f32[N, 4, 64]", "image |> reshape((4, 64))"),
        ("reshape(%0) extents=[-1, 64] : f32[N, 4, 64]", "image |> reshape((-1, 64))"),
        ("reshape(%0) extents=[4 * N, 64] whole=true : f32[4 * N, 64]", "image |> reshape((-1, 64), whole: true)"),
        ("reshape(%0) shape=[2, 2 * N, 8, 8] : f32[2, 2 * N, 8, 8]", "image |> reshape((2, -1, 8, 8), whole: true)"),
        ("reshape(%0) extents=[256 * N] whole=true : f32[256 * N]", "image |> reshape(-1, whole: true)"),
        ("reshape(%0) extents=[1, 1, N, 4, 64] whole=true : f32[1, 1, N, 4, 64]", "image |> reshape((1, 1, -1, 4, 64), whole: true)"),
        (
            "reshape(%0) shape=[1, 1, 1, 1, N, 4, 8, 8] : f32[1, 1, 1, 1, N, 4, 8, 8]",
            "image |> reshape((1, 1, 1, 1, -1, 4, 8, 8), whole: true)"
        ),
    ]) func reshapesSayNothingOfTheBatch(node: String, expected: String) throws {
        let written = try check(try graph(["%1 = \(node)"], ["y = %1"]))
        #expect(written.text.contains("output y = \(expected)\n"), "\(written.text)")
    }

    @Test func reshapesOfSizesComeBack() throws {
        for node in [
            "reshape(%0) extents=[N, 4, H * W] whole=true : f32[N, 4, H * W]", "reshape(%0) shape=[4 * N, H, W] : f32[4 * N, H, W]",
            "reshape(%0) shape=[4 * W * N, H] : f32[4 * N * W, H]",
        ] {
            try check(
                try Graph(
                    reading: "graph g {\n  %0 = input image : f32[N, 4, H, W]\n  %1 = \(node)\n  output y = %1\n}", catalog: .standard))
        }
    }

    /// A view with extents of 1 in front is left out where the language puts it in, and said where one use needs it.
    @Test func viewsAreSaidWhereTheyAreNotImplied() throws {
        let vector = "%1 = weight w fan_in_uniform : f32[4, 1, 1]"
        let view = "%2 = reshape(%1) shape=[1, 4, 1, 1] : f32[1, 4, 1, 1]"
        let sum = "%3 = add(%0, %2) : f32[N, 4, 8, 8]"
        let implied = try check(try graph([vector, view, sum], ["y = %3"]))
        #expect(!implied.text.contains("reshape"), "\(implied.text)")
        for other in ["sum(%2) axes=[1] : f32[1, 1, 1]", "reshape(%2) shape=[1, 1, 4, 1, 1] : f32[1, 1, 4, 1, 1]"] {
            let said = try check(try graph([vector, view, sum, "%4 = \(other)"], ["y = %3", "z = %4"]))
            #expect(said.text.contains("reshape((1, 4, 1, 1), whole: true)"), "\(said.text)")
        }
        try check(try graph(["%1 = tensor [1, 2] : f32[2, 1]", "%2 = reshape(%1) shape=[1, 2, 1] : f32[1, 2, 1]"], ["y = %2", "z = %0"]))
    }

    /// What is said of a network may come from foreign files; nothing of it leaves the comment, in any reader's eyes.
    @Test func documentationStaysInItsComments() throws {
        let ends = ["\n", "\r\n", "\r", "\u{B}", "\u{C}", "\u{85}", "\u{2028}", "\u{2029}", "\n\r", "\r\n\r\n"]
        let graph = try graph(["%1 = map(%0) function=relu(x) = max(x, 0) : f32[N, 4, 8, 8]"], ["y = %1"])
        for end in ends {
            let documentation = "First\u{7}.\u{1B}[1m\(end)network evil { }\u{202E}\u{0}\(end)\tLast"
            let written = try SourceWriter.write(
                graph, documentation: documentation, interfaceDocumentation: ["image": documentation, "y": documentation])
            #expect(written.differences(from: graph).isEmpty, "\(written.text)")
            let lines = written.text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            #expect(lines.count == written.text.utf8.count { $0 == 10 } + 1, "a line ends elsewhere in \(written.text.debugDescription)")
            #expect(lines.count { $0.contains("evil") } == 3)
            #expect(lines.allSatisfy { !$0.contains("evil") || $0.drop { $0 == " " } == "/// network evil { }" }, "\(written.text)")
            #expect(!written.text.unicodeScalars.contains { $0 != "\n" && $0.properties.generalCategory == .control })
            #expect(written.text.contains("/// First.[1m\n") && written.text.contains("///  Last\n"), "\(written.text)")
            let program = Program.load(path: "g.braid", text: written.text) { _ in nil }
            #expect(program.networks.map(\.name.text) == ["g"])
        }
    }

    // MARK: - What cannot be written

    @Test func refusalsNameTheNode() throws {
        let cases: [(title: String, body: String)] = [
            ("an internal operator", "%1 = detach(%0) : f32[N, 4, 8, 8]\n  %2 = broadcast(%1) shape=[N, 4, 8, 8] : f32[N, 4, 8, 8]"),
            ("an infinite number", "%1 = inf : f32[]\n  %2 = maximum(%0, %1) : f32[N, 4, 8, 8]"),
            ("an infinite value", "%1 = tensor [1, inf, 2, 3] : f32[4]\n  %2 = multiply(%0, %1) : f32[N, 4, 8, 8]"),
            ("a tensor of no axis", "%1 = tensor [2] : f32[]\n  %2 = multiply(%0, %1) : f32[N, 4, 8, 8]"),
            ("an infinite formula", "%1 = map(%0) function=f(x) = max(x, inf) : f32[N, 4, 8, 8]"),
            ("a position", "%1 = map(%0) function=f(x) = x + @1 : f32[N, 4, 8, 8]"),
            ("a number in a formula", "%1 = map(%0) function=f(x) = x + (1 + 2) : f32[N, 4, 8, 8]"),
            ("a needless part", "%1 = map(%0) function=f(x) = x * 1 : f32[N, 4, 8, 8]"),
            ("a division by zero", "%1 = map(%0) function=f(x) = x / 0 : f32[N, 4, 8, 8]"),
            (
                "a long formula",
                "%1 = map(%0) function=f(x) = \([String](repeating: "x", count: 300).joined(separator: " + ")) : f32[N, 4, 8, 8]"
            ),
            ("a layout", "%1 = map(%0) function=relu(x) = max(x, 0) : f32[N, 4, 8, 8] blocked(1:16) group 0"),
            ("an output that is no number", "%1 = inf : f32[]"),
            (
                "a size of the batch",
                "%1 = reshape(%0) extents=[1, -1, 4, 64] whole=true : f32[1, N, 4, 64]\n  "
                    + "%2 = expand(%1) extents=[N, 4, 64] : f32[1, N, 4, 64]"
            ),
            (
                "behind a layer",
                "%1 = weight a.conv.weight fan_in_uniform : f32[4, 4, 1, 1]\n  "
                    + "%2 = conv(%0, %1) channels=4 kernel=(1, 1) bias=false : f32[N, 4, 8, 8]  # a.conv\n  "
                    + "%3 = map(%2) function=f(x) = x + 2 : f32[N, 4, 8, 8]\n  %4 = inf : f32[]\n  %5 = maximum(%3, %4) : f32[N, 4, 8, 8]"
            ),
        ]
        var texts: [String] = []
        for (title, body) in cases {
            let last = body.split(separator: "\n").last.map { $0.split(separator: "=")[0].filter { $0 != " " } } ?? "%0"
            let text = "graph g {\n  %0 = input image : f32[N, 4, 8, 8]\n  \(body)\n  output y = \(last)\n}"
            texts.append("# \(title)\n" + Self.refusal(text))
        }
        let update =
            "graph g {\n  %0 = input image : f32[N, 4]\n  %1 = state u zeros : f32[4]\n  %2 = add(%1, %1) : f32[4]\n  output y = %0\n"
            + "  update u = %2\n}"
        texts.append("# a training step\n" + Self.refusal(update))
        texts.append("# no input\n" + Self.refusal("graph g {\n  %0 = weight w zeros : f32[4]\n  output y = %0\n}"))
        texts.append("# no output\n" + Self.refusal("graph g {\n  %0 = input x : f32[N, 4]\n}"))
        try Golden.check(texts.joined(separator: "\n"), Self.expected("refusals"))
    }

    /// Large tensors are refused, or stand in files.
    @Test func largeTensorsStandInFiles() throws {
        let values = ConstantTensor((0..<120_000).map { Float($0 % 1000) / 8 })
        let builder = GraphBuilder(name: "g")
        let input = builder.input("x", .f32(.symbol("N"), 120_000))
        let table = builder.tensor(values, [1, 120_000])
        builder.output("y", builder.apply(.multiply, builder.apply(.add, input, table), table))
        let graph = builder.finish()
        #expect(throws: WritingError.self) { try SourceWriter.write(graph) }
        let written = try SourceWriter.write(graph, arrays: "table-of_g")
        let file = try #require(written.files.first)
        #expect(file.path == "table-of_g.1.npy")
        #expect(written.files.count == 1 && file.extents == [1, 120_000] && file.values == values.values)
        #expect(written.differences(from: graph) == [])
    }

    /// Each list that a value is alone in is one more to be read.
    @Test func listsCountAsValuesDo() throws {
        let builder = GraphBuilder(name: "g")
        let input = builder.input("x", .f32(.symbol("N"), 65_536, 1))
        let table = builder.tensor(ConstantTensor((0..<65_536).map { Float($0) }), [1, 65_536, 1])
        builder.output("y", builder.apply(.add, input, table))
        #expect(throws: WritingError.self) { try SourceWriter.write(builder.finish()) }
    }

    /// As many as a transformer has matrices, of which none is a parameter.
    @Test func manyLargeTensorsComeBack() throws {
        let builder = GraphBuilder(name: "g")
        var value = builder.input("x", .f32(.symbol("N"), 120_000))
        for index in 0..<48 {
            let table = builder.tensor(ConstantTensor((0..<120_000).map { Float(($0 + index) % 997) }), [1, 120_000])
            value = builder.apply(.add, value, table)
        }
        builder.output("y", value)
        let graph = builder.finish()
        let written = try SourceWriter.write(graph, arrays: "m")
        #expect(written.files.count == 48)
        #expect(written.differences(from: graph) == [])
    }

    /// Numbers that are whole, and no integers that a parameter takes.
    @Test(arguments: [2_147_483_647, 2_147_483_648, -140_737_488_355_328, 999_999_999_999_999, 1e15, -1e30]) func largeNumbersComeBack(
        number: Double
    ) throws {
        let builder = GraphBuilder(name: "g")
        let input = builder.input("x", .f32(.symbol("N"), 3, 4, 4))
        let padded = builder.apply(.pad, input, attributes: ["pad": .integers([1]), "value": .number(number)])
        builder.output("y", builder.map("shifted", [("x", padded)], .argument(0) + .constant(number)))
        builder.output("z", builder.apply(.add, input, builder.constant(number)))
        try check(builder.finish())
        // Written by people, too.
        let text = "network g {\n    input x: f32[N, 3, 4, 4]\n    output y = x |> pad(1, value: 140737488355328)\n}\n"
        let graph = try #require(Program.load(path: "g.braid", text: text) { _ in nil }.elaborate().network).graph
        #expect(graph.nodes.contains { $0.attributes["value"] == .number(0x1p47) })
    }

    /// Tensors that a text has room for one by one are too many together.
    @Test(arguments: [(3, 40_000), (200, 1000)]) func tensorsCountTogether(tensors: Int, size: Int) throws {
        let builder = GraphBuilder(name: "g")
        var value = builder.input("x", .f32(.symbol("N"), .fixed(size)))
        for index in 0..<tensors {
            let table = builder.tensor(ConstantTensor((0..<size).map { Float(($0 + index) % 997) }), [1, .fixed(size)])
            value = builder.apply(.add, value, table)
        }
        builder.output("y", value)
        let graph = builder.finish()
        #expect(throws: WritingError.self) { try SourceWriter.write(graph) }
        let written = try SourceWriter.write(graph, arrays: "m")
        #expect(!written.files.isEmpty && written.differences(from: graph) == [])
    }

    /// Constants of some rows beside other operands: a list alone would be as many operands as it has rows.
    @Test func constantsAmongSeveralOperandsKeepTheirShape() throws {
        for shape in [[2, 1, 3], [2, 4, 3], [1, 1, 1]] {
            let count = shape.reduce(1, *)
            for values in [[Float](repeating: 0, count: count), (0..<count).map { Float($0) / 4 }] {
                let builder = GraphBuilder(name: "g")
                let image = builder.input("x", .f32(.fixed(shape[0]), 4, .fixed(shape[2])))
                let table = builder.tensor(ConstantTensor(values), Shape(shape))
                builder.output("joined", builder.apply(.concat, image, table, attributes: ["axis": .integer(1)]))
                builder.output("less", builder.apply(.minimum, image, builder.tensor(ConstantTensor([0.5]), [1])))
                try check(builder.finish())
            }
        }
    }

    /// A text that is read otherwise than it was meant is told from one that gives an equal graph.
    @Test func lostAndRefusedTextsAreFound() throws {
        let builder = GraphBuilder(name: "g")
        let input = builder.input("x", .f32(.symbol("N"), 3, 8, 8))
        builder.output("y", builder.apply(.softmax, builder.apply(.add, input, builder.constant(0.25))))
        let graph = builder.finish()
        let written = try SourceWriter.write(graph)
        #expect(written.differences(from: graph) == [])
        func differences(_ text: String, _ other: String) -> [String] {
            var changed = written
            changed.text = written.text.replacing(text, with: other)
            #expect(changed.text != written.text, "\(written.text)")
            return changed.differences(from: graph)
        }
        #expect(differences("0.25", "0.5").contains("lost: constant 0.25 : f32[]"), "\(differences("0.25", "0.5"))")
        #expect(differences("softmax", "log_softmax").contains { $0.hasPrefix("new: log_softmax") })
        #expect(differences("output y", "output z") == ["the outputs differ"])
        #expect(differences("softmax", "hardmax").first?.contains("`hardmax`") == true, "\(differences("softmax", "hardmax"))")
    }

    private static func refusal(_ text: String) -> String {
        do {
            let written = try SourceWriter.write(try Graph(reading: text, catalog: .standard))
            return written.text
        } catch let error as WritingError {
            return DiagnosticRenderer(SourceMap()).render([error.diagnostic])
        } catch {
            return "\(error)\n"
        }
    }

    /// A graph holds the names of classes, a source the file that has them: where it was, only its author knows.
    @Test func namedClassesLeaveAComment() throws {
        for names in [["cat"], ["cat", "dog\r\nnetwork evil {"]] {
            let builder = GraphBuilder(name: "g")
            let input = builder.input("x", .f32(.symbol("N"), .fixed(names.count), 2, 2))
            builder.output("y", builder.apply(.flatten, input))
            builder.output("x2", input)
            builder.setClassLabels(names, of: "x2")
            let text = try check(builder.finish()).text
            #expect(text.contains(names.count == 1 ? "# The class has a name, which" : "# The 2 classes have names, which"), "\(text)")
            #expect(!text.contains("evil"))
        }
    }

    // MARK: - Hostile graphs

    private func graph(_ lines: [String], _ outputs: [String]) throws -> Graph {
        let text =
            "graph g {\n  %0 = input image : f32[N, 4, 8, 8]\n" + lines.map { "  \($0)\n" }.joined()
            + outputs.map { "  output \($0)\n" }.joined() + "}"
        return try Graph(reading: text, catalog: .standard)
    }

    @Test(.timeLimit(.minutes(1))) func longGraphsAreWritten() throws {
        let type = "f32[N, 4, 8, 8]"
        let count = 5000
        let chain = (1...count).map { "%\($0) = map(%\($0 - 1)) function=relu(x) = max(x, 0) : \(type)" }
        let sums = (1...count).map { "%\($0) = add(%\($0 - 1), %\(max(0, $0 - 2))) : \(type)  # a.b\($0 % 7).c\($0)" }
        for lines in [chain, sums] {
            let written = try SourceWriter.write(try graph(lines, ["y = %\(count)"]))
            #expect(written.text.utf8.count > count)
        }
    }

    /// Labels that cross each other, so that what stands under one path is no part of its own.
    @Test(arguments: 0..<12) func anyLabelsComeBack(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        var lines: [String] = []
        var known: Set<String> = []
        for index in 1...60 {
            let path = (0..<Int.random(in: 0...3, using: &random)).map { _ in ["a", "b", "c1", "c2"].randomElement(using: &random)! + "." }
                .joined()
            let (x, y) = (
                Int.random(in: max(0, index - 6)..<index, using: &random), Int.random(in: max(0, index - 9)..<index, using: &random)
            )
            let body = Bool.random(using: &random) ? "add(%\(x), %\(y))" : "avg_pool(%\(x)) kernel=(3, 3) stride=[1] pad=[\(index % 2)]"
            let line = index % 2 == 0 || body.hasPrefix("add") ? body : "map(%\(x)) function=f(x) = x * \(index % 3 + 2)"
            let node = line.replacingOccurrences(of: "pad=[0]", with: "pad=[1]")
            lines.append("%\(index) = \(node) : f32[N, 4, 8, 8]" + (known.insert(node).inserted ? "  # \(path)s\(index % 5)" : ""))
        }
        try check(try graph(lines, ["y = %60", "z = %30"]).withoutDuplicates)
    }

    /// Layers that are used several times, mostly all of a path together, and with what has no weights between them.
    @Test(arguments: 0..<12) func sharedParametersComeBack(seed: Int) throws {
        var random = SeededGenerator(seed: seed)
        let type = "f32[N, 4, 8, 8]"
        let names = (0..<5).map { index in
            "t." + (0..<Int.random(in: 0...2, using: &random)).map { _ in ["a.", "b.", "c."].randomElement(using: &random)! }.joined()
                + "conv\(index)"
        }
        var lines = names.enumerated().map { "%\($0 + 1) = weight \($1).weight fan_in_uniform : f32[4, 4, 1, 1]  # \($1)" }
        func append(_ node: String, _ label: String) -> Int {
            lines.append("%\(lines.count + 1) = \(node) : \(type)" + (label.isEmpty ? "" : "  # \(label)"))
            return lines.count
        }
        var ends = [0]
        for _ in 0..<3 {
            var value = ends.randomElement(using: &random)!
            for (index, name) in names.enumerated() where Int.random(in: 0..<12, using: &random) > 0 {
                value = append("conv(%\(value), %\(index + 1)) channels=4 kernel=(1, 1) bias=false", name)
                let path = name.split(separator: ".").dropLast().joined(separator: ".")
                let isActivated = seed % 2 == 0 ? index % 2 == 0 : Bool.random(using: &random)
                if isActivated { value = append("map(%\(value)) function=relu(x) = max(x, 0)", path + ".relu") }
            }
            ends.append(value)
        }
        let sum = ends.dropFirst().reduce(0) { append("add(%\($0), %\($1))", "") }
        try check(try graph(lines, ["y = %\(sum)"]).withoutDuplicates)
    }

    @Test func resnet50IsShort() throws {
        let text = try String(contentsOf: Self.expected("resnet50"), encoding: .utf8)
        #expect(text.split(separator: "\n").count < 60)
    }
}

extension Graph {
    /// What the language makes: a node only once, and none that nothing reads.
    fileprivate var withoutDuplicates: Graph { rebuilt { _, _, _, _ in nil } }
}

extension DefinitionSyntax {
    fileprivate func isNetwork(_ name: String) -> Bool { if case .network(let network) = self { network.name.text == name } else { false } }
}
