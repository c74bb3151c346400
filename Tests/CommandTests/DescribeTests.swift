import Foundation
import TestSupport
import Testing

/// The networks that drawings are tested with.
private let networks = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "AnalysisTests/Drawings")

@Suite struct DescribeTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private func describe(_ name: String, _ arguments: String...) throws -> CommandResult {
        try workplace.run(["describe", networks.appending(path: "\(name).braid").path] + arguments)
    }

    @Test(arguments: [("residual", ["--depth", "2"], "describe-residual"), ("inception", [], "describe-inception")])
    func tables(network: String, arguments: [String], expected: String) throws {
        let result = try workplace.run(["describe", networks.appending(path: "\(network).braid").path] + arguments)
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        #expect(result.output.split(separator: "\n").allSatisfy { $0.count <= 120 })
        try Golden.check(result.output, Golden.folder("Cases/\(expected).expected", beside: #filePath))
    }

    @Test func foldsByItselfAndSaysHowNotTo() throws {
        let result = try describe("residual", "-D", "depths=170")
        #expect(result.output.contains("--depth 4 shows every layer") && result.output.split(separator: "\n").count < 80)
        let all = try describe("residual", "-D", "depths=170", "--depth", "4")
        #expect(all.output.split(separator: "\n").count > 3000 && !all.output.contains("--depth"))
    }

    @Test func blocksAndFieldsAsJSON() throws {
        let record = try describe("residual", "--json").json()
        let layers = try #require(record["layers"] as? [[String: Any]])
        let blocks = try #require(record["blocks"] as? [[String: Any]])
        #expect(blocks.map { $0["label"] as? String } == ["layer1", "layer2"])
        let inner = try #require(blocks[1]["blocks"] as? [[String: Any]])
        #expect(inner.map { $0["block"] as? String } == ["bottleneck", "bottleneck"])
        let first = try #require((inner[0]["layers"] as? [Int])?.first)
        #expect(layers[first]["label"] as? String == "layer2.0.conv1" && layers[first]["summary"] as? String == "conv 1x1, 128")
        let field = try #require(layers[0]["receptive_field"] as? [String: [Any]])
        #expect(field["size"] as? [Int] == [7, 7] && field["stride"] as? [Int] == [2, 2])
        let last = try #require(layers.last?["receptive_field"] as? [String: [Any]])
        #expect(last["size"]?.allSatisfy { $0 is NSNull } == true)
        // Every layer stands in one block, or in none.
        func listed(_ blocks: [[String: Any]]) -> [Int] {
            blocks.flatMap { ($0["layers"] as? [Int] ?? []) + listed($0["blocks"] as? [[String: Any]] ?? []) }
        }
        #expect(Set(listed(blocks)).count == listed(blocks).count && listed(blocks).count == 44)
    }

    /// What is rounded stands beside each layer, where something is.
    @Test func tablesSayWhatIsRounded() throws {
        let path = networks.appending(path: "residual.braid").path
        let narrow = try workplace.run("describe", path, "--precision", "bf16", "--depth", "3")
        #expect(narrow.status == 0 && narrow.errors.isEmpty, "\(narrow.errors)")
        try Golden.check(narrow.output, Golden.folder("Cases/describe-residual-bf16.expected", beside: #filePath))
        let plain = try workplace.run("describe", path, "--depth", "3")
        #expect(try workplace.run("describe", path, "--depth", "3", "--precision", "f32").output == plain.output)
        #expect(!plain.output.contains("stored") && !plain.output.contains("factors"))
        let record = try workplace.run("describe", path, "--precision", "bf16", "--json").json()
        let layers = try #require(record["layers"] as? [[String: Any]])
        let convolution = try #require(layers.first { $0["label"] as? String == "layer1.0.downsample.0" })
        #expect(record["precision"] as? String == "bf16" && convolution["factors"] as? String == "bf16")
        #expect(Set(layers.compactMap { $0["stored"] as? String }) == ["bf16", "f32"])
        let exact = try workplace.run("describe", path, "--json").json()
        #expect(exact["precision"] as? String == "f32")
        #expect((exact["layers"] as? [[String: Any]])?.contains { $0["stored"] != nil || $0["factors"] != nil } == false)
    }

    @Test func drawsToAFileOrToTheOutput() throws {
        let printed = try describe("two_sided", "--svg")
        #expect(printed.output.hasPrefix("<svg ") && printed.output.hasSuffix("</svg>\n"))
        let written = try describe("two_sided", "--svg", "-o", "drawing.svg")
        #expect(written.status == 0 && written.output.isEmpty)
        #expect(String(decoding: try workplace.bytes("drawing.svg"), as: UTF8.self) == printed.output)
        #expect(try describe("two_sided", "--dot").output.hasPrefix("digraph \"two_sided\" {"))
        let unwritable = try describe("two_sided", "--svg", "-o", "no/such/folder.svg")
        #expect(unwritable.status == 1 && unwritable.errors.contains("no/such/folder.svg"))
    }

    @Test func loopNestsHaveNoLayers() throws {
        let kernels = try workplace.run("dump", networks.appending(path: "two_sided.braid").path, "--stage", "kernels")
        try workplace.write(kernels.output, to: "two_sided.kernels")
        let result = try workplace.run("describe", "two_sided.kernels")
        #expect(result.status == 1 && result.errors.contains("an earlier stage"))
    }

    @Test(arguments: [
        (["--depth", "0"], "--depth must be at least 1"), (["--svg", "--dot"], "give one of"), (["--json", "--svg"], "give one of"),
        (["-o", "x.svg"], "give --svg or --dot"), (["--json", "--depth", "2"], "leave out --depth"),
        (["--svg", "--precision", "bf16"], "leave out --precision bf16"), (["--precision", "f8"], "'f8' is invalid"),
    ])
    func refusesWhatDoesNotGoTogether(arguments: [String], message: String) throws {
        let result = try workplace.run(["describe", networks.appending(path: "two_sided.braid").path] + arguments)
        #expect(result.status == 2 && result.errors.contains(message), "\(result.errors)")
    }
}
