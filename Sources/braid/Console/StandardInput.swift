import Foundation
import Interchange

/// What standard input gives, line by line, or as a whole.
final class StandardInput: @unchecked Sendable {
    // Unchecked: it is asked by one thread at a time.

    /// How it is called in answers and errors.
    static let name = "standard input"
    /// What it should give.
    static let repair = "give paths of pictures, one a line, or a picture"

    private var buffer = Data()
    private var isAtEnd = false

    /// More than any path.
    private static let longestLine = 1 << 16

    /// Whether what comes begins as a picture does: no path begins so.
    ///
    /// Throws where nothing can be read.
    func beginsAsPicture() throws(InterchangeError) -> Bool {
        while buffer.count < 12, !isAtEnd, !buffer.contains(UInt8(ascii: "\n")) { try fill() }
        return ImageFormat(of: buffer) != nil
    }

    /// All that is left.
    ///
    /// Throws where it is more than any picture file has.
    func rest() throws(InterchangeError) -> Data {
        while !isAtEnd {
            guard buffer.count <= Image.largestFile else {
                throw InterchangeError(Self.name, "more bytes come than a picture has", repair: "give paths, one a line")
            }
            try fill()
        }
        defer { buffer = Data() }
        return buffer
    }

    /// The next line without its end; nil behind the last.
    ///
    /// Throws where it is no text, or longer than any path.
    func line() throws(InterchangeError) -> String? {
        var searched = buffer.startIndex
        while true {
            if let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { buffer = Data(buffer[(end + 1)...]) }
                return try Self.text(buffer[..<end])
            }
            if isAtEnd {
                if buffer.isEmpty { return nil }
                defer { buffer = Data() }
                return try Self.text(buffer)
            }
            guard buffer.count <= Self.longestLine else {
                throw InterchangeError(Self.name, "a line is longer than any path", repair: "give one path a line")
            }
            searched = buffer.endIndex
            try fill()
        }
    }

    private static func text(_ bytes: Data) throws(InterchangeError) -> String {
        let bytes = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
        guard let text = String(data: bytes, encoding: .utf8) else {
            throw InterchangeError(name, "a line is no UTF-8 text", repair: repair)
        }
        return text
    }

    private func fill() throws(InterchangeError) {
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(STDIN_FILENO, &piece, piece.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 {
                isAtEnd = true
                throw InterchangeError(Self.name, "it cannot be read (\(String(cString: strerror(errno))))", repair: Self.repair)
            }
            if count == 0 { isAtEnd = true } else { buffer.append(contentsOf: piece[..<count]) }
            return
        }
    }
}
