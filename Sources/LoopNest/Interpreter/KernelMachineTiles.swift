import Graph

/// The instructions of tiles, in the order in which `tdpbf16ps` and its like do them.
extension KernelMachine {
    /// The words of a tile, row by row: a number of f32, or a pair of bf16 with the first in the lower half.
    static let tileWords = TileElement.rows * TileElement.columns

    func zeroTile(_ to: Int) {
        for word in words(of: to) { tiles[word] = 0 }
    }

    func loadTile(_ element: TileElement, _ access: borrowing KernelProgram.Access, _ to: Int, _ stride: Int) throws(KernelError) {
        let (place, index) = (memory.places[access.buffer], evaluate(access.index))
        for row in 0..<TileElement.rows {
            let first = index &+ row &* stride
            let start = try start(access, place, first, element.rowCount)
            if place.isTracked { for number in 0..<element.rowCount { try trackRead(access, place, first, number) } }
            for column in 0..<TileElement.columns {
                tiles[words(of: to).lowerBound + row * TileElement.columns + column] = UInt32(
                    littleEndian: start.loadUnaligned(fromByteOffset: 4 * column, as: UInt32.self))
            }
        }
    }

    func storeTile(_ access: borrowing KernelProgram.Access, _ from: Int, _ stride: Int) throws(KernelError) {
        let (place, index) = (memory.places[access.buffer], evaluate(access.index))
        for row in 0..<TileElement.rows {
            let first = index &+ row &* stride
            let start = try start(access, place, first, TileElement.columns)
            if place.isTracked { for number in 0..<TileElement.columns { try trackWrite(access, place, first, number) } }
            for column in 0..<TileElement.columns {
                let word = tiles[words(of: from).lowerBound + row * TileElement.columns + column]
                start.storeBytes(of: word.littleEndian, toByteOffset: 4 * column, as: UInt32.self)
            }
        }
    }

    func tileProduct(_ a: Int, _ b: Int, _ sum: Int) {
        let (rows, columns) = (TileElement.rows, TileElement.columns)
        /// The numbers of a tile of pairs: all lower ones, then all upper ones.
        func numbers(_ tile: Int) -> [Float] {
            let pairs = words(of: tile).map { BFloat16Pair(bitPattern: tiles[$0]) }
            return pairs.map(\.low) + pairs.map(\.high)
        }
        let first = words(of: sum).lowerBound
        numbers(a).withUnsafeBufferPointer { a in
            numbers(b).withUnsafeBufferPointer { b in
                for row in 0..<rows {
                    for column in 0..<columns {
                        let result = BFloat16Pair.tileProduct(
                            a.baseAddress! + row * columns, b.baseAddress! + column, stride: columns, half: Self.tileWords,
                            sum: Float(bitPattern: tiles[first + row * columns + column]))
                        tiles[first + row * columns + column] = result.bitPattern
                    }
                }
            }
        }
    }

    private func words(of tile: Int) -> Range<Int> { tile * Self.tileWords..<(tile + 1) * Self.tileWords }
}
