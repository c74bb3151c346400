import Foundation

/// Compares what tests make with files beside them; `UPDATE_EXPECTED=1` writes the files anew. Nothing else does.
public enum Golden {
    /// Whether expectations are being written.
    public static var isUpdating: Bool { ProcessInfo.processInfo.environment["UPDATE_EXPECTED"] == "1" }

    /// The root of the package.
    public static let root = folder("../..", beside: #filePath).standardized

    /// The folder `name` beside the test file `file`.
    public static func folder(_ name: String, beside file: String) -> URL {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(name)
    }

    /// The paths of the files in `folder` whose names end in `suffix`, in alphabetical order.
    public static func files(in folder: URL, suffix: String) -> [URL] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map(folder.appendingPathComponent)
    }

    /// Fails the test where `observed` is not the text of the file `url`.
    /// - Throws: `Mismatch`, and what the system says where expectations are being written and cannot be.
    public static func check(_ observed: String, _ url: URL) throws {
        if let difference = try difference(observed, url) { throw Mismatch(description: difference) }
    }

    /// What fails a test.
    public struct Mismatch: Error, CustomStringConvertible {
        public let description: String
    }

    /// What is wrong when `observed` should be the text of the file `url`: the lines that differ. Nil if nothing is.
    public static func difference(_ observed: String, _ url: URL) throws -> String? {
        if isUpdating {
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(observed.utf8).write(to: url, options: .atomic)
            return nil
        }
        let path = url.standardized.path
        let name = path.hasPrefix(root.path + "/") ? String(path.dropFirst(root.path.count + 1)) : path
        guard let expected = try? String(contentsOf: url, encoding: .utf8) else {
            return "\(name) is missing or no text; UPDATE_EXPECTED=1 writes it"
        }
        guard observed != expected else { return nil }
        return "\(name) differs: - is the file, + what the test made; UPDATE_EXPECTED=1 renews it, if the change is meant:\n"
            + lines(from: expected, to: observed)
    }

    /// The first lines that differ, with two of those before them: `-` before what only `old` has, `+` before what only `new` has.
    static func lines(from old: String, to new: String, atMost limit: Int = 24) -> String {
        var (old, new) = (
            old.split(separator: "\n", omittingEmptySubsequences: false)[...],
            new.split(separator: "\n", omittingEmptySubsequences: false)[...]
        )
        let same = zip(old, new).prefix { $0 == $1 }.count
        let context = old.prefix(same).suffix(2)
        (old, new) = (old.dropFirst(same), new.dropFirst(same))
        let tail = zip(old.reversed(), new.reversed()).prefix { $0 == $1 }.count
        (old, new) = (old.dropLast(tail), new.dropLast(tail))
        // Enough for what is shown; the work grows with the square of it.
        let window = 200
        let (shownOld, shownNew) = (Array(old.prefix(window)), Array(new.prefix(window)))
        var (removed, inserted) = (Set<Int>(), Set<Int>())
        for change in shownNew.difference(from: shownOld) {
            switch change {
            case .remove(let offset, _, _): removed.insert(offset)
            case .insert(let offset, _, _): inserted.insert(offset)
            }
        }
        var rows = ["@@ line \(same + 1) @@"] + context.map { "  " + $0 }
        var (i, j) = (0, 0)
        while i < shownOld.count || j < shownNew.count {
            if removed.contains(i) {
                rows.append("- " + shownOld[i])
                i += 1
            } else if inserted.contains(j) {
                rows.append("+ " + shownNew[j])
                j += 1
            } else {
                rows.append("  " + shownOld[i])
                (i, j) = (i + 1, j + 1)
            }
        }
        let hidden = max(0, rows.count - limit) + max(old.count, new.count) - max(shownOld.count, shownNew.count)
        return (rows.prefix(limit) + (hidden > 0 ? ["… about \(hidden) more lines"] : [])).joined(separator: "\n")
    }
}
