/// Aligned columns of text.
struct Table {
    enum Alignment { case left, right }

    private let header: [String]
    private let alignments: [Alignment]
    private var rows: [Row] = []

    private enum Row {
        case cells([String])
        case rule
        /// A line across all columns.
        case remark(String)
    }

    init(_ columns: (String, Alignment)...) { self.init(columns) }

    init(_ columns: [(String, Alignment)]) {
        header = columns.map(\.0)
        alignments = columns.map(\.1)
    }

    /// Wraps a header of one alignment; for a number of columns known only at run time.
    init(header: [String], alignment: Alignment) {
        self.header = header
        alignments = header.map { _ in alignment }
    }

    mutating func add(_ cells: String...) { add(cells) }

    mutating func add(_ cells: [String]) {
        precondition(cells.count == header.count, "\(cells.count) cells for \(header.count) columns")
        rows.append(.cells(cells))
    }

    /// A line across, before totals.
    mutating func addRule() { rows.append(.rule) }

    /// A line about the row before, as wide as it is.
    mutating func addRemark(_ text: String) { rows.append(.remark(text)) }

    private var widths: [Int] {
        header.indices.map { column in
            rows.reduce(header[column].count) { width, row in
                if case .cells(let cells) = row { max(width, cells[column].count) } else { width }
            }
        }
    }

    /// The rows alone, without header and line.
    var rowsText: String { lines(widths).map { "  " + $0 + "\n" }.joined() }

    private func lines(_ widths: [Int]) -> [String] {
        let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        return rows.map { row in
            switch row {
            case .cells(let cells): line(cells, widths)
            case .rule: Console.dim(rule)
            case .remark(let text): Console.dim(text)
            }
        }
    }

    /// The header, a line, and the rows; each ends in a line break.
    var text: String {
        let widths = widths
        let rule = String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1))
        return ([Console.bold(line(header, widths)), Console.dim(rule)] + lines(widths)).joined(separator: "\n") + "\n"
    }

    /// One row as the table would print it, for tables that grow while they are shown.
    static func line(_ cells: [String], widths: [Int]) -> String {
        zip(cells, widths).map { cell, width in String(repeating: " ", count: max(0, width - cell.count)) + cell }.joined(separator: "  ")
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        let padded = cells.indices.map { column in
            let space = String(repeating: " ", count: widths[column] - cells[column].count)
            return alignments[column] == .left ? cells[column] + space : space + cells[column]
        }
        var line = padded.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}
