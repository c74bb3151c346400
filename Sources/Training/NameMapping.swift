import Interchange
import Recipes
import Source

/// How names of a file become those of a network: `OLD=NEW`, where every `*` of NEW stands for what the `*` of the same place in OLD stands for.
///
/// OLD is a pattern as others of parameters' names, see `NamePattern`.
public struct NameMapping: Equatable, Sendable, CustomStringConvertible {
    public let pattern: NamePattern
    /// The parts of the new name between its stars.
    private let parts: [String]

    /// Throws where the text is no mapping, or has more stars behind the sign than before it.
    public init(_ text: String) throws(TrainingError) {
        guard let sign = text.firstIndex(of: "="), sign > text.startIndex, text.index(after: sign) < text.endIndex else {
            throw TrainingError("'\(text)' maps no names", repair: "write OLD=NEW, such as 'backbone.*=*' or 'fc.weight=head.weight'")
        }
        pattern = NamePattern(String(text[..<sign]))
        parts = Self.parts(of: text[text.index(after: sign)...])
        let stars = parts.count - 1
        if stars > pattern.starCount {
            throw TrainingError(
                "'\(text)' has \(stars) `*` behind the sign, but \(pattern.starCount) before it",
                repair: "each stands for what the one of the same place before the sign stands for")
        }
    }

    public var description: String { "\(pattern)=\(parts.map { $0.replacing("*", with: "\\*") }.joined(separator: "*"))" }

    /// The new name; nil for names that the pattern does not match.
    public func newName(of name: String) -> String? {
        guard let found = pattern.captures(of: name) else { return nil }
        return parts[0] + zip(found, parts.dropFirst()).map { $0 + $1 }.joined()
    }

    /// A text between its stars; a backslash takes the meaning away from the next letter.
    private static func parts(of text: Substring) -> [String] {
        var parts = [""]
        var isEscaped = false
        for letter in text {
            switch letter {
            case "\\" where !isEscaped:
                isEscaped = true
                continue
            case "*" where !isEscaped: parts.append("")
            default: parts[parts.count - 1].append(letter)
            }
            isEscaped = false
        }
        return parts
    }
}

extension WeightsFile {
    /// The file with its names mapped; of several mappings that match a name, the first counts.
    ///
    /// Throws where a mapping matches no name, or two tensors would get one name.
    public func mapped(_ mappings: [NameMapping]) throws(TrainingError) -> WeightsFile {
        if mappings.isEmpty { return self }
        var names: [String: String] = [:]
        var isUsed = [Bool](repeating: false, count: mappings.count)
        for entry in entries {
            for (index, mapping) in mappings.enumerated() {
                guard let new = mapping.newName(of: entry.name) else { continue }
                if names[entry.name] == nil { names[entry.name] = new }
                isUsed[index] = true
            }
        }
        if let unused = isUsed.firstIndex(of: false) {
            let text = mappings[unused].pattern.text
            throw TrainingError(
                "\(path) has no tensor '\(text)', which --map '\(mappings[unused])' is for", repair: nearest(to: text))
        }
        var taken: [String: String] = [:]
        for entry in entries {
            let new = names[entry.name] ?? entry.name
            if let other = taken.updateValue(entry.name, forKey: new) {
                throw TrainingError(
                    "--map gives two tensors of \(path) the name '\(new)': '\(other)' and '\(entry.name)'",
                    repair: "map one of them to another name, or take one away with braid weights prune")
            }
        }
        return renamed(names)
    }

    /// The tensors that patterns match, for an option that takes patterns; throws where one of them matches none.
    public func names(matching patterns: [NamePattern], option: String) throws(TrainingError) -> Set<String> {
        var names: Set<String> = []
        for pattern in patterns {
            let found = entries.map(\.name).filter(pattern.matches)
            if found.isEmpty { throw TrainingError("\(path) has no tensor \(option) '\(pattern)'", repair: nearest(to: pattern.text)) }
            names.formUnion(found)
        }
        return names
    }

    /// What a pattern that matches nothing was meant to be, as a repair.
    private func nearest(to pattern: String) -> String {
        let near = Spelling.nearest(to: pattern, in: NamePattern.candidates(for: entries.map(\.name)))
        return near.map { "did you mean '\($0)'? " + "braid weights lists the names" } ?? "braid weights lists the names"
    }
}
