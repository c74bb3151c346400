import Graph
import Source

/// Checks, without elaborating, that every name means something: also in branches that no network takes and blocks that none calls.
struct NameChecker {
    enum Place { case block, network, activation, training }

    let names: DefinedNames
    var scopes = NameScopes()
    var place = Place.block
    var outputs: [String: Span] = [:]
    /// The symbols of the batch that the types of the definition have named so far.
    var symbols: Set<String> = []
    var diagnostics: [Diagnostic] = []
    /// Where the name that is used at a place was bound or defined; nil where nobody asks.
    private var references: [Span: Span]?

    /// - Returns: what is wrong and doubtful in a file; a name that is bound and not used is only a matter of the file itself.
    static func check(_ names: DefinedNames, _ file: FileSyntax) -> [Diagnostic] {
        var checker = NameChecker(names: names)
        for definition in file.definitions { checker.check(definition) }
        return checker.diagnostics
    }

    /// The place where each name of a file is bound or defined, by the place of its use.
    static func references(_ names: DefinedNames, _ file: FileSyntax) -> [Span: Span] {
        var checker = NameChecker(names: names)
        checker.references = [:]
        for definition in file.definitions { checker.check(definition) }
        return checker.references ?? [:]
    }

    private init(names: DefinedNames) { self.names = names }

    mutating func refer(_ use: Span, to definition: Span?) {
        if references != nil, let definition, !definition.isNone { references?[use] = definition }
    }

    mutating func report(
        _ message: String, at span: Span, label: String = "", secondary: [Diagnostic.Label] = [], help: String? = nil
    ) {
        diagnostics.append(Diagnostic(message, at: span, label: label, secondary: secondary, help: help))
    }

    private mutating func check(_ definition: DefinitionSyntax) {
        switch definition {
        case .block(let block):
            place = .block
            scoped {
                $0.declare(block.parameters, mustBeUsed: !block.body.isDamaged)
                $0.check(block.body)
            }
        case .activation(let activation):
            place = .activation
            if activation.parameters.allSatisfy({ $0.defaultValue != nil }) {
                report(
                    "an activation needs a parameter without a default", at: activation.name.span,
                    help: "the parameters without a default stand for elements: `activation \(activation.name.text)(x) = …`")
            }
            scoped {
                $0.declare(activation.parameters, mustBeUsed: !activation.body.isInvalid)
                $0.check(activation.body)
            }
        case .operator(let definition): check(definition)
        case .network(let network): check(network)
        case .training(let training): check(training)
        }
    }

    private mutating func check(_ definition: OperatorSyntax) {
        place = .block
        let inputs = definition.inputs
        if inputs.isEmpty {
            report(
                "the operator `\(definition.name.text)` has no input", at: definition.name.span,
                help: "give one its type: `operator \(definition.name.text)(image: f32[N, C, H, W], …): …`")
        }
        let types = inputs.compactMap(\.type) + [definition.result]
        for type in types where type.element.text != ElementType.f32.rawValue {
            report("C functions take and give f32, not \(type.element.text)", at: type.element.span, help: "write `f32`")
        }
        var misnamed: Set<String> = []
        scoped { checker in
            checker.declare(definition.parameters, mustBeUsed: false)
            // What stands alone as an extent of an input is a name for it.
            for dimension in inputs.compactMap(\.type).flatMap(\.dimensions) {
                guard case .name(let name) = dimension.kind else { continue }
                if !name.isSymbol, checker.scopes.binding(of: name) == nil {
                    checker.report(
                        "the extent `\(name)` needs a capital", at: dimension.span,
                        help: "names of extents are written `N`, `C`, `Height`; a small one is a number of the operator's")
                    misnamed.insert(name)
                    continue
                }
                guard name.isSymbol else { continue }
                let symbol = NameSyntax(text: name, span: dimension.span)
                if !checker.use(symbol) { checker.bind(symbol, NameScopes.Binding(span: dimension.span)) }
            }
            for dimension in types.flatMap(\.dimensions) {
                // It has been said once.
                if case .name(let name) = dimension.kind, misnamed.contains(name) { continue }
                checker.check(dimension)
            }
        }
    }

    private mutating func check(_ network: NetworkSyntax) {
        place = .network
        outputs = [:]
        symbols = []
        let mentioned = names.trainings[network.name.text].map { $0.mentionedNames } ?? []
        scoped {
            $0.declare(network.parameters, mustBeUsed: !network.body.isDamaged, except: mentioned)
            $0.check(network.body)
        }
        guard !network.body.isDamaged else { return }
        let interface = NetworkInterface(of: network)
        if interface.inputs.isEmpty {
            report("`\(network.name.text)` has no input", at: network.name.span, help: "begin with `input image: f32[N, 3, 224, 224]`")
        }
        if interface.outputs.isEmpty {
            report("`\(network.name.text)` has no output", at: network.name.span, help: "end with `output logits = …`")
        }
        if let result = network.body.result, !result.isStatement {
            report("a network's value is not used", at: result.span, help: "write `output name = …`")
        }
    }

    private mutating func check(_ training: TrainingSyntax) {
        let first = diagnostics.count
        for subject in training.subjects {
            let known = diagnostics[first...]
            let next = diagnostics.count
            check(training.clauses, of: subject)
            // What is wrong for several networks is said once.
            let new = diagnostics[next...].filter { !known.contains($0) }
            diagnostics.replaceSubrange(next..., with: new)
        }
    }

    private mutating func check(_ clauses: [ClauseSyntax], of subject: TrainingSyntax.Subject) {
        place = .training
        let name = subject.network
        scopes.open()
        defer { leave() }
        let network = names.networks.first { $0.name.text == name.text } ?? names.refusedNetworks[name.text]
        if network == nil, !names.lacksImports {
            let nearest = Spelling.nearest(to: name.text, in: names.networks.map(\.name.text))
            report("no network is called `\(name.text)`", at: name.span, help: nearest.map { "did you mean `\($0)`?" })
        }
        if let network {
            refer(name.span, to: network.name.span)
            for argument in subject.arguments { refer(argument, toOneOf: network.parameters) }
            let interface = NetworkInterface(of: network)
            for name in interface.inputs + interface.outputs + interface.sizes { bind(name, NameScopes.Binding(span: name.span)) }
            for parameter in network.parameters { bind(parameter.name, NameScopes.Binding(span: parameter.name.span)) }
        }
        for case .target(let name, let type) in clauses {
            check(type)
            if scopes.innermost[name.text] != nil {
                report("`\(name.text)` is already a name of the network", at: name.span, help: "choose another name for the target")
            }
            bind(name, NameScopes.Binding(span: name.span, mustBeUsed: network != nil))
        }
        for argument in subject.arguments { check(argument.value) }
        for case .loss(let value, _) in clauses where network != nil { check(value) }
    }
}

extension NameChecker {
    mutating func scoped(_ body: (inout NameChecker) -> Void) {
        scopes.open()
        body(&self)
        leave()
    }

    mutating func leave() { diagnostics += scopes.close() }

    mutating func bind(_ name: NameSyntax, _ binding: NameScopes.Binding) {
        if let warning = scopes.bind(name, binding) { diagnostics.append(warning) }
    }

    /// - Parameter used: names that are used outside of the definition's body.
    mutating func declare(_ parameters: [ParameterSyntax], mustBeUsed: Bool, except used: Set<String> = []) {
        for parameter in parameters {
            if let value = parameter.defaultValue { check(value) }
            if let other = scopes.innermost[parameter.name.text] {
                report(
                    "the parameter `\(parameter.name.text)` is declared twice", at: parameter.name.span,
                    secondary: [Diagnostic.Label(other.span, "first declared here")], help: "rename one of them")
            }
            let isUsed = !mustBeUsed || used.contains(parameter.name.text)
            bind(parameter.name, NameScopes.Binding(span: parameter.name.span, kind: "the parameter ", mustBeUsed: !isUsed))
        }
    }

    mutating func bind(_ pattern: PatternSyntax, isMutable: Bool, mustBeUsed: Bool) {
        for name in pattern.names { bind(name, NameScopes.Binding(span: name.span, isMutable: isMutable, mustBeUsed: mustBeUsed)) }
    }

    /// Marks the innermost binding of a name as used; false where there is none.
    mutating func use(_ name: NameSyntax) -> Bool {
        guard let binding = scopes.use(name.text) else { return false }
        refer(name.span, to: binding.span)
        return true
    }

    mutating func refer(_ argument: ArgumentSyntax, toOneOf parameters: [ParameterSyntax]) {
        guard let name = argument.name else { return }
        refer(name.span, to: parameters.first { $0.name.text == name.text }?.name.span)
    }

    mutating func unknown(_ name: NameSyntax, isCall: Bool) {
        if !isCall, symbols.contains(name.text) {
            report(
                "`\(name.text)` is the batch, which has no value while the network is built", at: name.span,
                help: "it can only be the first extent of an input; what a network computes with are its parameters: "
                    + "`network name(count = 8) { … }`")
            return
        }
        let isOfClause = name.text == "precision" || !isCall && Precision(rawValue: name.text) != nil
        if isOfClause, !isCall || !names.lacksImports {
            return report(
                isCall ? "nothing is called `\(name.text)`" : "unknown name `\(name.text)`", at: name.span,
                help: "a clause of precision is written \(Parser.precisionForms)")
        }
        var known = scopes.names
        if !isCall, let nearest = Spelling.nearest(to: name.text, in: known) {
            report("unknown name `\(name.text)`", at: name.span, help: "did you mean `\(nearest)`?")
            return
        }
        known += names.callables
        if names.lacksImports { return }
        if let foreign = ForeignNames.repair(of: name.text) {
            return report(isCall ? "nothing is called `\(name.text)`" : "unknown name `\(name.text)`", at: name.span, help: foreign)
        }
        let nearest = Spelling.nearest(to: name.text, in: known)
        let isNetwork = names.networks.contains { $0.name.text == name.text }
        let help = isNetwork ? "`\(name.text)` is a network; only blocks, operators and activations can be called" : nil
        report(
            isCall ? "nothing is called `\(name.text)`" : "unknown name `\(name.text)`", at: name.span,
            help: nearest.map { "did you mean `\($0)`?" } ?? help)
    }
}
