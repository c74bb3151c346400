import Graph
import Source

/// Checks, without elaborating, that every name means something: also in branches that no network takes and blocks that none calls.
struct NameChecker {
    private enum Place { case block, network, activation, training }

    private let names: DefinedNames
    private var scopes = NameScopes()
    private var place = Place.block
    private var outputs: [String: Span] = [:]
    /// The symbols of the batch that the types of the definition have named so far.
    private var symbols: Set<String> = []
    private var diagnostics: [Diagnostic] = []
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

    private mutating func refer(_ use: Span, to definition: Span?) {
        if references != nil, let definition, !definition.isNone { references?[use] = definition }
    }

    private mutating func report(
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
        case .network(let network): check(network)
        case .training(let training): check(training)
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
        if let result = network.body.result, !result.isConditional {
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
            for name in interface.inputs + interface.outputs { bind(name, NameScopes.Binding(span: name.span)) }
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
    private mutating func scoped(_ body: (inout NameChecker) -> Void) {
        scopes.open()
        body(&self)
        leave()
    }

    private mutating func leave() { diagnostics += scopes.close() }

    private mutating func bind(_ name: NameSyntax, _ binding: NameScopes.Binding) {
        if let warning = scopes.bind(name, binding) { diagnostics.append(warning) }
    }

    /// - Parameter used: names that are used outside of the definition's body.
    private mutating func declare(_ parameters: [ParameterSyntax], mustBeUsed: Bool, except used: Set<String> = []) {
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

    private mutating func bind(_ pattern: PatternSyntax, isMutable: Bool, mustBeUsed: Bool) {
        for name in pattern.names { bind(name, NameScopes.Binding(span: name.span, isMutable: isMutable, mustBeUsed: mustBeUsed)) }
    }

    /// Marks the innermost binding of a name as used; false where there is none.
    private mutating func use(_ name: NameSyntax) -> Bool {
        guard let binding = scopes.use(name.text) else { return false }
        refer(name.span, to: binding.span)
        return true
    }

    private mutating func refer(_ argument: ArgumentSyntax, toOneOf parameters: [ParameterSyntax]) {
        guard let name = argument.name else { return }
        refer(name.span, to: parameters.first { $0.name.text == name.text }?.name.span)
    }

    private mutating func unknown(_ name: NameSyntax, isCall: Bool) {
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
        let nearest = Spelling.nearest(to: name.text, in: known)
        let isNetwork = names.networks.contains { $0.name.text == name.text }
        let help = isNetwork ? "`\(name.text)` is a network; only blocks, operators and activations can be called" : nil
        report(
            isCall ? "nothing is called `\(name.text)`" : "unknown name `\(name.text)`", at: name.span,
            help: nearest.map { "did you mean `\($0)`?" } ?? help)
    }

    private mutating func check(_ body: BodySyntax) {
        scoped { checker in
            for statement in body.statements { checker.check(statement) }
            if let result = body.result { checker.check(result) }
        }
    }

    private mutating func check(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(let pattern, let value, let isMutable):
            check(value)
            bind(pattern, isMutable: isMutable, mustBeUsed: !value.isInvalid)
        case .assign(let name, let value):
            check(value)
            guard let binding = scopes.binding(of: name.text) else {
                if name.text == "precision" { return value.isPrecision ? () : unknown(name, isCall: false) }
                let nearest = Spelling.nearest(to: name.text, in: scopes.mutableNames)
                report(
                    "`\(name.text)` is not bound yet", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" } ?? "bind it with `let \(name.text) = …`, or `var` if it changes later")
                return
            }
            refer(name.span, to: binding.span)
            if !binding.isMutable {
                report(
                    "`\(name.text)` cannot change", at: name.span, secondary: [Diagnostic.Label(binding.span, "bound here")],
                    help: "bind it with `var \(name.text) = …`")
            }
        case .forEach(let pattern, in: let sequence, let body):
            check(sequence)
            scoped {
                $0.bind(pattern, isMutable: false, mustBeUsed: false)
                $0.check(body)
            }
        case .input(let name, let type, let preparation, _):
            check(type)
            // What follows `interpolation` is a word of the language, not a name.
            for setting in preparation?.settings ?? []
            where setting.name?.text != PicturePreparation.Setting.interpolation.rawValue {
                check(setting.value)
            }
            if place != .network {
                report("only a network has inputs", at: statement.span, help: "make `\(name.text)` a parameter of the block")
            }
            bind(name, NameScopes.Binding(span: name.span, mustBeUsed: true))
        case .output(let name, let value, _):
            check(value)
            if place != .network {
                report("only a network has outputs", at: statement.span, help: "end the block with its value")
            } else if let other = outputs.updateValue(name.span, forKey: name.text) {
                report(
                    "the output `\(name.text)` is given twice", at: name.span,
                    secondary: [Diagnostic.Label(other, "first given here")], help: "rename one of them")
            }
            bind(name, NameScopes.Binding(span: name.span))
        case .precision(let labels, let name):
            for label in labels { check(label) }
            check(precision: name, isAlone: labels.isEmpty)
        case .expression(let value):
            check(value)
            if !value.isConditional, !value.isInvalid {
                diagnostics.append(
                    Diagnostic("this value is not used", severity: .warning, at: value.span, help: "bind it with `let name = …`"))
            }
        }
    }

    private mutating func check(_ label: LabelSyntax) { for case .computed(let value) in label.parts { check(value) } }

    /// - Parameter isAlone: whether it stands without a label, so that the name may be meant for one.
    private mutating func check(precision name: NameSyntax, isAlone: Bool) {
        guard Precision(rawValue: name.text) == nil else { return }
        let known = "the precisions are " + Precision.allCases.map(\.rawValue).joined(separator: " and ")
        let meant = ForeignSpelling.precisions[name.text] ?? Spelling.nearest(to: name.text, in: Precision.allCases.map(\.rawValue))
        report(
            "no precision is called `\(name.text)`", at: name.span,
            help: meant.map { "did you mean `\($0)`? \(known)" }
                ?? (isAlone ? "\(known); of what has this label, write `precision \(name.text): f32`" : known))
    }

    private mutating func check(_ type: TypeSyntax) {
        if ElementType(rawValue: type.element.text) == nil {
            let known = ElementType.allCases.map { "`\($0.rawValue)`" }.joined(separator: " and ")
            report("no element type is called `\(type.element.text)`", at: type.element.span, help: "the element types are \(known)")
        }
        for dimension in type.dimensions {
            if case .name(let name) = dimension.kind, !use(NameSyntax(text: name, span: dimension.span)), name.isSymbol {
                symbols.insert(name)
                continue
            }
            check(dimension)
        }
    }

    static let properties = ["channels", "height", "width", "rank", "count"]

    private mutating func check(_ expression: ExpressionSyntax) {
        switch expression.kind {
        case .integer, .number, .boolean, .text, .invalid: break
        case .name(let name):
            // Parentheses around a name belong to the expression, and what is used is the name.
            let name = NameSyntax(text: name, span: expression.span)
            if use(name) { break }
            refer(name.span, to: names.places[name.text])
            if names.callable(name.text) == nil { unknown(name, isCall: false) }
        case .tuple(let items), .list(let items): for item in items { check(item) }
        case .unary(_, let operand): check(operand)
        case .binary(_, let left, let right, _):
            check(left)
            check(right)
        case .call(let name, let arguments): call(name, arguments)
        case .pipeline(let head, let steps):
            check(head)
            for step in steps {
                if let label = step.label { check(label) }
                call(step.callee, step.arguments)
            }
        case .member(let value, let name):
            check(value)
            if !Self.properties.contains(name.text) {
                let nearest = Spelling.nearest(to: name.text, in: Self.properties)
                report(
                    "no property is called `\(name.text)`", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" } ?? "the properties are \(Self.properties.joined(separator: ", "))")
            }
        case .index(let value, let index):
            check(value)
            check(index)
        case .conditional(let branches, let otherwise):
            for branch in branches {
                check(branch.condition)
                check(branch.body)
            }
            if let otherwise { check(otherwise) }
        }
    }

    private mutating func call(_ name: NameSyntax, _ arguments: [ArgumentSyntax]) {
        for argument in arguments { check(argument.value) }
        if use(name) { return }
        refer(name.span, to: names.places[name.text])
        switch names.callable(name.text) {
        case .block(let block): for argument in arguments { refer(argument, toOneOf: block.parameters) }
        case .activation(let activation): for argument in arguments { refer(argument, toOneOf: activation.parameters) }
        case .builtin, .operation: break
        // `precision(bf16)`: what was meant has been said at the argument.
        case nil where name.text == "precision" && arguments.contains { $0.value.isPrecision }: break
        case nil: unknown(name, isCall: true)
        }
    }
}

extension ExpressionSyntax {
    /// Whether it is nothing but the name of a precision.
    fileprivate var isPrecision: Bool { if case .name(let name) = kind { Precision(rawValue: name) != nil } else { false } }
}
