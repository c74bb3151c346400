import Graph
import Source

/// A network with its parameters given: what the rest of the compiler works on.
public struct ElaboratedNetwork: Sendable {
    /// What a training adds.
    public struct Training: Sendable {
        /// The network with its targets as further inputs and the loss as a further output.
        public var graph: Graph
        public var recipe: TrainingRecipe
        /// The inputs that are targets, in order.
        public var targets: [String]

        public init(graph: Graph, recipe: TrainingRecipe, targets: [String]) {
            self.graph = graph
            self.recipe = recipe
            self.targets = targets
        }
    }

    public var name: String
    /// The doc comment, without its `///`.
    public var documentation: String
    /// The values of the network's own parameters, as the language writes them.
    public var arguments: [(name: String, value: String)]
    /// Inputs to outputs, neither differentiated nor optimized.
    public var graph: Graph
    public var training: Training?
    /// The doc comments of inputs and outputs, by name; those without one are absent.
    public var interfaceDocumentation: [String: String]
    /// The names of the blocks that were called under a label, by their full label: `layer1.0` is a `bottleneck`.
    public var blocks: [String: String]
}

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
    func elaborateAll(_ elaborate: (NetworkDefinition) -> (network: ElaboratedNetwork?, diagnostics: [Diagnostic], steps: Int))
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
    func isElaborable(_ network: NetworkDefinition) -> Bool { network.parameters.allSatisfy { $0.defaultValue != nil } }

    /// - Parameter recorder: notes what the expressions of the network, and apart from them those of its training, stand for.
    /// - Returns: also how many steps it took.
    func elaborate(_ network: NetworkDefinition, _ definitions: [String: String], recorder: ElaborationRecorder? = nil) -> (
        network: ElaboratedNetwork?, diagnostics: [Diagnostic], steps: Int
    ) {
        let name = network.name.text
        let definition = trainings[name]
        var arguments = NetworkArguments(program: self, network: network)
        arguments.read(definitions)

        let known = Set(diagnostics.filter { $0.severity == .error }.map(\.primary.span))
        let plain = Elaborator(self, name: name, reported: known)
        plain.recorder = recorder
        if let definition { plain.initializers = TrainingElaborator(elaborator: plain, definition: definition).initializers() }
        // A training that gives no arguments trains the very same network: its clauses follow the body. What the initializers left in
        // the graph, if they are not what they should be, belongs to prediction alone.
        let isTrainedAsItIs = definition?.arguments.isEmpty == true && plain.builder.graph.nodes.isEmpty
        let values = arguments.bind(in: plain, training: nil)
        _ = plain.run(inCurrentScope: network.body)
        recorder?.graph = plain.builder.graph
        var result = ElaboratedNetwork(
            name: name, documentation: network.documentation, arguments: values, graph: plain.builder.finish(), training: nil,
            interfaceDocumentation: plain.documentation.filter { !$0.value.isEmpty }, blocks: plain.blocks)
        var elaborators = [plain]

        if let definition {
            let trained = isTrainedAsItIs ? plain : Elaborator(self, name: name, reported: plain.reported)
            let clauses = TrainingElaborator(elaborator: trained, definition: definition)
            if trained !== plain {
                elaborators.append(trained)
                trained.initializers = plain.initializers
                _ = arguments.bind(in: trained, training: definition)
                _ = trained.run(inCurrentScope: network.body)
            }
            let targets = definition.clauses.compactMap { if case .target(let name, _) = $0 { name.text } else { nil } }
            let trainingRecorder = recorder.map { _ in ElaborationRecorder() }
            trained.recorder = trainingRecorder
            let recipe = clauses.elaborate()
            if !diagnostics.hasErrors, !arguments.diagnostics.hasErrors, !elaborators.contains(where: \.diagnostics.hasErrors) {
                clauses.checkNames(
                    plain.initializers, parameters: Set(plain.parameterPlaces.keys).union(trained.parameterPlaces.keys))
            }
            trainingRecorder?.graph = trained.builder.graph
            recorder?.training = trainingRecorder
            result.training = ElaboratedNetwork.Training(graph: trained.builder.finish(), recipe: recipe, targets: targets)
        }
        let found = (diagnostics + arguments.diagnostics + elaborators.flatMap(\.diagnostics)).errorsFirst()
        return (found.hasErrors ? nil : result, found, elaborators.reduce(0) { $0 + $1.steps })
    }
}

extension Sequence where Element == Diagnostic {
    /// In reading order; while there are errors, without the warnings, which may only follow from them.
    func errorsFirst() -> [Diagnostic] {
        (hasErrors ? filter { $0.severity == .error } : Array(self)).inReadingOrder()
    }
}

extension Elaborator {
    /// Runs a network's body in the current scope, so that its names remain for the training's clauses.
    func run(inCurrentScope body: Body) -> ElaboratedValue { run(body, opensScope: false) }
}

/// The values of a network's own parameters: from the command line, from the training, or their defaults.
private struct NetworkArguments {
    let program: Program
    let network: NetworkDefinition
    private(set) var diagnostics: [Diagnostic] = []
    private var given: [String: ElaboratedValue] = [:]

    init(program: Program, network: NetworkDefinition) {
        self.program = program
        self.network = network
    }

    mutating func read(_ definitions: [String: String]) {
        let names = network.parameters.map(\.name.text)
        for (name, text) in definitions.sorted(by: { $0.key < $1.key }) {
            guard names.contains(name) else {
                let nearest = Spelling.nearest(to: name, in: names)
                let usage = names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))"
                diagnostics.append(
                    Diagnostic(
                        "`\(network.name.text)` has no parameter `\(name)`", at: .none,
                        help: nearest.map { "did you mean `\($0)`?" } ?? usage))
                continue
            }
            let parameter = network.parameters.first { $0.name.text == name }
            given[name] = checked(value(text), text, for: name, default: parameter?.defaultValue)
        }
    }

    /// A value from outside, if it is of the kind of the parameter's default, as far as that is a constant; poison after a report.
    private mutating func checked(_ value: ElaboratedValue, _ text: String, for name: String, default: Expression?) -> ElaboratedValue {
        let wanted: String
        var nearest: String?
        var kind = `default`?.kind
        if case .unary(.negate, let operand)? = kind { kind = operand.kind }
        switch (kind, value) {
        case (.integer, .integer), (.number, .integer), (.number, .number), (.boolean, .boolean): return value
        case (.integer, _): wanted = "an integer"
        case (.number, _): wanted = "a number"
        case (.boolean, _): wanted = "true or false"
        // Whatever is written is a text.
        case (.text, _): return .text(text)
        case (.list, _), (.tuple, _):
            diagnostics.append(
                Diagnostic("`-D` cannot give a list, which `\(name)` is", at: .none, help: "write the list in the file, as its default"))
            return .poison
        case (.name, .callable): return value
        case (.name(let callable), _) where program.callable(callable) != nil:
            wanted = "a block, operator or activation"
            nearest = Spelling.nearest(to: text, in: program.callableNames)
        default: return value
        }
        diagnostics.append(
            Diagnostic(
                "`\(name)` must be \(wanted), not `\(text)`", at: .none,
                help: nearest.map { "did you mean `\($0)`?" } ?? "write `-D \(name)=…` with a value such as its default"))
        return .poison
    }

    private func value(_ text: String) -> ElaboratedValue {
        if let integer = Int(text) { return .integer(integer) }
        if let number = Double(text), number.isFinite { return .number(number) }
        if let boolean = Bool(text) { return .boolean(boolean) }
        return program.callable(text).map { .callable($0) } ?? .text(text)
    }

    /// Binds all parameters and returns them as text.
    func bind(in elaborator: Elaborator, training: NetworkTraining?) -> [(name: String, value: String)] {
        var chosen: [String: ElaboratedValue] = [:]
        if let training {
            let formals = network.parameters.map { Formal(name: $0.name.text, isRequired: false, span: $0.name.span) }
            let values = training.arguments.map {
                EvaluatedArgument(name: $0.name, value: elaborator.evaluate($0.value), span: $0.value.span)
            }
            if let matched = elaborator.match(values, to: formals, of: training.network, at: training.network.span) {
                for (formal, argument) in zip(formals, matched) { chosen[formal.name] = argument?.value }
            }
        }
        return network.parameters.map { parameter in
            let name = parameter.name.text
            let value = given[name] ?? chosen[name] ?? parameter.defaultValue.map { elaborator.evaluate($0) }
            if value == nil {
                elaborator.report(
                    "`\(network.name.text)` needs `\(name)`", at: parameter.name.span,
                    help: "give it with `-D \(name)=…`, or a default here")
            }
            elaborator.bind(parameter.name, value ?? .poison)
            return (name, value?.constantText ?? "")
        }
    }
}
