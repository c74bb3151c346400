import Source

/// A line of the formatted text.
struct FormattedLine {
    var indentation: Int
    /// The pieces with the blanks before each.
    var parts: [(blanks: Int, piece: Piece)] = []

    var text: String {
        guard !parts.isEmpty else { return "" }
        var text = String(repeating: " ", count: indentation)
        for part in parts { text += String(repeating: " ", count: part.blanks) + part.piece.text }
        return text
    }
}

/// Puts pieces on lines.
struct LineLayout {
    private static let step = 4

    /// What is open at a place: braces, parentheses or brackets.
    private struct Group {
        /// The indentation of the line that opens it.
        var outer: Int
        var isBody: Bool
        /// Whether its braces stand at the ends of lines.
        var isSpread = false
        /// Where its current statement or item began a line: that line's indentation.
        var itemIndentation: Int?

        var inner: Int { outer + LineLayout.step }
    }

    private let pieces: [Piece]
    private let closers: [Int: Int]
    private let nextTokens: [Int]
    /// The last piece that was placed and is no comment.
    private var lastToken: Piece?
    private var groups: [Group] = []
    private var finished: [FormattedLine] = []
    private var line = FormattedLine(indentation: 0)
    /// Of the statement at the top level, as `Group.itemIndentation`.
    private var hasDefinition = false
    private var lastDefinition = ""

    init(_ sequence: PieceSequence) {
        pieces = sequence.pieces
        closers = sequence.closers
        nextTokens = sequence.nextTokens
    }

    /// Lays out everything; empty lines have no parts.
    mutating func lines() -> [FormattedLine] {
        for index in pieces.indices { place(index) }
        if !line.parts.isEmpty { finished.append(line) }
        return finished
    }

    private mutating func place(_ index: Int) {
        let piece = pieces[index]
        let isItem = startsItem(index)
        if index == 0 || breaks(before: index) {
            begin(index, isItem: isItem)
        } else {
            if isItem, !groups.isEmpty { groups[groups.count - 1].itemIndentation = nil }
            line.parts.append((blanks(before: index), piece))
        }
        if piece.isOpener {
            groups.append(Group(outer: line.indentation, isBody: piece.opensBody, isSpread: isSpread(index)))
        } else if piece.isCloser {
            groups.removeLast()
        }
        if piece.startsStatement, groups.isEmpty {
            hasDefinition = true
            lastDefinition = piece.text
        }
        if !piece.endsLine { lastToken = piece }
    }

    /// The first piece from an index on which is no comment.
    private func token(from index: Int) -> Int? { nextTokens[index] < pieces.count ? nextTokens[index] : nil }

    /// Whether a statement, or an item between commas, begins with a piece; comments belong to what follows them.
    private func startsItem(_ index: Int) -> Bool {
        let piece = pieces[index]
        if piece.endsLine { return false }
        if piece.startsStatement { return true }
        guard let group = groups.last, !group.isBody, !piece.isCloser else { return false }
        // Only comments stand between the last token and a piece that is looked at ahead of its turn.
        return lastToken.map { $0.isToken(.comma) || $0.isOpener } ?? false
    }

    /// Whether a body's braces stand at the ends of lines: where anything in it begins a line.
    private func isSpread(_ opener: Int) -> Bool {
        guard pieces[opener].opensBody, let closer = closers[opener], closer > opener + 1 else { return false }
        return ((opener + 1)...closer).contains { pieces[$0].lineBreaks > 0 }
    }

    // MARK: - Breaks

    private func breaks(before index: Int) -> Bool {
        let (piece, previous) = (pieces[index], pieces[index - 1])
        if previous.endsLine { return true }
        if piece.endsLine { return piece.lineBreaks > 0 }
        if previous.opensBody, groups.last?.isSpread == true { return true }
        if piece.isToken(.rightBrace), groups.last?.isSpread == true { return true }
        if piece.startsStatement, groups.isEmpty { return true }
        switch piece.kind {
        case .token(.comma), .token(.colon), .token(.semicolon), .token(.equal), .token(.dot), .token(.leftBrace): return false
        case .token(.rightBrace): return false
        // A mark of a pipeline begins the line that the author broke behind it.
        case .token(.pipe): return piece.lineBreaks > 0 || index + 1 < pieces.count && pieces[index + 1].lineBreaks > 0
        // Behind a brace that begins its line an `else` goes on there.
        case .token(.keywordElse): return piece.lineBreaks > 0 && line.parts.count > 1
        default: break
        }
        if piece.isInLabel && previous.isInLabel || previous.isSign || previous.isToken(.dot) || previous.isToken(.pipe) { return false }
        return piece.lineBreaks > 0
    }

    private mutating func begin(_ index: Int, isItem: Bool) {
        let piece = pieces[index]
        if !line.parts.isEmpty { finished.append(line) }
        if needsEmptyLine(before: index, isItem: isItem) { finished.append(FormattedLine(indentation: 0)) }
        line = FormattedLine(indentation: indentation(of: index, isItem: isItem), parts: [(0, piece)])
        if isItem, !groups.isEmpty { groups[groups.count - 1].itemIndentation = line.indentation }
    }

    private func indentation(of index: Int, isItem: Bool) -> Int {
        let piece = pieces[index]
        guard let group = groups.last else {
            return token(from: index).map { pieces[$0].startsStatement } ?? true ? 0 : Self.step
        }
        if piece.isCloser { return group.outer }
        if piece.endsLine {
            // A comment stands as what it speaks of.
            guard let next = token(from: index) else { return group.inner }
            return pieces[next].isCloser || startsItem(next) ? group.inner : group.itemIndentation.map { $0 + Self.step } ?? group.inner
        }
        if isItem { return group.inner }
        if let item = group.itemIndentation { return item + Self.step }
        return group.isBody ? group.inner + Self.step : group.inner
    }

    // MARK: - Empty lines

    private func needsEmptyLine(before index: Int, isItem: Bool) -> Bool {
        guard index > 0 else { return false }
        let (piece, previous) = (pieces[index], pieces[index - 1])
        if previous.isToken(.documentation) || previous.isOpener || piece.isCloser { return false }
        if groups.isEmpty, let (definition, isDocumented) = definition(beginningAt: index), hasDefinition {
            // Imports, and activations and operators of one line, may stand together.
            let imports = ["import", "extern"]
            let areAlike =
                definition.text == lastDefinition && ["activation", "operator"].contains(definition.text)
                || imports.contains(definition.text) && imports.contains(lastDefinition)
            if !areAlike || isDocumented { return true }
        }
        guard piece.lineBreaks > 1 else { return false }
        if isItem { return true }
        guard piece.endsLine else { return false }
        return token(from: index).map { pieces[$0].isCloser || startsItem($0) } ?? true
    }

    /// The definition whose first line, comments just above it included, begins with a piece; nil where none does.
    private func definition(beginningAt index: Int) -> (Piece, isDocumented: Bool)? {
        // A comment that another one continues upwards begins nothing.
        if index > 0, pieces[index - 1].endsLine, line.parts.count == 1, pieces[index].lineBreaks < 2 { return nil }
        for next in index..<pieces.count {
            let piece = pieces[next]
            if next > index, piece.lineBreaks > 1, !pieces[next - 1].isToken(.documentation) { return nil }
            if !piece.endsLine { return piece.startsStatement ? (piece, next > index) : nil }
        }
        return nil
    }

    // MARK: - Blanks

    private func blanks(before index: Int) -> Int {
        let (piece, previous) = (pieces[index], pieces[index - 1])
        if piece.endsLine { return 2 }
        if piece.isInLabel, previous.isInLabel { return 0 }
        if piece.isLabelBrace && piece.isToken(.rightBrace) || previous.isLabelBrace && previous.isToken(.leftBrace) { return 0 }
        if previous.isSign { return 0 }
        switch (previous.kind, piece.kind) {
        case (.token(.leftParenthesis), _), (.token(.leftBracket), _), (.token(.dot), _), (.token(.rangeBelow), _),
            (.token(.rangeThrough), _):
            return 0
        case (_, .token(.rightParenthesis)), (_, .token(.rightBracket)), (_, .token(.comma)), (_, .token(.colon)), (_, .token(.semicolon)),
            (_, .token(.dot)), (_, .token(.rangeBelow)), (_, .token(.rangeThrough)):
            return 0
        case (.token(.leftBrace), .token(.rightBrace)): return 0
        case (_, .token(.leftParenthesis)): return previous.isToken(.name) && !previous.isClauseWord ? 0 : 1
        case (_, .token(.leftBracket)): return previous.endsValue ? 0 : 1
        default: return 1
        }
    }
}
