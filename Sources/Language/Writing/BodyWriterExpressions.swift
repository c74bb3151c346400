import Graph

/// How steps are said: as arithmetic, as steps of a pipeline, or as calls.
extension BodyWriter {
    /// The expression of a step's result; what it takes is used.
    mutating func fragment(of step: OutlineStep) -> Fragment {
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
                // A list would be several operands.
                let items = operands.map { argument($0, breaks: true, isValue: !$0.isTensor) }
                fragment = Fragment("(" + items.map(\.text).joined(separator: ", ") + ")", .primary, depth: items.map(\.depth).max() ?? 0)
                operands = []
            } else {
                fragment = taken(operands.removeFirst(), isValue: isOperation(step))
            }
        }
        let items = operands.enumerated().map { index, operand in
            // Numbers alone would be computed while the network is built, functions take no lists, and a list is several operands where
            // there may be several.
            let takesLists = isOperation(step) && !isBuiltin(step) && !isVariadic
            return argument(operand, breaks: isVariadic, isValue: (index > 0 || hasTensor) && (takesLists || !operand.isTensor))
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
    mutating func argument(_ operand: Operand, breaks: Bool, isValue: Bool = true) -> (text: String, depth: Int) {
        if let wire = operand.wire, let fragment = pending[wire] {
            if !fragment.isStatement, fragment.steps.isEmpty && (breaks || fragment.width <= 70) || breaks || fragment.width <= 44 {
                pending[wire] = nil
                return (breaks ? fragment.laidOut(front: "", indentation: 8) : fragment.text, fragment.depth)
            }
            bind(wire)
        }
        return (literal(operand, isValue: isValue).text, 0)
    }

    func literal(_ operand: Operand, isValue: Bool) -> (text: String, precedence: Term.Precedence) {
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

    func declaration(_ role: ParameterRole, _ name: String, _ type: TensorType, _ initializer: Initializer, _ extents: [Term])
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
}
