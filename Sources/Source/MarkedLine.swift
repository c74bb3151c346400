/// A source line laid out with the rows of markers and label texts below it.
struct MarkedLine {
    /// A stretch of a marker row; `isPrimary` is nil for blanks.
    struct Piece {
        var text: String
        let isPrimary: Bool?
    }

    /// Longer lines show only a window around their first marker.
    static let maximumWidth = 200

    private(set) var text: String
    private(set) var markerRows: [[Piece]] = []

    private struct Mark {
        let start: Int
        let end: Int
        let isPrimary: Bool
        let text: String
    }

    init(_ source: String, _ annotations: [DiagnosticRenderer.Annotation]) {
        let display = DisplayText(source)
        var marks = annotations.map { annotation in
            let start = display.column(ofByte: annotation.range.lowerBound)
            let end = max(start + 1, display.column(ofByte: annotation.range.upperBound))
            return Mark(start: start, end: end, isPrimary: annotation.isPrimary, text: annotation.text)
        }
        text = display.text
        if display.width > Self.maximumWidth {
            let first = marks.map(\.start).min() ?? 0
            let window = max(0, first - 40)..<max(0, first - 40) + Self.maximumWidth
            text = Self.cut(display.text, to: window)
            marks = marks.filter { $0.start < window.upperBound }.map {
                Mark(
                    start: $0.start - window.lowerBound, end: min($0.end, window.upperBound) - window.lowerBound,
                    isPrimary: $0.isPrimary, text: $0.text)
            }
        }
        // Right to left; of two that begin together the shorter first.
        marks.sort { $0.start != $1.start ? $0.start > $1.start : $0.end < $1.end }
        layOut(marks)
    }

    private mutating func layOut(_ marks: [Mark]) {
        var row = MarkerRow()
        for mark in marks where !mark.isPrimary { row.put(String(repeating: "-", count: mark.end - mark.start), at: mark.start, false) }
        for mark in marks where mark.isPrimary { row.put(String(repeating: "^", count: mark.end - mark.start), at: mark.start, true) }
        var hanging = marks.filter { !$0.text.isEmpty }
        if let last = hanging.first, marks.allSatisfy({ $0.end <= last.end }) {
            row.put(last.text, at: last.end + 1, last.isPrimary)
            hanging.removeFirst()
        }
        markerRows.append(row.pieces)
        if !hanging.isEmpty { markerRows.append(Self.bars(hanging)) }
        while !hanging.isEmpty {
            let mark = hanging.removeFirst()
            var row = MarkerRow()
            for other in hanging where other.start < mark.start { row.put("|", at: other.start, other.isPrimary) }
            row.put(mark.text, at: mark.start, mark.isPrimary)
            markerRows.append(row.pieces)
        }
    }

    private static func bars(_ marks: [Mark]) -> [Piece] {
        var row = MarkerRow()
        for mark in marks { row.put("|", at: mark.start, mark.isPrimary) }
        return row.pieces
    }

    private static func cut(_ text: String, to window: Range<Int>) -> String {
        var result = window.lowerBound > 0 ? "…" : ""
        var column = 0
        for character in text {
            if column >= window.upperBound { return result + "…" }
            // The first column of the window gave way to the ellipsis.
            if column >= window.lowerBound + (window.lowerBound > 0 ? 1 : 0) { result.append(character) }
            column += DisplayText.width(of: character)
        }
        return result
    }
}

/// Cells of one row below a source line.
private struct MarkerRow {
    private var cells: [(character: Character, isPrimary: Bool?)] = []

    mutating func put(_ text: String, at column: Int, _ isPrimary: Bool) {
        let characters = text.flatMap { $0 == "\n" ? [" "] : [$0] }
        while cells.count < column + characters.count { cells.append((" ", nil)) }
        for (offset, character) in characters.enumerated() { cells[column + offset] = (character, isPrimary) }
    }

    var pieces: [MarkedLine.Piece] {
        var pieces: [MarkedLine.Piece] = []
        for cell in cells {
            if let last = pieces.last, last.isPrimary == cell.isPrimary {
                pieces[pieces.count - 1].text.append(cell.character)
            } else {
                pieces.append(MarkedLine.Piece(text: String(cell.character), isPrimary: cell.isPrimary))
            }
        }
        return pieces
    }
}
