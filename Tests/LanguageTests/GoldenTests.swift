import Graph
import Language
import Source
import Testing

@Suite struct GoldenTests {
    @Test(arguments: GoldenCase.all)
    func printsAsExpected(_ golden: GoldenCase) throws {
        var map = SourceMap()
        let source = SourceFile(name: golden.name + ".braid", text: golden.text)
        let file = map.add(source)
        let parsed = Parser.parse(source, as: file)
        let reports = DiagnosticRenderer(map).render(parsed.diagnostics)
        let program = Program.load(path: golden.name + ".braid", text: golden.text) { folder in
            GoldenCase.files(in: folder)
        } readTensor: { (path) throws(TensorFileError) in
            try GoldenCase.tensor(path)
        } readFile: { file in
            GoldenCase.imported(file)
        }
        let words = golden.command.split(separator: " ").map(String.init)
        switch words[0] {
        case "tokens": try golden.check(parsed.lexed.printed(map) + reports)
        case "syntax": try golden.check(parsed.syntax.printed() + reports)
        case "check":
            let diagnostics = program.check()
            #expect(!diagnostics.isEmpty)
            try golden.check(DiagnosticRenderer(program.map).render(diagnostics))
        case "graph", "training":
            let (network, diagnostics) = program.elaborate()
            let graph = golden.command == "graph" ? network?.graph : network?.training?.graph
            if let graph {
                #expect(graph.violations() == [])
                let reread = try Graph(reading: graph.text(), catalog: program.catalog)
                #expect(reread.text() == graph.text())
            }
            let recipe = golden.command == "training" ? network?.training?.recipe.printed() : nil
            try golden.check((graph?.text() ?? "") + (recipe ?? "") + DiagnosticRenderer(program.map).render(diagnostics))
        case "elaborate":
            // `# test: elaborate NAME parameter=value …`
            let pairs = words.dropFirst(2).compactMap { word in
                word.firstIndex(of: "=").map { (String(word[..<$0]), String(word[word.index(after: $0)...])) }
            }
            let (_, diagnostics) = program.elaborate(words.dropFirst().first, definitions: Dictionary(uniqueKeysWithValues: pairs))
            #expect(diagnostics.hasErrors)
            try golden.check(DiagnosticRenderer(program.map).render(diagnostics))
        default: Issue.record("\(golden.name): no test is called '\(golden.command)'")
        }
    }
}
