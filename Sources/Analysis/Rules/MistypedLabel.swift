import Foundation
import Graph
import Source

extension LintRule {
    static let mistypedLabel = LintRule(
        "mistyped_label", "A label differs by a letter from one that occurs again and again."
    ) { subject in
        /// The words of labels without their numbers, with the values that bear them.
        var words: [String: [Value]] = [:]
        for value in subject.graph.values where subject.graph[value].operation != nil {
            for part in Set((subject.graph[value].label ?? "").split(separator: ".").map { String($0.filter { !$0.isNumber }) }) {
                words[part, default: []].append(value)
            }
        }
        return words.keys.sorted().compactMap { word in
            guard word.count >= 4, let uses = words[word], uses.count == 1 else { return nil }
            let alike = words.filter { other, values in
                // An ending that tells one from another is no slip.
                other != word && values.count >= 3 && other.count >= 4 && other.count == word.count
                    && Spelling.editDistance(Array(word), Array(other)) == 1 && other.sorted() == word.sorted()
                    || other != word && values.count >= 3 && abs(other.count - word.count) == 1 && other.count >= 4
                        && Spelling.editDistance(Array(word), Array(other)) == 1 && other.first == word.first && other.last == word.last
            }
            guard let meant = alike.max(by: { ($0.value.count, $1.key) < ($1.value.count, $0.key) }) else { return nil }
            let label = subject.graph[uses[0]].label ?? word
            return Diagnostic(
                "the label `\(label)` looks mistyped", severity: .note, at: subject.graph[uses[0]].span,
                notes: ["`\(meant.key)…` occurs \(meant.value.count) times; names of weights follow from labels"],
                help: "did you mean `\(label.replacing(word, with: meant.key))`?")
        }
    }
}
