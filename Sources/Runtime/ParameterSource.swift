import Graph

/// Where an executable takes its parameters from: it asks for each when it needs it, as often as it is given the source.
public protocol ParameterSource {
    associatedtype Failure: Error

    /// Gives a parameter's values in row-major order, in one piece or several, and returns true; returns false where it has none.
    ///
    /// - Parameters:
    ///   - granule: every piece but the last is a multiple of this number of values.
    ///   - store: takes the next piece.
    func read(
        _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
    ) throws(Failure) -> Bool
}

/// Stores rows of a tensor; all threads do it together.
final class RowScatter: ParallelJob {
    private let pool: ThreadPool
    private let copy: LayoutCopy
    private let rows: Range<Int>
    private let values: UnsafePointer<Float>
    private let stored: UnsafeMutablePointer<Float>

    private init(
        _ pool: ThreadPool, _ copy: LayoutCopy, _ rows: Range<Int>, _ values: UnsafePointer<Float>, _ stored: UnsafeMutablePointer<Float>
    ) {
        (self.pool, self.copy, self.rows, self.values, self.stored) = (pool, copy, rows, values, stored)
    }

    /// What is smaller is stored before another thread is awake.
    private static let smallestShared = 1 << 15

    static func run(
        _ pool: ThreadPool, _ copy: LayoutCopy, _ rows: Range<Int>, _ values: UnsafePointer<Float>,
        to stored: UnsafeMutablePointer<Float>
    ) {
        if rows.count * copy.rowLength < smallestShared { return copy.scatter(values, rows: rows, to: stored) }
        pool.run(RowScatter(pool, copy, rows, values, stored))
    }

    func run(thread: Int) {
        let each = LayoutCopy.rowsAtOnce
        let share = pool.share(of: (rows.count + each - 1) / each, thread: thread)
        let mine = share.lowerBound * each..<min(rows.count, share.upperBound * each)
        if mine.isEmpty { return }
        let first = rows.lowerBound
        copy.scatter(values + mine.lowerBound * copy.rowLength, rows: first + mine.lowerBound..<first + mine.upperBound, to: stored)
    }
}
