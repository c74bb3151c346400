import Foundation

/// Comma-separated values, as RFC 4180 has them and spreadsheets and pandas write them, in UTF-8.
public enum CommaSeparated {
    /// A row with something in it.
    public struct Row: Equatable, Sendable {
        /// The line that it begins in, from 1.
        public var line: Int
        public var fields: [String]

        public init(line: Int, fields: [String]) {
            self.line = line
            self.fields = fields
        }
    }

    private static let repair = "save it as comma-separated text in UTF-8"

    /// How much a file may hold.
    struct Limits {
        /// So many take some gigabytes of memory.
        var fields = 20_000_000
        var rows = 10_000_000
        /// The path of a picture, and a number for each of 65,536 classes, with some to spare.
        var fieldsOfARow = 70_000
    }

    /// Reads a file of at most 256 MiB, 10 million rows and 20 million fields, 70,000 of one row.
    ///
    /// Lines may end in LF, CRLF or CR, and a byte order mark may stand before all. A field in double quotes may hold commas, line breaks and
    /// doubled quotes; blanks around fields do not count, nor do empty lines. Throws where the text is not UTF-8, a quote does not end, or
    /// something stands behind one.
    public static func read(_ path: String) throws(InterchangeError) -> [Row] {
        try read(data: try InputFile.read(path, maximum: 256 << 20), path: path)
    }

    /// Reads a text that is in memory already; `path` names it in errors.
    public static func read(data: Data, path: String) throws(InterchangeError) -> [Row] {
        try read(data: data, path: path, limits: Limits())
    }

    static func read(data: Data, path: String, limits: Limits) throws(InterchangeError) -> [Row] {
        var scanner = Scanner(bytes: [UInt8](data), path: path)
        return try scanner.rows(limits)
    }

    private struct Scanner {
        let bytes: [UInt8]
        let path: String
        var place = 0
        var line = 1

        private static let (comma, quote, carriageReturn, lineFeed) = (
            UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\r"), UInt8(ascii: "\n")
        )

        init(bytes: [UInt8], path: String) {
            self.bytes = bytes
            self.path = path
            if bytes.starts(with: [0xef, 0xbb, 0xbf]) { place = 3 }
        }

        mutating func rows(_ limits: Limits) throws(InterchangeError) -> [Row] {
            if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
                throw InterchangeError(path, .byte(0), "the text is in UTF-16", repair: repair)
            }
            var (rows, fieldCount): ([Row], Int) = ([], 0)
            while place < bytes.count {
                var row = Row(line: line, fields: [])
                repeat {
                    row.fields.append(try field())
                    fieldCount += 1
                    if fieldCount > limits.fields { throw excess(limits.fields, "fields", row.line, repair: "split the file") }
                    if row.fields.count > limits.fieldsOfARow {
                        throw excess(limits.fieldsOfARow, "fields in one row", row.line, repair: "end each row with a line break")
                    }
                } while accept(Self.comma)
                endLine()
                if row.fields.count == 1, row.fields[0].isEmpty { continue }
                if rows.count == limits.rows { throw excess(limits.rows, "rows", row.line, repair: "split the file") }
                rows.append(row)
            }
            return rows
        }

        private func excess(_ limit: Int, _ things: String, _ line: Int, repair: String) -> InterchangeError {
            InterchangeError(path, .entry("line \(line)"), "there are more than \(limit) \(things)", repair: repair)
        }

        private static func endsField(_ byte: UInt8) -> Bool { byte == comma || byte == carriageReturn || byte == lineFeed }

        private mutating func accept(_ byte: UInt8) -> Bool {
            guard place < bytes.count, bytes[place] == byte else { return false }
            place += 1
            return true
        }

        /// Passes over a line break, where there is one.
        private mutating func endLine() {
            let isBroken = accept(Self.carriageReturn)
            if accept(Self.lineFeed) || isBroken { line += 1 }
        }

        private mutating func skipBlanks() {
            while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x09 { place += 1 }
        }

        private mutating func field() throws(InterchangeError) -> String {
            skipBlanks()
            if accept(Self.quote) { return try quoted() }
            let start = place
            while place < bytes.count, !Self.endsField(bytes[place]) { place += 1 }
            var end = place
            while end > start, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
            return try text(bytes[start..<end], line)
        }

        /// Reads on behind an opening quote.
        private mutating func quoted() throws(InterchangeError) -> String {
            let first = line
            var content: [UInt8] = []
            while true {
                guard place < bytes.count else {
                    throw InterchangeError(path, .entry("line \(first)"), "a quote does not end", repair: "close it with \"")
                }
                if accept(Self.quote) {
                    guard accept(Self.quote) else { break }
                    content.append(Self.quote)
                    continue
                }
                if bytes[place] == Self.lineFeed { line += 1 }
                content.append(bytes[place])
                place += 1
            }
            skipBlanks()
            guard place == bytes.count || Self.endsField(bytes[place]) else {
                throw InterchangeError(
                    path, .entry("line \(line)"), "there is something behind a quoted field",
                    repair: "put a comma there, or double the quotes within the field")
            }
            return try text(content[...], first)
        }

        private func text(_ bytes: ArraySlice<UInt8>, _ line: Int) throws(InterchangeError) -> String {
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw InterchangeError(path, .entry("line \(line)"), "the text is not UTF-8", repair: repair)
            }
            guard !bytes.contains(0) else {
                throw InterchangeError(path, .entry("line \(line)"), "there is a zero byte in the text", repair: repair)
            }
            return text
        }
    }
}
