import Source

/// A token or comment with all that decides where it goes.
struct Piece {
    enum Kind: Equatable {
        case token(TokenKind)
        /// `# …`
        case comment
    }

    var kind: Kind
    var text: String
    /// The offset of its first byte.
    var offset: UInt32
    /// The line breaks between the piece before it and it.
    var lineBreaks: Int
    /// The blanks before it, where it does not begin its line.
    var blanks: Int

    // What the tree says of it.
    var startsStatement = false
    var isBinary = false
    var isClauseWord = false
    /// Whether it stands inside a label, so that nothing may come between it and its neighbours.
    var isInLabel = false
    var isLabelBrace = false

    func isToken(_ kind: TokenKind) -> Bool { self.kind == .token(kind) }

    /// Whether the rest of the line belongs to it.
    var endsLine: Bool { kind == .comment || isToken(.documentation) }

    var isSign: Bool { isToken(.minus) && !isBinary }

    var isOpener: Bool { isToken(.leftParenthesis) || isToken(.leftBracket) || isToken(.leftBrace) }

    var isCloser: Bool { isToken(.rightParenthesis) || isToken(.rightBracket) || isToken(.rightBrace) }

    var opensBody: Bool { isToken(.leftBrace) && !isLabelBrace }

    /// Whether a value can end with it, so that a bracket behind it takes an element.
    var endsValue: Bool {
        switch kind {
        case .token(.name): !isClauseWord
        case .token(.integer), .token(.number), .token(.text), .token(.keywordTrue), .token(.keywordFalse), .token(.rightParenthesis),
            .token(.rightBracket), .token(.rightBrace):
            true
        default: false
        }
    }
}

/// The pieces of a file in order, with superfluous `;` left out.
struct PieceSequence {
    private(set) var pieces: [Piece] = []
    /// For the index of an opening piece, that of the piece which closes it.
    private(set) var closers: [Int: Int] = [:]
    /// For each index, that of the first piece from there on which is no comment; the number of pieces where there is none.
    private(set) var nextTokens: [Int] = []

    init(_ source: SourceFile, _ parsed: ParsedFile) {
        let tokens = parsed.lexed.tokens.filter { $0.kind != .documentation }
        let roles = TokenRoles(parsed.syntax, tokens)
        var labels = roles.labels.sorted { $0.lowerBound < $1.lowerBound }[...]
        let all =
            (parsed.lexed.tokens.dropLast().map { (Piece.Kind.token($0.kind), $0.span) }
            + parsed.lexed.comments.map { (Piece.Kind.comment, $0) }).sorted { $0.1.lower < $1.1.lower }
        var isComputed = false
        // A byte-order mark is left out.
        var end = source.bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        for (kind, span) in all {
            let between = source.bytes[end..<Int(span.lower)]
            var text = source.text(in: span.range)
            if kind == .comment || kind == .token(.documentation) { text = text.trimmingBlanksAtEnd() }
            if kind == .token(.number) { text = text.lowercased() }
            var piece = Piece(
                kind: kind, text: text, offset: span.lower, lineBreaks: between.count { $0 == UInt8(ascii: "\n") }, blanks: between.count)
            piece.startsStatement = roles.statementStarts.contains(span.lower)
            piece.isBinary = roles.binaryMarks.contains(span.lower)
            piece.isClauseWord = roles.clauseWords.contains(span.lower)
            piece.isLabelBrace = roles.labelBraces.contains(span.lower)
            while let label = labels.first, label.upperBound <= span.lower { labels.removeFirst() }
            // A computed part holds whole expressions; only its braces belong to the label.
            if piece.isLabelBrace { isComputed = piece.isToken(.leftBrace) }
            piece.isInLabel = labels.first.map { $0.contains(span.lower) && (!isComputed || piece.isLabelBrace) } ?? false
            pieces.append(piece)
            end = Int(span.upper)
        }
        leaveOutSemicolons()
        match()
        nextTokens = pieces.indicesOfNext { !$0.endsLine }
    }

    /// A `;` is needed only between two statements of one line.
    private mutating func leaveOutSemicolons() {
        var kept: [Piece] = []
        var depth = 0
        var lineBreaks = 0
        let others = pieces.indicesOfNext { !$0.isToken(.semicolon) }
        let tokens = pieces.indicesOfNext { !$0.endsLine && !$0.isToken(.semicolon) }
        for index in pieces.indices {
            var piece = pieces[index]
            piece.lineBreaks += lineBreaks
            lineBreaks = 0
            if piece.isOpener { depth += 1 }
            if piece.isCloser { depth -= 1 }
            guard piece.isToken(.semicolon) else {
                kept.append(piece)
                continue
            }
            let next = others[index] < pieces.count ? pieces[others[index]] : nil
            let isLast = next.map { $0.lineBreaks > 0 || $0.endsLine || $0.isToken(.rightBrace) } ?? true
            let isFirst = kept.last.map { $0.isToken(.semicolon) || $0.opensBody || $0.endsLine } ?? true
            // A sign that cannot stand beside its number for a comment between them would go on with the statement before.
            let token = tokens[index]
            let isBeforeSign = token + 1 < pieces.count && pieces[token].isSign && pieces[token + 1].endsLine
            if !isBeforeSign, isLast || isFirst || depth == 0 {
                lineBreaks = piece.lineBreaks
                continue
            }
            kept.append(piece)
        }
        pieces = kept
    }

    private mutating func match() {
        var open: [Int] = []
        for (index, piece) in pieces.enumerated() {
            if piece.isOpener { open.append(index) }
            if piece.isCloser, let opener = open.popLast() { closers[opener] = index }
        }
    }
}

extension [Piece] {
    /// For each index, that of the first piece from there on which fits; the number of pieces where none does.
    fileprivate func indicesOfNext(where fits: (Piece) -> Bool) -> [Int] {
        var next = count
        var indices = [Int](repeating: count, count: count)
        for index in self.indices.reversed() {
            if fits(self[index]) { next = index }
            indices[index] = next
        }
        return indices
    }
}

extension String {
    fileprivate func trimmingBlanksAtEnd() -> String {
        var text = self[...]
        while let last = text.unicodeScalars.last, last == " " || last == "\t" || last == "\r" { text.unicodeScalars.removeLast() }
        return String(text)
    }
}
