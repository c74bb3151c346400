import Compiler
import Foundation
import Graph
import Language
import Source
import TestSupport
import Testing

@testable import Analysis

/// The lessons of `graphs/lessons` and their page: each is told of, its tables are those of the results, and `braid lint` says what it teaches.
@Suite struct LessonTests {
    private static let folder = Golden.root.appending(path: "graphs/lessons")
    private static let page = (try? String(contentsOf: Golden.root.appending(path: "docs/lessons.md"), encoding: .utf8)) ?? ""
    private static let names = Golden.files(in: folder, suffix: ".braid").map { $0.deletingPathExtension().lastPathComponent }

    private struct Entry: Decodable {
        struct Claim: Decodable {
            var text: String
            var seen: Bool
        }

        var columns: [String]?
        var rows: [[String]]?
        var claims: [Claim]?

        /// As `script/lessons` writes it into the page.
        var markdown: String {
            if let columns, let rows {
                func line(_ cells: [String]) -> String { "| \(cells.joined(separator: " | ")) |\n" }
                let marks = "|---|" + String(repeating: "--:|", count: columns.count - 1) + "\n"
                return line(columns) + marks + rows.map(line).joined()
            }
            return (claims ?? []).map { "- \($0.seen ? "seen" : "**not seen**"): \($0.text)\n" }.joined()
        }
    }

    private static func results() throws -> [String: Entry] {
        let data = try Data(contentsOf: Golden.root.appending(path: "docs/lessons/results.json"))
        return try JSONDecoder().decode([String: Entry].self, from: data)
    }

    /// The head of a file says the question and the command; its networks are those that the command names.
    @Test(arguments: names) func hasAHead(name: String) throws {
        let path = Self.folder.appending(path: "\(name).braid").path
        let head = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
            .prefix { $0.hasPrefix("#") }.map(String.init)
        #expect(head.first?.hasPrefix("# Lesson: ") == true && head.first?.hasSuffix("?") == true)
        #expect(head.contains { $0.hasPrefix("#     script/lessons \(name) ") }, "the command that runs all of it")
        let program = try Network.program(path)
        let commands = head.filter { $0.hasPrefix("#     braid ") }
        #expect(!commands.isEmpty)
        for command in commands {
            let word = try #require(command.split(separator: " ").first { $0.hasPrefix("graphs/") }, "\(command)")
            let parts = word.split(separator: ":")
            #expect(parts[0] == "graphs/lessons/\(name).braid")
            if parts.count == 2 { #expect(program.networks.contains { $0.name.text == parts[1] }, "\(command)") }
        }
    }

    @Test(arguments: names) func standsOnThePage(name: String) throws {
        #expect(Self.page.contains("[graphs/lessons/\(name).braid](../graphs/lessons/\(name).braid)"))
        #expect(Self.page.contains("<!-- measured: \(name)/claims -->\n"))
        for picture in Golden.files(in: Golden.root.appending(path: "docs/lessons"), suffix: ".svg").map(\.lastPathComponent)
        where picture.hasPrefix("\(name).") {
            #expect(Self.page.contains("](lessons/\(picture))"), "\(picture)")
        }
    }

    /// What stands between the markers of the page is what `docs/lessons/results.json` has.
    @Test func tablesAreThoseOfTheResults() throws {
        let results = try Self.results()
        var seen: Set<String> = []
        for part in Self.page.components(separatedBy: "<!-- measured: ").dropFirst() {
            let name = String(part.prefix { $0 != " " })
            let body = try #require(part.components(separatedBy: "<!-- end -->").first?.drop { $0 != "\n" }.dropFirst(), "\(name)")
            let entry = try #require(results[name], "no results of \(name)")
            #expect(String(body) == entry.markdown, "\(name)")
            seen.insert(name)
        }
        #expect(seen == Set(results.keys))
        #expect(Set(seen.map { String($0.prefix { $0 != "/" }) }) == Set(Self.names))
    }

    /// What `braid lint` says of the lessons, a line a finding.
    @Test func findings() throws {
        var lines: [String] = []
        for name in Self.names {
            let path = Self.folder.appending(path: "\(name).braid").path
            for network in try Network.program(path).networks {
                let network = try Network.load(path, name: network.name.text)
                for finding in try network.lintSubject().findings() {
                    lines.append(
                        "\(name):\(network.name): \(finding.diagnostic.severity.rawValue) \(finding.rule): \(finding.diagnostic.message)")
                }
            }
        }
        try Golden.check(lines.joined(separator: "\n") + "\n", Golden.folder("Faults", beside: #filePath).appending(path: "lessons.txt"))
        func rules(_ network: String) -> Set<String> {
            Set(lines.filter { $0.hasPrefix(network + ": ") }.map { String($0.split(separator: " ")[2].dropLast()) })
        }
        #expect(rules("vanishing_gradient:sigmoids").contains("vanishing_gradient"))
        for cure in ["relus", "leaky_relus", "gelus", "normalized", "shortcuts", "selus", "tanhs"] {
            #expect(!rules("vanishing_gradient:\(cure)").contains("vanishing_gradient"), "\(cure)")
        }
        #expect(rules("exploding_gradient:exploding").contains("exploding_gradient"))
        for cure in ["clipped", "adaptive", "normalized"] {
            #expect(!rules("exploding_gradient:\(cure)").contains("exploding_gradient"), "\(cure)")
        }
        #expect(
            rules("inception_reductions:naive").contains("costly_layer") && !rules("inception_reductions:reduced").contains("costly_layer"))
    }

    /// A row a layer; a shortcut's convolution is as deep as the first of the two that it leads around.
    @Test func gradientsOfLayersThatStandSideBySide() throws {
        let network = try Network.load(Self.folder.appending(path: "residual_depth.braid").path, name: "small_resnet34")
        let rows = try network.lintSubject().predictedGradients
        #expect(rows.map(\.depth).max() == 34 && rows.count == 34 + 3)
        let depths = Dictionary(uniqueKeysWithValues: rows.map { ($0.layer, $0.depth) })
        #expect(depths["conv1"] == 1 && depths["fc"] == 34)
        #expect(depths["layer2.0.downsample.0"] == depths["layer2.0.conv1"] && depths["layer2.0.conv2"] == 9)
        #expect(rows.allSatisfy { $0.gradient > 0 && $0.weight > 0 })
        // 8 x 9 weights of variance 2 / (8 * 9).
        #expect(abs((rows.first?.weight ?? 0) - 2.0.squareRoot()) < 1e-6)
    }
}
