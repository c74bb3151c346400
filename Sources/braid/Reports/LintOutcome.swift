import Analysis
import Source

/// What the rules find in the networks of a file, what several networks share once.
struct LintOutcome {
    var findings: [LintFinding] = []
    /// Networks that were not looked at, and why.
    var omitted: [(network: String, reason: String)] = []
    /// What predictions took for granted, each once.
    var assumptions: [String] = []
    var sources: SourceMap

    mutating func add(_ subject: LintSubject, except excluded: Set<String>) {
        for finding in subject.findings(except: excluded) {
            let isKnown = findings.contains { $0.rule == finding.rule && $0.diagnostic.primary.span == finding.diagnostic.primary.span }
            if !isKnown { findings.append(finding) }
        }
        for (_, text) in subject.propagation.assumptions where !assumptions.contains(text) { assumptions.append(text) }
    }
}
