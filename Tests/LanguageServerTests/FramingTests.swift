import Foundation
import Testing

@testable import LanguageServer

@Suite struct FramingTests {
    private func events(_ pieces: [String]) -> [MessageFraming.Event] {
        var framing = MessageFraming()
        var events: [MessageFraming.Event] = []
        for piece in pieces {
            framing.append(piece.utf8)
            while let event = framing.next() { events.append(event) }
        }
        return events
    }

    @Test func cutsAStream() {
        let stream = "Content-Length: 2\r\n\r\n{}content-length:3\r\nContent-Type: x\r\n\r\n[1]Content-Length: 0\n\n"
        let expected: [MessageFraming.Event] = ["{}", "[1]", ""].map { .message(Data($0.utf8)) }
        #expect(events([stream]) == expected)
        #expect(events(stream.map(String.init)) == expected)
    }

    @Test(arguments: ["Content-Length: -1", "Content-Length: many", "Content-Length: 99999999999999999999", "Hello", "Content-Length:"])
    func goesOnBehindABadHeader(header: String) {
        let found = events([header + "\r\n\r\nContent-Length: 2\r\n\r\n{}"])
        #expect(found.count == 2 && found.last == .message(Data("{}".utf8)))
        if case .malformed = found.first {} else { Issue.record("\(found)") }
    }

    @Test func skipsWhatIsTooLarge() {
        let length = MessageFraming.maximumContent + 1
        let found = events(["Content-Length: \(length)\r\n\r\n", String(repeating: "x", count: length), "Content-Length: 2\r\n\r\n{}"])
        #expect(found.count == 2 && found.last == .message(Data("{}".utf8)))
    }

    @Test func reportsEndlessHeadersOnce() {
        let found = events([String(repeating: "x", count: 100_000), "\r\n\r\nContent-Length: 2\r\n\r\n{}"])
        #expect(found.count == 2 && found.last == .message(Data("{}".utf8)))
    }
}

@Suite struct DocumentTests {
    /// Places count UTF-16 code units: `é` has one, `𝄞` two.
    @Test func findsPlaces() {
        let document = Document(uri: "file:///tmp/a%20b.braid", version: 1, text: "é𝄞x\r\nsecond")
        #expect(Document.path(of: "file:///tmp//x") == "/tmp/x")
        #expect(document.path == "/tmp/a b.braid" && Document.uri(of: document.path) == document.uri)
        for (character, offset) in [(0, 0), (1, 2), (2, 2), (3, 6), (4, 7), (9, 7)] {
            #expect(document.source.offset(of: Position(line: 0, character: character)) == offset, "\(character)")
        }
        #expect(document.source.offset(of: Position(line: 1, character: 3)) == 12)
        #expect(document.source.offset(of: Position(line: 7, character: 0)) == 15)
        #expect(document.source.offset(of: Position(line: -1, character: -5)) == 0)
        #expect(document.source.position(of: 7) == Position(line: 0, character: 4))
        #expect(document.source.position(of: 9) == Position(line: 1, character: 0))
    }

    @Test func appliesChanges() {
        var document = Document(uri: "untitled:1", version: 1, text: "one\ntwo\n")
        func change(_ start: (Int, Int), _ end: (Int, Int), _ text: String) {
            let range = PositionRange(start: Position(line: start.0, character: start.1), end: Position(line: end.0, character: end.1))
            document.apply(ChangeParameters.Change(range: range, text: text))
        }
        change((0, 1), (0, 1), "X")
        change((0, 4), (1, 1), "")
        #expect(document.source.text == "oXnewo\n")
        change((5, 0), (1, 0), "!")
        #expect(document.source.text == "oXnewo\n!")
        document.apply(ChangeParameters.Change(range: nil, text: "all"))
        #expect(document.source.text == "all")
    }
}
