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
        switch golden.command {
        case "tokens": try golden.check(parsed.lexed.printed(map) + reports)
        case "syntax": try golden.check(parsed.syntax.printed() + reports)
        default: Issue.record("\(golden.name): no test is called '\(golden.command)'")
        }
    }
}
