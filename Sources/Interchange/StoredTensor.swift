import Graph

/// A tensor in a file: a view of elements that need not lie side by side.
struct StoredTensor: Sendable {
    let element: StoredElement
    /// The extents, outermost first.
    let shape: [Int]
    /// How many elements further the next one of each axis lies.
    let strides: [Int]
    /// Where the first element stands in the file, in bytes.
    let start: Int
    let isBigEndian: Bool
    let file: FileBytes

    /// - Parameter strides: those of axes along which nothing is stepped may be any number, and are kept as 0.
    init(element: StoredElement, shape: [Int], strides: [Int], start: Int, isBigEndian: Bool, file: FileBytes) {
        (self.element, self.shape, self.start, self.isBigEndian, self.file) = (element, shape, start, isBigEndian, file)
        // No check bounds the stride of one element, so that products with it could overflow.
        self.strides = zip(shape, strides).map { extent, stride in extent > 1 ? stride : 0 }
    }

    /// How many elements of a storage a view reaches over, those before it included; nil where that overflows. None for a view of none.
    static func end(offset: Int, shape: [Int], strides: [Int]) -> Int? {
        if shape.contains(0) { return 0 }
        var last = offset
        for (extent, stride) in zip(shape, strides) {
            let (span, overflows) = (extent - 1).multipliedReportingOverflow(by: stride)
            let (sum, exceeds) = last.addingReportingOverflow(span)
            if overflows || exceeds { return nil }
            last = sum
        }
        return last == .max ? nil : last + 1
    }

    /// The number of elements.
    var count: Int { (element.byteCount(shape: shape) ?? 0) / element.size }

    /// Whether the elements lie side by side in row-major order.
    private var isContiguous: Bool {
        if count == 0 { return true }
        var expected = 1
        for (extent, stride) in zip(shape, strides).reversed() where extent > 1 {
            if stride != expected { return false }
            expected *= extent
        }
        return true
    }

    private var isInOrder: Bool { isContiguous && (!isBigEndian || element.size == 1) }

    /// Copies the tensor; `path` names the file in errors.
    func read(_ name: String, path: String) throws(InterchangeError) -> HostTensor {
        let size = element.byteCount(shape: shape) ?? .max
        try MachineMemory.require(size, for: "the tensor \"\(name)\"", path: path, repair: "free some memory, or take a smaller network")
        let bytes = isInOrder ? file.array(start..<start + size) : gathered(0..<count)
        if file.isDamaged { throw FileBytes.cutOff(path) }
        return HostTensor(name: name, element: element, shape: shape, bytes: bytes)
    }

    /// Gives the values as f32, in order, piece after piece, see `FileBytes.readFloats`.
    func readFloats(
        granule: Int, path: String, _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws(InterchangeError) {
        if isInOrder {
            let range = start..<start + count * element.size
            return try file.readFloats(range, element, granule: granule, path: path, body)
        }
        for piece in FileBytes.pieces(of: count, granule: granule) {
            let bytes = gathered(piece)
            let floats = [Float](unsafeUninitializedCapacity: piece.count) { buffer, initialized in
                let target = UnsafeMutableBufferPointer(rebasing: buffer[..<piece.count])
                bytes.withUnsafeBytes { convertToFloats($0, element: element, into: target) }
                initialized = piece.count
            }
            floats.withUnsafeBufferPointer(body)
            if file.isDamaged { throw FileBytes.cutOff(path) }
        }
    }

    /// Copies some elements, by their numbers in row-major order, little-endian.
    private func gathered(_ range: Range<Int>) -> [UInt8] {
        let size = element.size
        let bytes = [UInt8](unsafeUninitializedCapacity: range.count * size) { target, written in
            // The position of the first element, and where it stands.
            var index = [Int](repeating: 0, count: shape.count)
            var (rest, source) = (range.lowerBound, start)
            for axis in shape.indices.reversed() where !range.isEmpty {
                index[axis] = rest % shape[axis]
                rest /= shape[axis]
                source += index[axis] * strides[axis] * size
            }
            for _ in range {
                for byte in source..<source + size {
                    target.initializeElement(at: written, to: file.bytes[byte])
                    written += 1
                }
                var axis = shape.count - 1
                while axis >= 0 {
                    index[axis] += 1
                    source += strides[axis] * size
                    if index[axis] < shape[axis] { break }
                    source -= strides[axis] * shape[axis] * size
                    index[axis] = 0
                    axis -= 1
                }
            }
        }
        return isBigEndian ? swappingBytes(bytes, size: size) : bytes
    }
}
