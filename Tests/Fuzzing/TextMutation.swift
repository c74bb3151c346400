import Language
import Source
import TestSupport

/// Changes of a text that know nothing of its meaning.
enum TextMutation {
    private static let fragments = [
        "{", "}", "(", ")", "[", "]", "|>", "..<", "...", "=", "==", "let ", "var ", "if ", "else ", "for i in ", "\n", "\r\n", "\"", "#",
        "///", "block b(x) {", "activation a(x) = ", "1e9", "network n {", "training of n {", "0.1.2:", "{i}:", "\u{0}", "é", "-", ",",
        ": ", "99999999999999999999", "\u{FEFF}", "\u{201C}", "\u{1F600}", "\t", "import \"x.braid\"", "f32[N, 3, 8, 8]",
    ]

    /// Integers and numbers at the borders of what is read.
    static let extremes = [
        "0", "1", "2", "3", "7", "16", "-1", "63", "255", "300", "65536", "1048576", "1048577", "2147483647", "2147483648", "4294967296",
        "9223372036854775807", "9223372036854775808", "0.5", "1e308", "1e-308", "1e309", "0.0",
    ]

    /// Those, and further ones that only the printed stages can hold.
    private static let stageExtremes =
        extremes + ["4611686018427387904", "-9223372036854775808", "-2147483648", "-1e308", "nan", "inf", "-inf"]

    /// A few bytes removed, replaced, inserted or copied elsewhere.
    static func bytes(_ text: String, _ random: inout SplitMix) -> String {
        var bytes = Array(text.utf8)
        for _ in 0..<Int.random(in: 1...5, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: 0..<bytes.count, using: &random)
            let end = min(bytes.count, at + Int.random(in: 0...24, using: &random))
            switch Int.random(in: 0..<4, using: &random) {
            case 0: bytes.removeSubrange(at..<end)
            case 1: bytes.insert(contentsOf: random.choose(fragments).utf8, at: at)
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &random)
            default: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &random))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A few tokens removed, doubled, swapped or replaced; the blanks between them stay.
    static func tokens(_ text: String, _ random: inout SplitMix) -> String {
        let source = SourceFile(name: "corpus", text: text)
        var map = SourceMap()
        let tokens = Lexer.lex(source, as: map.add(source)).tokens
        var pieces: [(gap: String, token: String)] = []
        var end = 0
        for token in tokens {
            pieces.append((source.text(in: end..<token.span.range.lowerBound), source.text(in: token.span.range)))
            end = token.span.range.upperBound
        }
        for _ in 0..<Int.random(in: 1...4, using: &random) where pieces.count > 1 {
            let at = Int.random(in: 0..<pieces.count, using: &random)
            let other = Int.random(in: 0..<pieces.count, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: pieces.remove(at: at)
            case 1: pieces.insert(pieces[at], at: other)
            case 2: (pieces[at].token, pieces[other].token) = (pieces[other].token, pieces[at].token)
            case 3: pieces[at].token = pieces[other].token
            case 4 where Int.random(in: 0..<16, using: &random) == 0:
                // Long chains and deep nesting.
                let run = pieces[at..<min(pieces.count, at + Int.random(in: 1...6, using: &random))]
                let count = min(
                    random.choose([300, 3_000, 20_000]), 200_000 / run.reduce(1) { $0 + $1.gap.utf8.count + $1.token.utf8.count })
                pieces.insert(contentsOf: (0..<count).flatMap { _ in run }, at: at)
            case 4: pieces[at].token = random.choose(fragments)
            default:
                // Numbers decide shapes, which is where the arithmetic is.
                let numbers = pieces.indices.filter { pieces[$0].token.first?.isNumber == true }
                if let place = numbers.randomElement(using: &random) { pieces[place].token = random.choose(extremes) }
            }
        }
        return pieces.map { $0.gap + $0.token }.joined()
    }

    /// One to three words, numbers or signs of a printed stage removed, doubled, swapped, replaced or repeated many times; numbers become
    /// extreme ones.
    static func stageTokens(_ text: String, _ random: inout SplitMix) -> String {
        var pieces: [String] = []
        for character in text {
            let isWord = character.isLetter || character.isNumber || character == "_" || character == "."
            if isWord, let last = pieces.last?.last, last.isLetter || last.isNumber || last == "_" || last == "." {
                pieces[pieces.count - 1].append(character)
            } else {
                pieces.append(String(character))
            }
        }
        let isBlank = { (piece: String) in piece == " " || piece == "\n" }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let places = pieces.indices.filter { !isBlank(pieces[$0]) }
            guard let at = places.randomElement(using: &random), let other = places.randomElement(using: &random) else { break }
            switch Int.random(in: 0..<12, using: &random) {
            case 0: pieces.remove(at: at)
            case 1: pieces.insert(pieces[other], at: at)
            case 2: pieces.swapAt(at, other)
            case 3: pieces[at] = pieces[other]
            case 4 where Int.random(in: 0..<8, using: &random) == 0:
                let run = pieces[at..<min(pieces.count, at + Int.random(in: 1...8, using: &random))]
                pieces.insert(contentsOf: (0..<random.choose([100, 5_000])).flatMap { _ in run }, at: at)
            default:
                let numbers = places.filter { pieces[$0].first?.isNumber == true && ($0 == 0 || pieces[$0 - 1] != "%") }
                if let place = numbers.randomElement(using: &random) { pieces[place] = random.choose(stageExtremes) }
            }
        }
        return pieces.joined()
    }

    /// A line lost, moved or doubled, or a number or character of one changed: for the printed stages.
    static func stage(_ text: String, _ random: inout SplitMix) -> String {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        for _ in 0..<Int.random(in: 1...3, using: &random) where !lines.isEmpty {
            let at = Int.random(in: 0..<lines.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: lines.remove(at: at)
            case 1: lines.swapAt(at, Int.random(in: 0..<lines.count, using: &random))
            case 2: lines.insert(lines[at], at: Int.random(in: 0...lines.count, using: &random))
            case 3: lines[at] = bytes(lines[at], &random)
            default: lines[at] = numberChanged(lines[at], &random)
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func numberChanged(_ line: String, _ random: inout SplitMix) -> String {
        let characters = Array(line)
        let starts = characters.indices.filter { characters[$0].isNumber && ($0 == 0 || !characters[$0 - 1].isNumber) }
        guard let start = starts.randomElement(using: &random) else { return line }
        let end = characters[start...].firstIndex { !$0.isNumber } ?? characters.count
        return String(characters[..<start]) + random.choose(stageExtremes) + String(characters[end...])
    }
}
