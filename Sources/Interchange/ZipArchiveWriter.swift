import Foundation

/// Writes ZIP archives, with sizes of 64 bits where 32 do not hold them (PKWARE's APPNOTE.TXT 6.3.10).
///
/// The same entries give the same bytes: all are of the first of January 1980, the earliest day that the format has.
struct ZipArchiveWriter {
    /// An entry whose content is made when it is its turn.
    struct Entry {
        var name: String
        var content: () throws(InterchangeError) -> [UInt8]
    }

    private struct Written {
        var name: [UInt8]
        var method: Int
        var checksum: UInt32
        var compressedSize: Int
        var size: Int
        var offset: Int
    }

    private static let narrow = 0xffff_ffff

    /// Writes an archive to `path`, atomically, with no more than one entry in memory.
    ///
    /// - Parameter compresses: whether contents are deflated.
    static func write(_ entries: [Entry], compresses: Bool, to path: String) throws(InterchangeError) {
        try AtomicFile.write(to: path) { (output) throws(InterchangeError) in
            try write(entries, compresses: compresses) { (bytes) throws(InterchangeError) in try output.write(bytes) }
        }
    }

    /// The bytes of an archive.
    static func encode(_ entries: [Entry], compresses: Bool = false) throws(InterchangeError) -> [UInt8] {
        var bytes: [UInt8] = []
        try write(entries, compresses: compresses) { (more) throws(InterchangeError) in bytes += more }
        return bytes
    }

    private static func write(
        _ entries: [Entry], compresses: Bool, _ output: ([UInt8]) throws(InterchangeError) -> Void
    ) throws(InterchangeError) {
        var written: [Written] = []
        var place = 0
        for entry in entries {
            let content = try entry.content()
            let stored = compresses ? Gzip.deflate(content) : content
            let one = Written(
                name: Array(entry.name.utf8), method: compresses ? 8 : 0,
                checksum: content.withUnsafeBytes { ZipArchive.checksum($0) }, compressedSize: stored.count, size: content.count,
                offset: place)
            let header = localHeader(one)
            try output(header)
            try output(stored)
            place += header.count + stored.count
            written.append(one)
        }
        let directory = written.flatMap(directoryEntry)
        try output(directory)
        try output(end(count: written.count, start: place, size: directory.count))
    }

    private static func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    /// The numbers that 32 bits do not hold, as a field of their own; none where all do.
    private static func extra(_ numbers: [Int]) -> [UInt8] {
        let wide = numbers.filter { $0 >= narrow }.flatMap { bytes($0, 8) }
        return wide.isEmpty ? [] : bytes(1, 2) + bytes(wide.count, 2) + wide
    }

    private static func localHeader(_ entry: Written) -> [UInt8] {
        // Here both sizes are given, or none.
        let isWide = max(entry.size, entry.compressedSize) >= narrow
        let extra = isWide ? bytes(1, 2) + bytes(16, 2) + bytes(entry.size, 8) + bytes(entry.compressedSize, 8) : []
        let sizes = isWide ? [narrow, narrow] : [entry.compressedSize, entry.size]
        return bytes(0x0403_4b50, 4) + bytes(isWide ? 45 : 20, 2) + common(entry) + sizes.flatMap { bytes($0, 4) }
            + bytes(entry.name.count, 2) + bytes(extra.count, 2) + entry.name + extra
    }

    /// Flags (names are UTF-8), method, time, day and checksum.
    private static func common(_ entry: Written) -> [UInt8] {
        bytes(0x800, 2) + bytes(entry.method, 2) + bytes(0, 2) + bytes(0x21, 2) + bytes(Int(entry.checksum), 4)
    }

    private static func directoryEntry(_ entry: Written) -> [UInt8] {
        let extra = extra([entry.size, entry.compressedSize, entry.offset])
        let version = bytes(extra.isEmpty ? 20 : 45, 2)
        let sizes = [entry.compressedSize, entry.size].flatMap { bytes(min($0, narrow), 4) }
        let counts = bytes(entry.name.count, 2) + bytes(extra.count, 2) + bytes(0, 2)
        let attributes = bytes(0, 8)
        return bytes(0x0201_4b50, 4) + version + version + common(entry) + sizes + counts + attributes + bytes(min(entry.offset, narrow), 4)
            + entry.name + extra
    }

    private static func end(count: Int, start: Int, size: Int) -> [UInt8] {
        var end: [UInt8] = []
        if count >= 0xffff || start >= narrow || size >= narrow {
            end += bytes(0x0606_4b50, 4) + bytes(44, 8) + bytes(45, 2) + bytes(45, 2) + bytes(0, 8)
            end += bytes(count, 8) + bytes(count, 8) + bytes(size, 8) + bytes(start, 8)
            end += bytes(0x0706_4b50, 4) + bytes(0, 4) + bytes(start + size, 8) + bytes(1, 4)
        }
        return end + bytes(0x0605_4b50, 4) + bytes(0, 4) + bytes(min(count, 0xffff), 2) + bytes(min(count, 0xffff), 2)
            + bytes(min(size, narrow), 4) + bytes(min(start, narrow), 4) + bytes(0, 2)
    }
}
