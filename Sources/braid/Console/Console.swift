import Foundation

/// Standard output and error as terminals: colour, width, a line that is rewritten in place.
enum Console {
    static let outputUsesColor = usesColor(STDOUT_FILENO)
    static let errorUsesColor = usesColor(STDERR_FILENO)
    /// Whether a line on standard error can be rewritten.
    static let errorIsTerminal = isatty(STDERR_FILENO) == 1 && !isDumb

    private static let isDumb = ProcessInfo.processInfo.environment["TERM"] == "dumb"

    /// Whether text to a file is coloured (no-color.org, bixense.com/clicolors): never with NO_COLOR, always with CLICOLOR_FORCE, otherwise
    /// on terminals that can show it, unless CLICOLOR is 0.
    private static func usesColor(_ descriptor: Int32) -> Bool {
        let environment = ProcessInfo.processInfo.environment
        if !(environment["NO_COLOR"] ?? "").isEmpty { return false }
        if let force = environment["CLICOLOR_FORCE"], !force.isEmpty, force != "0" { return true }
        return isatty(descriptor) == 1 && !isDumb && environment["CLICOLOR"] != "0"
    }

    /// Writes text to standard error as it is, behind what was printed. A reader that went away is no error: there is nobody left to tell.
    static func error(_ text: String) {
        flush()
        try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
    }

    /// Sends what was printed on its way.
    static func flush() { StandardOutput.flush() }

    /// Prepares the process for whatever its files are.
    static func begin() {
        // A reader that goes away, such as `head`, must not end a training, and a file that may grow no more is an error as others are.
        signal(SIGPIPE, SIG_IGN)
        signal(SIGXFSZ, SIG_IGN)
        // Where one of the three is closed, the next file that is opened must not take its place. What this one gives cannot be written.
        while true {
            let descriptor = open("/dev/null", O_RDONLY)
            if descriptor < 0 || descriptor > STDERR_FILENO {
                close(descriptor)
                break
            }
        }
    }

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
    private let isQuiet: Bool
    private var lastShown: ContinuousClock.Instant?
    private var isOpen = false
    /// The tenth of the work that the last plain line told of.
    private var lastTenth = -1
    /// Where a tenth takes long, there is a plain line every minute.
    private static let plainInterval = Duration.seconds(60)

    /// - Parameter isQuiet: whether nothing is ever shown.
    init(isQuiet: Bool) { self.isQuiet = isQuiet }

    /// Shows `text`, unless the last one is too recent; `part` goes from 0 to 1 and starts over with every stretch of work.
    mutating func show(_ text: @autoclosure () -> String, part: Double) {
        if isQuiet { return }
        if Console.errorIsTerminal {
            let now = ContinuousClock.now
            if let lastShown, now - lastShown < .milliseconds(100) { return }
            lastShown = now
            Console.error("\r" + text().prefix(max(1, Console.width - 1)) + "\u{1B}[K")
            isOpen = true
        } else {
            let tenth = Int((min(max(part, 0), 1) * 10).rounded(.down))
            let isNext = tenth != lastTenth && tenth != 0
            lastTenth = tenth
            let now = ContinuousClock.now
            let last = lastShown ?? now
            lastShown = last
            guard isNext || now - last >= Self.plainInterval else { return }
            lastShown = now
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
