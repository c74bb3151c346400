import Foundation

/// Cuts a stream of bytes into messages: headers that end in an empty line, then as many bytes as `Content-Length` says.
struct MessageFraming {
    enum Event: Equatable {
        case message(Data)
        /// What cannot be a message; the stream goes on behind it.
        case malformed(String)
    }

    /// Longer headers are no headers.
    static let maximumHeader = 4 << 10
    /// Larger messages are skipped: no source of a network comes near.
    static let maximumContent = 16 << 20

    private var buffer: [UInt8] = []
    private var start = 0
    /// The rest of a message that is too large.
    private var bytesToSkip = 0
    /// Whether the beginning of the buffer belongs to a header that has been reported.
    private var isLost = false

    mutating func append(_ bytes: some Sequence<UInt8>) {
        if start > 0, start >= buffer.count / 2 {
            buffer.removeFirst(start)
            start = 0
        }
        buffer.append(contentsOf: bytes)
    }

    /// The next message or complaint; nil until there are more bytes.
    mutating func next() -> Event? {
        let skipped = min(bytesToSkip, buffer.count - start)
        start += skipped
        bytesToSkip -= skipped
        guard bytesToSkip == 0, let (header, end) = header() else { return nil }
        guard let header else {
            start = end
            if isLost { return next() }
            isLost = true
            return .malformed("a header is longer than \(Self.maximumHeader) bytes")
        }
        if isLost {
            // What ends here is the rest of something that was no header.
            isLost = false
            start = end
            return next()
        }
        guard let length = Self.contentLength(header) else {
            start = end
            return .malformed("a message needs a header `Content-Length` with its number of bytes")
        }
        guard length <= Self.maximumContent else {
            start = end
            bytesToSkip = length
            return .malformed("a message of \(length) bytes is too large; \(Self.maximumContent) are the limit")
        }
        guard buffer.count - end >= length else { return nil }
        start = end + length
        return .message(Data(buffer[end..<start]))
    }

    /// The header at the beginning and where it ends: nil until it is complete, no lines where it is too long to be one.
    private func header() -> (lines: [Substring]?, end: Int)? {
        let limit = min(buffer.count, start + Self.maximumHeader)
        var index = start
        while index + 1 < limit {
            let isEnd = buffer[index] == UInt8(ascii: "\n") && buffer[index + 1] == UInt8(ascii: "\n")
            let isUsualEnd = index + 3 < limit && buffer[index...index + 3].elementsEqual("\r\n\r\n".utf8)
            if isEnd || isUsualEnd {
                let text = String(decoding: buffer[start..<index], as: UTF8.self)
                return (text.split(whereSeparator: \.isNewline), index + (isUsualEnd ? 4 : 2))
            }
            index += 1
        }
        // The last bytes may begin the end of a header.
        return buffer.count - start >= Self.maximumHeader ? (nil, limit - 3) : nil
    }

    private static func contentLength(_ lines: [Substring]) -> Int? {
        for line in lines {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "content-length" else { continue }
            let digits = parts[1].trimmingCharacters(in: .whitespaces)
            guard digits.allSatisfy({ $0.isASCII && $0.isNumber }), let length = Int(digits) else { return nil }
            return length
        }
        return nil
    }

    /// A message with its header.
    static func frame(_ content: Data) -> Data { Data("Content-Length: \(content.count)\r\n\r\n".utf8) + content }
}
