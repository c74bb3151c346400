import Graph

/// Writes the statements of a network or block: chains of values that are used once become pipelines, a value that is used again gets a
/// name.
struct BodyWriter {
    let symbols: SymbolNames
    /// The files that hold tensors.
    let files: [Operand: String]
    /// Names that must not be bound anew.
    let functions: FunctionNames
    /// What is bound in the body.
    var names: TakenNames
    /// The names of wires that are bound.
    private(set) var bound: [Int: String] = [:]
    /// What is still to be used, once.
    private var pending: [Int: Fragment] = [:]
    private var uses: [Int: Int] = [:]
    /// The variables of loops that may change again, with the wire whose value they have.
    private var variables: [String: Int] = [:]
    /// Names that wires get if they are bound.
    private var wanted: [Int: String] = [:]
    private(set) var statements: [String] = []
    /// The labels of steps whose parameters others share, as far as they stand in a statement.
    private var sharedLabels: Set<String> = []
    private let inputs: [(wire: Int, name: String)]

    /// - Parameter inputs: the wires that are given, with their names.
    init(_ outline: Outline, _ names: TakenNames, inputs: [(wire: Int, name: String)]) {
        symbols = outline.symbols
        functions = outline.functions
        files = outline.files
        self.names = names
        self.inputs = inputs
        for input in inputs { bound[input.wire] = input.name }
    }

    /// Writes all steps of a body.
    mutating func write(_ body: OutlineBody) {
        count(body)
        // What is declared stands first.
        for step in body.steps where step.isDeclaration { write(step) }
        for step in body.steps where !step.isDeclaration { write(step) }
    }

    mutating func count(_ body: OutlineBody) {
        for step in body.steps {
            for operand in step.inputs { if let wire = operand.wire { uses[wire, default: 0] += 1 } }
            if case .optional(let optional) = step.callee {
                // Both branches take them, so that they need names.
                for operand in step.operands { if let wire = operand.wire { uses[wire, default: 0] += 1 } }
                let made = Set(optional.steps.flatMap { $0.results.compactMap(\.self) })
                for wire in optional.steps.flatMap(\.inputs).compactMap(\.wire) where made.contains(wire) { uses[wire, default: 0] += 1 }
            }
            guard case .loop(let loop) = step.callee else { continue }
            // Every round takes them, so that they need names.
            for wire in loop.invariants { uses[wire, default: 0] += 1 }
            for wire in loop.steps.flatMap(\.inputs).compactMap(\.wire) where wire != loop.start { uses[wire, default: 0] += 1 }
            uses[loop.carried, default: 0] += 1
        }
        for operand in body.results { if let wire = operand.wire { uses[wire, default: 0] += 1 } }
    }

    /// Lets a wire have a name if it is bound.
    mutating func want(_ name: String, for wire: Int) { if wanted[wire] == nil { wanted[wire] = name } }

    mutating func say(_ statement: String) { statements.append(resolvingShares(statement)) }

    // MARK: - Steps

    private mutating func write(_ step: OutlineStep) {
        if case .parameter(let role, let type, let initializer) = step.callee, let wire = step.results[0], let name = step.label.last {
            bound[wire] = name
            return say(declaration(role, name, type, initializer, step.arguments.map(\.value)))
        }
        if case .loop(let loop) = step.callee { return write(loop) }
        if case .optional(let optional) = step.callee { return write(optional) }
        if case .constant(let operand) = step.callee, let wire = step.results[0] {
            pending[wire] = Fragment(literal(operand, isValue: false).text, .primary, noun: "table")
            return uses[wire, default: 0] > 1 ? bind(wire) : ()
        }
        let fragment = self.fragment(of: step)
        if step.results.count > 1 {
            let base = noun(of: fragment, step)
            let parts = step.results.enumerated().map { index, wire -> String in
                guard let wire, uses[wire] != nil else { return "_" }
                let name = wanted[wire] ?? local("\(base)\(index + 1)")
                bound[wire] = name
                return name
            }
            // Names that nothing reads are all alike, which the language lets a pattern have.
            return say(fragment.laidOut(front: "let (\(parts.joined(separator: ", "))) = ", indentation: 4))
        }
        guard let wire = step.results[0] else { return }
        // A parameter that nothing reads is one all the same.
        if uses[wire] == nil { return say(fragment.laidOut(front: "let _ = ", indentation: 4)) }
        pending[wire] = fragment
        if uses[wire, default: 0] > 1 || fragment.depth > Self.deepest { bind(wire) }
    }

    /// `for i in 1...5 { x = x |> layer3.{i}: residual(256) }`: the variable keeps what is carried from round to round.
    private mutating func write(_ loop: OutlineLoop) {
        let before = bound[loop.start]
        let variable = self.variable(for: loop.start)
        bound[loop.start] = variable
        var inner = self
        inner.statements = []
        inner.names.take(OutlineLoop.variable)
        for step in loop.steps { inner.write(step) }
        inner.result(.wire(loop.carried), front: "\(variable) = ")
        bound[loop.start] = before
        names = inner.names
        let (first, last) = (loop.numbers.lowerBound, loop.numbers.upperBound)
        let head = "for \(OutlineLoop.variable) in \(first == 0 ? "0..<\(last + 1)" : "\(first)...\(last)")"
        let isShort = inner.statements.count == 1 && inner.statements[0].count <= 100 && !inner.statements[0].contains("\n")
        say(isShort ? "\(head) { \(inner.statements[0]) }" : "\(head) {\n\(inner.statements.joined(separator: "\n"))\n}")
        bound[loop.end] = variable
        if uses[loop.end] == 1 { variables[variable] = loop.end }
    }

    /// `if downsample { x |> … } else { x }`
    private mutating func write(_ optional: OptionalSteps) {
        var inner = self
        inner.statements = []
        inner.uses[optional.output] = 1
        for step in optional.steps { inner.write(step) }
        inner.result(.wire(optional.output), front: "")
        names = inner.names
        let otherwise = bound[optional.input] ?? "_"
        let isShort = inner.statements.count == 1 && inner.statements[0].count <= 76 && !inner.statements[0].contains("\n")
        let body = isShort ? "{ \(inner.statements[0]) }" : "{\n\(inner.statements.joined(separator: "\n"))\n}"
        let end = isShort ? "{ \(otherwise) }" : "{\n\(otherwise)\n}"
        let fragment = Fragment("if \(optional.condition) \(body) else \(end)", .pipeline)
        fragment.isStatement = true
        pending[optional.output] = fragment
        if uses[optional.output, default: 0] > 1 { bind(optional.output) }
    }

    /// The variable that a wire's value is in when a loop begins: one that nothing else needs any more, or a new one.
    private mutating func variable(for wire: Int) -> String {
        if let fragment = pending.removeValue(forKey: wire) {
            if variables.removeValue(forKey: fragment.head) != nil {
                say(fragment.laidOut(front: "\(fragment.head) = ", indentation: 4))
                return fragment.head
            }
            let name = local(names.has("x") && !names.has("y") ? "y" : "x")
            say(fragment.laidOut(front: "var \(name) = ", indentation: 4))
            return name
        }
        let value = bound[wire] ?? "_"
        if variables[value] == wire {
            variables[value] = nil
            return value
        }
        let name = local(names.has("x") && !names.has("y") ? "y" : "x")
        say("var \(name) = \(value)")
        return name
    }

    private static let deepest = 12

    /// Binds a wire that is still to be used to a name of its own.
    mutating func bind(_ wire: Int, as hint: String? = nil) {
        guard let fragment = pending.removeValue(forKey: wire) else { return }
        let name = wanted[wire] ?? local(hint ?? noun(of: fragment, nil))
        bound[wire] = name
        say(fragment.laidOut(front: "let \(name) = ", indentation: 4))
    }

    /// A name that the body does not have yet.
    mutating func local(_ wanted: String) -> String {
        names.distinct(functions.taken.has(wanted) ? wanted + "_value" : wanted)
    }

    private func noun(of fragment: Fragment, _ step: OutlineStep?) -> String {
        if let step, step.results.count > 1, step.label.isEmpty || !step.needsLabel { return "part" }
        guard !fragment.label.isEmpty else { return fragment.noun }
        // The last word of the label with the numbers behind it.
        let parts = fragment.label.filter { !$0.contains("{") }
        let start = parts.lastIndex { !$0.allSatisfy(\.isNumber) } ?? 0
        let name = LegalName.name(from: parts.dropFirst(start).joined(separator: "_"), or: "features")
        return name.prefix(1).lowercased() + name.dropFirst()
    }

    // MARK: - Expressions

    /// The expression of a step's result; what it takes is used.
    private mutating func fragment(of step: OutlineStep) -> Fragment {
        let label = step.needsLabel ? step.label : []
        if label.isEmpty, let arithmetic = arithmetic(step) { return arithmetic }
        var operands = step.operands
        let hasTensor = operands.contains { $0.wire != nil } || isOperation(step) && !isBuiltin(step)
        let isPiped = operands.count == 1 || !label.isEmpty || step.isBlock
        var isVariadic = false
        if case .operation(let operation) = step.callee { isVariadic = operation.inputs.contains(where: \.isVariadic) }
        var fragment: Fragment?
        if isPiped, !operands.isEmpty {
            if isVariadic, operands.count > 1 {
                let items = operands.map { argument($0, breaks: true) }
                fragment = Fragment("(" + items.map(\.text).joined(separator: ", ") + ")", .primary, depth: items.map(\.depth).max() ?? 0)
                operands = []
            } else {
                fragment = taken(operands.removeFirst(), isValue: isOperation(step))
            }
        }
        let items = operands.enumerated().map { index, operand in
            // Numbers alone would be computed while the network is built.
            argument(operand, breaks: isVariadic, isValue: index > 0 || hasTensor)
        }
        let given = step.given.map { (input: $0.input, text: argument($0.operand, breaks: false).text) }
        let depth = (items.map(\.depth) + [fragment?.depth ?? 0]).max() ?? 0
        let call = self.call(step, items.map(\.text), given)
        let noun = isVariadic ? "joined" : "features"
        guard let fragment else { return Fragment(call, .primary, noun: noun, depth: depth + 1) }
        fragment.steps.append(
            Fragment.Step(
                text: labelled(label, call, step), beginsPhrase: step.beginsPhrase, isWhole: step.isBlock, group: label.first ?? ""))
        if step.beginsPhrase, !label.isEmpty { fragment.label = label }
        fragment.noun = noun
        fragment.endsWithFunction = !isOperation(step)
        fragment.depth = max(fragment.depth, depth)
        return fragment
    }

    private func labelled(_ label: [String], _ call: String, _ step: OutlineStep) -> String {
        guard !label.isEmpty else { return call }
        let text = label.joined(separator: ".")
        return step.isShared ? "\u{1}\(text)\u{2}\(call)" : "\(text): \(call)"
    }

    private func isOperation(_ step: OutlineStep) -> Bool { if case .function = step.callee { false } else { true } }
    private func isBuiltin(_ step: OutlineStep) -> Bool {
        if case .operation(let operation) = step.callee { Builtin.byName[operation.name] != nil } else { false }
    }

    /// `a + b`, `-x`; nil for what is no arithmetic.
    private mutating func arithmetic(_ step: OutlineStep) -> Fragment? {
        guard case .operation(let operation) = step.callee, step.operands.count == 2, step.arguments.isEmpty,
            let mark = BinaryOperator.allCases.first(where: { $0.tensorOperator == operation })
        else { return nil }
        let own: Term.Precedence =
            switch mark {
            case .add, .subtract: .sum
            case .multiply, .divide: .product
            default: .comparison
            }
        let next = Term.Precedence(rawValue: own.rawValue + 1) ?? .primary
        if mark == .multiply, step.operands[1] == .number(-1), step.operands[0].wire != nil {
            let operand = embedded(step.operands[0], .unary)
            return Fragment("-" + operand.text, .unary, depth: operand.depth + 1)
        }
        let isValue = step.operands.contains { $0.wire != nil }
        let hints: (String?, String?) = mark == .add ? sumNames(step) : mark == .multiply ? gateNames(step) : (nil, nil)
        // Comparisons do not chain.
        let left = embedded(step.operands[0], own == .comparison ? next : own, hint: hints.0, isValue: isValue)
        let right = embedded(step.operands[1], next, hint: hints.1)
        let noun = mark == .add ? "total" : mark == .multiply ? "scaled" : "features"
        return Fragment("\(left.text) \(mark.rawValue) \(right.text)", own, noun: noun, depth: max(left.depth, right.depth) + 1)
    }

    /// What the two sides of a sum are called if they must be called something: the longer way is the main one.
    private func sumNames(_ step: OutlineStep) -> (String?, String?) {
        guard step.operands.allSatisfy({ $0.wire != nil }) else { return (nil, nil) }
        let lengths = step.operands.map { operand in operand.wire.flatMap { pending[$0]?.steps.count } ?? 0 }
        guard lengths[0] > 0 || lengths[1] > 0 else { return (nil, nil) }
        return lengths[0] >= lengths[1] ? ("main", "shortcut") : ("shortcut", "main")
    }

    /// What the sides of a product are called if they must be called something: one that an activation bounds is a gate.
    private func gateNames(_ step: OutlineStep) -> (String?, String?) {
        let names = step.operands.map { operand in
            operand.wire.flatMap { pending[$0] }.flatMap { $0.endsWithFunction ? "gate" : nil }
        }
        return (names[0], names[1])
    }

    /// The fragment of an operand, to be gone on with.
    private mutating func taken(_ operand: Operand, isValue: Bool) -> Fragment {
        if let wire = operand.wire, pending[wire]?.isStatement == true { bind(wire) }
        if let wire = operand.wire, let fragment = pending.removeValue(forKey: wire) { return fragment }
        let text = literal(operand, isValue: isValue)
        return Fragment(text.text, text.precedence)
    }

    /// An operand as a part of arithmetic.
    private mutating func embedded(_ operand: Operand, _ least: Term.Precedence, hint: String? = nil, isValue: Bool = true) -> (
        text: String, depth: Int
    ) {
        if let wire = operand.wire, let fragment = pending[wire] {
            let isShort = fragment.steps.count == 1 && fragment.width <= 44 && !fragment.head.contains("\n")
            if !fragment.isStatement, fragment.steps.isEmpty && fragment.width <= 70 || isShort {
                pending[wire] = nil
                let isLoose = isShort || fragment.precedence < least
                return (isLoose ? "(\(fragment.text))" : fragment.text, fragment.depth)
            }
            bind(wire, as: hint)
        }
        let (text, precedence) = literal(operand, isValue: isValue)
        return (precedence < least ? "(\(text))" : text, 0)
    }

    /// An operand as an argument of a call; a way of several steps stands in it where the call may go over several lines.
    private mutating func argument(_ operand: Operand, breaks: Bool, isValue: Bool = true) -> (text: String, depth: Int) {
        if let wire = operand.wire, let fragment = pending[wire] {
            if !fragment.isStatement, fragment.steps.isEmpty && (breaks || fragment.width <= 70) || breaks || fragment.width <= 44 {
                pending[wire] = nil
                return (breaks ? fragment.laidOut(front: "", indentation: 8) : fragment.text, fragment.depth)
            }
            bind(wire)
        }
        return (literal(operand, isValue: isValue).text, 0)
    }

    private func literal(_ operand: Operand, isValue: Bool) -> (text: String, precedence: Term.Precedence) {
        switch operand {
        case .wire(let wire): return (bound[wire] ?? "_", .primary)
        case .number(let number):
            let text = Term.number(number).text(symbols)
            return isValue ? text : ("tensor(\(text.text))", .primary)
        case .size(let size, let divisor):
            let term = divisor == 1 ? Term.size(size) : .quotient(.size(size), divisor)
            return term.text(symbols)
        case .tensor(let tensor, let shape):
            if let path = files[operand] { return ("tensor(\(Term.quoted(path)))", .primary) }
            let text = TensorSource.text(tensor, shape)
            return isValue ? (text, .primary) : ("tensor(\(text))", .primary)
        }
    }

    // MARK: - Calls

    private func call(_ step: OutlineStep, _ operands: [String], _ given: [(input: String, text: String)]) -> String {
        var name: String
        var parts = operands
        var arguments = step.arguments
        switch step.callee {
        case .operation(let operation): name = operation.name
        case .block(let block): name = block.type?.name ?? "_"
        case .parameter, .constant, .loop, .optional: name = "_"
        case .function:
            let function = arguments.removeFirst().value
            name = function.text(symbols).text
            if case .function(let known) = function, !known.given.isEmpty {
                name = known.name
                parts += known.given.map { item in
                    known.takesOneNumber ? Term.text(ofNumber: item.value) : "\(item.name): \(Term.text(ofNumber: item.value))"
                }
            }
        }
        var named: [String] = []
        var isInOrder = true
        for argument in arguments {
            if argument.value == argument.byDefault {
                isInOrder = false
                continue
            }
            let text = argument.value.text(symbols).text
            if isInOrder, argument.isPositional { parts.append(text) } else { named.append("\(argument.name): \(text)") }
            if !argument.isPositional { isInOrder = false }
        }
        parts += given.map { "\($0.input): \($0.text)" } + named
        guard !parts.isEmpty else { return name }
        let width = parts.reduce(name.count) { $0 + $1.count + 2 }
        let isBroken = operands.contains { $0.contains("\n") || $0.contains("|>") && width > 80 } && operands.count > 1
        if isBroken || width > 108 && operands.count > 2 {
            return "\(name)(\n\(parts.joined(separator: ",\n")))"
        }
        return "\(name)(\(parts.joined(separator: ", ")))"
    }

    private func declaration(_ role: ParameterRole, _ name: String, _ type: TensorType, _ initializer: Initializer, _ extents: [Term])
        -> String
    {
        let shape = extents.isEmpty ? type.shape.dimensions.map { symbols.text($0.expression) } : extents.map { $0.text(symbols).text }
        let begin: String
        switch initializer {
        case .values(let tensor):
            begin = type.rank == 0 ? Term.text(ofNumber: Double(tensor.values[0])) : TensorSource.text(tensor, type.shape)
        case .form(let chosen):
            let number = chosen.form.name == InitializerForm.constant.name ? chosen["value"] : nil
            if case .number(let value)? = number { begin = Term.text(ofNumber: value) } else { begin = chosen.source }
        }
        let word = role == .state ? "state" : "parameter"
        return "\(word) \(name): \(type.element.rawValue)[\(shape.joined(separator: ", "))] = \(begin)"
    }

    // MARK: - Results

    /// The value of an operand as the end of a statement that begins with `front`.
    mutating func result(_ operand: Operand, front: String) {
        if let wire = operand.wire, let fragment = pending.removeValue(forKey: wire) {
            return say(fragment.laidOut(front: front, indentation: 4))
        }
        say(front + literal(operand, isValue: false).text)
    }

    /// What operands are called, for a tuple.
    mutating func texts(_ operands: [Operand]) -> [String] { operands.map { argument($0, breaks: false, isValue: false).text } }

    /// The first step in the text that has a label makes its parameters, and others share them.
    private mutating func resolvingShares(_ statement: String) -> String {
        guard statement.contains("\u{1}") else { return statement }
        var result = ""
        var rest = statement[...]
        while let start = rest.firstIndex(of: "\u{1}"), let end = rest.firstIndex(of: "\u{2}") {
            let label = String(rest[rest.index(after: start)..<end])
            result += rest[..<start] + (sharedLabels.insert(label).inserted ? "" : "share ") + label + ": "
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }
}
