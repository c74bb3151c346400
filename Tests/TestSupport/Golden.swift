import Foundation

/// Compares what tests make with files beside them; `UPDATE_EXPECTED=1` writes the files anew.
public enum Golden {
    /// Whether expectations are being written.
    public static var isUpdating: Bool { ProcessInfo.processInfo.environment["UPDATE_EXPECTED"] == "1" }

    /// The folder `name` beside the test file `file`.
    public static func folder(_ name: String, beside file: String) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(name)
    }

    /// The paths of the files in `folder` whose names end in `suffix`, in alphabetical order.
    public static func files(in folder: URL, suffix: String) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map(folder.appendingPathComponent)
    }

    /// What is wrong when `observed` should be the text of the file `url`: the first lines that differ. Nil if nothing is.
    public static func difference(_ observed: String, _ url: URL) throws -> String? {
        if isUpdating {
            try Data(observed.utf8).write(to: url, options: .atomic)
            return nil
        }
        guard let expected = try? String(contentsOf: url, encoding: .utf8) else {
            return "\(url.path) is missing; UPDATE_EXPECTED=1 writes it"
        }
        guard observed != expected else { return nil }
        let (old, new) = (
            expected.split(separator: "\n", omittingEmptySubsequences: false),
            observed.split(separator: "\n", omittingEmptySubsequences: false)
        )
        let line = zip(old, new).prefix { $0 == $1 }.count
        func excerpt(_ lines: [Substring]) -> String { lines.dropFirst(line).prefix(6).joined(separator: "\n") }
        return "\(url.lastPathComponent) differs from line \(line + 1) on\nexpected:\n\(excerpt(old))\nobserved:\n\(excerpt(new))"
    }
}
