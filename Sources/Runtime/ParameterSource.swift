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
    private let tally: NonFiniteTally

    private init(
        _ pool: ThreadPool, _ copy: LayoutCopy, _ rows: Range<Int>, _ values: UnsafePointer<Float>, _ stored: UnsafeMutablePointer<Float>,
        _ tally: NonFiniteTally
    ) {
        (self.pool, self.copy, self.rows, self.values, self.stored, self.tally) = (pool, copy, rows, values, stored, tally)
    }

    /// What is smaller is stored before another thread is awake.
    private static let smallestShared = 1 << 15
    /// Values that are looked at and then stored: they stay in the second-level cache meanwhile.
    private static let valuesAtOnce = 1 << 15

    static func run(
        _ pool: ThreadPool, _ copy: LayoutCopy, _ rows: Range<Int>, _ values: UnsafePointer<Float>,
        to stored: UnsafeMutablePointer<Float>, noting tally: NonFiniteTally
    ) {
        let job = RowScatter(pool, copy, rows, values, stored, tally)
        if rows.count * copy.rowLength < smallestShared { return job.store(0..<rows.count) }
        pool.run(job)
    }

    func run(thread: Int) {
        let each = LayoutCopy.rowsAtOnce
        let share = evenShare(of: (rows.count + each - 1) / each, among: pool.threads, number: thread)
        // Where there are fewer pieces than threads, an empty share lies behind the last row.
        if share.isEmpty { return }
        let mine = share.lowerBound * each..<min(rows.count, share.upperBound * each)
        store(mine)
    }

    /// Stores some of the rows, counted from the first.
    private func store(_ mine: Range<Int>) {
        let each = LayoutCopy.rowsAtOnce
        let together = max(each, Self.valuesAtOnce / max(1, copy.rowLength) / each * each)
        let first = rows.lowerBound
        for start in stride(from: mine.lowerBound, to: mine.upperBound, by: together) {
            let part = start..<min(mine.upperBound, start + together)
            let from = values + part.lowerBound * copy.rowLength
            tally.look(at: from, count: part.count * copy.rowLength, from: (first + part.lowerBound) * copy.rowLength)
            copy.scatter(from, rows: first + part.lowerBound..<first + part.upperBound, to: stored)
        }
    }
}
