import Foundation

/// A matrix whose rows, or columns where these are fewer, are made orthonormal, as `torch.nn.init.orthogonal_` does: of a matrix of
/// normal values it makes one that is uniformly distributed among all such matrices (Saxe et al., arXiv 1312.6120).
///
/// Gram-Schmidt, twice, in f64: exact to rounding for any matrix of full rank, and each vector keeps the sign that it had. Vectors are
/// taken in blocks, so that those before are read once a block. It takes 4 * length * count * count operations, of which a core does
/// some 10 million a millisecond: 1024 x 9216 takes 2 s on two cores, and 4096 x 25088 by that count a minute and a half.
struct Orthonormal {
    /// The vectors that become orthonormal, one after another.
    private var vectors: [Double]
    private let count: Int
    private let length: Int
    /// Whether the vectors are the columns of the matrix.
    private let areColumns: Bool

    private static let blockSize = 32
    /// Elements of all vectors that are worked on together: those of a block fit the second-level cache.
    private static let tileSize = 1024

    init(_ matrix: [Float], rows: Int, columns: Int) {
        precondition(matrix.count == rows * columns, "a matrix of \(rows) x \(columns) has no \(matrix.count) values")
        (count, length, areColumns) = (min(rows, columns), max(rows, columns), rows > columns)
        vectors = [Double](repeating: 0, count: matrix.count)
        for index in matrix.indices { vectors[place(index)] = Double(matrix[index]) }
        orthonormalize()
    }

    /// The matrix times `gain`, row-major.
    func values(gain: Double) -> [Float] { vectors.indices.map { Float(gain * vectors[place($0)]) } }

    /// Where the element `index` of the row-major matrix lies.
    private func place(_ index: Int) -> Int { areColumns ? index % count * length + index / count : index }

    private mutating func orthonormalize() {
        let (count, length) = (count, length)
        vectors.withUnsafeMutableBufferPointer { vectors in
            guard let start = vectors.baseAddress else { return }
            let span = VectorSpan(start: start, length: length)
            for first in stride(from: 0, to: count, by: Self.blockSize) {
                let block = first..<min(count, first + Self.blockSize)
                for _ in 0..<2 {
                    span.removeProjections(of: block, tile: Self.tileSize)
                    span.orthonormalize(block)
                }
            }
        }
    }
}

/// Vectors one after another in memory, of which those before a block are orthonormal.
private struct VectorSpan: @unchecked Sendable {
    let start: UnsafeMutablePointer<Double>
    let length: Int

    /// Takes from the vectors of a block what lies along the vectors before it.
    ///
    /// All threads have coefficients, then tiles of their own, and the order of every sum is fixed.
    func removeProjections(of block: Range<Int>, tile: Int) {
        let before = block.lowerBound
        if before == 0 { return }
        var coefficients = [Double](repeating: 0, count: before * block.count)
        coefficients.withUnsafeMutableBufferPointer { coefficients in
            nonisolated(unsafe) let coefficients = coefficients
            let tiles = (length + tile - 1) / tile
            let pieces = (before + 15) / 16
            DispatchQueue.concurrentPerform(iterations: pieces) { piece in
                let part = piece * 16..<min(before, (piece + 1) * 16)
                for tileIndex in 0..<tiles {
                    let range = tileIndex * tile..<min(length, (tileIndex + 1) * tile)
                    for other in part {
                        for first in stride(from: before, to: block.upperBound, by: 4) {
                            let products = dot(other, first..<min(first + 4, block.upperBound), range)
                            for lane in 0..<min(4, block.upperBound - first) {
                                coefficients[other * block.count + first - before + lane] += products[lane]
                            }
                        }
                    }
                }
            }
            DispatchQueue.concurrentPerform(iterations: tiles) { tileIndex in
                let range = tileIndex * tile..<min(length, (tileIndex + 1) * tile)
                // The number of vectors before a block is a multiple of its size.
                for first in stride(from: 0, to: before, by: 4) {
                    for vector in block {
                        let factors = SIMD4<Double>((0..<4).map { coefficients[(first + $0) * block.count + vector - before] })
                        subtract(factors, first, from: vector, range)
                    }
                }
            }
        }
    }

    /// Makes the vectors of a block orthonormal among each other.
    func orthonormalize(_ block: Range<Int>) {
        for vector in block {
            let target = start + vector * length
            for other in block.lowerBound..<vector {
                let factor = dot(other, vector..<vector + 1, 0..<length)[0]
                let source = start + other * length
                for index in 0..<length { target[index] -= factor * source[index] }
            }
            let norm = dot(vector, vector..<vector + 1, 0..<length)[0].squareRoot()
            let scale = norm > 0 ? 1 / norm : 0
            for index in 0..<length { target[index] *= scale }
        }
    }

    /// The inner products of a vector with up to four others, within a range of their elements; each is summed in four lanes.
    private func dot(_ vector: Int, _ others: Range<Int>, _ range: Range<Int>) -> SIMD4<Double> {
        let a = start + vector * length
        let places = (0..<4).map { start + min(others.lowerBound + $0, others.upperBound - 1) * length }
        let (b0, b1, b2, b3) = (places[0], places[1], places[2], places[3])
        var (s0, s1, s2, s3) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD4<Double>.zero)
        var index = range.lowerBound
        while index + 4 <= range.upperBound {
            let x = four(a + index)
            s0 += x * four(b0 + index)
            s1 += x * four(b1 + index)
            s2 += x * four(b2 + index)
            s3 += x * four(b3 + index)
            index += 4
        }
        var sums = SIMD4(s0.sum(), s1.sum(), s2.sum(), s3.sum())
        while index < range.upperBound {
            sums += a[index] * SIMD4(b0[index], b1[index], b2[index], b3[index])
            index += 1
        }
        return sums
    }

    /// Takes four vectors, each times its factor, from another, within a range of their elements.
    private func subtract(_ factors: SIMD4<Double>, _ first: Int, from vector: Int, _ range: Range<Int>) {
        let (a, b) = (start + vector * length, start + first * length)
        let (b1, b2, b3) = (b + length, b + 2 * length, b + 3 * length)
        var index = range.lowerBound
        while index + 4 <= range.upperBound {
            let near = factors[0] * four(b + index) + factors[1] * four(b1 + index)
            let far = factors[2] * four(b2 + index) + factors[3] * four(b3 + index)
            let difference = four(a + index) - (near + far)
            UnsafeMutableRawPointer(a + index).storeBytes(of: difference, as: SIMD4<Double>.self)
            index += 4
        }
        while index < range.upperBound {
            a[index] -= (factors[0] * b[index] + factors[1] * b1[index]) + (factors[2] * b2[index] + factors[3] * b3[index])
            index += 1
        }
    }

    private func four(_ values: UnsafeMutablePointer<Double>) -> SIMD4<Double> {
        UnsafeRawPointer(values).loadUnaligned(as: SIMD4<Double>.self)
    }
}
