import Graph
import Operators
import Source

/// Runs a network's definition: numbers are computed, branches taken, loops unrolled, and what is left are the nodes of a graph.
///
/// It never fails: an error is reported and its value becomes `poison`, about which nothing more is said.
final class Elaborator {
    struct Binding {
        var value: ElaboratedValue
        var span: Span
    }

    /// The names that a body sees: those of its own definition only, innermost scope last.
    struct Frame {
        enum Kind { case network, block, activation, training }
        var kind: Kind
        var scopes: [[String: Binding]] = [[:]]
    }

    /// A block or activation that is being elaborated.
    struct Call {
        var name: String
        var span: Span
    }

    /// Where a parameter tensor was made, and through which calls.
    struct ParameterPlace {
        var span: Span
        var calls: [Call]
    }

    /// What a whole elaboration may take, so that a hostile source ends.
    static let maximumSteps = 200_000
    static let maximumDepth = 320

    let names: DefinedNames
    /// The sources, for reports that quote them.
    let map: SourceMap
    /// The places of errors that were known before.
    let known: Set<Span>
    let builder: GraphBuilder
    var frame = Frame(kind: .network)
    var calls: [Call] = []
    /// The labels around the current call; parameters are named by them.
    var path: [String] = []
    /// The blocks called under a label, by their full label.
    var blocks: [String: String] = [:]
    /// Where each parameter tensor was made, by its name.
    var parameterPlaces: [String: ParameterPlace] = [:]
    /// The variables of the loops around the current statement, in the current frame's body and those of its callers.
    var loops: [NameSyntax] = []
    /// What the recipe says of how parameters begin.
    var initializers = ChosenInitializers()
    /// The documentation of inputs and outputs by name.
    var documentation: [String: String] = [:]
    private(set) var diagnostics: [Diagnostic] = []
    /// The places of errors: of those that were known, too, so that what the name checker said is not said again.
    private(set) var reported: Set<Span>
    /// The operations whose operands have been reported not to fit.
    var explained: Set<Span> = []
    /// The places of warnings.
    private var doubted: Set<Span> = []
    /// What the inputs call the batch, and where the first of them does.
    private var batchSymbol: (name: String, span: Span)?
    var observer: (any ElaborationObserver)?
    private(set) var steps = 0
    private var depth = 0

    /// - Parameter known: the places of the program's own errors, about which nothing more is said.
    init(_ names: DefinedNames, in map: SourceMap, of name: String, known: Set<Span>) {
        self.names = names
        self.map = map
        self.known = known
        reported = known
        builder = GraphBuilder(name: name)
    }

    /// Begins anew with the same names and initializers; what the other one has reported is not said again.
    init(after other: Elaborator) {
        names = other.names
        map = other.map
        known = other.known
        reported = other.reported
        initializers = other.initializers
        builder = GraphBuilder(name: other.builder.graph.name)
    }

    var catalog: OperatorCatalog { names.catalog }

    // MARK: - Reports

    /// Reports an error, once a place: a block that is elaborated many times is wrong only once.
    @discardableResult
    func report(
        _ message: String, at span: Span, label: String = "", secondary: [Diagnostic.Label] = [], notes: [String] = [], help: String? = nil
    ) -> ElaboratedValue {
        guard reported.insert(span).inserted, steps <= Self.maximumSteps else { return .poison }
        let callers = calls.reversed().prefix(3).map { Diagnostic.Label($0.span, "`\($0.name)` is called here") }
        diagnostics.append(Diagnostic(message, at: span, label: label, secondary: secondary + callers, notes: notes, help: help))
        return .poison
    }

    /// Warns, once a place.
    func warn(_ message: String, at span: Span, secondary: [Diagnostic.Label] = [], notes: [String] = [], help: String? = nil) {
        guard doubted.insert(span).inserted else { return }
        let callers = calls.reversed().prefix(3).map { Diagnostic.Label($0.span, "`\($0.name)` is called here") }
        diagnostics.append(
            Diagnostic(message, severity: .warning, at: span, secondary: secondary + callers, notes: notes, help: help))
    }

    func phrase(_ value: ElaboratedValue) -> String { value.phrase(in: builder.graph) }

    // MARK: - Bounds

    /// Counts a step, and one for every 16 elements that it makes; false once there were too many.
    func takeStep(at span: Span, making elements: Int = 0) -> Bool {
        let before = steps
        steps = max(before + 1, min(Self.maximumSteps, before + 1 + elements / 16))
        if before < Self.maximumSteps, steps == Self.maximumSteps {
            report("the network takes too many steps to elaborate", at: span, help: "\(Self.maximumSteps) are the limit; shorten its loops")
        }
        return steps < Self.maximumSteps
    }

    /// Runs `body` one level deeper.
    func nested(at span: Span, _ body: () -> ElaboratedValue) -> ElaboratedValue {
        guard takeStep(at: span) else { return .poison }
        guard depth < Self.maximumDepth else {
            return report("calls and expressions nest too deeply", at: span, help: "\(Self.maximumDepth) levels are the limit")
        }
        depth += 1
        defer { depth -= 1 }
        return body()
    }

    // MARK: - Names

    func lookUp(_ name: String) -> ElaboratedValue? {
        for scope in frame.scopes.reversed() {
            if let binding = scope[name] { return binding.value }
        }
        return nil
    }

    func bind(_ name: NameSyntax, _ value: ElaboratedValue) {
        observe(value, at: name.span)
        frame.scopes[frame.scopes.count - 1][name.text] = Binding(value: value, span: name.span)
    }

    func bind(_ pattern: PatternSyntax, _ value: ElaboratedValue, from span: Span) {
        switch pattern {
        case .name(let name): bind(name, value)
        case .tuple(let names, let place):
            guard let items = value.items else {
                if !value.isPoison {
                    report("\(phrase(value)) cannot be taken apart", at: span, secondary: [Diagnostic.Label(place, "into these names")])
                }
                for name in names { bind(name, .poison) }
                return
            }
            if items.count != names.count {
                report(
                    "\(items.count) values for \(names.count) names", at: place,
                    secondary: [Diagnostic.Label(span, "\(items.count) values")],
                    help: "give as many names as there are values")
            }
            for (index, name) in names.enumerated() { bind(name, index < items.count ? items[index] : .poison) }
        }
    }

    /// Sets the innermost binding of a name; the name checker has made sure that there is a mutable one.
    func assign(_ name: NameSyntax, _ value: ElaboratedValue) {
        guard let level = frame.scopes.lastIndex(where: { $0[name.text] != nil }) else { return }
        frame.scopes[level][name.text]?.value = value
    }
}

// MARK: - Statements

extension Elaborator {
    /// Runs a body in a scope of its own and returns its value, `nothing` where it has none.
    func run(_ body: BodySyntax) -> ElaboratedValue { run(body, opensScope: true) }

    /// Runs a network's body in the current scope, so that its names remain for the training's clauses.
    func run(inCurrentScope body: BodySyntax) -> ElaboratedValue { run(body, opensScope: false) }

    private func run(_ body: BodySyntax, opensScope: Bool) -> ElaboratedValue {
        if opensScope { frame.scopes.append([:]) }
        defer { if opensScope { frame.scopes.removeLast() } }
        for statement in body.statements { execute(statement) }
        if let result = body.result { return evaluate(result, allowsNothing: true) }
        return body.isDamaged ? .poison : .nothing
    }

    private func execute(_ statement: StatementSyntax) {
        switch statement.kind {
        case .bind(let pattern, let value, _): bind(pattern, evaluate(value), from: value.span)
        case .assign(let name, let value): assign(name, evaluate(value))
        case .forEach(let pattern, in: let sequence, let body): loop(pattern, sequence, body)
        case .input(let name, let type, let preparation, let text): input(name, type, preparation, text)
        case .output(let name, let value, let text): output(name, evaluate(value), value.span, text)
        case .expression(let value): _ = evaluate(value, allowsNothing: true)
        }
    }

    private func loop(_ pattern: PatternSyntax, _ sequence: ExpressionSyntax, _ body: BodySyntax) {
        let values = evaluate(sequence)
        guard let items = values.items else {
            if !values.isPoison {
                report(
                    "`for` cannot go through \(phrase(values))", at: sequence.span,
                    help: "go through a range or a list: `for i in 0..<3 { … }`")
            }
            return
        }
        loops.append(pattern.names.first ?? NameSyntax(text: "i", span: sequence.span))
        defer { loops.removeLast() }
        for item in items {
            guard takeStep(at: body.span) else { return }
            frame.scopes.append([:])
            bind(pattern, item, from: sequence.span)
            _ = run(body)
            frame.scopes.removeLast()
        }
    }

    private func input(
        _ name: NameSyntax, _ syntax: TypeSyntax, _ prepared: PreparationSyntax?, _ text: String
    ) {
        guard frame.kind == .network, let type = type(syntax) else { return bind(name, .poison) }
        documentation[name.text] = text
        if builder.graph.nodes.contains(where: { $0.inputName == name.text }) {
            report("the input `\(name.text)` is declared twice", at: name.span, help: "rename one of them")
            return bind(name, .poison)
        }
        let preparation = prepared.flatMap { self.preparation($0, of: type) }
        bind(
            name,
            .tensor(
                builder.input(
                    name.text, type, span: name.span.joined(to: syntax.span), preparation: preparation)))
    }

    private func output(_ name: NameSyntax, _ value: ElaboratedValue, _ span: Span, _ text: String) {
        // Also what an `if` or `for` gives can be used by the training.
        defer { frame.scopes[0][name.text] = Binding(value: value, span: name.span) }
        observe(value, at: name.span)
        guard frame.kind == .network, !value.isPoison else { return }
        guard case .tensor(let tensor) = value else {
            report("an output must be a tensor, not \(phrase(value))", at: span)
            return
        }
        if builder.graph.outputs.contains(where: { $0.name == name.text }) {
            report("the output `\(name.text)` is given twice", at: name.span, help: "rename one of them")
            return
        }
        documentation[name.text] = text
        builder.output(name.text, tensor)
    }

    /// Whether a symbol may stand at an axis; reports why not.
    private func symbol(_ name: String, axis: Int, at span: Span) -> Bool {
        if axis > 0 {
            let names = frame.scopes.flatMap(\.keys)
            let nearest = Spelling.nearest(to: name, in: names).map { "did you mean `\($0)`?" }
            report(
                "the symbol `\(name)` stands in axis \(axis)", at: span,
                help: "only the first extent, the batch, may be a symbol; "
                    + (nearest ?? "write a number or a parameter of the network"))
            return false
        }
        if let (other, place) = batchSymbol, other != name {
            report(
                "the batch is called both `\(other)` and `\(name)`", at: span,
                secondary: [Diagnostic.Label(place, "`\(other)` here")], help: "all inputs have the same batch: write `\(other)`")
            return false
        }
        batchSymbol = batchSymbol ?? (name, span)
        return true
    }

    /// The type that the syntax stands for, nil if it is wrong.
    func type(_ syntax: TypeSyntax) -> TensorType? {
        var dimensions: [Dimension] = []
        for expression in syntax.dimensions {
            if case .name(let name) = expression.kind, lookUp(name) == nil, name.isSymbol {
                guard symbol(name, axis: dimensions.count, at: expression.span) else { return nil }
                dimensions.append(.symbol(name))
                continue
            }
            let value = evaluate(expression)
            guard case .integer(let extent) = value else {
                if !value.isPoison { report("an extent must be an integer, not \(phrase(value))", at: expression.span) }
                return nil
            }
            guard (1...Self.maximumInteger).contains(extent) else {
                report("an extent cannot be \(extent)", at: expression.span, help: "extents lie between 1 and \(Self.maximumInteger)")
                return nil
            }
            dimensions.append(.fixed(extent))
        }
        guard let element = ElementType(rawValue: syntax.element.text) else { return nil }
        let type = TensorType(element, Shape(dimensions))
        guard type.isReasonable else {
            report("a tensor \(type) is too large", at: syntax.span, help: "\(TensorType.maximumElements) elements are the limit")
            return nil
        }
        return type
    }
}

// MARK: - Expressions

extension Elaborator {
    func evaluate(_ expression: ExpressionSyntax, allowsNothing: Bool = false) -> ElaboratedValue {
        nested(at: expression.span) {
            let value = observing(at: expression.span) { self.value(of: expression) }
            if case .nothing = value, !allowsNothing {
                return report(
                    "this gives no value", at: expression.span,
                    help: "an `if` used as a value needs an `else`, and a value at the end of every branch")
            }
            return value
        }
    }

    private func value(of expression: ExpressionSyntax) -> ElaboratedValue {
        switch expression.kind {
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .boolean(let value): return .boolean(value)
        case .text(let value): return .text(value)
        case .name(let name):
            if let value = lookUp(name) { return value }
            if names.lacksImports || names.refused.contains(name) { return .poison }
            if let callable = names.callable(name) { return .callable(callable) }
            return report("`\(name)` does not exist here", at: expression.span, help: "with these arguments the network does not make it")
        case .tuple(let items): return .tuple(items.map { evaluate($0) })
        case .list(let items): return .list(items.map { evaluate($0) })
        case .unary(let operation, let operand): return unary(operation, evaluate(operand), operand.span, at: expression.span)
        case .binary(let operation, let left, let right, let mark): return binary(operation, left, right, mark, at: expression.span)
        case .call(let name, let arguments):
            let values = arguments.map { EvaluatedArgument(name: $0.name, value: evaluate($0.value), span: $0.value.span) }
            return call(name, values, label: nil, at: expression.span)
        case .pipeline(let head, let steps): return pipeline(head, steps)
        case .member(let value, let name): return member(evaluate(value), name, value.span)
        case .index(let value, let index): return self.index(evaluate(value), evaluate(index), value.span, index.span)
        case .conditional(let branches, let otherwise): return conditional(branches, otherwise)
        case .invalid: return .poison
        }
    }

    /// A loop over the branches, since a chain of `else if` may be of any length.
    private func conditional(_ branches: [(condition: ExpressionSyntax, body: BodySyntax)], _ otherwise: BodySyntax?) -> ElaboratedValue {
        // The branches that each element decides on.
        var open: [(condition: Condition, value: ElaboratedValue, test: Span, body: Span)] = []
        var last: ElaboratedValue?
        for (test, body) in branches {
            let condition = evaluate(test)
            switch condition {
            case .boolean(true): last = run(body)
            case .boolean(false): continue
            case .condition(let condition):
                guard depth + open.count < Self.maximumDepth else {
                    return report("calls and expressions nest too deeply", at: test.span, help: "\(Self.maximumDepth) levels are the limit")
                }
                open.append((condition, run(body), test.span, body.span))
                continue
            case .poison: last = .poison
            case .tensor:
                last = report(
                    "a condition must be known while the network is built, and \(phrase(condition)) is not", at: test.span,
                    help: "`if` chooses between networks; to choose between elements, write an `activation`")
            default: last = report("a condition must be true or false, not \(phrase(condition))", at: test.span)
            }
            break
        }
        let value = last ?? otherwise.map { run($0) } ?? .nothing
        return open.reversed().reduce(value) { select($1.condition, $1.value, $0, $1.test, $1.body) }
    }

    private func select(_ condition: Condition, _ then: ElaboratedValue, _ otherwise: ElaboratedValue, _ test: Span, _ body: Span)
        -> ElaboratedValue
    {
        if then.isPoison || otherwise.isPoison { return .poison }
        guard let a = then.asScalar, let b = otherwise.asScalar else {
            return report(
                "both branches must give a number for each element", at: body,
                secondary: [Diagnostic.Label(test, "decided for each element")],
                help: "write `if … { … } else { … }` with a number at the end of each")
        }
        return scalar(condition.select(then: a, otherwise: b), at: test)
    }

    private func member(_ value: ElaboratedValue, _ name: NameSyntax, _ span: Span) -> ElaboratedValue {
        switch (value, name.text) {
        case (.poison, _): return .poison
        case (.list(let items), "count"), (.tuple(let items), "count"): return .integer(items.count)
        case (.tensor(let tensor), "rank"): return .integer(builder.type(of: tensor).rank)
        case (.tensor(let tensor), "channels"), (.tensor(let tensor), "height"), (.tensor(let tensor), "width"):
            let type = builder.type(of: tensor)
            let axis = name.text == "channels" ? 1 : name.text == "height" ? 2 : 3
            guard name.text == "channels" ? type.rank >= 2 : type.rank == 4 else {
                return report("\(type) has no \(name.text)", at: name.span, help: "images are [N, channels, height, width]")
            }
            guard let extent = type.shape[axis].value else {
                return report("the \(name.text) of \(type) is not known while the network is built", at: name.span)
            }
            return .integer(extent)
        default: return report("\(phrase(value)) has no `\(name.text)`", at: name.span)
        }
    }

    private func index(_ value: ElaboratedValue, _ index: ElaboratedValue, _ span: Span, _ place: Span) -> ElaboratedValue {
        if value.isPoison || index.isPoison { return .poison }
        guard let items = value.items else {
            return report("\(phrase(value)) has no elements to choose from", at: span, help: "lists are written `[64, 128]`")
        }
        guard case .integer(let position) = index else { return report("an index must be an integer, not \(phrase(index))", at: place) }
        guard items.indices.contains(position) else {
            return report("there is no element \(position)", at: place, label: "of \(items.count)", help: "elements count from 0")
        }
        return items[position]
    }
}
