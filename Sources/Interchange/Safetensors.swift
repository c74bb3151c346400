import Foundation
import Graph
import Source

/// A safetensors file (https://huggingface.co/docs/safetensors): named tensors behind a JSON header.
///
/// The header is checked in full when the file is opened: every tensor lies inside the file, none overlaps another
/// and no byte is left over. The tensors' bytes stay where they are (a mapped file, as a rule) until they are asked for. A mapped file
/// that becomes shorter meanwhile is an error of whoever reads from it then, see `FileBytes`.
///
/// Files that Braid writes have checksums of the header and of every tensor, which are compared when it is read, see
/// `SafetensorsChecksums`; other files need none.
public struct Safetensors: Sendable {
    /// The name, type and shape of one tensor of the file.
    public struct Entry: Equatable, Sendable {
        public let name: String
        public let element: StoredElement
        public let shape: [Int]
        /// Where the tensor's bytes stand, counted from the start of the file.
        public let bytes: Range<Int>
    }

    /// The largest header that is read, as in the reference implementation.
    public static let largestHeader = 100_000_000

    public let path: String
    /// The tensors in the order of their bytes.
    public let entries: [Entry]
    /// The `__metadata__` of the header, without the checksums.
    public let metadata: [String: String]
    private let checksums: SafetensorsChecksums?
    private let file: FileBytes
    private let indices: [String: Int]

    /// Maps and checks the file at `path`.
    public init(path: String) throws(InterchangeError) {
        try self.init(try FileBytes.map(path), path)
    }

    /// Checks a file that is in memory already; `path` names it in errors.
    public init(data: Data, path: String) throws(InterchangeError) {
        try self.init(FileBytes(data), path)
    }

    /// Checks the bytes of a file; `path` names it in errors.
    init(_ file: FileBytes, _ path: String) throws(InterchangeError) {
        do throws(InterchangeError) {
            try self.init(checking: file, path)
        } catch {
            if let format = ForeignFormat(file.bytes, givenFor: .safetensors) { throw format.failure(path) }
            throw error
        }
    }

    private init(checking file: FileBytes, _ path: String) throws(InterchangeError) {
        let repair = "check that the file is complete and really is safetensors"
        let count = file.bytes.count
        guard count >= 8 else {
            throw InterchangeError(path, "a file of \(count) bytes is too short for a safetensors header", repair: repair)
        }
        let size = UInt64(littleEndian: file.bytes.loadUnaligned(as: UInt64.self))
        guard size <= Self.largestHeader, Int(size) <= count - 8 else {
            let message = "the header should have \(size) bytes, but the file has \(count), and \(Self.largestHeader) is the limit"
            throw InterchangeError(path, .byte(0), message, repair: repair)
        }
        let start = 8 + Int(size)
        let text = file.array(8..<start)
        if file.isDamaged { throw FileBytes.cutOff(path) }
        let header = try SafetensorsHeader(text, start: 8, path: path)
        self.path = path
        self.file = file
        (metadata, checksums) = SafetensorsChecksums.separate(header.metadata)
        entries = try Self.place(header.entries, start: start, fileSize: count, path: path)
        indices = Dictionary(uniqueKeysWithValues: entries.indices.map { [entries] in (entries[$0].name, $0) })
        try checksums?.check(entries, metadata, path: path)
    }

    /// Returns the description of a tensor, or nil where the file has none of that name.
    public subscript(name: String) -> Entry? { indices[name].map { entries[$0] } }

    /// Copies a tensor out of the file; throws where there is none of that name.
    public func tensor(_ name: String) throws(InterchangeError) -> HostTensor { try copy(try entry(name)) }

    /// Copies all tensors out of the file, in the order of their bytes.
    public func tensors() throws(InterchangeError) -> [HostTensor] {
        var result: [HostTensor] = []
        for entry in entries { result.append(try copy(entry)) }
        return result
    }

    private func copy(_ entry: Entry) throws(InterchangeError) -> HostTensor {
        let bytes = file.array(entry.bytes)
        if file.isDamaged { throw FileBytes.cutOff(path) }
        if let checksums, checksums.tensors[entry.name] != SHA256.hexadecimal(bytes) {
            throw SafetensorsChecksums.failure(path, entry.name)
        }
        return HostTensor(name: entry.name, element: entry.element, shape: entry.shape, bytes: bytes)
    }

    /// Gives the values of a tensor as f32, in order, piece after piece: straight from the file where they are stored so, and without
    /// keeping more than a piece in memory.
    ///
    /// Throws where there is no tensor of that name, where the file became shorter, or where the bytes are not those that were written; what
    /// was given then is to be thrown away.
    ///
    /// - Parameters:
    ///   - granule: every piece but the last has a multiple of this number of values.
    ///   - body: takes the values of a piece, which are there only until it returns.
    public func readFloats(
        _ name: String, granule: Int = 1, _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws(InterchangeError) {
        let entry = try self.entry(name)
        let digest = checksums.map { _ in BackgroundDigest() }
        try file.readFloats(entry.bytes, entry.element, granule: granule, digest: digest, path: path, body)
        if let digest, let checksums, checksums.tensors[name] != digest.finish() { throw SafetensorsChecksums.failure(path, name) }
    }

    private func entry(_ name: String) throws(InterchangeError) -> Entry {
        if let entry = self[name] { return entry }
        throw Self.absence(of: name, among: entries.map(\.name), path: path)
    }

    /// The error of a tensor that is not among those of a file.
    static func absence(of name: String, among names: [String], path: String) -> InterchangeError {
        let letters = Array(name)
        let near = names.lazy.filter { $0.utf8.count <= 256 }
            .map { (name: $0, distance: Spelling.editDistance(Array($0), letters)) }.min { $0.distance < $1.distance }
        let repair = near.map { "the nearest name there is \"\($0.name)\"" } ?? "the file holds \(names.count) tensors"
        return InterchangeError(path, "there is no tensor \"\(name)\" in the file", repair: repair)
    }

    /// Checks the tensors' offsets and sorts them by place.
    private static func place(
        _ described: [SafetensorsHeader.Entry], start: Int, fileSize: Int, path: String
    ) throws(InterchangeError) -> [Entry] {
        let repair = "save the file again; it is damaged"
        var entries: [Entry] = []
        var next = 0
        for entry in described.sorted(by: { ($0.begin, $0.end, $0.name) < ($1.begin, $1.end, $1.name) }) {
            let place = InterchangeError.Place.entry("tensor \"\(entry.name)\"")
            guard let count = entry.element.byteCount(shape: entry.shape) else {
                throw InterchangeError(path, place, "the shape \(entry.shape) is too large", repair: repair)
            }
            guard entry.begin == next else {
                let problem = entry.begin < next ? "overlaps the tensor before" : "leaves a gap after the tensor before"
                throw InterchangeError(path, place, "its first byte, \(entry.begin), \(problem), which ends at \(next)", repair: repair)
            }
            guard entry.end >= entry.begin, entry.end - entry.begin == count else {
                let type = "\(entry.element.safetensorsName) \(entry.shape)"
                let message = "data_offsets [\(entry.begin), \(entry.end)] do not fit \(type), \(count) bytes"
                throw InterchangeError(path, place, message, repair: repair)
            }
            guard entry.end <= fileSize - start else {
                // A header may ask for more than an `Int` counts.
                let message = "its last byte would be \(UInt(start) + UInt(entry.end)), but the file has \(fileSize)"
                throw InterchangeError(path, place, message, repair: "the file is cut off: copy it again")
            }
            next = entry.end
            let bytes = start + entry.begin..<start + entry.end
            entries.append(Entry(name: entry.name, element: entry.element, shape: entry.shape, bytes: bytes))
        }
        guard next == fileSize - start else {
            let message = "\(fileSize - start - next) bytes belong to no tensor"
            throw InterchangeError(path, .byte(start + next), message, repair: repair)
        }
        return entries
    }
}

extension Safetensors {
    /// Writes `tensors`, `metadata` and checksums to `path`, atomically.
    ///
    /// The same content gives the same bytes: tensors are stored by falling alignment and then by name, as the reference
    /// implementation does, metadata by key. The names must differ. Throws where a tensor is called `__metadata__`, or has more than 64
    /// dimensions.
    public static func write(_ tensors: [HostTensor], metadata: [String: String] = [:], to path: String) throws(InterchangeError) {
        let sorted = tensors.sorted { ($1.element.size, $0.name) < ($0.element.size, $1.name) }
        let outputs = sorted.map(TensorOutput.init)
        try requireWritable(outputs, path: path)
        let header = self.header(outputs, metadata: metadata.merging(SafetensorsChecksums.fields(sorted, metadata)) { $1 })
        try AtomicFile.write(to: path) { (output) throws(InterchangeError) in
            try output.write(header)
            for tensor in sorted { try output.write(tensor.bytes) }
        }
    }

    /// Writes tensors as `write(_:metadata:to:)` does, with no more than one of them in memory: each is made twice, once for the checksums, which
    /// stand before them, and once for its bytes.
    public static func write(_ tensors: [TensorOutput], metadata: [String: String] = [:], to path: String) throws(InterchangeError) {
        let sorted = tensors.sorted { ($1.element.size, $0.name) < ($0.element.size, $1.name) }
        try requireWritable(sorted, path: path)
        var digests: [String: String] = [:]
        for tensor in sorted { digests[tensor.name] = SHA256.hexadecimal(try tensor.bytes()) }
        let fields = SafetensorsChecksums.fields(sorted.map { ($0.name, $0.element, $0.shape) }, digests, metadata)
        let header = self.header(sorted, metadata: metadata.merging(fields) { $1 })
        try AtomicFile.write(to: path) { (output) throws(InterchangeError) in
            try output.write(header)
            for tensor in sorted {
                let bytes = try tensor.bytes()
                // What changed between the two times would make a file that its own checksums refuse.
                guard SHA256.hexadecimal(bytes) == digests[tensor.name] else {
                    throw InterchangeError(
                        path, .entry("tensor \"\(tensor.name)\""), "what it is made from changed while it was written",
                        repair: "wait until that is written, then try again")
                }
                try output.write(bytes)
            }
        }
    }

    /// Throws where a tensor is none that the format has: other formats allow the name that the header keeps for itself.
    private static func requireWritable(_ tensors: [TensorOutput], path: String) throws(InterchangeError) {
        for tensor in tensors {
            let place = InterchangeError.Place.entry("tensor \"\(tensor.name)\"")
            if tensor.name == SafetensorsHeader.metadataKey {
                throw InterchangeError(path, place, "safetensors keeps this name for itself", repair: "rename it with --map")
            }
            if tensor.shape.count > SafetensorsHeader.mostDimensions {
                throw InterchangeError(
                    path, place,
                    "it has \(tensor.shape.count) dimensions, and tensors of safetensors have \(SafetensorsHeader.mostDimensions) at most",
                    repair: "reshape it, or leave it out")
            }
        }
    }

    /// The header of a file that holds `tensors` in this order, padded so that the first tensor stands at a multiple of 8.
    private static func header(_ tensors: [TensorOutput], metadata: [String: String]) -> [UInt8] {
        var fields: [String] = []
        if !metadata.isEmpty {
            let pairs = metadata.sorted { $0.key < $1.key }.map { "\(quoted($0.key)):\(quoted($0.value))" }
            fields.append("\"\(SafetensorsHeader.metadataKey)\":{\(pairs.joined(separator: ","))}")
        }
        var offset = 0
        var names: Set<String> = [SafetensorsHeader.metadataKey]
        for tensor in tensors {
            precondition(names.insert(tensor.name).inserted, "two tensors named \"\(tensor.name)\" in one file")
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let end = offset + tensor.byteCount
            let type = "\"dtype\":\"\(tensor.element.safetensorsName)\",\"shape\":[\(shape)]"
            fields.append("\(quoted(tensor.name)):{\(type),\"data_offsets\":[\(offset),\(end)]}")
            offset = end
        }
        var text = [UInt8]("{\(fields.joined(separator: ","))}".utf8)
        while text.count % 8 != 0 { text.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { [UInt8]($0) } + text
    }

    /// A text as JSON has it.
    private static func quoted(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        guard let bytes = try? encoder.encode(text) else { preconditionFailure("a text that cannot be written as JSON: \(text)") }
        return String(decoding: bytes, as: UTF8.self)
    }
}
