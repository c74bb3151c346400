/// A word, number or sign of a kernel's text.
struct KernelToken {
    enum Kind: Equatable {
        /// A bare word: a keyword or a name.
        case word(String)
        /// A name in quotes.
        case name(String)
        /// The digits of a number, with no sign.
        case number(String)
        /// `%7`; nil if the number is too large.
        case register(Int?)
        case sign(String)
        case end
    }

    var kind: Kind
    /// The offset of the first byte.
    var offset: Int

    /// The token as a message shows it.
    var phrase: String {
        switch kind {
        case .word(let text), .number(let text), .sign(let text): "'\(text)'"
        case .name(let text): "'\"\(text)\"'"
        case .register(let index): "'%\(index.map(String.init) ?? "...")'"
        case .end: "the end of the text"
        }
    }
}

/// Splits a kernel's text into tokens, on demand. `#` begins a comment that ends with the line.
struct KernelLexer {
    let bytes: [UInt8]
    private(set) var offset = 0

    init(_ text: String) { bytes = Array(text.utf8) }

    /// An error at a byte of the text.
    func error(at offset: Int, _ message: String, repair: String? = nil) -> KernelError {
        var line = 1
        var column = 1
        for byte in bytes[..<min(offset, bytes.count)] {
            if byte == UInt8(ascii: "\n") {
                line += 1
                column = 1
            } else {
                column += 1
            }
        }
        return .text(line: line, column: column, message: message, repair: repair)
    }

    private func byte(_ ahead: Int = 0) -> UInt8? { offset + ahead < bytes.count ? bytes[offset + ahead] : nil }

    private mutating func take(while condition: (UInt8) -> Bool) -> String {
        let start = offset
        while let next = byte(), condition(next) { offset += 1 }
        return String(decoding: bytes[start..<offset], as: UTF8.self)
    }

    mutating func next() throws(KernelError) -> KernelToken {
        while let next = byte() {
            if next == UInt8(ascii: "#") {
                while let next = byte(), next != UInt8(ascii: "\n") { offset += 1 }
            } else if next == 0x20 || (next >= 0x09 && next <= 0x0d) {
                offset += 1
            } else {
                break
            }
        }
        let start = offset
        func token(_ kind: KernelToken.Kind) -> KernelToken { KernelToken(kind: kind, offset: start) }
        guard let first = byte() else { return token(.end) }
        if KernelPrinter.isNameStart(first) {
            return token(
                .word(take { KernelPrinter.isNameStart($0) || KernelPrinter.isDigit($0) || $0 == UInt8(ascii: ".") }))
        }
        if KernelPrinter.isDigit(first) { return token(.number(takeNumber())) }
        if first == UInt8(ascii: "\"") { return token(.name(try takeQuoted())) }
        if first == UInt8(ascii: "%"), let digit = byte(1), KernelPrinter.isDigit(digit) {
            offset += 1
            return token(.register(Int(take(while: KernelPrinter.isDigit))))
        }
        for sign in ["..<", "<=", "=="] where bytes[offset...].starts(with: sign.utf8) {
            offset += sign.utf8.count
            return token(.sign(sign))
        }
        guard "()[]{},:=<+-*/%@".utf8.contains(first) else {
            throw error(at: start, "a kernel's text has no use for this character")
        }
        offset += 1
        return token(.sign(String(decoding: [first], as: UTF8.self)))
    }

    /// Digits, with a fraction and an exponent if they follow.
    private mutating func takeNumber() -> String {
        var text = take(while: KernelPrinter.isDigit)
        if byte() == UInt8(ascii: "."), let digit = byte(1), KernelPrinter.isDigit(digit) {
            offset += 1
            text += "." + take(while: KernelPrinter.isDigit)
        }
        if let letter = byte(), letter | 0x20 == UInt8(ascii: "e") {
            let hasSign = byte(1) == UInt8(ascii: "+") || byte(1) == UInt8(ascii: "-")
            if let digit = byte(hasSign ? 2 : 1), KernelPrinter.isDigit(digit) {
                text += "e" + (byte(1) == UInt8(ascii: "-") ? "-" : "")
                offset += hasSign ? 2 : 1
                text += take(while: KernelPrinter.isDigit)
            }
        }
        return text
    }

    private mutating func takeQuoted() throws(KernelError) -> String {
        let start = offset
        offset += 1
        var name: [UInt8] = []
        while let next = byte(), next != UInt8(ascii: "\n") {
            offset += 1
            if next == UInt8(ascii: "\"") { return String(decoding: name, as: UTF8.self) }
            guard next == UInt8(ascii: "\\"), let escaped = byte() else {
                name.append(next)
                continue
            }
            offset += 1
            switch escaped {
            case UInt8(ascii: "n"): name.append(UInt8(ascii: "\n"))
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): name.append(escaped)
            default: throw error(at: offset - 2, "no such escape in a name", repair: "there are \\\", \\\\ and \\n")
            }
        }
        throw error(at: start, "the name does not end on its line", repair: "close it with \"")
    }
}
