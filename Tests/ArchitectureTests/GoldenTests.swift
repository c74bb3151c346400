import Foundation
import Testing

@testable import TestSupport

/// How tests compare with expected files.
@Suite struct GoldenTests {
    private static func swiftFiles() -> [URL] {
        let files = FileManager.default.enumerator(at: Golden.root.appending(path: "Tests"), includingPropertiesForKeys: nil)
        return (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "swift" }
    }

    /// There is one way to renew expected files, and one switch for what takes long.
    @Test(arguments: [("UPDATE_EXPECTED", "Golden.swift"), ("BRAID_EXHAUSTIVE", "Exhaustive.swift")])
    func switchesAreReadInOnePlace(variable: String, place: String) throws {
        let readers = try Self.swiftFiles().filter { try String(contentsOf: $0, encoding: .utf8).contains("[\"\(variable)\"]") }
        #expect(readers.map(\.lastPathComponent) == [place])
    }

    /// A failure shows what differs, and little else.
    @Test func showsWhatDiffers() {
        let old = (1...100).map { "line \($0)" }
        var new = old
        new[49] = "another line"
        new.insert("a line between", at: 52)
        new.remove(at: 54)
        func lines(_ new: [String], atMost limit: Int = 24) -> String {
            Golden.lines(from: old.joined(separator: "\n"), to: new.joined(separator: "\n"), atMost: limit)
        }
        let expected = """
            @@ line 50 @@
              line 48
              line 49
            - line 50
            + another line
              line 51
              line 52
            + a line between
              line 53
            - line 54
            """
        #expect(lines(new) == expected)
        #expect(lines(Array(old.dropLast(3))) == "@@ line 98 @@\n  line 96\n  line 97\n- line 98\n- line 99\n- line 100")
        #expect(lines(old + ["more"]) == "@@ line 101 @@\n  line 99\n  line 100\n+ more")
        #expect(lines([], atMost: 2) == "@@ line 1 @@\n- line 1\n… about 100 more lines")
    }

    @Test func saysWhichFileIsMissingOrStale() throws {
        guard !Golden.isUpdating else { return }
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-golden-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let file = folder.appending(path: "case.expected")
        let missing = try #require(try Golden.difference("text\n", file))
        #expect(missing.hasSuffix("case.expected is missing or no text; UPDATE_EXPECTED=1 writes it"))
        try Data("text\n".utf8).write(to: file)
        #expect(try Golden.difference("text\n", file) == nil)
        try Golden.check("text\n", file)
        let error = #expect(throws: Golden.Mismatch.self) { try Golden.check("text", file) }
        #expect(error?.description.hasSuffix("if the change is meant:\n@@ line 2 @@\n  text\n- ") == true)
        let own = try #require(try Golden.difference("", Golden.root.appending(path: "Package.swift")))
        #expect(own.hasPrefix("Package.swift differs: - is the file, + what the test made; UPDATE_EXPECTED=1 renews it"))
    }
}
