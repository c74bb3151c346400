import Source

/// What classes are called: one name for each, in the order of their scores.
public struct ClassLabels: Hashable, Sendable {
    /// Why a text names no classes.
    public struct Problem: Mistake, Hashable {
        public var message: String
        public var repair: String

        public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }
    }

    /// More than any network tells apart.
    public static let largestCount = 1 << 20

    public let names: [String]

    /// Reads a text with one name a line; empty lines at its end count for nothing, and control characters are replaced.
    ///
    /// Throws where it names no class, or leaves a line between others empty.
    public init(lines text: String) throws(Problem) {
        // Before the lines are taken apart, which takes far more memory than the text.
        guard !Self.hasMoreLines(text, than: Self.largestCount) else {
            throw Problem(message: "it has more than \(Self.largestCount) lines", repair: "\(Self.largestCount) classes are the limit")
        }
        var names: [String] = []
        for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            var name = line.drop { $0.isWhitespace || $0 == "\u{FEFF}" }
            while name.last?.isWhitespace == true { name.removeLast() }
            names.append(DisplayText.sanitized(String(name)))
        }
        while names.last?.isEmpty == true { names.removeLast() }
        if names.isEmpty { throw Problem(message: "no class is named there", repair: "write one name a line") }
        if let empty = names.firstIndex(of: "") {
            throw Problem(message: "line \(empty + 1) is empty", repair: "name every class, in the order of the scores")
        }
        self.names = names
    }

    /// Whether there are more lines than so many; the empty one behind a last line break is none.
    private static func hasMoreLines(_ text: String, than limit: Int) -> Bool {
        var breaks = 0
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            // Both are one line break.
            let isSecond = scalar == "\n" && previous == "\r"
            previous = scalar
            if isSecond { continue }
            if breaks >= limit { return true }
            switch scalar {
            case "\n", "\r", "\u{0B}", "\u{0C}", "\u{85}", "\u{2028}", "\u{2029}": breaks += 1
            default: break
            }
        }
        return false
    }
}

extension Graph {
    /// How many classes an output has a score or a place for: its second extent; nil where that is no number, or its values are the classes
    /// themselves, as those of the operator argmax are.
    public func classCount(of value: Value) -> Int? {
        let node = self[value]
        guard node.operation?.name != "argmax", node.type.rank >= 2 else { return nil }
        return node.type.shape[1].value
    }
}
