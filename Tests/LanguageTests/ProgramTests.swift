import Language
import Source
import Testing

/// Elaborates a network of `text` and compares the messages with `expected`.
private func check(
    _ text: String, network: String? = nil, definitions: [String: String] = [:], files: [String: String] = [:], expected: [String],
    sourceLocation: Testing.SourceLocation = #_sourceLocation
) {
    let program = Program.load(path: "graphs/main.braid", text: text) { files[$0] }
    let (elaborated, diagnostics) = program.elaborate(network, definitions: definitions)
    let messages = diagnostics.map { diagnostic in
        let place = program.map.location(of: diagnostic.primary.span).map { "\($0): " } ?? ""
        return place + diagnostic.message + (diagnostic.help.map { "; " + $0 } ?? "")
    }
    #expect(messages == expected, sourceLocation: sourceLocation)
    #expect((elaborated == nil) == diagnostics.hasErrors, sourceLocation: sourceLocation)
}

@Suite struct ProgramTests {
    private static let one = "network one(width) { input x: f32[N, width]; output y = x }\n"
    private static let two = "network two { input x: f32[N, 2]; output y = x }\n"

    @Test func choosesANetwork() {
        check("", expected: ["there is no network in this file"])
        check(Self.two, expected: [])
        check(Self.one + Self.two, expected: ["this file has 2 networks; choose one of `one`, `two`"])
        check(Self.one + Self.two, network: "two", expected: [])
        check(Self.one + Self.two, network: "tow", expected: ["no network is called `tow`; did you mean `two`?"])
    }

    @Test func takesDefinitions() {
        check(Self.one, definitions: ["width": "3"], expected: [])
        check(Self.one, expected: ["graphs/main.braid:1:13: `one` needs `width`; give it with `-D width=…`, or a default here"])
        check(
            Self.one, definitions: ["widht": "3", "width": "1"], expected: ["`one` has no parameter `widht`; did you mean `width`?"])
        check(
            Self.one, definitions: ["width": "wide"], expected: ["graphs/main.braid:1:38: an extent must be an integer, not a text"])
    }

    @Test func imports() {
        let layers = "import \"../graphs/main.braid\"\nimport \"more/relus.braid\"\nblock layer(x) { x |> relus }\n"
        let relus = "import \"../layers.braid\"\nblock relus(x) { x |> relu |> relu }\n"
        let main = "import \"./layers.braid\"\nimport \"layers.braid\"\nnetwork n { input x: f32[N]; output y = layer(x) }\n"
        check(main, files: ["graphs/layers.braid": layers, "graphs/more/relus.braid": relus], expected: [])
        check(
            main, files: ["graphs/layers.braid": layers],
            expected: [
                "graphs/layers.braid:2:8: cannot read `more/relus.braid`; paths are relative to the importing file, `graphs/layers.braid`"
            ])
    }

    @Test func warnsOfWhatIsNotUsed() {
        check(
            "network n { input x: f32[N]; let a = x; 3; output y = x }",
            expected: [
                "graphs/main.braid:1:34: `a` is never used; remove it, or begin its name with `_`",
                "graphs/main.braid:1:41: this value is not used; bind it with `let name = …`",
            ])
    }

    @Test func documentsTheInterface() throws {
        let text = "/// All of it.\nnetwork n {\n/// In.\ninput x: f32[N]\n/// Out.\noutput y = x\n}"
        let network = try #require(Program.load(path: "n", text: text) { _ in nil }.elaborate().network)
        #expect(network.documentation == "All of it.")
        #expect(network.interfaceDocumentation == ["x": "In.", "y": "Out."])
    }
}

@Suite struct PrintingTests {
    /// What a program prints comes in the order in which it runs, once for a network that is trained too, and also where it is wrong.
    @Test func printsInOrder() {
        let lines = PrintedLines()
        let text = """
            block twice(x) { x |> print("in", [1, 2.5]) |> relu |> print }
            network first(width = 3) {
                input image: f32[N, 3, 8, 8]
                print("width {width}")
                if width > 2 { print(width, none, "a", relu) }
                output logits = image |> twice |> flatten |> fc: linear(2)
            }
            training of first(width: 1) {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(rate: 0.1)
            }
            """
        let program = Program.load(path: "n.braid", text: text, print: { lines.append($0) }) { _ in nil }
        #expect(lines.all == [])
        #expect(program.elaborate().network != nil)
        #expect(lines.all == ["width 3", "3 none a relu", "f32[N, 3, 8, 8] in [1, 2.5]", "f32[N, 3, 8, 8]"])
    }

    private final class PrintedLines: @unchecked Sendable {
        private(set) var all: [String] = []
        func append(_ line: String) { all.append(line) }
    }
}
