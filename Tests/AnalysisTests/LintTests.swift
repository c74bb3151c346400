import Compiler
import Foundation
import Graph
import Language
import Operators
import Source
import TestSupport
import Testing

@testable import Analysis

@Suite struct LintTests {
    private static let faults = Golden.folder("Faults", beside: #filePath)

    private static let names: [String] = {
        let files = (try? FileManager.default.contentsOfDirectory(atPath: faults.path)) ?? []
        return files.filter { $0.hasSuffix(".braid") }.map { String($0.dropLast(6)) }.sorted()
    }()

    /// The findings of a file as the command prints them.
    private static func text(_ path: String, as name: String) throws -> String {
        var result = ""
        let source = try String(contentsOfFile: path, encoding: .utf8)
        let program = try Network.program(path)
        #expect(!program.check().hasErrors, "\(name)")
        for network in program.networks where network.parameters.allSatisfy({ $0.defaultValue != nil }) {
            let network = try Network.load(path, name: network.name.text)
            for finding in try network.lintSubject().findings() {
                let place = network.sources.location(of: finding.diagnostic.primary.span)
                let line = place.map { source.split(separator: "\n", omittingEmptySubsequences: false)[$0.line - 1] }
                result +=
                    "\(finding.rule) at line \(place?.line ?? 0):\(line.map { " " + $0.trimmingCharacters(in: .whitespaces) } ?? "")\n"
                result +=
                    DiagnosticRenderer(network.sources, usesColor: false).render([finding.diagnostic])
                    .replacing(path, with: "\(name).braid") + "\n"
            }
        }
        return result
    }

    /// Each fault is found at its line, and told in full.
    @Test(arguments: names) func golden(name: String) throws {
        let text = try Self.text(Self.faults.appending(path: "\(name).braid").path, as: name)
        try Golden.check(text.isEmpty ? "nothing found\n" : text, Self.faults.appending(path: "\(name).expected"))
    }

    /// What is too large, or of a later stage, is refused with the reason.
    @Test func saysWhyNothingIsLookedAt() throws {
        func message(_ text: String) throws -> String? {
            let network = try Network.read(text, path: "large.braid")
            let error = #expect(throws: CompilerError.self) { _ = try network.lintSubject() }
            return error?.diagnostics.first?.message
        }
        let large = try message("network large {\n    input x: f32[N, 1, 100000]\n    output y = x |> relu\n}\n")
        #expect(large == "'large' is too large to be looked at: an axis has 100000 positions, more than 65536")
        let later = try message(
            "graph later {\n  %0 = input x : f32[2, 3] plain\n  %1 = add(%0, %0) : f32[2, 3] plain group 0\n  output y = %1\n}\n")
        #expect(later == "'later' is a text of a later stage, of which rules know nothing")
    }

    /// Whatever stands behind a layer is looked at: functions that depend on positions, too.
    @Test(arguments: OperatorCatalog.standard.operators) func allOperatorsAreLookedAt(_ operation: Operator) throws {
        for example in operation.examples where !example.signature.operands.isEmpty {
            let builder = GraphBuilder(name: "one")
            var operands = example.signature.operands.enumerated().map { builder.input("x\($0)", $1) }
            let type = example.signature.operands[0]
            if type.element == .f32, type.rank > 1, let channels = type.shape[1].value {
                switch type.rank {
                case 2: operands[0] = try builder.appendLayer("before", .linear, [operands[0]], ["features": .integer(channels)])
                case 3...5:
                    operands[0] = try builder.appendLayer(
                        "before", .convolution, [operands[0]], ["channels": .integer(channels), "kernel": .integer(1)])
                default: break
                }
            }
            let result = try builder.append(operation, operands, example.signature.attributes)
            builder.output("result", result)
            let subject = try LintSubject(builder.finish(), nil)
            _ = subject.findings()
            #expect(subject.activations.allSatisfy { $0.steepest.isFinite && $0.steepest >= 0 }, "\(operation.name), \(example.note)")
        }
    }

    /// All rules are seen at work.
    @Test func everyRuleHasACase() throws {
        var seen: Set<String> = []
        for name in Self.names {
            let text = try String(contentsOf: Self.faults.appending(path: "\(name).expected"), encoding: .utf8)
            for rule in LintRule.all where text.contains("\(rule.name) at line ") { seen.insert(rule.name) }
        }
        #expect(Set(LintRule.all.map(\.name)).subtracting(seen) == [])
        #expect(Self.names.count > 20)
    }

    /// `docs/lint.md` has a section for each rule, with its summary.
    @Test func everyRuleIsDocumented() throws {
        let page = try String(contentsOf: Golden.root.appending(path: "docs/lint.md"), encoding: .utf8)
        for rule in LintRule.all { #expect(page.contains("\n### `\(rule.name)`\n"), "\(rule.name)") }
    }

    /// What is said of the networks of the project, a line a finding.
    @Test func networksOfTheProject() throws {
        let graphs = Golden.root.appending(path: "graphs")
        let files = try FileManager.default.contentsOfDirectory(atPath: graphs.path).filter { $0.hasSuffix(".braid") }.sorted()
        var lines: [String] = []
        for file in files {
            let path = graphs.appending(path: file).path
            for network in try Network.program(path).networks where network.parameters.allSatisfy({ $0.defaultValue != nil }) {
                let network = try Network.load(path, name: network.name.text)
                let subject = try network.lintSubject()
                for (value, text) in subject.propagation.assumptions {
                    lines.append("\(file):\(network.name): assumed of \(subject.propagation.graph.name(value)): \(text)")
                }
                for finding in subject.findings() {
                    let line = network.sources.location(of: finding.diagnostic.primary.span)?.line ?? 0
                    let severity = finding.diagnostic.severity.rawValue
                    lines.append("\(file):\(network.name): \(severity) \(finding.rule) at line \(line): \(finding.diagnostic.message)")
                }
            }
        }
        try Golden.check(lines.joined(separator: "\n") + "\n", Self.faults.appending(path: "graphs.txt"))
    }
}
