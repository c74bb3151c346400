import Graph
import Source

/// What states are while a network is elaborated: `update` gives them next values, one after the other.
struct StateValues {
    /// What each state is once everything so far has run in training, by its parameter.
    private var current: [Value: Value] = [:]
    /// The state of each value that one has had.
    private var parameters: [Value: Value] = [:]
    /// Where `update` gives a state a next value.
    private(set) var updates: [Value: Span] = [:]
    /// Where a state is given to an operator that gives it next values itself.
    var owners: [Value: Span] = [:]

    /// The value of a state; a new one's is its parameter.
    mutating func value(of state: Value) -> Value {
        parameters[state] = state
        return current[state] ?? state
    }

    /// The parameter of a state that has, or has had, a value; nil for the values of all else.
    func state(of value: Value) -> Value? { parameters[value] }

    mutating func update(_ state: Value, to value: Value, at span: Span) {
        current[state] = value
        parameters[value] = state
        updates[state] = span
    }
}

extension Elaborator {
    /// Declares `parameter scale: f32[64] = 1`, or a state.
    func declare(_ role: ParameterRole, _ name: NameSyntax, _ syntax: TypeSyntax, _ first: ExpressionSyntax) {
        let word = role == .state ? "state" : "parameter"
        // What the name checker has said of an extent is not said again.
        guard !syntax.dimensions.contains(where: { known.contains($0.span) }), let type = type(syntax),
            isKnown(type, of: (path + [name.text]).joined(separator: "."), at: syntax.span),
            let initializer = initializer(first, of: word, type)
        else { return bind(name, .poison) }
        guard type.element == .f32 else {
            report("a \(word) holds f32 values, not \(type.element.rawValue)", at: syntax.element.span, help: "write `f32\(type.shape)`")
            return bind(name, .poison)
        }
        let full = (path + [name.text]).joined(separator: ".")
        let chosen = initializers.named(full)
        let made = parameter(
            Parameter(full, role, chosen ?? initializer), type, label: full, at: name.span.joined(to: syntax.span))
        guard let made else { return bind(name, .poison) }
        bind(name, .tensor(role == .state ? states.value(of: made) : made))
    }

    /// How a parameter begins: with a number everywhere, with a tensor of the program, or as an initializer says.
    private func initializer(_ expression: ExpressionSyntax, of word: String, _ type: TensorType) -> Initializer? {
        let names = InitializerForm.all.map(\.name)
        switch expression.kind {
        case .name(let name) where names.contains(name) && lookUp(name) == nil:
            return make(expression, of: InitializerForm.self).map(Initializer.form)
        case .call(let name, _) where names.contains(name.text) && lookUp(name.text) == nil:
            return make(expression, of: InitializerForm.self).map(Initializer.form)
        default: break
        }
        let value = evaluate(expression)
        var given: (tensor: ConstantTensor, shape: Shape)?
        switch value {
        case .list(let items):
            given = constant(items, at: expression.span)
            if given == nil { return nil }
        case .tensor(let tensor):
            given = builder.graph[tensor].tensor.map { ($0, builder.type(of: tensor).shape) }
        default: break
        }
        if let given {
            guard given.shape == type.shape else {
                report(
                    "a \(word) \(type) cannot begin with values of the shape \(given.shape)", at: expression.span,
                    help: "give as many values along each axis as the type says")
                return nil
            }
            return .values(given.tensor)
        }
        guard let number = value.asNumber, Float(number).isFinite else {
            if value.isPoison { return nil }
            report(
                "a \(word) begins with a number of f32, a list of numbers or an initializer, not "
                    + (value.asNumber.map { "\($0)" } ?? phrase(value)), at: expression.span,
                help: "such as `0`, `ones` or `normal(0.02)`")
            return nil
        }
        return number == 0 ? .zeros : number == 1 ? .ones : .constant(number)
    }

    /// Gives a state its next value; what reads the name behind it sees, in training, that value.
    func update(_ name: NameSyntax, _ value: ElaboratedValue, _ span: Span) {
        guard case .tensor(let current)? = lookUp(name.text), let state = states.state(of: current), !value.isPoison else { return }
        guard case .tensor(let next) = value else {
            report("the next value of a state must be a tensor, not \(phrase(value))", at: span)
            return
        }
        let (type, nextType) = (builder.type(of: state), builder.type(of: next))
        guard type == nextType else {
            report("`\(name.text)` is \(type), but its next value is \(nextType)", at: span, help: "a state keeps its shape")
            return
        }
        if let owner = states.owners[state] {
            report(
                "`\(name.text)` has two next values", at: name.span,
                secondary: [Diagnostic.Label(owner, "this operator moves it itself")], help: "leave `update` out")
            return
        }
        let places = CallPlaces(whole: span, callee: span, operands: [span, span])
        guard case .tensor(let made) = append(.nextValue, [current, next], [:], label: nil, at: places) else { return }
        builder.advance(state) { _ in made }
        states.update(state, to: made, at: name.span)
        assign(name, .tensor(made))
    }
}
