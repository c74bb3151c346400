import Foundation

/// The largest singular value of a matrix by power iteration on `W^T W` (Golub & Van Loan, "Matrix Computations", 4th edition, 7.3.1), in fp64
/// and always in the same order.
enum LargestSingularValue {
    private static let mostIterations = 200
    /// The relative change at which it ends. What is found is never too large, and as near as that where the second value is not as near.
    private static let tolerance = 1e-7

    /// - Parameters:
    ///   - matrix: row by row.
    ///   - rows: how many it has.
    static func of(_ matrix: [Float], rows: Int) -> Double {
        guard rows > 0, !matrix.isEmpty else { return 0 }
        let columns = matrix.count / rows
        // A sequence without a pattern, so that it lies across no singular vector.
        var vector = (0..<columns).map { (Double($0 + 1) * 0.618_033_988_749_894_9).truncatingRemainder(dividingBy: 1) - 0.49 }
        var found = 0.0
        for _ in 0..<mostIterations {
            let length = norm(vector)
            guard length > 0, length.isFinite else { return length.isFinite ? found : .nan }
            for column in 0..<columns { vector[column] /= length }
            var (next, squares) = ([Double](repeating: 0, count: columns), 0.0)
            matrix.withUnsafeBufferPointer { matrix in
                for row in 0..<rows {
                    let values = UnsafeBufferPointer(rebasing: matrix[row * columns..<(row + 1) * columns])
                    let product = Self.product(values, vector)
                    squares += product * product
                    for column in 0..<columns { next[column] += product * Double(values[column]) }
                }
            }
            let value = squares.squareRoot()
            if abs(value - found) <= tolerance * value { return value }
            (found, vector) = (value, next)
        }
        return found
    }

    /// Summed in eight parts, which vectors add up side by side.
    private static func product(_ values: UnsafeBufferPointer<Float>, _ vector: [Double]) -> Double {
        var parts = SIMD8<Double>.zero
        let whole = values.count & ~7
        for start in stride(from: 0, to: whole, by: 8) {
            var (a, b) = (SIMD8<Double>.zero, SIMD8<Double>.zero)
            for lane in 0..<8 { (a[lane], b[lane]) = (Double(values[start + lane]), vector[start + lane]) }
            parts += a * b
        }
        return (whole..<values.count).reduce(parts.sum()) { $0 + Double(values[$1]) * vector[$1] }
    }

    private static func norm(_ vector: [Double]) -> Double {
        // Squares of the largest and the smallest numbers are none any more.
        let largest = vector.reduce(0) { max($0, abs($1)) }
        guard largest > 0, largest.isFinite else { return largest }
        return largest * vector.reduce(0) { $0 + ($1 / largest) * ($1 / largest) }.squareRoot()
    }
}
