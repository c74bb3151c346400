import Foundation
import TestSupport
import Testing

@testable import LanguageServer

/// A client that sends whatever comes to its mind.
@Suite struct HostileClientTests {
    private static let texts: [String] = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
        let paths = [
            "graphs/mnist_resnet.braid", "Tests/LanguageTests/Cases/graph/constructs.braid", "Tests/LanguageTests/Cases/check/concat.braid",
        ]
        return paths.compactMap { try? String(contentsOf: root.appending(path: $0), encoding: .utf8) }
    }()

    private final class Answers {
        var all: [[String: Any]] = []
    }

    private func server() throws -> (LanguageServer, Answers) {
        let answers = Answers()
        let server = LanguageServer(version: "test") { content in
            answers.all.append((try? JSONSerialization.jsonObject(with: content) as? [String: Any]) ?? [:])
        }
        try send(["id": 0, "method": "initialize", "params": [String: Any]()], to: server)
        return (server, answers)
    }

    private func send(_ message: [String: Any], to server: LanguageServer) throws {
        #expect(server.receive(try JSONSerialization.data(withJSONObject: message)) == .running)
    }

    /// Random edits at random places, legal or not; after each, questions about random places. Every request gets its answer.
    @Test(arguments: [1, 2, 3]) func survivesRandomEdits(seed: Int) throws {
        var generator = SplitMix(seed: seed)
        let (server, answers) = try server()
        let fragments = [
            "", "\n", "|> ", "{", "}", "(", ")", "\"", "𝄞", "é", "# ", "/// ", "x.", "f(", ": ", "if a { ", " else ", ",", "1e9", "\r\n",
            "\u{0}",
        ]
        let questions = ["hover", "definition", "completion", "documentSymbol", "formatting"]
        var id = 0
        for text in Self.texts {
            let item: [String: Any] = ["uri": "file:///x.braid", "version": 0, "text": text]
            try send(["method": "textDocument/didOpen", "params": ["textDocument": item]], to: server)
            func place() -> [String: Any] {
                ["line": Int.random(in: -1...50, using: &generator), "character": Int.random(in: -1...160, using: &generator)]
            }
            for version in 1...60 {
                let change: [String: Any] = ["range": ["start": place(), "end": place()], "text": generator.choose(fragments)]
                // Now and then the whole text comes back, so that there is something to break.
                let changes = version % 12 == 0 ? [["text": text], change] : [change]
                let document: [String: Any] = ["uri": "file:///x.braid", "version": version]
                try send(
                    ["method": "textDocument/didChange", "params": ["textDocument": document, "contentChanges": changes]], to: server)
                server.publishNext()
                #expect(!server.hasUnpublishedDocuments)
                for question in questions {
                    id += 1
                    let parameters: [String: Any] = ["textDocument": ["uri": "file:///x.braid"], "position": place()]
                    try send(["id": id, "method": "textDocument/" + question, "params": parameters], to: server)
                    let answer = try #require(answers.all.last { $0["id"] as? Int == id })
                    #expect(answer["error"] == nil, "\(question): \(answer)")
                }
            }
        }
        let published = answers.all.filter { $0["method"] as? String == "textDocument/publishDiagnostics" }
        #expect(published.count == 60 * Self.texts.count && Self.texts.count == 3)
    }

    /// Damaged messages are answered with an error or nothing.
    @Test func survivesDamagedMessages() throws {
        var generator = SplitMix(seed: 4)
        let (server, _) = try server()
        let item: [String: Any] = ["uri": "file:///x.braid", "version": 0, "text": "block b(x) { x }\n"]
        let change: [String: Any] = [
            "textDocument": ["uri": "file:///x.braid", "version": 1],
            "contentChanges": [["range": ["start": ["line": 0, "character": 1], "end": ["line": 0, "character": 3]], "text": "y"]],
        ]
        let messages: [[String: Any]] = [
            ["method": "textDocument/didOpen", "params": ["textDocument": item]], ["method": "textDocument/didChange", "params": change],
            [
                "id": "a", "method": "textDocument/hover",
                "params": ["textDocument": ["uri": "file:///x.braid"], "position": ["line": 0, "character": 8]],
            ],
        ]
        for _ in 0..<2000 {
            var bytes = [UInt8](try JSONSerialization.data(withJSONObject: generator.choose(messages), options: [.sortedKeys]))
            for _ in 0..<Int.random(in: 0...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: index)
                default:
                    bytes.insert(contentsOf: generator.choose(["9999999999999999999", "-", "null", "[", "\"", "1e400"]).utf8, at: index)
                }
            }
            #expect(server.receive(Data(bytes)) == .running)
            if server.hasUnpublishedDocuments { server.publishNext() }
        }
    }
}
