import Compiler
import Source

/// Two runs beside each other, as people read it.
struct RunComparisonReport {
    private let comparison: RunComparison
    private let sources: SourceMap
    private let showsAll: Bool

    init(_ comparison: RunComparison, _ sources: SourceMap, showsAll: Bool) {
        (self.comparison, self.sources, self.showsAll) = (comparison, sources, showsAll)
    }

    func show() {
        let rows = comparison.rows
        let first = rows.firstIndex { !($0.largest <= comparison.tolerance) }
        let shown = showsAll ? rows.indices : first.map { max(0, $0 - 3)..<min(rows.count, $0 + 4) } ?? max(0, rows.count - 3)..<rows.count
        var table = Table(
            ("", .left), ("largest", .right), ("rms", .right), ("tensor", .left), ("shape", .left), ("kernel", .left), ("line", .left))
        for index in shown {
            let row = rows[index]
            table.add(
                index == first ? "→" : "", Format.scientific(row.largest), Format.scientific(row.rootMeanSquare), row.name,
                "\(row.extents)", row.kernels.first, sources.location(of: row.span).map { "\($0.file):\($0.line)" } ?? "")
        }
        print(table.text, terminator: "")
        let unpaired = comparison.unpaired > 0 ? "; \(comparison.unpaired) have no like in the other" : ""
        print("\(rows.count) tensors compared\(unpaired)")
        guard let first else {
            let largest = rows.map(\.largest).max() ?? 0
            return print(
                "none differs by more than \(Format.scientific(comparison.tolerance)) of its largest element; at most by \(Format.scientific(largest))"
            )
        }
        let row = rows[first]
        print(
            "\(Console.bold(row.name)) is the first that differs by more than \(Format.scientific(comparison.tolerance)) of its largest element: "
                + "\(Format.scientific(row.largest))"
                + (row.kernels.second.map { $0 == row.kernels.first ? "" : "; made by \(row.kernels.first) and by \($0)" } ?? ""))
    }
}

/// What `braid diff --json` prints.
struct ComparisonRecord: Encodable {
    struct Row: Encodable {
        var tensor: String
        var shape: [Int]
        var kernel: String
        var otherKernel: String?
        var largest: Double?
        var rootMeanSquare: Double?
        var samples: Int
        var file: String?
        var line: Int?
    }

    private let tolerance: Double
    private let differs: Bool
    private let first: String?
    private let tensors: [Row]
    private let unpaired: Int

    init(_ comparison: RunComparison, _ sources: SourceMap) {
        tolerance = comparison.tolerance
        first = comparison.first?.name
        differs = first != nil
        unpaired = comparison.unpaired
        tensors = comparison.rows.map { row in
            let place = sources.location(of: row.span)
            return Row(
                tensor: row.name, shape: row.extents, kernel: row.kernels.first, otherKernel: row.kernels.second,
                largest: row.largest.isFinite ? row.largest : nil, rootMeanSquare: row.rootMeanSquare.isFinite ? row.rootMeanSquare : nil,
                samples: row.samples, file: place?.file, line: place?.line)
        }
    }
}
