/// A named source text with the offsets of its lines.
public struct SourceFile: Sendable {
    /// The name that diagnostics show: a path as the user gave it, or `<prelude>`.
    public let name: String
    public let text: String
    /// The text's UTF-8 bytes; spans index into them.
    public let bytes: [UInt8]
    /// The offset of each line's first byte; never empty.
    public let lineStarts: [Int]
    /// Of long lines: offsets in order, and how many characters of the line stand before each.
    private let columnMarks: [ColumnMark]

    private struct ColumnMark {
        var offset: Int
        var characters: Int
    }

    /// Lines up to this many bytes are counted anew each time.
    private static let shortLine = 512

    public init(name: String, text: String) {
        self.name = name
        self.text = text
        bytes = Array(text.utf8)
        var starts = [0]
        for (offset, byte) in bytes.enumerated() where byte == UInt8(ascii: "\n") { starts.append(offset + 1) }
        lineStarts = starts
        columnMarks = Self.columnMarks(bytes, starts)
    }

    private static func columnMarks(_ bytes: [UInt8], _ starts: [Int]) -> [ColumnMark] {
        var marks: [ColumnMark] = []
        for (index, start) in starts.enumerated() {
            let end = index + 1 < starts.count ? starts[index + 1] : bytes.count
            guard end - start > shortLine else { continue }
            var mark = ColumnMark(offset: start, characters: 0)
            var offset = start
            marks.append(mark)
            for character in String(decoding: bytes[start..<end], as: UTF8.self) {
                if offset - mark.offset >= shortLine {
                    mark.offset = offset
                    marks.append(mark)
                }
                offset += character.utf8.count
                mark.characters += 1
            }
        }
        return marks
    }

    /// Returns how many characters of its line stand before the byte at `offset`, in a time that does not depend on the line's length.
    func charactersBefore(_ offset: Int, inLine line: Int) -> Int {
        let start = lineStarts[line]
        guard offset - start > Self.shortLine else { return text(in: start..<offset).count }
        // The last mark that is not behind the offset.
        var (low, high) = (0, columnMarks.count)
        while high - low > 1 {
            let middle = (low + high) / 2
            if columnMarks[middle].offset <= offset { low = middle } else { high = middle }
        }
        let mark = columnMarks[low]
        return mark.characters + text(in: mark.offset..<offset).count
    }

    /// Returns the index of the line that holds the byte at `offset`; offsets past the end lie on the last line.
    public func lineIndex(at offset: Int) -> Int {
        var low = 0
        var high = lineStarts.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        return low
    }

    /// Returns the bytes of a line without its line break.
    public func lineRange(_ line: Int) -> Range<Int> {
        let start = lineStarts[line]
        var end = line + 1 < lineStarts.count ? lineStarts[line + 1] - 1 : bytes.count
        if end > start, bytes[end - 1] == UInt8(ascii: "\r") { end -= 1 }
        return start..<end
    }

    /// Returns a line's text without its line break.
    public func line(_ line: Int) -> String { text(in: lineRange(line)) }

    /// Returns the range, its ends moved back to where scalars begin.
    func wholeScalars(in range: Range<Int>) -> Range<Int> {
        func start(_ offset: Int) -> Int {
            var offset = offset
            while offset > 0, offset < bytes.count, bytes[offset] & 0xC0 == 0x80 { offset -= 1 }
            return offset
        }
        return start(range.lowerBound)..<start(range.upperBound)
    }

    /// Returns the text of a byte range, clamped to the file; bytes that are no UTF-8 become U+FFFD.
    public func text(in range: Range<Int>) -> String {
        String(decoding: bytes[range.clamped(to: 0..<bytes.count)], as: UTF8.self)
    }
}

/// A place a person can go to: lines and columns count from 1, columns in characters.
public struct SourceLocation: Hashable, Sendable, CustomStringConvertible {
    public let file: String
    public let line: Int
    public let column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }

    public var description: String { "\(file):\(line):\(column)" }
}

/// The source files of one compilation; gives out the `FileID`s that spans carry.
public struct SourceMap: Sendable {
    private var files: [SourceFile] = []

    public init() {}

    /// What its files are called: paths, or words in angle brackets for texts that are in none.
    public var names: [String] { files.map(\.name) }

    /// Adds a file and returns its identity.
    public mutating func add(_ file: SourceFile) -> FileID {
        files.append(file)
        return FileID(rawValue: UInt32(files.count - 1))
    }

    /// Returns the file of an identity, or nil for `FileID.none` and identities of other maps.
    public subscript(id: FileID) -> SourceFile? {
        files.indices.contains(Int(id.rawValue)) ? files[Int(id.rawValue)] : nil
    }

    /// Returns where a span begins, or nil where it has no file.
    public func location(of span: Span) -> SourceLocation? {
        guard let file = self[span.file] else { return nil }
        let offset = min(Int(span.lower), file.bytes.count)
        let line = file.lineIndex(at: offset)
        let column = file.charactersBefore(offset, inLine: line) + 1
        return SourceLocation(file: file.name, line: line + 1, column: column)
    }

    /// Returns the text that a span covers, or nil where it has no file.
    public func text(of span: Span) -> String? { self[span.file]?.text(in: span.range) }
}
