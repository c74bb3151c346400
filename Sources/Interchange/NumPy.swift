import Foundation
import Graph

/// NumPy's array files (`.npy`), versions 1 to 3 of
/// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public enum NumPy {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

    /// Reads the array at `path` as a row-major tensor; arrays in Fortran order are transposed.
    ///
    /// Types, shapes and headers may be spelled in any way that `numpy.load` reads. Throws where the file is damaged, larger than memory, or
    /// of a type that Braid has no use for (objects, records, text, complex numbers).
    public static func read(_ path: String) throws(InterchangeError) -> HostTensor {
        // The file, its content and the content as numbers.
        try MachineMemory.require(
            2 * min(try InputFile.size(path), .max / 2), for: "the array", path: path, repair: "save fewer images a file")
        return try read(data: try InputFile.read(path), path: path)
    }

    /// Reads an array that is in memory already; `path` names it in errors.
    public static func read(data: Data, path: String) throws(InterchangeError) -> HostTensor {
        let (type, shape, isFortran, content) = try header(data, size: data.count, path: path)
        let element = type.element
        var bytes = data.array(content..<data.count)
        if type.isBigEndian { bytes = swappingBytes(bytes, size: element.size) }
        let isTransposed = isFortran && shape.count > 1
        return HostTensor(element: element, shape: shape, bytes: isTransposed ? rowMajor(bytes, shape: shape, size: element.size) : bytes)
    }

    /// The longest beginning of a file that tells what it holds.
    static let largestHeader = 12 + 1 << 16
    /// A beginning that is long enough for nearly all files.
    static let usualHeader = 512

    /// Where the header of a file with this beginning says that it ends.
    static func headerEnd(_ data: Data) -> Int {
        guard let version = data.littleEndian(UInt8.self, at: 6), version > 1 else {
            return 10 + Int(data.littleEndian(UInt16.self, at: 8) ?? 0)
        }
        return 12 + Int(data.littleEndian(UInt32.self, at: 8) ?? 0)
    }

    /// Reads the header at the beginning of a file of `size` bytes, and where the elements begin; they fill the rest of the file.
    static func header(
        _ data: Data, size fileSize: Int, path: String
    ) throws(InterchangeError) -> (type: NumPyType, shape: [Int], isFortran: Bool, content: Int) {
        let repair = "save the array again with numpy.save"
        guard data.count >= 10, data.starts(with: magic) else {
            if let format = data.withUnsafeBytes({ ForeignFormat($0, givenFor: .array) }) { throw format.failure(path) }
            throw InterchangeError(path, .byte(0), "this is not a NumPy array file", repair: repair)
        }
        let version = Int(data.littleEndian(UInt8.self, at: 6) ?? 0)
        guard (1...3).contains(version) else {
            throw InterchangeError(path, .byte(6), "version \(version) of the format is not known", repair: repair)
        }
        let start = version == 1 ? 10 : 12
        let size = version == 1 ? data.littleEndian(UInt16.self, at: 8).map(Int.init) : data.littleEndian(UInt32.self, at: 8).map(Int.init)
        guard let size, size <= data.count - start, size <= 1 << 16 else {
            throw InterchangeError(path, .byte(8), "the header does not fit the file", repair: repair)
        }
        var header = NumPyHeader(data.array(start..<start + size), start: start, path: path)
        let (type, shape, isFortran) = try header.parse()
        let content = start + size
        guard let count = type.element.byteCount(shape: shape), count == fileSize - content else {
            let message = "an array \(type.element) \(shape) does not fit the \(fileSize - content) bytes after the header"
            throw InterchangeError(path, .byte(content), message, repair: "copy the file again or save one array a file")
        }
        return (type, shape, isFortran, content)
    }

    /// The most dimensions that an array has (NumPy 2.0).
    static let mostDimensions = 64

    /// Writes `tensor` to `path`, atomically, as version 1 in row-major order; bfloat16 and numbers of 8 bits, which NumPy lacks, as f32. The
    /// tensor has 64 dimensions at most.
    public static func write(_ tensor: HostTensor, to path: String) throws(InterchangeError) {
        try AtomicFile.write(encode(tensor), to: path)
    }

    /// Returns the bytes of an array file.
    public static func encode(_ tensor: HostTensor) -> [UInt8] {
        guard let type = tensor.element.numpyName else { return encode(HostTensor(shape: tensor.shape, floats: tensor.floats)) }
        // A tuple of one is written (3,) in Python.
        let shape = tensor.shape.map(String.init).joined(separator: ", ") + (tensor.shape.count == 1 ? "," : "")
        var header = Array("{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }".utf8)
        while (10 + header.count + 1) % 64 != 0 { header.append(UInt8(ascii: " ")) }
        header.append(UInt8(ascii: "\n"))
        precondition(tensor.shape.count <= mostDimensions, "a tensor of \(tensor.shape.count) dimensions is beyond NumPy")
        return magic + [1, 0, UInt8(header.count & 0xff), UInt8(header.count >> 8)] + header + tensor.bytes
    }

    /// Writes an `.npz` archive of tensors to `path`, atomically, with no more than one of them in memory, see `write`.
    ///
    /// Throws where a tensor has more dimensions than NumPy's arrays, or a name that no entry can have.
    ///
    /// - Parameter compresses: whether arrays are deflated, as `numpy.savez_compressed` does.
    public static func writeArchive(
        _ tensors: [TensorOutput], compresses: Bool = false, to path: String
    ) throws(InterchangeError) {
        var entries: [ZipArchiveWriter.Entry] = []
        for tensor in tensors {
            let place = InterchangeError.Place.entry("tensor \"\(tensor.name)\"")
            guard tensor.shape.count <= mostDimensions else {
                throw InterchangeError(
                    path, place, "it has \(tensor.shape.count) dimensions, and NumPy's arrays have \(mostDimensions) at most",
                    repair: "write safetensors, or leave it out")
            }
            guard (1...65_000).contains(tensor.name.utf8.count) else {
                throw InterchangeError(path, place, "no entry of an archive can have this name", repair: "rename it with --map")
            }
            entries.append(
                ZipArchiveWriter.Entry(name: tensor.name + ".npy") { () throws(InterchangeError) in
                    encode(HostTensor(element: tensor.element, shape: tensor.shape, bytes: try tensor.bytes()))
                })
        }
        try ZipArchiveWriter.write(entries, compresses: compresses, to: path)
    }

    /// Reorders elements of `size` bytes from column-major (the first extent varies fastest) to row-major.
    private static func rowMajor(_ bytes: [UInt8], shape: [Int], size: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: bytes.count) { target, count in
            var index = [Int](repeating: 0, count: shape.count)
            var strides: [Int] = []
            var stride = size
            for extent in shape {
                strides.append(stride)
                stride *= extent
            }
            var source = 0
            while count < bytes.count {
                for byte in source..<source + size {
                    target[count] = bytes[byte]
                    count += 1
                }
                var axis = shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    source += strides[axis]
                    if index[axis] < shape[axis] { break }
                    source -= strides[axis] * shape[axis]
                    index[axis] = 0
                    axis -= 1
                }
            }
        }
    }
}
