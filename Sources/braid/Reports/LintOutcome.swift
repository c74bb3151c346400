import Analysis
import Source

/// What the rules find in the networks of a file, what several networks share once.
struct LintOutcome {
    /// A network that was looked at, with the gradients that are predicted of its layers.
    struct Network {
        var name: String
        var gradients: [PredictedGradient]
        /// The line of each layer; nil where it comes of no source.
        var lines: [Int?]
    }

    var networks: [Network] = []
    var findings: [LintFinding] = []
    /// Networks that were not looked at, and why.
    var omitted: [(network: String, reason: String)] = []
    /// What predictions took for granted, each once.
    var assumptions: [String] = []
    var sources: SourceMap

    mutating func add(_ subject: LintSubject, named name: String, except excluded: Set<String>) {
        let gradients = subject.predictedGradients
        let lines = gradients.map { sources.location(of: subject.propagation.graph[$0.value].span)?.line }
        networks.append(Network(name: name, gradients: gradients, lines: lines))
        for finding in subject.findings(except: excluded) {
            let isKnown = findings.contains { $0.rule == finding.rule && $0.diagnostic.primary.span == finding.diagnostic.primary.span }
            if !isKnown { findings.append(finding) }
        }
        for (_, text) in subject.propagation.assumptions where !assumptions.contains(text) { assumptions.append(text) }
    }
}
