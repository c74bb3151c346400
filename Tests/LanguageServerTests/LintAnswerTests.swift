import Foundation
import Testing

@testable import LanguageServer

/// What the rules of `braid lint` find comes behind the diagnostics, once nothing else is to be done.
@Suite struct LintAnswerTests {
    private final class Answers {
        var all: [[String: Any]] = []
    }

    private static let text = """
        network deep {
            input image: f32[N, 1, 28, 28]
            var x = image |> flatten
            for i in 0..<30 { x = x |> layer{i}: linear(64) |> sigmoid }
            output logits = x |> fc: linear(10)
        }

        training of deep {
            target label: i32[N]
            loss cross_entropy(logits, label)
            optimizer sgd
            schedule constant(rate: 0.01)
            initialize linear: xavier_normal
        }

        """

    private func send(_ message: [String: Any], to server: LanguageServer) throws {
        #expect(server.receive(try JSONSerialization.data(withJSONObject: message)) == .running)
    }

    @Test func findingsFollowDiagnostics() throws {
        let answers = Answers()
        let server = LanguageServer(version: "0") { content in
            if let message = (try? JSONSerialization.jsonObject(with: content)) as? [String: Any] { answers.all.append(message) }
        }
        try send(["id": 1, "method": "initialize", "params": ["capabilities": [String: Any]()]], to: server)
        let uri = "file:///deep.braid"
        let item: [String: Any] = ["uri": uri, "version": 0, "text": Self.text]
        try send(["method": "textDocument/didOpen", "params": ["textDocument": item]], to: server)
        #expect(!server.hasUnlintedDocuments)
        server.publishNext()
        #expect(server.hasUnlintedDocuments)
        while server.hasUnlintedDocuments { server.lintNext() }
        func diagnostics() -> [[[String: Any]]] {
            answers.all.filter { $0["method"] as? String == "textDocument/publishDiagnostics" }.compactMap { message in
                (message["params"] as? [String: Any])?["diagnostics"] as? [[String: Any]]
            }
        }
        let published = diagnostics()
        #expect(published.count == 2 && published[0].isEmpty)
        let vanishing = try #require(published.last?.first { ($0["message"] as? String)?.hasPrefix("the gradient vanishes") == true })
        #expect(vanishing["severity"] as? Int == 2)
        #expect((vanishing["message"] as? String)?.contains("rule `vanishing_gradient`") == true)
        let start = (vanishing["range"] as? [String: Any])?["start"] as? [String: Any]
        #expect(start?["line"] as? Int == 3)

        // A change makes it wait anew; what has errors is not looked at.
        let change: [String: Any] = ["textDocument": ["uri": uri, "version": 1], "contentChanges": [["text": "network deep {"]]]
        try send(["method": "textDocument/didChange", "params": change], to: server)
        #expect(!server.hasUnlintedDocuments)
        server.publishNext()
        #expect(!server.hasUnlintedDocuments)
        #expect(diagnostics().last?.isEmpty == false)
    }
}
