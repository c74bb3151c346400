import Analysis
import Graph
import Passes
import Source
import Training

/// What activations and gradients are like when a training begins, as far as it can be predicted, and what a training measured of them.
struct PageSignals: Encodable, Sendable {
    /// Of a layer of the first graph.
    struct Layer: Encodable, Sendable {
        var node: Int
        /// Of an element of the result.
        var mean: Double?
        var deviation: Double?
        /// The root of the mean square of an element of the gradient of the result.
        var gradient: Double?
        /// The Euclidean norm of the gradients of all its weights, and of the weights.
        var weightGradient: Double?
        var weight: Double?
    }

    /// What `braid lint` finds.
    struct Finding: Encodable, Sendable {
        var rule: String
        var severity: String
        var message: String
        var notes: [String]
        var help: String?
        /// The file and line, such as `net.braid:5`; empty where there is none.
        var place: String
    }

    var layers: [Layer] = []
    /// The images of a step that gradients are predicted for.
    var batch = 0
    /// Whether gradients are predicted: there is a loss.
    var hasGradients = false
    /// What was taken for granted for want of a rule.
    var assumptions: [String] = []
    var findings: [Finding] = []
    /// Why nothing is predicted; nil where something is.
    var obstacle: String?

    /// - Parameters:
    ///   - network: with all sizes.
    ///   - graph: the first graph, whose layers are told of.
    init(_ network: Network, _ graph: Graph) {
        let subject: LintSubject
        do {
            subject = try network.lintSubject()
        } catch {
            obstacle = error.diagnostics.first?.message
            return
        }
        let propagation = subject.propagation
        let made = propagation.graph
        batch = subject.batch
        hasGradients = !propagation.weights.isEmpty
        // Composites are written out there; the last of the nodes that a layer became is its result.
        var results: [Origin: Value] = [:]
        for value in made.values where propagation.layer(value) != nil { results[Origin(made[value])] = value }
        var count: [Origin: Int] = [:]
        for node in graph.nodes where node.operation != nil { count[Origin(node), default: 0] += 1 }
        let weights = Dictionary(propagation.weights.map { ($0.name, $0) }) { first, _ in first }
        layers = graph.values.compactMap { value in
            let node = graph[value]
            guard node.operation != nil || node.inputName != nil else { return nil }
            var layer = Layer(node: value.index)
            // What a program writes twice without a label cannot be told apart.
            if count[Origin(node)] ?? 1 == 1, let found = results[Origin(node)].flatMap(propagation.layer) {
                (layer.mean, layer.deviation) = (found.activation.mean, found.activation.variance.squareRoot())
                layer.gradient = found.gradient.map { max(0, $0).squareRoot() }
            }
            let own = node.operands.compactMap { graph[$0].parameter.flatMap { weights[$0.name] } }
            if !own.isEmpty {
                layer.weightGradient = own.reduce(0) { $0 + $1.gradientNorm * $1.gradientNorm }.squareRoot()
                layer.weight = own.reduce(0) { $0 + $1.size * $1.size * Double($1.count) }.squareRoot()
            }
            return layer.mean == nil && own.isEmpty ? nil : layer
        }
        var seen: Set<String> = []
        assumptions = propagation.assumptions.map { "\(made[$0.value].label ?? $0.value.description): \($0.text)" }.filter {
            seen.insert($0).inserted
        }
        findings = subject.findings().map { finding in
            let diagnostic = finding.diagnostic
            let location = network.sources.location(of: diagnostic.primary.span)
            return Finding(
                rule: finding.rule, severity: diagnostic.severity.rawValue, message: diagnostic.message, notes: diagnostic.notes,
                help: diagnostic.help, place: location.map { "\($0.file):\($0.line)" } ?? "")
        }
    }

    private struct Origin: Hashable {
        var label: String?
        var span: Span
        var input: String?

        init(_ node: Node) { (label, span, input) = (node.label, node.span, node.inputName) }
    }
}

/// What a watched training measured.
struct PageMeasurements: Encodable, Sendable {
    /// What was measured, and what it is called in words.
    struct Quantity: Encodable, Sendable {
        var name: String
        var title: String
    }

    struct Layer: Encodable, Sendable {
        var name: String
        /// The nodes of the first graph that it is; none where it is no layer of what is drawn.
        var nodes: [Int]
        /// By quantity, a number for each step; nil where there is none.
        var values: [String: [Double?]]
    }

    var steps: [Int]
    var epochs: [Int]
    var quantities: [Quantity]
    var layers: [Layer]

    /// More steps than that are left out evenly.
    private static let mostSteps = 120

    /// Throws where the table is of another network.
    init(_ table: WatchedTable, of network: Network, _ graph: Graph) throws(CompilerError) {
        guard let training = network.training else {
            throw CompilerError("'\(network.name)' has no training, of which gradients could have been watched", network.sources)
        }
        let table = table.thinned(to: Self.mostSteps)
        let watched = WatchedLayer.all(in: training.graph, loss: training.recipe.lossOutput)
        let known = Dictionary(watched.map { ($0.name, $0) }) { first, _ in first }
        if let strange = table.layers.first(where: { known[$0] == nil }) {
            throw CompilerError(
                "the table of watched layers has '\(strange)', which is no layer of '\(network.name)'",
                help: "give the table of a training of this network, with the same -D")
        }
        (steps, epochs) = (table.steps.map(\.step), table.steps.map(\.epoch))
        quantities = WatchedQuantity.all.map { Quantity(name: $0.name, title: $0.title) }
        layers = zip(table.layers, table.values).map { name, rows in
            let weights = Set(known[name]?.weights ?? [])
            let nodes = graph.values.filter { value in
                guard graph[value].operation != nil else { return false }
                if weights.isEmpty { return graph[value].label == name && graph[value].span == known[name]?.span }
                return graph[value].operands.contains { graph[$0].parameter.map { weights.contains($0.name) } ?? false }
            }
            var values: [String: [Double?]] = [:]
            for quantity in WatchedQuantity.all where rows.contains(where: { $0[quantity.name] != nil }) {
                values[quantity.name] = rows.map { $0[quantity.name] }
            }
            return Layer(name: name, nodes: nodes.map(\.index), values: values)
        }
    }
}
