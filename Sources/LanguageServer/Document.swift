import Foundation
import Source

/// An open text with its places in the protocol's terms.
struct Document {
    let uri: String
    var version: Int?
    private(set) var source: SourceFile

    init(uri: String, version: Int?, text: String) {
        self.uri = uri
        self.version = version
        source = SourceFile(name: Self.path(of: uri), text: text)
    }

    /// The path that diagnostics and imports know the document by: that of a file, otherwise the whole URI.
    var path: String { source.name }

    static func path(of uri: String) -> String {
        guard let url = URL(string: uri), url.isFileURL else { return uri }
        // Without empty parts, as imports name files.
        return "/" + url.path(percentEncoded: false).split(separator: "/").joined(separator: "/")
    }

    static func uri(of path: String) -> String { path.hasPrefix("/") ? URL(filePath: path).absoluteString : path }

    /// Replaces a range, or everything.
    mutating func apply(_ change: ChangeParameters.Change) {
        var text = change.text
        if let range = change.range {
            let start = source.offset(of: range.start)
            let end = max(start, source.offset(of: range.end))
            let bytes = source.bytes
            text = String(decoding: bytes[..<start], as: UTF8.self) + text + String(decoding: bytes[end...], as: UTF8.self)
        }
        source = SourceFile(name: path, text: text)
    }
}

extension SourceFile {
    /// The byte at a place; places beyond a line or the text are its end.
    func offset(of position: Position) -> Int {
        guard position.line >= 0 else { return 0 }
        guard position.line < lineStarts.count else { return bytes.count }
        let range = lineRange(position.line)
        var units = 0
        var offset = range.lowerBound
        while offset < range.upperBound, units < position.character {
            let byte = bytes[offset]
            // A character beyond the basic plane has four bytes and two code units; one inside it, one to three and one.
            let length = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4
            units += length == 4 ? 2 : 1
            // A place between the two code units is that of the character.
            if units > position.character { break }
            offset += length
        }
        return min(offset, range.upperBound)
    }

    func position(of offset: Int) -> Position {
        let offset = min(max(offset, 0), bytes.count)
        let line = lineIndex(at: offset)
        return Position(line: line, character: text(in: lineStarts[line]..<offset).utf16.count)
    }

    func range(of span: Span) -> PositionRange {
        PositionRange(start: position(of: Int(span.lower)), end: position(of: Int(span.upper)))
    }
}
