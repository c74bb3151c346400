import Foundation
internal import CZlib

/// The entries of a ZIP archive, stored or deflated, with sizes of 32 or 64 bits (PKWARE's APPNOTE.TXT 6.3.10).
///
/// Nothing that the archive says is trusted: places that lie outside of it, entries that share bytes, sizes that its bytes cannot stand
/// for, and content whose checksum is another are errors.
struct ZipArchive: Sendable {
    /// What the directory says of one entry.
    struct Entry: Equatable, Sendable {
        var name: String
        var isEncrypted: Bool
        /// 0 for stored, 8 for deflated.
        var method: Int
        var checksum: UInt32
        var compressedSize: Int
        var size: Int
        /// Where the entry's own header begins.
        var offset: Int
    }

    let path: String
    let entries: [Entry]
    let file: FileBytes

    private static let repair = "copy or save the archive again"
    private static let mostEntries = 1 << 20

    /// Reads the directory of the archive at `path`.
    init(path: String) throws(InterchangeError) { try self.init(try FileBytes.map(path), path: path) }

    /// Reads the directory of an archive that is in memory; `path` names it in errors.
    init(data: Data, path: String) throws(InterchangeError) { try self.init(FileBytes(data), path: path) }

    /// Reads the directory of an archive; `path` names it in errors.
    init(_ file: FileBytes, path: String) throws(InterchangeError) {
        self.path = path
        self.file = file
        let fields = Fields(bytes: file.bytes)
        guard fields.holds(0x0403_4b50, at: 0) || fields.holds(0x0605_4b50, at: 0) else {
            throw InterchangeError(path, .byte(0), "this is not a ZIP archive", repair: Self.repair)
        }
        guard let directory = Self.directory(fields) else {
            throw InterchangeError(path, "the archive has no directory at its end: it was cut off, or is damaged", repair: Self.repair)
        }
        if directory.count > Self.mostEntries {
            throw InterchangeError(
                path, "the archive has \(directory.count) entries, more than \(Self.mostEntries)", repair: "save less in one file")
        }
        var (entries, place): ([Entry], Int) = ([], directory.start)
        for _ in 0..<directory.count {
            guard let (entry, next) = Self.entry(fields, at: place) else {
                throw InterchangeError(path, .byte(place), "the directory of the archive is damaged", repair: Self.repair)
            }
            entries.append(entry)
            place = next
        }
        try Self.requireApart(entries, fields, end: directory.start, path: path)
        self.entries = entries
        if file.isDamaged { throw Self.cutOff(path) }
    }

    /// The content of an entry; throws where it is encrypted, compressed with another method, damaged, or larger than memory.
    func read(_ entry: Entry) throws(InterchangeError) -> Data {
        let named = InterchangeError.Place.entry(entry.name)
        if entry.isEncrypted { throw InterchangeError(path, named, "the entry is encrypted", repair: "save it without a password") }
        guard entry.method == 0 || entry.method == 8 else {
            throw InterchangeError(
                path, named, "the entry is compressed with method \(entry.method), not stored or deflated",
                repair: "save it with numpy.savez or numpy.savez_compressed")
        }
        let range = try content(of: entry)
        guard entry.method == 8 ? entry.size <= Gzip.largestOutput(compressed: range.count) : entry.size == range.count else {
            throw damage(entry)
        }
        try MachineMemory.require(entry.size, for: "the entry \(entry.name)", path: path, repair: "save fewer images a file")
        let stored = UnsafeRawBufferPointer(rebasing: file.bytes[range])
        let content = entry.method == 0 ? Data(stored) : try inflated(stored, entry)
        if file.isDamaged { throw Self.cutOff(path) }
        let isWhole = content.withUnsafeBytes { $0.count == entry.size && Self.checksum($0) == entry.checksum }
        guard isWhole else { throw damage(entry) }
        return content
    }

    /// Where the content of an entry stands in the file, as it is; throws where it is compressed, encrypted or lies outside.
    func place(of entry: Entry) throws(InterchangeError) -> Range<Int> {
        guard entry.method == 0, !entry.isEncrypted else {
            throw InterchangeError(
                path, .entry(entry.name), "the archive's entry is compressed or encrypted, and is wanted as it is",
                repair: "unpack the archive and pack it again without compression (zip -0), or save it again")
        }
        let range = try content(of: entry)
        if range.count != entry.size { throw damage(entry) }
        return range
    }

    /// Compares the checksum of an entry that is stored as it is; a checksum of 0 stands for none.
    func verify(_ entry: Entry) throws(InterchangeError) {
        if entry.checksum == 0 { return }
        let range = try place(of: entry)
        var sum: UInt32 = 0
        // What was looked at takes no memory any more.
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 1 << 24) {
            let piece = start..<min(range.upperBound, start + 1 << 24)
            sum = Self.checksum(UnsafeRawBufferPointer(rebasing: file.bytes[piece]), from: sum)
            file.release(piece)
        }
        if file.isDamaged { throw Self.cutOff(path) }
        if sum != entry.checksum { throw damage(entry) }
    }

    private func damage(_ entry: Entry) -> InterchangeError {
        InterchangeError(path, .entry(entry.name), "the archive's entry is damaged", repair: Self.repair)
    }

    /// Where the bytes of an entry stand, compressed or not: behind a header of its own.
    private func content(of entry: Entry) throws(InterchangeError) -> Range<Int> {
        let fields = Fields(bytes: file.bytes)
        guard fields.holds(0x0403_4b50, at: entry.offset), let name = fields.integer(at: entry.offset + 26, 2),
            let extra = fields.integer(at: entry.offset + 28, 2)
        else { throw damage(entry) }
        let start = entry.offset + 30 + name + extra
        guard start <= file.bytes.count, entry.compressedSize <= file.bytes.count - start else { throw damage(entry) }
        return start..<start + entry.compressedSize
    }

    /// The first bytes of an entry, whose checksum is not compared.
    func beginning(of entry: Entry, upTo count: Int) throws(InterchangeError) -> Data {
        guard entry.method == 8, !entry.isEncrypted else {
            let range = try place(of: entry)
            return Data(file.bytes[range.prefix(count)])
        }
        let range = try content(of: entry)
        guard entry.size <= Gzip.largestOutput(compressed: range.count) else { throw damage(entry) }
        // Some more than is wanted, for the codes of a stream that does not become smaller.
        let stream = GzipReader(Data(file.bytes[range.prefix(count + 1024)]), path: "\(path), \(entry.name)", isRaw: true)
        var content = Data()
        // What is cut off of the stream is not needed.
        while content.count < min(count, entry.size), let piece = try? stream.read(upTo: min(4096, count - content.count)),
            !piece.isEmpty
        { content += piece }
        return content
    }

    private func inflated(_ stored: UnsafeRawBufferPointer, _ entry: Entry) throws(InterchangeError) -> Data {
        guard let base = stored.baseAddress else { return Data() }
        let bytes = Data(bytesNoCopy: UnsafeMutableRawPointer(mutating: base), count: stored.count, deallocator: .none)
        let stream = GzipReader(bytes, path: "\(path), \(entry.name)", isRaw: true)
        var content = Data()
        content.reserveCapacity(entry.size)
        // One byte more tells what goes on behind the size that the directory has. Memory grows with what comes, not with what is said.
        while content.count <= entry.size {
            let piece = try stream.read(upTo: min(1 << 20, entry.size - content.count + 1))
            if piece.isEmpty { break }
            content.append(contentsOf: piece)
        }
        return content
    }

    /// The CRC-32 that archives have, of bytes behind others whose sum is known.
    static func checksum(_ bytes: UnsafeRawBufferPointer, from sum: UInt32 = 0) -> UInt32 {
        var (sum, place) = (UInt(sum), 0)
        while place < bytes.count {
            let piece = min(bytes.count - place, 1 << 30)
            sum = crc32(sum, bytes.baseAddress?.advanced(by: place).assumingMemoryBound(to: UInt8.self), UInt32(piece))
            place += piece
        }
        return UInt32(truncatingIfNeeded: sum)
    }

    private static func cutOff(_ path: String) -> InterchangeError {
        InterchangeError(path, "the file was cut off while it was read", repair: "read it when it is complete")
    }

    /// Where the directory begins and how many entries it has: from the record at the file's end, behind which only a comment stands.
    private static func directory(_ fields: Fields) -> (start: Int, count: Int)? {
        let end = fields.bytes.count
        for place in stride(from: end - 22, through: max(0, end - 22 - 65_535), by: -1)
        where fields.holds(0x0605_4b50, at: place) && fields.integer(at: place + 20, 2) == end - place - 22 {
            guard let count = fields.integer(at: place + 10, 2), let size = fields.integer(at: place + 12, 4),
                let start = fields.integer(at: place + 16, 4)
            else { return nil }
            guard count == 0xffff || size == 0xffff_ffff || start == 0xffff_ffff else { return (start, count) }
            // The numbers did not fit: those of 64 bits are in a record that the one before this one points to.
            guard fields.holds(0x0706_4b50, at: place - 20), let record = fields.integer(at: place - 12, 8),
                fields.holds(0x0606_4b50, at: record), let count = fields.integer(at: record + 32, 8),
                let start = fields.integer(at: record + 48, 8)
            else { return nil }
            return (start, count)
        }
        return nil
    }

    private static func entry(_ fields: Fields, at place: Int) -> (Entry, next: Int)? {
        guard fields.holds(0x0201_4b50, at: place), let flags = fields.integer(at: place + 8, 2),
            let method = fields.integer(at: place + 10, 2), let checksum = fields.integer(at: place + 16, 4),
            let compressedSize = fields.integer(at: place + 20, 4), let size = fields.integer(at: place + 24, 4),
            let nameCount = fields.integer(at: place + 28, 2), let extraCount = fields.integer(at: place + 30, 2),
            let commentCount = fields.integer(at: place + 32, 2), let offset = fields.integer(at: place + 42, 4),
            let name = fields.text(at: place + 46, nameCount)
        else { return nil }
        var entry = Entry(
            name: name, isEncrypted: flags & 1 == 1, method: method, checksum: UInt32(checksum), compressedSize: compressedSize, size: size,
            offset: offset)
        var extra = place + 46 + nameCount
        let end = extra + extraCount
        guard end + commentCount <= fields.bytes.count else { return nil }
        while extra <= end - 4, let kind = fields.integer(at: extra, 2), let count = fields.integer(at: extra + 2, 2) {
            // Numbers of 64 bits; only those that did not fit are there, in this order.
            var value = extra + 4
            let numbers: [WritableKeyPath<Entry, Int>] = [\.size, \.compressedSize, \.offset]
            for number in numbers where kind == 1 && entry[keyPath: number] == 0xffff_ffff {
                guard value + 8 <= extra + 4 + count, let wide = fields.integer(at: value, 8) else { return nil }
                entry[keyPath: number] = wide
                value += 8
            }
            extra += 4 + count
        }
        // No entry begins beyond the file or is larger, so that later sums cannot overflow.
        guard entry.offset <= fields.bytes.count, entry.compressedSize <= fields.bytes.count else { return nil }
        return (entry, end + commentCount)
    }

    /// Throws where entries share bytes with each other or with the directory: many of them could stand for the same bytes, so that a small
    /// file asks for much, and what was checked as one entry would be read as another.
    private static func requireApart(_ entries: [Entry], _ fields: Fields, end: Int, path: String) throws(InterchangeError) {
        var (free, before) = (0, "")
        for entry in entries.sorted(by: { $0.offset < $1.offset }) {
            if entry.offset < free {
                throw InterchangeError(path, .entry(entry.name), "the archive's entry overlaps \(before)", repair: repair)
            }
            // What is no header of an entry is an error when that is read.
            let isHeader = fields.holds(0x0403_4b50, at: entry.offset)
            let name = isHeader ? fields.integer(at: entry.offset + 26, 2) ?? 0 : 0
            let extra = isHeader ? fields.integer(at: entry.offset + 28, 2) ?? 0 : 0
            free = entry.offset + 30 + name + extra + entry.compressedSize
            before = entry.name
        }
        if free > end {
            throw InterchangeError(path, .entry(before), "the archive's entry overlaps the directory", repair: repair)
        }
    }

    /// The bytes of the archive, none of which is trusted to be there.
    private struct Fields {
        let bytes: UnsafeRawBufferPointer

        /// A little-endian integer; nil where it lies outside, or is no positive `Int`.
        func integer(at place: Int, _ count: Int) -> Int? {
            guard place >= 0, place <= bytes.count - count else { return nil }
            let value = (0..<count).reduce(UInt64(0)) { $0 | UInt64(bytes[place + $1]) << (8 * UInt64($1)) }
            return Int(exactly: value)
        }

        func holds(_ signature: Int, at place: Int) -> Bool { integer(at: place, 4) == signature }

        func text(at place: Int, _ count: Int) -> String? {
            guard place >= 0, place <= bytes.count - count else { return nil }
            return String(decoding: bytes[place..<place + count], as: UTF8.self)
        }
    }
}
