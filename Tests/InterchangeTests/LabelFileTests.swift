import Foundation
import Graph
import Interchange
import Testing

/// Names of classes, in lines and in JSON.
@Suite struct LabelFileTests {
    private func read(_ text: String) throws -> [String] {
        let path = NSTemporaryDirectory() + "/braid-labels-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try AtomicFile.write(Array(text.utf8), to: path)
        return try LabelFile.read(path)
    }

    @Test(arguments: [
        "cat\ndog\n", "\u{FEFF}cat \r\ndog\r\n\r\n", #"["cat", "dog"]"#, #"{"1": "dog", "0": "cat"}"#,
        #" {"0": ["n0", "cat"], "1": ["n1", "dog"]}"#,
    ])
    func reads(text: String) throws { #expect(try read(text) == ["cat", "dog"]) }

    /// Commas and quotes within names are no names of their own.
    @Test func readsNamesWithCommas() throws {
        #expect(try read(#"["tench, Tinca \"tinca\"", "a,b"]"#) == [#"tench, Tinca "tinca""#, "a,b"])
    }

    @Test func boundsTheNumberOfNames() throws {
        let most = ClassLabels.largestCount
        #expect(try read(String(repeating: "a\r\n", count: most)).count == most)
        checkFailure("it has more than \(most) lines; \(most) classes are the limit") {
            _ = try read(String(repeating: "a\n", count: most + 1))
        }
        for count in [most + 1, 2 * most + 2] {
            let list = "[" + String(repeating: "1,", count: count - 1) + "1]"
            checkFailure("it names more than \(most) classes; \(most) are the limit") { _ = try read(list) }
        }
        checkFailure("more than the \(16 << 20) allowed here") { _ = try read(String(repeating: "a", count: 16 << 20 + 1)) }
    }
}
