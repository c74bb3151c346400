extension [FormattedLine] {
    /// The lines with their tables set: the arguments of like calls first, then marks of pipelines, then the comments behind the code.
    func aligned() -> [FormattedLine] {
        var lines = self
        for run in runs(where: { $0.belongsToTable(with: $1) }) {
            lines.alignArguments(in: run)
            lines.align(run.compactMap { line in lines[line].firstStep.map { (line: line, part: $0) } }, atLeast: 1)
            lines.alignPipelines(in: run)
        }
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

    /// Sets the arguments of like calls of several lines flush right in columns, if the author put more blanks than needed before one.
    private mutating func alignArguments(in rows: Range<Int>) {
        let calls = rows.compactMap { line in self[line].firstCall.map { (line: line, call: $0) } }
        for like in Dictionary(grouping: calls, by: \.call.kind).values where like.count > 1 {
            let asks = like.contains { line, call in
                call.arguments.enumerated().contains { self[line].parts[$1.lowerBound].piece.blanks > Swift.min($0, 1) }
            }
            guard asks else { continue }
            for column in like[0].call.arguments.indices {
                let widths = like.map { self[$0.line].width(of: $0.call.arguments[column]) }
                let widest = widths.max() ?? 0
                for (place, width) in zip(like, widths) {
                    self[place.line].parts[place.call.arguments[column].lowerBound].blanks = Swift.min(column, 1) + widest - width
                }
            }
        }
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

/// A call within one line, as a row of a table.
private struct CallRow {
    struct Kind: Hashable {
        var callee: String
        var argumentCount: Int
    }

    var kind: Kind
    /// The parts of each argument.
    var arguments: [Range<Int>]
}

extension FormattedLine {
    /// The first call with arguments outside of labels and of what opens in the line, if it ends in the line too.
    fileprivate var firstCall: CallRow? {
        guard
            let opener = parts.indices.dropFirst().first(where: { index in
                parts[index].piece.isToken(.leftParenthesis) && parts[index - 1].piece.isToken(.name) && !parts[index].piece.isInLabel
            }), parts[..<opener].allSatisfy({ !$0.piece.isOpener || $0.piece.isLabelBrace })
        else { return nil }
        var arguments: [Range<Int>] = []
        var start = opener + 1
        var depth = 1
        for index in parts.indices[(opener + 1)...] {
            let piece = parts[index].piece
            if piece.isOpener { depth += 1 }
            if piece.isCloser { depth -= 1 }
            let ends = depth == 0 || depth == 1 && piece.isToken(.comma)
            guard ends else { continue }
            if index > start { arguments.append(start..<index) }
            start = index + 1
            guard depth == 0 else { continue }
            return arguments.isEmpty
                ? nil : CallRow(kind: .init(callee: parts[opener - 1].piece.text, argumentCount: arguments.count), arguments: arguments)
        }
        return nil
    }

    /// What the label at the beginning of a line that goes on with a pipeline names.
    fileprivate var firstStep: Int? {
        guard parts.first?.piece.isToken(.pipe) == true,
            let colon = parts.indices.first(where: { parts[$0].piece.isToken(.colon) }), colon + 1 < parts.count,
            // A comment has its own columns.
            !parts[colon + 1].piece.endsLine, !parts[..<colon].contains(where: { $0.piece.isToken(.leftParenthesis) })
        else { return nil }
        return colon + 1
    }

    /// The columns that parts take without the blanks before the first.
    fileprivate func width(of range: Range<Int>) -> Int {
        range.reduce(0) { $0 + parts[$1].piece.text.count + ($1 > range.lowerBound ? parts[$1].blanks : 0) }
    }

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
