extension [FormattedLine] {
    /// The lines with their tables set: marks of pipelines first, then the comments behind the code.
    func aligned() -> [FormattedLine] {
        var lines = self
        for run in runs(where: { $0.belongsToTable(with: $1) }) { lines.alignPipelines(in: run) }
        for run in lines.runs(where: { $0.hasCommentBehind && $1.hasCommentBehind }) { lines.alignComments(in: run) }
        return lines
    }

    /// Maximal ranges of neighbours that belong together.
    private func runs(where belong: (FormattedLine, FormattedLine) -> Bool) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var start = 0
        for index in indices where index + 1 == endIndex || !belong(self[index], self[index + 1]) {
            runs.append(start..<index + 1)
            start = index + 1
        }
        return runs
    }

    private mutating func alignPipelines(in rows: Range<Int>) {
        let columns = rows.map { self[$0].pipelineMarks }
        var column = 0
        while columns.contains(where: { $0.count > column }) {
            var row = rows.lowerBound
            while row < rows.upperBound {
                var end = row
                while end < rows.upperBound, columns[end - rows.lowerBound].count > column { end += 1 }
                align((row..<end).map { (line: $0, part: columns[$0 - rows.lowerBound][column]) }, atLeast: 1)
                row = end + 1
            }
            column += 1
        }
    }

    private mutating func alignComments(in rows: Range<Int>) {
        let places = rows.filter { self[$0].hasCommentBehind }.map { (line: $0, part: self[$0].parts.count - 1) }
        align(places, atLeast: 2)
    }

    /// Puts parts of several lines into one column, if the author put more blanks than needed before one of them.
    private mutating func align(_ places: [(line: Int, part: Int)], atLeast least: Int) {
        guard places.count > 1, places.contains(where: { self[$0.line].parts[$0.part].piece.blanks > least }) else { return }
        let ends = places.map { self[$0.line].width(before: $0.part) }
        let column = (ends.max() ?? 0) + least
        for (place, end) in zip(places, ends) { self[place.line].parts[place.part].blanks = column - end }
    }
}

extension FormattedLine {
    /// The parts that may stand in columns: marks of pipelines behind the line's beginning and outside of what opens in it.
    fileprivate var pipelineMarks: [Int] {
        var depth = 0
        var marks: [Int] = []
        for (index, part) in parts.enumerated() {
            if part.piece.isOpener { depth += 1 }
            if part.piece.isCloser { depth -= 1 }
            if depth == 0, index > 0, part.piece.isToken(.pipe) { marks.append(index) }
        }
        return marks
    }

    fileprivate func belongsToTable(with next: FormattedLine) -> Bool {
        guard let first = parts.first, let other = next.parts.first else { return false }
        return indentation == next.indentation && first.piece.isToken(.pipe) == other.piece.isToken(.pipe) && !first.piece.endsLine
            && !other.piece.endsLine
    }

    fileprivate var hasCommentBehind: Bool { parts.count > 1 && parts.last?.piece.endsLine == true }

    /// The column behind the part before `part`.
    fileprivate func width(before part: Int) -> Int {
        parts[..<part].reduce(indentation) { $0 + $1.blanks + $1.piece.text.count }
    }
}
