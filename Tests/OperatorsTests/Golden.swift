import Foundation
import Testing

/// A text that tests compare with a file, and write to it when `UPDATE_EXPECTED` is 1.
struct Golden {
    let file: URL

    /// A file under `Cases`.
    static func testCase(_ name: String) -> Golden {
        Golden(file: URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Cases").appending(path: name))
    }

    /// A file under the package's `generated`.
    static func generated(_ name: String) -> Golden {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        return Golden(file: root.appending(path: "generated").appending(path: name))
    }

    func check(_ observed: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        if ProcessInfo.processInfo.environment["UPDATE_EXPECTED"] == "1" {
            try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(observed.utf8).write(to: file, options: .atomic)
            return
        }
        let expected = try? String(contentsOf: file, encoding: .utf8)
        #expect(
            observed == expected, "\(file.lastPathComponent) is stale: bless with UPDATE_EXPECTED=1 after reading the difference",
            sourceLocation: sourceLocation)
    }
}
