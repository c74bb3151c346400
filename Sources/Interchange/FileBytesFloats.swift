import Graph

extension FileBytes {
    /// The number of values that are given at a time, about.
    static let pieceCount = 1 << 20

    /// The pieces that `count` values are given in: every one but the last has a multiple of `granule` values.
    static func pieces(of count: Int, granule: Int) -> [Range<Int>] {
        let granule = max(1, granule)
        let piece = max(granule, pieceCount / granule * granule)
        return stride(from: 0, to: count, by: piece).map { $0..<min(count, $0 + piece) }
    }

    /// Gives the little-endian values of a range as f32, in order, piece after piece: straight from the file where they are stored so, and
    /// without keeping more than a piece in memory.
    ///
    /// Throws where the file became shorter; what was given then is to be thrown away.
    ///
    /// - Parameters:
    ///   - digest: takes the bytes beside what is done with them.
    ///   - path: names the file in errors.
    func readFloats(
        _ range: Range<Int>, _ element: StoredElement, granule: Int, digest: BackgroundDigest? = nil, path: String,
        _ body: (UnsafeBufferPointer<Float>) -> Void
    ) throws(InterchangeError) {
        let size = element.size
        let pieces = Self.pieces(of: range.count / size, granule: granule)
        var converted: UnsafeMutableBufferPointer<Float>?
        defer { converted?.deallocate() }
        for piece in pieces {
            let place = range.lowerBound + piece.lowerBound * size..<range.lowerBound + piece.upperBound * size
            let source = UnsafeRawBufferPointer(rebasing: bytes[place])
            // This piece, and what follows it in the file while this one is copied.
            announce(place.lowerBound..<min(range.upperBound, place.upperBound + pieces[0].count * size))
            digest?.begin(source)
            if let stored = Self.storedFloats(source, element) {
                body(stored)
            } else {
                let buffer = converted ?? UnsafeMutableBufferPointer<Float>.allocate(capacity: pieces[0].count)
                converted = buffer
                let target = UnsafeMutableBufferPointer<Float>(rebasing: buffer[..<piece.count])
                convertToFloats(source, element: element, into: target)
                body(UnsafeBufferPointer(target))
            }
            digest?.end()
            release(place)
            if isDamaged { throw Self.cutOff(path) }
        }
    }

    static func cutOff(_ path: String) -> InterchangeError {
        InterchangeError(path, "the file became shorter while it was read", repair: "wait until it is written, then try again")
    }

    /// The values themselves, where the file holds them as this machine does.
    private static func storedFloats(_ source: UnsafeRawBufferPointer, _ element: StoredElement) -> UnsafeBufferPointer<Float>? {
        guard element == .f32, UInt32.littleEndianIsNative, let base = source.baseAddress,
            Int(bitPattern: base) % MemoryLayout<Float>.alignment == 0
        else { return nil }
        return source.bindMemory(to: Float.self)
    }
}
