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
    var pending: [Int: Fragment] = [:]
    private var uses: [Int: Int] = [:]
    /// The variables of loops that may change again, with the wire whose value they have.
    private var variables: [String: Int] = [:]
    /// Names that wires get if they are bound.
    private var wanted: [Int: String] = [:]
    private(set) var statements: [String] = []
    /// The labels of steps whose parameters others share, as far as they stand in a statement.
    private var sharedLabels: Set<String> = []

    /// - Parameter inputs: the wires that are given, with their names.
    init(_ outline: Outline, _ names: TakenNames, inputs: [(wire: Int, name: String)]) {
        symbols = outline.symbols
        functions = outline.functions
        files = outline.files
        self.names = names
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
