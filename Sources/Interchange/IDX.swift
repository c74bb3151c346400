import Foundation
import Graph

/// The files of MNIST and its relatives: big-endian arrays (http://yann.lecun.com/exdb/mnist), plain or gzipped.
public enum IDX {
    /// Reads the array at `path`, which may be compressed with gzip.
    ///
    /// Memory is bounded by what the file can really hold, whatever its header says, and refused before it is taken where the machine has less.
    ///
    /// - Parameter check: throws where the header's type and shape are not what is wanted, before anything else is read.
    public static func read(
        _ path: String, check: (StoredElement, [Int]) throws(InterchangeError) -> Void = { _, _ in }
    ) throws(InterchangeError) -> HostTensor {
        try read(data: try InputFile.read(path, maximum: 4 << 30), path: path, check: check)
    }

    /// The type and shape of the array at `path`, which may be compressed with gzip; no more than the beginning of the file is read.
    public static func header(_ path: String) throws(InterchangeError) -> (element: StoredElement, shape: [Int]) {
        let size = try InputFile.size(path)
        // Before the compressed bytes gzip may have a field of 64 KiB.
        let data = try InputFile.read(path, bytes: 0..<min(size, 1 << 18))
        let found: (element: StoredElement, shape: [Int], byteCount: Int)
        if Gzip.isCompressed(data) {
            let stream = GzipReader(data, path: path)
            found = try header(path: path, capacity: Gzip.largestOutput(compressed: size)) { (count) throws(InterchangeError) in
                try stream.read(upTo: count)
            }
        } else {
            var offset = 0
            found = try header(path: path, capacity: size) { (count) throws(InterchangeError) in
                let piece = data.array(offset..<min(data.count, offset + count))
                offset += piece.count
                return piece
            }
        }
        return (found.element, found.shape)
    }

    /// Reads an array that is in memory already; `path` names it in errors.
    public static func read(
        data: Data, path: String, check: (StoredElement, [Int]) throws(InterchangeError) -> Void = { _, _ in }
    ) throws(InterchangeError) -> HostTensor {
        guard Gzip.isCompressed(data) else {
            var offset = 0
            return try read(path: path, capacity: data.count, check: check) { (count) throws(InterchangeError) in
                let piece = data.array(offset..<min(data.count, offset + count))
                offset += piece.count
                return piece
            }
        }
        let stream = GzipReader(data, path: path)
        return try read(path: path, capacity: Gzip.largestOutput(compressed: data.count), check: check) {
            (count) throws(InterchangeError) in
            try stream.read(upTo: count)
        }
    }

    /// Writes a tensor as a plain IDX file, atomically; f16, bf16, unsigned types wider than a byte and booleans are not known there.
    public static func write(_ tensor: HostTensor, to path: String) throws(InterchangeError) {
        try AtomicFile.write(try encode(tensor, path: path), to: path)
    }

    /// Returns the bytes of a plain IDX file.
    public static func encode(_ tensor: HostTensor, path: String = "") throws(InterchangeError) -> [UInt8] {
        guard let code = elements.first(where: { $0.value == tensor.element })?.key, tensor.shape.count < 256 else {
            throw InterchangeError(path, "IDX files cannot hold \(tensor.element)", repair: "write safetensors or npy")
        }
        var bytes: [UInt8] = [0, 0, code, UInt8(tensor.shape.count)]
        for extent in tensor.shape {
            guard let size = UInt32(exactly: extent) else {
                throw InterchangeError(path, "an extent of \(extent) is beyond IDX files", repair: "write safetensors or npy")
            }
            bytes += withUnsafeBytes(of: size.bigEndian) { [UInt8]($0) }
        }
        return bytes + swappingBytes(tensor.bytes, size: tensor.element.size)
    }

    private static let elements: [UInt8: StoredElement] = [
        0x08: .u8, 0x09: .i8, 0x0b: .i16, 0x0c: .i32, 0x0d: .f32, 0x0e: .f64,
    ]

    private static let largestPiece = 1 << 20

    /// Reads from `next`, which returns as many bytes as asked unless the content ends; it can hold `capacity` at most.
    private static func read(
        path: String, capacity: Int, check: (StoredElement, [Int]) throws(InterchangeError) -> Void,
        next: (Int) throws(InterchangeError) -> [UInt8]
    ) throws(InterchangeError) -> HostTensor {
        let (element, shape, count) = try header(path: path, capacity: capacity, next: next)
        try check(element, shape)
        try MachineMemory.require(
            count + largestPiece, for: "\(element) \(shape)", path: path, repair: "take fewer pictures, or a machine with more memory")
        // Pages that are not written to take no memory: it grows with what the file really holds, not with what its header says.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            let piece = try next(min(count - bytes.count, largestPiece))
            if piece.isEmpty { break }
            bytes += piece
        }
        let start = 4 + 4 * shape.count
        guard bytes.count == count else {
            throw InterchangeError(
                path, .byte(start + bytes.count), "the file ends before the last of \(element) \(shape)", repair: "fetch the file again")
        }
        guard try next(1).isEmpty else {
            throw InterchangeError(path, .byte(start + count), "the file goes on after \(element) \(shape)", repair: repair)
        }
        return HostTensor(element: element, shape: shape, bytes: swappingBytes(bytes, size: element.size))
    }

    private static let repair = "check that this is one of the four MNIST files"

    /// Reads the header: type, shape, and how many bytes these take.
    private static func header(
        path: String, capacity: Int, next: (Int) throws(InterchangeError) -> [UInt8]
    ) throws(InterchangeError) -> (element: StoredElement, shape: [Int], byteCount: Int) {
        let magic = try next(4)
        guard magic.count == 4, magic[0] == 0, magic[1] == 0, let element = elements[magic[2]], magic[3] > 0 else {
            throw InterchangeError(path, .byte(0), "this is not an IDX file", repair: repair)
        }
        let rank = Int(magic[3])
        let extents = try next(4 * rank)
        guard extents.count == 4 * rank else {
            throw InterchangeError(path, .byte(4), "the file ends within its header", repair: "fetch the file again")
        }
        let shape = (0..<rank).map { axis in extents[4 * axis..<4 * axis + 4].reduce(0) { $0 << 8 | Int($1) } }
        guard let count = element.byteCount(shape: shape), count <= capacity else {
            throw InterchangeError(path, .byte(4), "the file is too short for \(element) \(shape)", repair: "fetch the file again")
        }
        return (element, shape, count)
    }
}
