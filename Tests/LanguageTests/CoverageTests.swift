import Foundation
import Testing

/// Every message that the language, the operators and the compiler can give stands in a golden case.
///
/// The sources are scanned for the literals of the calls that make messages. A literal's constant parts must occur, in order, in a line
/// of an expected text. So a new message without a case fails here, as does a case whose message has changed unnoticed.
@Suite struct CoverageTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized

    /// The functions whose argument, by its number, is a message or a part of one.
    private static let makers = [
        "report": 0, "warn": 0, "fail": 0, "invalid": 0, "typeAnnotation": 0, "expected": 0, "expectName": 0, "expect": 1, "error": 0,
        "Diagnostic": 0, "TypeError": 0,
        "CompilerError": 0, "CProblem": 0, "refuse": 0, "WritingError": 0,
    ]

    /// Where messages are made, and where the expected texts are.
    private static let sources = [
        "Sources/Language", "Sources/Foreign", "Sources/Operators", "Sources/Compiler/Compiler.swift", "Sources/Compiler/MemoryNeed.swift",
    ]
    private static let expectations = [
        "Tests/LanguageTests/Cases", "Tests/ForeignTests", "Tests/OperatorsTests/Cases", "Tests/CompilerTests/DiagnosticTests.swift",
        "Tests/CompilerTests/ForeignOperatorTests.swift",
    ]

    /// Messages that no text can bring about, by a constant part, and why they are there all the same.
    private static let unreachable: [(part: String, reason: String)] = [
        ("the result … is too large", "every operator's own rule refuses it first; a further bound in case one does not"),
        ("the parameter `…`, …, is too large", "every operator's own rule refuses it first; a further bound in case one does not"),
        ("the language has no value for its", "rows take no number that is not finite; a further bound in case one does"),
        ("the language makes no tensor", "a tensor has as many axes as `reshape` takes extents; a further bound in case one has more"),
        ("the network cannot be written", "texts that are written can be read; a further bound in case one cannot"),
        ("a step", "the parser asks for the name only where it sees one"),
        ("a variable", "the parser asks for the name only where it sees one"),
        ("libclang that was found is of another version", "only where LLVM of two versions is installed in part"),
        ("the system gives no memory for a stack", "only a system without memory"),
        ("clang cannot read `…`", "no text is known that makes clang crash within the limits of tokens"),
        ("this function cannot be translated", "what is wrong with the function has been said, and this is left out"),
        ("this has no value", "variables without a value are reported by their names, a further bound in case one is not"),
        ("cannot be run: ", "the memory check comes first; only a system that lies about its memory gets there"),
        ("the machine code could not be made: ", "LLVM refuses no kernel that the verifier accepts"),
    ]

    @Test func everyMessageHasACase() throws {
        let lines = try Self.texts(under: Self.expectations, endings: ["expected", "txt", "swift"]).flatMap { file, text in
            let lines = text.split(separator: "\n")
            let isReport = file.hasSuffix(".expected")
            return lines.filter { !isReport || $0.hasPrefix("error: ") || $0.hasPrefix("warning: ") }.map { Self.plain($0.utf8) }
        }
        var used: Set<String> = []
        for (file, text) in try Self.texts(under: Self.sources, endings: ["swift"]) {
            for message in MessageScanner.messages(in: text, madeBy: Self.makers) {
                let parts = message.parts.map { Self.plain($0.utf8) }
                if lines.contains(where: { Self.contains($0, parts) }) { continue }
                if let known = Self.unreachable.first(where: { message.text.contains($0.part) }) {
                    used.insert(known.part)
                    continue
                }
                Issue.record("\(file):\(message.line): no golden case has \"\(message.text)\"")
            }
        }
        for (part, _) in Self.unreachable where !used.contains(part) {
            Issue.record("\"\(part)\" is listed as unreachable, but no such message lacks a case")
        }
    }

    /// The operators quote names with `'`, the language with a backquote.
    private static func plain(_ text: some Sequence<UInt8>) -> [UInt8] {
        text.map { $0 == UInt8(ascii: "'") ? UInt8(ascii: "`") : $0 }
    }

    /// Whether a line has all parts, one after the other.
    private static func contains(_ line: [UInt8], _ parts: [[UInt8]]) -> Bool {
        var rest = line[...]
        for part in parts {
            guard let range = rest.firstRange(of: part) else { return false }
            rest = rest[range.upperBound...]
        }
        return true
    }

    private static func texts(under paths: [String], endings: [String]) throws -> [(file: String, text: String)] {
        try paths.flatMap { path -> [(String, String)] in
            let place = root.appending(path: path)
            let found = FileManager.default.enumerator(at: place, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
            let files = found.isEmpty ? [place] : found
            return try files.filter { endings.contains($0.pathExtension) }.map {
                ($0.lastPathComponent, try String(contentsOf: $0, encoding: .utf8))
            }
        }
    }
}

/// Finds string literals in arguments of calls, as far as Swift's syntax must be known for that.
struct MessageScanner {
    struct Message {
        var line: Int
        /// The literal with `…` for what is interpolated.
        var text: String
        /// The constant parts.
        var parts: [String]
    }

    private let characters: [UInt8]
    private var position = 0

    /// Literals of the arguments that `makers` name, those with too few letters to tell apart left out.
    static func messages(in text: String, madeBy makers: [String: Int]) -> [Message] {
        var scanner = MessageScanner(characters: Array(text.utf8))
        return scanner.all(makers)
    }

    private init(characters: [UInt8]) { self.characters = characters }

    private var current: UInt8? { position < characters.count ? characters[position] : nil }

    private mutating func all(_ makers: [String: Int]) -> [Message] {
        var messages: [Message] = []
        var line = 1
        var (word, previous): ([UInt8], [UInt8]) = ([], [])
        while let character = current {
            if character == UInt8(ascii: "\n") { line += 1 }
            if characters[position...].starts(with: "//".utf8) {
                while position < characters.count, characters[position] != UInt8(ascii: "\n") { position += 1 }
                continue
            }
            if character == UInt8(ascii: "\"") {
                _ = literal()
                word = []
                continue
            }
            if character == UInt8(ascii: "("), !previous.elementsEqual("func".utf8),
                let argument = makers[String(decoding: word, as: UTF8.self)]
            {
                let start = position
                position += 1
                messages += literals(ofArgument: argument).map { Message(line: line, text: $0.joined(separator: "…"), parts: $0) }
                // Calls within the arguments are found by going on inside.
                position = start
            }
            if Character(Unicode.Scalar(character)).isLetter {
                word.append(character)
            } else {
                if !word.isEmpty { previous = word }
                word = []
            }
            position += 1
        }
        return messages.filter { $0.text.filter(\.isLetter).count >= 4 }
    }

    /// The literals of one argument of a call whose parenthesis is open.
    private mutating func literals(ofArgument wanted: Int) -> [[String]] {
        var found: [[String]] = []
        var (depth, argument) = (0, 0)
        while let character = current {
            switch Unicode.Scalar(character) {
            case "\"":
                let parts = literal()
                if depth == 0, argument == wanted { found.append(parts) }
                continue
            case "(", "[", "{": depth += 1
            case ")", "]", "}":
                depth -= 1
                if depth < 0 { return found }
            case "," where depth == 0:
                argument += 1
                if argument > wanted { return found }
            default: break
            }
            position += 1
        }
        return found
    }

    /// The constant parts of the literal that begins here.
    private mutating func literal() -> [String] {
        var parts: [[UInt8]] = [[]]
        position += 1
        while let character = current, character != UInt8(ascii: "\""), character != UInt8(ascii: "\n") {
            position += 1
            guard character == UInt8(ascii: "\\"), let escaped = current else {
                parts[parts.count - 1].append(character)
                continue
            }
            position += 1
            if escaped == UInt8(ascii: "(") {
                interpolation()
                parts.append([])
            } else {
                parts[parts.count - 1].append(escaped)
            }
        }
        position += 1
        return parts.filter { !$0.isEmpty }.map { String(decoding: $0, as: UTF8.self) }
    }

    private mutating func interpolation() {
        var depth = 1
        while let character = current, depth > 0 {
            switch Unicode.Scalar(character) {
            case "\"":
                _ = literal()
                continue
            case "(": depth += 1
            case ")": depth -= 1
            default: break
            }
            position += 1
        }
    }
}
