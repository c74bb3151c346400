import Compiler
import Foundation
import Testing

@testable import LanguageServer

/// What was measured of lines stands above them, and in what hovering tells.
@Suite final class MeasuredLinesTests {
    private static let blocks = """
        block layer(x, width) {
            x |> conv: conv(width, 3, pad: 1) |> relu
        }

        """
    private static let text = """
        import "parts/blocks.braid"

        network net {
            input image: f32[N, 3, 32, 32]
            let x = image |> one: layer(16)
            let y = x |> two: layer(32)
            output logits = y |> global_avg_pool |> flatten |> fc: linear(10)
        }

        """
    private let folder = FileManager.default.temporaryDirectory.appending(path: "braid-lines-\(UUID().uuidString)")
    private var last: [String: Any]?
    private lazy var server = LanguageServer(version: "0") { [unowned self] content in
        if let message = (try? JSONSerialization.jsonObject(with: content)) as? [String: Any], message["id"] != nil { last = message }
    }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ text: String, to name: String) throws {
        let url = folder.appending(path: name)
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try text.write(to: url, atomically: true, encoding: .utf8)
    }

    private func send(_ method: String, _ parameters: [String: Any], isRequest: Bool = true) throws -> Any? {
        var message: [String: Any] = ["method": method, "params": parameters]
        if isRequest { message["id"] = 1 }
        last = nil
        #expect(server.receive(try JSONSerialization.data(withJSONObject: message)) == .running)
        return last?["result"]
    }

    private func open(_ name: String, _ text: String) throws -> String {
        let uri = folder.appending(path: name).absoluteString
        let item: [String: Any] = ["uri": uri, "version": 0, "text": text]
        _ = try send("textDocument/didOpen", ["textDocument": item], isRequest: false)
        return uri
    }

    /// The texts above lines, by their number counted from 0.
    private func lenses(_ uri: String) throws -> [Int: String] {
        let lenses = try #require(try send("textDocument/codeLens", ["textDocument": ["uri": uri]]) as? [[String: Any]])
        return Dictionary(
            uniqueKeysWithValues: try lenses.map { lens in
                let start = try #require((lens["range"] as? [String: Any])?["start"] as? [String: Any])
                return (
                    try #require(start["line"] as? Int), try #require((lens["command"] as? [String: Any])?["title"] as? String)
                )
            })
    }

    private func hover(_ uri: String, _ line: Int, _ character: Int) throws -> String {
        let parameters: [String: Any] = ["textDocument": ["uri": uri], "position": ["line": line, "character": character]]
        let hover = try send("textDocument/hover", parameters) as? [String: Any]
        return (hover?["contents"] as? [String: Any])?["value"] as? String ?? ""
    }

    @Test func linesHaveTimes() throws {
        try write(Self.blocks, to: "parts/blocks.braid")
        try write(Self.text, to: "net.braid")
        let main = folder.appending(path: "net.braid").path
        let network = try Network.load(main)
        let options = BenchmarkOptions(runs: 3, seconds: 0.05, measuresLines: true)
        let measured = try Compiler(cache: nil, threads: 1).measure(options) { () throws(CompilerError) in network }
        let lines = try #require(measured.lines)
        // The block's line holds all convolutions; those that call it, their part of that; the head is what is left.
        let block = try #require(lines.first { $0.file.hasSuffix("blocks.braid") })
        let calls = lines.filter { $0.file == main && $0.text.contains("layer(") }
        let head = try #require(lines.first { $0.text.hasPrefix("output") })
        #expect(block.line == 2 && calls.map(\.line) == [5, 6] && calls[1].share > calls[0].share / 4)
        #expect(abs(calls.reduce(0) { $0 + $1.share } - block.share) < 1e-9 && abs(block.share + head.share - 1) < 1e-9)
        #expect(block.steps == 2 && calls.allSatisfy { $0.steps == 1 && $0.ms > 0 })

        // Kept beside the network, they are found by documents in the folder and in those within it.
        try BenchmarkRecord(measured).write(to: folder.appending(path: "bench.json").path)
        try write("{\"unrelated\": 1}", to: "other.json")
        try write("{", to: "broken.json")
        let record = try BenchmarkRecord(reading: folder.appending(path: "bench.json").path)
        #expect(Set(record.lines?.map(\.file) ?? []) == ["net.braid", "parts/blocks.braid"])
        _ = try send("initialize", ["capabilities": [String: Any](), "rootUri": folder.absoluteString])
        let uri = try open("net.braid", Self.text)
        let above = try lenses(uri)
        #expect(Set(above.keys) == [4, 5, 6] && above[4]!.contains(" % · ") && above[4]!.hasSuffix(" ms"), "\(above)")
        let told = try hover(uri, 4, 28)
        #expect(told.contains("%** of a run of `net`") && told.contains("in one kernel"), "\(told)")
        #expect(told.contains("block layer(x, width)") && told.contains("batch 1, 1 thread"), "\(told)")
        let parts = try open("parts/blocks.braid", Self.blocks)
        #expect(try lenses(parts).keys.sorted() == [1])
        #expect(try hover(parts, 1, 12).contains("in 2 kernels"))

        // Lines that moved are found again; those that changed have no time any more.
        let moved = try open("net.braid", "# a comment\n" + Self.text.replacing("layer(32)", with: "layer(24)"))
        #expect(try lenses(moved).keys.sorted() == [5, 7])

        // Records of others may say anything: a line that is none, and a text that many lines have.
        var hostile = BenchmarkRecord(measured)
        hostile.network = "hostile"
        for number in [Int.min, -1, 0, .max] {
            var line = lines[0]
            (line.file, line.line, line.text) = (main, number, "")
            hostile.lines?.append(line)
        }
        try hostile.write(to: folder.appending(path: "hostile.json").path)
        #expect(try lenses(uri).keys.contains(5))
        try FileManager.default.removeItem(at: folder.appending(path: "hostile.json"))

        // The newest measurement counts, and files that vanish count no more.
        var training = BenchmarkRecord(measured)
        (training.training, training.measuredAt) = (true, "2999-01-01T00:00:00Z")
        try training.write(to: folder.appending(path: "training.json").path)
        #expect(try lenses(uri).values.allSatisfy { $0.contains("net: ") && $0.contains("net training: ") })
        for name in ["bench.json", "training.json"] { try FileManager.default.removeItem(at: folder.appending(path: name)) }
        #expect(try lenses(uri).isEmpty && !hover(uri, 5, 28).contains("of a run"))
    }
}
