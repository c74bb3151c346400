import Language
import Source

extension Document {
    /// The edit that formats the document: none where it is formatted, or has syntax errors and is left alone.
    func formattingEdits() -> [TextEdit] {
        guard let formatted = SourceFormatter.format(source.text, name: path).text, formatted != source.text else { return [] }
        // Only the lines between the first and the last difference, so that the cursor stays where it is.
        let old = source.bytes
        let new = Array(formatted.utf8)
        var start = zip(old, new).prefix { $0 == $1 }.count
        while start > 0, old[start - 1] != UInt8(ascii: "\n") { start -= 1 }
        var common = zip(old[start...].reversed(), new[start...].reversed()).prefix { $0 == $1 }.count
        // Whole lines only.
        func beginsLine(_ bytes: [UInt8]) -> Bool {
            let place = bytes.count - common
            return place == start || bytes[place - 1] == UInt8(ascii: "\n")
        }
        while common > 0, !beginsLine(old) || !beginsLine(new) { common -= 1 }
        let range = PositionRange(start: source.position(of: start), end: source.position(of: old.count - common))
        return [TextEdit(range: range, newText: String(decoding: new[start..<new.count - common], as: UTF8.self))]
    }
}
