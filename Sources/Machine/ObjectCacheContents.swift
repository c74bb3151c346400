import Foundation
import Interchange

/// What a cache's folder holds, and how it is emptied. Only the cache's own files are counted and removed: they have the names that
/// `write` gives, 64 hexadecimal digits and an ending, and begin with its magic, of this version or an earlier one.
extension ObjectCache {
    /// How much a cache holds.
    public struct Size: Hashable, Sendable {
        public var entries = 0
        /// Of all entries together.
        public var bytes = 0

        public init(entries: Int = 0, bytes: Int = 0) {
            self.entries = entries
            self.bytes = bytes
        }
    }

    private struct File {
        var path: String
        var bytes: Int
        /// When it was last used, in seconds since 1970.
        var date: Int
        /// Whether it was being written; such a file may hold anything.
        var isTemporary: Bool
    }

    public var size: Size {
        files().reduce(into: Size()) { size, file in
            if file.isTemporary || !isOwn(file.path) { return }
            size.entries += 1
            size.bytes += file.bytes
        }
    }

    /// Removes the entries that were not used for longest, to an hour, until the folder is within its limit, and temporaries older than an hour.
    public func trim() {
        let files = files()
        for file in files where file.isTemporary && time(nil) - file.date > 3600 { unlink(file.path) }
        let entries = files.filter { !$0.isTemporary }
        var total = entries.reduce(0) { $0 + $1.bytes }
        for entry in entries.sorted(by: { $0.date < $1.date }) where total > limit {
            if isOwn(entry.path) { unlink(entry.path) }
            total -= entry.bytes
        }
    }

    /// Removes all entries, and what was left half-written.
    ///
    /// - Returns: what was removed.
    /// - Throws: `MachineError.file` where an entry cannot be removed.
    public func clear() throws(MachineError) -> Size {
        var removed = Size()
        for file in files() {
            guard file.isTemporary || isOwn(file.path) else { continue }
            guard unlink(file.path) == 0 || errno == ENOENT else {
                throw .file(path: file.path, reason: "the file cannot be removed (\(String(cString: strerror(errno))))")
            }
            if file.isTemporary { continue }
            removed.entries += 1
            removed.bytes += file.bytes
        }
        return removed
    }

    /// Makes the folder where it is missing. One that is the cache's alone says so, so that backups leave it out
    /// (https://bford.info/cachedir).
    func makeFolder() {
        let path = directory.path(percentEncoded: false)
        if access(path, F_OK) == 0 { return }
        guard (try? FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)) != nil else { return }
        let tag = """
            Signature: 8a477f597d28d172789f06886806bc55
            # Machine code that Braid made. It can be removed at any time, with `braid cache clear`.

            """
        try? tag.write(to: directory.appending(path: "CACHEDIR.TAG"), atomically: true, encoding: .utf8)
    }

    /// The files with names of the cache's.
    private func files() -> [File] {
        let folder = directory.path(percentEncoded: false)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.compactMap { name in
            guard let isTemporary = Self.isTemporary(name) else { return nil }
            let path = "\(folder)/\(name)"
            var status = stat()
            guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
            return File(path: path, bytes: Int(status.st_size), date: status.modifiedSeconds, isTemporary: isTemporary)
        }
    }

    /// Whether a name is that of an entry (`HEX.o`) or of a temporary (`HEX.o.PROCESS.NUMBER`); nil for all other names.
    private static func isTemporary(_ name: String) -> Bool? {
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 4, parts[0].utf8.count == 64, parts[1] == "o",
            parts[0].utf8.allSatisfy({
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }),
            parts[2...].allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } })
        else { return nil }
        return parts.count == 4
    }

    /// Whether a file begins as an entry does, of this version or another.
    private func isOwn(_ path: String) -> Bool {
        guard let file = fopen(path, "rb") else { return false }
        defer { fclose(file) }
        var start = [UInt8](repeating: 0, count: Self.magic.count)
        // The last byte is the version.
        return fread(&start, 1, start.count, file) == start.count && start.dropLast() == Self.magic.dropLast()
    }
}
