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
        guard names.count <= Self.largestCount else {
            throw Problem(message: "it names \(names.count) classes", repair: "\(Self.largestCount) are the limit")
        }
        self.names = names
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
