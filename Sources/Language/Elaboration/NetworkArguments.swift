import Source

/// The values of a network's own parameters: from the command line, from the training, or their defaults.
struct NetworkArguments {
    let names: DefinedNames
    let network: NetworkSyntax
    private(set) var diagnostics: [Diagnostic] = []
    private var given: [String: ElaboratedValue] = [:]
    /// The sizes of inputs that are given as numbers.
    private(set) var sizes: [String: Int] = [:]

    init(of network: NetworkSyntax, _ names: DefinedNames) {
        self.names = names
        self.network = network
    }

    mutating func read(_ definitions: [String: String]) {
        let known = network.parameters.map(\.name.text)
        let sizeNames = NetworkInterface(of: network).sizes.map(\.text)
        for (name, text) in definitions.sorted(by: { $0.key < $1.key }) {
            if !known.contains(name), sizeNames.contains(name) {
                guard let size = Int(text), (1...Elaborator.maximumInteger).contains(size) else {
                    diagnostics.append(
                        Diagnostic(
                            "the size `\(name)` must be an integer from 1 to \(Elaborator.maximumInteger), not `\(text)`", at: .none,
                            help: "write `-D \(name)=224`"))
                    continue
                }
                sizes[name] = size
                continue
            }
            guard known.contains(name) else {
                let nearest = Spelling.nearest(to: name, in: known + sizeNames)
                let usage = known.isEmpty ? "it has none" : "it has \(known.joined(separator: ", "))"
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
    private mutating func checked(_ value: ElaboratedValue, _ text: String, for name: String, default: ExpressionSyntax?) -> ElaboratedValue
    {
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
        case (.name(let callable), _) where names.callable(callable) != nil:
            wanted = "a block, operator or activation"
            nearest = Spelling.nearest(to: text, in: names.callables)
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
        if text == LanguageConstant.none.rawValue { return .absent }
        return names.callable(text).map { .callable($0) } ?? .text(text)
    }

    /// Binds all parameters and returns them as text.
    func bind(in elaborator: Elaborator, training: NetworkTraining?) -> [(name: String, value: String)] {
        var chosen: [String: ElaboratedValue] = [:]
        if let training {
            let formals = network.parameters.map { FormalParameter(name: $0.name.text, isRequired: false, span: $0.name.span) }
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
