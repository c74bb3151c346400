import Foundation
import Graph
import Language
import Recipes
import Source
import TestSupport
import Testing

/// `docs/language.md`: its examples run, its messages are what the compiler prints, its tables are those of the language.
/// (The README and the tour, whose examples are commands, are run by `TourTests` of `CommandTests`.)
@Suite struct DocumentationTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/language.md").standardized

    private func diagnostics(of text: String) -> (all: [Diagnostic], rendered: String) {
        let program = Program.load(path: "example.braid", text: text) { path in
            try? String(contentsOf: Self.page.deletingLastPathComponent().appending(path: path), encoding: .utf8)
        }
        let found = program.check()
        return (found, DiagnosticRenderer(program.map).render(found))
    }

    @Test func examplesAreRight() throws {
        let examples = FencedBlock.all(in: try FencedBlock.lines(of: Self.page))
        let whole = examples.filter { $0.kind == "braid" }
        let bodies = examples.filter { $0.kind == "braid body" }
        #expect(whole.count >= 7 && bodies.count >= 4)
        for example in whole {
            let (found, rendered) = diagnostics(of: example.text)
            #expect(found.isEmpty, "line \(example.lines.lowerBound): \(rendered)")
        }
        for example in bodies {
            let network = "network example {\n    input image: f32[N, 8, 28, 28]\n\(example.text)}\n"
            let (found, rendered) = diagnostics(of: network)
            #expect(found.isEmpty, "line \(example.lines.lowerBound): \(rendered)")
        }
    }

    /// The tutorial's steps are networks, as they are numbered; that they are right is looked at with all examples.
    @Test func thereAreTenSteps() throws {
        let lines = try FencedBlock.lines(of: Self.page)
        let start = try #require(lines.firstIndex(of: "## Ten steps"))
        let end = try #require(lines[(start + 1)...].firstIndex { $0.hasPrefix("## ") })
        let steps = lines[start..<end].compactMap { line in line.hasPrefix("**") ? Int(line.dropFirst(2).prefix { $0.isNumber }) : nil }
        #expect(steps == Array(1...10))
        let examples = FencedBlock.all(in: lines).filter { $0.kind == "braid" && (start..<end).contains($0.lines.lowerBound) }
        #expect(examples.count == 10)
        for example in examples {
            let program = Program.load(path: "step.braid", text: example.text) { _ in nil }
            #expect(program.elaborate().network?.graph.outputs.isEmpty == false)
        }
    }

    @Test func messagesAndTablesAreFresh() throws {
        var lines = try FencedBlock.lines(of: Self.page)
        let examples = FencedBlock.all(in: lines)
        for (example, answer) in zip(examples, examples.dropFirst()).reversed() where example.kind == "braid fails" {
            #expect(answer.kind == "text")
            let (found, rendered) = diagnostics(of: example.text)
            #expect(!found.isEmpty)
            lines.replaceSubrange(
                answer.lines, with: rendered.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init))
        }
        let grammar = Grammar.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
        try replace("grammar", ["```ebnf"] + grammar + ["```"], in: &lines)
        try replace("activations", ActivationReference.table, in: &lines)
        let settings = PicturePreparation.Setting.allCases.map { "| `\($0.rawValue)` | \($0.summary) |" }
        try replace("preparation", ["| setting | meaning |", "|---|---|"] + settings, in: &lines)
        let functions =
            Builtin.all.map { "| `\($0.name)(\($0.parameters.joined(separator: ", ")))` | \($0.summary) |" }
            + LanguageFunction.all.map { "| `\($0.name)(\($0.parameters.joined(separator: ", ")))` | \($0.summary) |" }
        try replace("functions", ["| function | meaning |", "|---|---|"] + functions, in: &lines)
        try replace("optimizers", Optimizer.table, in: &lines)
        try replace("schedules", Schedule.table, in: &lines)
        try replace("initializers", InitializerForm.table, in: &lines)
        try replace("clips", Clip.table, in: &lines)
        try replace("averages", WeightAverage.table, in: &lines)
        try replace("augmentations", Augmentation.table, in: &lines)
        try Golden.check(lines.joined(separator: "\n"), Self.page)
    }

    private func replace(_ name: String, _ table: [String], in lines: inout [String]) throws {
        let start = try #require(lines.firstIndex(of: "<!-- generated: \(name) -->"))
        let end = try #require(lines[start...].firstIndex(of: "<!-- end -->"))
        lines.replaceSubrange((start + 1)..<end, with: table)
    }
}
