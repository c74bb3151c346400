import Foundation
import Graph
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// A graph under `Cases` whose first line, `# passes: NAME, NAME lanes=8 mode=training`, says what to run; the result lies beside it in a
/// `.expected` file.
private struct GoldenCase: Sendable, CustomTestStringConvertible {
    static let all = Golden.files(in: Golden.folder("Cases", beside: #filePath), suffix: ".graph").map(GoldenCase.init)

    let file: URL
    var testDescription: String { file.lastPathComponent }

    func run() throws -> String {
        let text = try String(contentsOf: file, encoding: .utf8)
        let head = text.prefix { $0 != "\n" }
        let words = head.split(whereSeparator: { " ,".contains($0) }).dropFirst(2)
        try #require(head.hasPrefix("# passes: ") && !words.isEmpty, "\(testDescription) does not begin with '# passes: NAME'")
        let options = words.filter { $0.contains("=") }
        func option(_ name: String) -> String? { options.first { $0.hasPrefix(name + "=") }.map { String($0.dropFirst(name.count + 1)) } }
        let mode = try #require(Mode(rawValue: option("mode") ?? "inference"))
        let lanes = try #require(Int(option("lanes") ?? "8"))
        // What the clauses of the graph say.
        // What the clauses of the graph say.
        let precision: Precision? = option("precision") == "file" ? nil : Precision(rawValue: option("precision") ?? "f32")
        #expect(precision != nil || option("precision") == "file")
        let context = PassContext(
            mode: mode, lanes: lanes, precision: precision,
            recipe: TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9, "nesterov": true, "weight_decay": 0.5])))
        let passes = try words.filter { !$0.contains("=") }.map { word in
            try #require(Pipeline.all.flatMap(\.passes).first { $0.name == word }, "no pass is called '\(word)'")
        }
        let graph = try Graph(reading: text, catalog: .standard)
        return try Pipeline(name: "case", passes: passes).run(graph, context).text()
    }
}

@Suite struct GoldenTests {
    @Test(arguments: GoldenCase.all) private func rewritesAsExpected(_ golden: GoldenCase) throws {
        let observed = try golden.run()
        #expect(try Graph(reading: observed, catalog: .standard).text() == observed)
        try Golden.check(observed, golden.file.deletingPathExtension().appendingPathExtension("expected"))
    }

    @Test func everyPassHasACase() throws {
        let heads = try GoldenCase.all.map { try String(contentsOf: $0.file, encoding: .utf8).prefix { $0 != "\n" } }
        for pass in Set(Pipeline.all.flatMap { $0.passes.map(\.name) }) {
            #expect(heads.contains { $0.contains(pass) }, "\(pass) has no golden case")
        }
    }
}
