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

    /// What stands in place of a number that has its 64 bits elsewhere.
    private static let elsewhere = 0xffff_ffff

    /// Whether contents are deflated.
    let compresses: Bool
    /// The largest number that is written with 32 bits.
    let widest: Int

    /// Writes an archive to `path`, atomically, with no more than one entry in memory.
    ///
    /// - Parameter compresses: whether contents are deflated.
    static func write(_ entries: [Entry], compresses: Bool, to path: String) throws(InterchangeError) {
        try AtomicFile.write(to: path) { (output) throws(InterchangeError) in
            try ZipArchiveWriter(compresses: compresses, widest: elsewhere - 1)
                .write(entries) { (bytes) throws(InterchangeError) in try output.write(bytes) }
        }
    }

    /// The bytes of an archive.
    ///
    /// - Parameter widest: the largest number that is written with 32 bits; of larger archives all that they hold.
    static func encode(
        _ entries: [Entry], compresses: Bool = false, widest: Int = elsewhere - 1
    ) throws(InterchangeError) -> [UInt8] {
        var bytes: [UInt8] = []
        try ZipArchiveWriter(compresses: compresses, widest: widest).write(entries) { (more) throws(InterchangeError) in bytes += more }
        return bytes
    }

    private func write(
        _ entries: [Entry], _ output: ([UInt8]) throws(InterchangeError) -> Void
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

    private func bytes(_ value: Int, _ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }

    private func narrow(_ value: Int) -> [UInt8] { bytes(value > widest ? Self.elsewhere : value, 4) }

    /// The numbers that 32 bits do not hold, as a field of their own; none where all do.
    private func extra(_ numbers: [Int]) -> [UInt8] {
        let wide = numbers.filter { $0 > widest }.flatMap { bytes($0, 8) }
        return wide.isEmpty ? [] : bytes(1, 2) + bytes(wide.count, 2) + wide
    }

    private func localHeader(_ entry: Written) -> [UInt8] {
        // Here both sizes are given, or none.
        let isWide = max(entry.size, entry.compressedSize) > widest
        let extra = isWide ? bytes(1, 2) + bytes(16, 2) + bytes(entry.size, 8) + bytes(entry.compressedSize, 8) : []
        let sizes = isWide ? [Self.elsewhere, Self.elsewhere] : [entry.compressedSize, entry.size]
        return bytes(0x0403_4b50, 4) + bytes(isWide ? 45 : 20, 2) + common(entry) + sizes.flatMap { bytes($0, 4) }
            + bytes(entry.name.count, 2) + bytes(extra.count, 2) + entry.name + extra
    }

    /// Flags (names are UTF-8), method, time, day and checksum.
    private func common(_ entry: Written) -> [UInt8] {
        bytes(0x800, 2) + bytes(entry.method, 2) + bytes(0, 2) + bytes(0x21, 2) + bytes(Int(entry.checksum), 4)
    }

    private func directoryEntry(_ entry: Written) -> [UInt8] {
        let extra = extra([entry.size, entry.compressedSize, entry.offset])
        let version = bytes(extra.isEmpty ? 20 : 45, 2)
        let sizes = [entry.compressedSize, entry.size].flatMap { narrow($0) }
        let counts = bytes(entry.name.count, 2) + bytes(extra.count, 2) + bytes(0, 2)
        let attributes = bytes(0, 8)
        return bytes(0x0201_4b50, 4) + version + version + common(entry) + sizes + counts + attributes + narrow(entry.offset)
            + entry.name + extra
    }

    private func end(count: Int, start: Int, size: Int) -> [UInt8] {
        var end: [UInt8] = []
        if count >= 0xffff || max(start, size) > widest {
            end += bytes(0x0606_4b50, 4) + bytes(44, 8) + bytes(45, 2) + bytes(45, 2) + bytes(0, 8)
            end += bytes(count, 8) + bytes(count, 8) + bytes(size, 8) + bytes(start, 8)
            end += bytes(0x0706_4b50, 4) + bytes(0, 4) + bytes(start + size, 8) + bytes(1, 4)
        }
        return end + bytes(0x0605_4b50, 4) + bytes(0, 4) + bytes(min(count, 0xffff), 2) + bytes(min(count, 0xffff), 2)
            + narrow(size) + narrow(start) + bytes(0, 2)
    }
}
