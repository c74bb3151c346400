import Graph
import Source

/// Something that networks do, is allowed, and yet is seldom meant: one rule a file, which says why, where, how much, and what to write instead.
public struct LintRule: Sendable {
    /// As `braid lint` prints it, and `--except` takes it.
    public let name: String
    /// What it looks for, in a sentence.
    public let summary: String
    public let source: String
    let check: @Sendable (LintSubject) -> [Diagnostic]

    init(_ name: String, _ summary: String, source: String = "", check: @escaping @Sendable (LintSubject) -> [Diagnostic]) {
        (self.name, self.summary, self.source, self.check) = (name, summary, source, check)
    }

    /// In the order of importance.
    public static let all: [LintRule] = [
        vanishingGradient, explodingGradient, saturatingStack, wrongGain, residualGrowth, deadUnits, saturatedAtStart, softmaxTwice,
        dropoutBeforeNormalization, biasBeforeNormalization, unweightedHead, batchOfOne, skippedPixels, smallReceptiveField, costlyLayer,
        mistypedLabel, learningRate,
    ]
}

/// What a rule found.
public struct LintFinding: Hashable, Sendable {
    public var rule: String
    public var diagnostic: Diagnostic
}

extension LintSubject {
    /// What all rules find, in reading order; one place of the source is told of once a rule, with how often it is used.
    ///
    /// - Parameter except: names of rules that are left out.
    public func findings(except: Set<String> = []) -> [LintFinding] {
        var found: [LintFinding] = []
        for rule in LintRule.all where !except.contains(rule.name) {
            var places: [Span: Int] = [:]
            var uses: [Int: Int] = [:]
            for diagnostic in rule.check(self) {
                if let known = places[diagnostic.primary.span] {
                    uses[known, default: 1] += 1
                    continue
                }
                places[diagnostic.primary.span] = found.count
                found.append(LintFinding(rule: rule.name, diagnostic: diagnostic))
            }
            for (index, count) in uses {
                found[index].diagnostic.notes.insert("so it is at \(count) uses of this line", at: 0)
            }
        }
        return found.enumerated().sorted { first, second in
            let (a, b) = (first.element.diagnostic.primary.span, second.element.diagnostic.primary.span)
            return (a.file.rawValue, a.lower, first.offset) < (b.file.rawValue, b.lower, second.offset)
        }.map(\.element)
    }
}
