import Foundation

/// Standard output and error as terminals: colour, width, a line that is rewritten in place.
enum Console {
    private static let allowsColor =
        (ProcessInfo.processInfo.environment["NO_COLOR"] ?? "").isEmpty
        && ProcessInfo.processInfo.environment["TERM"] != "dumb"
    static let outputUsesColor = isatty(STDOUT_FILENO) == 1 && allowsColor
    static let errorUsesColor = isatty(STDERR_FILENO) == 1 && allowsColor
    /// Whether a line on standard error can be rewritten.
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1

    /// Writes text to standard error as it is. A reader that went away is no error: there is nobody left to tell.
    static func error(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data(text.utf8)) }

    /// Writes bytes to standard output as they are, behind what was printed.
    static func write(_ bytes: [UInt8]) {
        flush()
        try? FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }

    /// Sends what was printed on its way.
    static func flush() { fflush(nil) }

    /// The columns of the terminal, 80 where it is none.
    static var width: Int {
        var size = winsize()
        return ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
    }

    static func bold(_ text: String) -> String { outputUsesColor ? "\u{1B}[1m\(text)\u{1B}[0m" : text }
    static func dim(_ text: String) -> String { outputUsesColor ? "\u{1B}[2m\(text)\u{1B}[0m" : text }
    static func green(_ text: String) -> String { outputUsesColor ? "\u{1B}[32m\(text)\u{1B}[0m" : text }

    /// Prints one JSON object with keys in snake_case.
    static func printJSON(_ value: some Encodable) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(value) else { preconditionFailure("a result cannot be written as JSON") }
        print(String(decoding: data, as: UTF8.self))
    }
}

/// A line on standard error that shows how far something is: rewritten in place on a terminal, now and then a new line elsewhere.
struct ProgressLine {
    private var lastShown: ContinuousClock.Instant?
    private var isOpen = false
    /// The tenth of the work that the last plain line told of.
    private var lastTenth = -1

    /// Shows `text`, unless the last one is too recent; `part` goes from 0 to 1 and starts over with every stretch of work.
    mutating func show(_ text: @autoclosure () -> String, part: Double) {
        if Console.errorIsTerminal {
            let now = ContinuousClock.now
            if let lastShown, now - lastShown < .milliseconds(100) { return }
            lastShown = now
            Console.error("\r" + text().prefix(max(1, Console.width - 1)) + "\u{1B}[K")
            isOpen = true
        } else {
            let tenth = Int((min(max(part, 0), 1) * 10).rounded(.down))
            if tenth == lastTenth || tenth == 0 { return lastTenth = tenth }
            lastTenth = tenth
            Console.error(text() + "\n")
        }
    }

    /// Wipes the line, so that something else can be printed.
    mutating func clear() {
        if isOpen { Console.error("\r\u{1B}[K") }
        isOpen = false
        lastShown = nil
    }
}
