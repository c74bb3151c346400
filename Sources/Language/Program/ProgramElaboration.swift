import Graph
import Recipes
import Source

extension Program {
    /// Elaborates a network.
    ///
    /// - Parameters:
    ///   - name: Which network of the root file or its imports; nil where there is only one.
    ///   - definitions: Values of network parameters in the language's own notation, as given with `-D`.
    /// - Returns: The network, nil if anything is wrong with it, and all that is wrong or doubtful, the program's own diagnostics included.
    public func elaborate(_ name: String? = nil, definitions: [String: String] = [:]) -> (
        network: ElaboratedNetwork?, diagnostics: [Diagnostic]
    ) {
        guard let network = networks.first(where: { $0.name.text == name ?? $0.name.text }) else {
            let nearest = name.flatMap { Spelling.nearest(to: $0, in: networks.map(\.name.text)) }
            let known = networks.map { "`\($0.name.text)`" }.joined(separator: ", ")
            let missing = Diagnostic(
                name.map { "no network is called `\($0)`" } ?? "there is no network in this file", at: .none,
                help: nearest.map { "did you mean `\($0)`?" } ?? (known.isEmpty ? nil : "there are \(known)"))
            return (nil, diagnostics + (diagnostics.hasErrors ? [] : [missing]))
        }
        if name == nil, networks.count > 1 {
            let choice = Diagnostic(
                "this file has \(networks.count) networks", at: .none,
                help: "choose one of " + networks.map { "`\($0.name.text)`" }.joined(separator: ", "))
            return (nil, diagnostics + [choice])
        }
        let result = elaborate(network, definitions)
        return (result.network, result.diagnostics)
    }

    /// All diagnostics of the program and of each of its networks, as far as their parameters have defaults.
    public func check() -> [Diagnostic] {
        (diagnostics + elaborateAll { elaborate($0, [:]) }).errorsFirst()
    }

    /// Elaborates each network that can be, until they took as many steps together as one may; what is left out, is said.
    func elaborateAll(_ elaborate: (NetworkSyntax) -> (network: ElaboratedNetwork?, diagnostics: [Diagnostic], steps: Int))
        -> [Diagnostic]
    {
        var found: [Diagnostic] = []
        var steps = 0
        for network in networks where isElaborable(network) {
            guard steps < Elaborator.maximumSteps else {
                let warning = Diagnostic(
                    "the networks before `\(network.name.text)` are so large that it is not checked", severity: .warning,
                    at: network.name.span, help: "describe it alone, as FILE:\(network.name.text), or put it into a file of its own")
                return found + [warning]
            }
            let result = elaborate(network)
            found += result.diagnostics
            steps += result.steps
        }
        return found
    }

    /// Whether all parameters of a network have defaults, so that it can be elaborated as it stands.
    func isElaborable(_ network: NetworkSyntax) -> Bool { network.parameters.allSatisfy { $0.defaultValue != nil } }

    /// - Parameter observer: is told what the expressions of the network, and apart from them those of its training, stand for.
    /// - Returns: also how many steps it took.
    func elaborate(
        _ network: NetworkSyntax, _ definitions: [String: String], observer: (any ElaborationObserver)? = nil
    ) -> (
        network: ElaboratedNetwork?, diagnostics: [Diagnostic], steps: Int
    ) {
        let name = network.name.text
        let definition = trainings[name]
        var arguments = NetworkArguments(of: network, names)
        arguments.read(definitions)

        let known = Set(diagnostics.filter { $0.severity == .error }.map(\.primary.span))
        let plain = Elaborator(names, in: map, of: name, known: known)
        plain.observer = observer
        plain.givenSizes = arguments.sizes
        if !definitions.isEmpty { plain.labelMismatch = .isNoted }
        if let definition { plain.initializers = TrainingElaborator(elaborator: plain, definition: definition).initializers() }
        // A training that gives no arguments trains the very same network: its clauses follow the body. What the initializers left in
        // the graph, if they are not what they should be, belongs to prediction alone.
        let isTrainedAsItIs = definition?.arguments.isEmpty == true && plain.builder.graph.nodes.isEmpty
        let values = arguments.bind(in: plain, training: nil)
        _ = plain.run(inCurrentScope: network.body)
        observer?.finish(plain.builder.graph)
        var result = ElaboratedNetwork(
            name: name, documentation: network.documentation, arguments: values, graph: plain.builder.finish().forPrediction, training: nil,
            interfaceDocumentation: plain.documentation.filter { !$0.value.isEmpty }, blocks: plain.blocks)
        var elaborators = [plain]

        if let definition {
            let trained = isTrainedAsItIs ? plain : Elaborator(after: plain)
            let clauses = TrainingElaborator(elaborator: trained, definition: definition)
            if trained !== plain {
                elaborators.append(trained)
                trained.labelMismatch = .isExpected
                _ = arguments.bind(in: trained, training: definition)
                _ = trained.run(inCurrentScope: network.body)
            }
            let targets = definition.clauses.compactMap { if case .target(let name, _) = $0 { name.text } else { nil } }
            trained.observer = observer?.observerOfTraining()
            let recipe = clauses.elaborate()
            if !diagnostics.hasErrors, !arguments.diagnostics.hasErrors, !elaborators.contains(where: \.diagnostics.hasErrors) {
                clauses.checkNames(
                    plain.initializers, parameters: Set(plain.parameterPlaces.keys).union(trained.parameterPlaces.keys))
            }
            trained.observer?.finish(trained.builder.graph)
            let metric = Metric.measure(Set(targets), trained.builder)
            LabelLoss.measure(Set(targets), loss: recipe.lossOutput, trained.builder)
            let graph = trained.builder.finish()
            result.training = ElaboratedNetwork.Training(
                graph: graph, recipe: recipe, targets: targets, metric: metric,
                initialFiles: plain.initializers.files(of: graph.nodes.compactMap { $0.parameter?.name }))
        }
        var found = (diagnostics + arguments.diagnostics + elaborators.flatMap(\.diagnostics)).errorsFirst()
        // What cannot be trained is better known before it is.
        if !found.hasErrors, let training = result.training, let problem = training.missingGradient {
            found = [problem]
        }
        return (found.hasErrors ? nil : result, found, elaborators.reduce(0) { $0 + $1.steps })
    }
}

extension ElaboratedNetwork.Training {
    /// A C function that would keep from training what is before it.
    fileprivate var missingGradient: Diagnostic? {
        guard let loss = graph.outputs.first(where: { $0.name == recipe.lossOutput }),
            let missing = graph.missingGradient(before: loss.value)
        else { return nil }
        return Diagnostic(missing.message.replacingQuotes(), at: graph[missing.value].span, help: missing.repair)
    }
}

extension Sequence where Element == Diagnostic {
    /// In reading order; while there are errors, without the warnings, which may only follow from them.
    func errorsFirst() -> [Diagnostic] {
        (hasErrors ? filter { $0.severity == .error } : Array(self)).inReadingOrder()
    }
}
