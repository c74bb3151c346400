import LoopNest

/// How the work of a contraction on tiles is cut. The order of arithmetic does not depend on it, so neither do results.
struct TileSchedule: ContractionSchedule {
    /// The rows of points that a task takes, whole strips.
    var rows: Int
    /// The rows of a strip, whose sums are stored and go through the epilogue together.
    var stripRows: Int
    /// Into how many parts the outputs are split over tasks.
    var outputParts: Int

    private enum CodingKeys: String, CodingKey {
        case rows
        case stripRows = "strip_rows"
        case outputParts = "output_parts"
    }

    var text: String { "\(rows) rows, strips of \(stripRows), \(outputParts) parts" }
    var kind: [Int] { [stripRows, outputParts, rows.magnitudeClass] }
}
