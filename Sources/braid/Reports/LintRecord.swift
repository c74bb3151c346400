import Analysis
import Compiler
import Source

/// What `braid lint --json` prints.
struct LintRecord: Encodable {
    var warnings: Int
    var files: [File]
    /// The picture of gradients that was written.
    var drawing: String?

    init(files: [File], drawing: String?) {
        (self.files, self.drawing) = (files, drawing)
        warnings = files.reduce(0) { $0 + $1.findings.count { $0.severity == Diagnostic.Severity.warning.rawValue } }
    }

    struct File: Encodable {
        var path: String
        var findings: [Finding]
        var networks: [Network] = []
        /// Networks that were not looked at, with the reason.
        var omitted: [String: String] = [:]
        /// What predictions took for granted.
        var assumptions: [String] = []

        init(_ path: String, _ outcome: LintOutcome) {
            self.path = path
            findings = outcome.findings.map { Finding($0.diagnostic, rule: $0.rule, outcome.sources) }
            networks = outcome.networks.map(Network.init)
            omitted = Dictionary(outcome.omitted.map { ($0.network, $0.reason) }) { first, _ in first }
            assumptions = outcome.assumptions
        }

        /// A file with errors.
        init(_ path: String, _ error: CompilerError) {
            self.path = path
            findings = error.diagnostics.map { Finding($0, rule: nil, error.sources) }
        }
    }

    /// A network with what is predicted of its layers with weights.
    struct Network: Encodable {
        var name: String
        var layers: [Layer]

        struct Layer: Encodable {
            var layer: String
            var line: Int?
            /// The layers with weights up to it, itself included.
            var depth: Int
            /// Euclidean norms of its weights and their gradient, when training begins.
            var weight: Double
            var gradient: Double
        }

        init(_ network: LintOutcome.Network) {
            name = network.name
            layers = zip(network.gradients, network.lines).map { layer, line in
                Layer(layer: layer.layer, line: line, depth: layer.depth, weight: layer.weight, gradient: layer.gradient)
            }
        }
    }

    struct Finding: Encodable {
        /// Nil of errors.
        var rule: String?
        var severity: String
        var message: String
        var label: String
        var file: String?
        var line: Int?
        var column: Int?
        var notes: [String]
        var help: String?

        init(_ diagnostic: Diagnostic, rule: String?, _ sources: SourceMap) {
            self.rule = rule
            let location = sources.location(of: diagnostic.primary.span)
            severity = diagnostic.severity.rawValue
            (message, label) = (diagnostic.message, diagnostic.primary.text)
            (file, line, column) = (location?.file, location?.line, location?.column)
            (notes, help) = (diagnostic.notes, diagnostic.help)
        }
    }

    struct Rule: Encodable {
        var name: String
        var summary: String
        var source: String

        init(_ rule: LintRule) { (name, summary, source) = (rule.name, rule.summary, rule.source) }
    }

    /// How many there are, in words.
    static func summary(_ diagnostics: [Diagnostic]) -> String {
        let counts = [(Diagnostic.Severity.warning, "warning"), (.note, "note")].map { severity, name in
            (diagnostics.count { $0.severity == severity }, name)
        }
        let words = counts.filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
        return words.isEmpty ? "nothing found" : words.joined(separator: ", ")
    }
}
