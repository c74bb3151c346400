import Foreign
import Foundation
import Language
import Source
import TestSupport
import Testing

/// The C files under `Cases`, as a network that calls their functions sees them. Without libclang they are skipped.
private struct CCase: CustomTestStringConvertible, Sendable {
    let name: String
    var testDescription: String { name }

    static let folder = Golden.folder("Cases", beside: #filePath)
    static let all = Golden.files(in: folder, suffix: ".c").map { CCase(name: $0.deletingPathExtension().lastPathComponent) }

    static func read(_ path: String) -> String? { try? String(contentsOf: folder.appending(path: path), encoding: .utf8) }
}

/// Without the library, the tests that need it say that they are skipped.
let hasClang = CLoader().isAvailable
let skipped: Comment = "libclang is not installed: apt-get install libclang-19-dev"

func load(_ text: String, _ files: [String: String]) -> Program {
    Program.load(path: "main.braid", text: text, foreign: CLoader()) { files[$0] }
}

@Suite struct GoldenTests {
    /// What is wrong with each file, and the formulas of what is not.
    @Test(.enabled(if: hasClang, skipped), arguments: CCase.all) fileprivate func printsAsExpected(_ golden: CCase) throws {
        let source = "extern \"\(golden.name).c\"\n"
        let program = Program.load(path: "main.braid", text: source, foreign: CLoader(), readFile: CCase.read)
        var text = DiagnosticRenderer(program.map).render(program.check())
        for name in program.callables {
            guard let place = program.definitionPlaces[name], !place.isNone, let described = program.describe(callable: name) else {
                continue
            }
            let elements = described.parameters.filter { $0.defaultValue == nil }.map(\.name)
            let inputs = elements.map { "    input \($0): f32[N, 8]\n" }.joined()
            let network = source + "network n {\n\(inputs)    output out = \(name)(\(elements.joined(separator: ", ")))\n}\n"
            let calling = Program.load(path: "main.braid", text: network, foreign: CLoader(), readFile: CCase.read)
            let (elaborated, diagnostics) = calling.elaborate()
            let graph = try #require(elaborated?.graph, "\(DiagnosticRenderer(calling.map).render(diagnostics))")
            text += described.signature + "\n"
            if !described.documentation.isEmpty { text += described.documentation + "\n" }
            for parameter in described.parameters where !parameter.summary.isEmpty { text += "- \(parameter.name): \(parameter.summary)\n" }
            text += graph.text().split(separator: "\n").filter { $0.contains("function") }.map { String($0) + "\n\n" }.joined()
        }
        try Golden.check(text, CCase.folder.appending(path: golden.name + ".expected"))
    }
}
