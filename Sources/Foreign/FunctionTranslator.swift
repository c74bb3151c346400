import Graph
import Source

/// Goes through a function with values in place of its parameters: constants are computed, loops run, and what is left is one expression.
///
/// A condition on elements takes both ways; where they meet again, each variable becomes a choice between its two values.
struct FunctionTranslator {
    static let maximumTable = 64
    /// As for formulas of the language.
    static let maximumFormula = 4096
    /// As deep as an expression may nest to be printed and read.
    static let maximumDepth = 320
    private static let maximumSteps = 100_000
    private static let maximumCalls = 40

    let program: CProgram
    private var steps = 0
    private var calls: [CFunction.ID] = []
    private var constants: [CVariable: CValue] = [:]

    init(_ program: CProgram) { self.program = program }

    /// The expression that a function gives for its arguments.
    static func translate(_ id: CFunction.ID, of program: CProgram, _ arguments: [Scalar]) throws(CProblem) -> Scalar {
        var translator = FunctionTranslator(program)
        guard let function = program.functions[id] else { throw .unreadable(at: .none) }
        var values: [CValue] = []
        for (parameter, argument) in zip(function.parameters, arguments) {
            guard case .constant(let number) = argument else {
                values.append(.element(ElementValue(argument, isWhole: false)))
                continue
            }
            if parameter.variable.type.isInteger, Int(exactly: number) == nil {
                throw CProblem("`\(parameter.name)` must be an integer, not \(number)", at: parameter.span)
            }
            values.append(try translator.converted(.number(number), to: parameter.variable.type, at: parameter.span))
        }
        let result = try translator.call(id, values, at: function.span)
        guard let element = result.asElement else { throw .undefined(at: function.span) }
        return element.scalar
    }

    // MARK: - Bounds

    mutating func takeStep(at span: Span) throws(CProblem) {
        steps += 1
        guard steps <= Self.maximumSteps else {
            throw CProblem(
                "this takes too many steps to translate", at: span,
                help: "\(Self.maximumSteps) are the limit for a function; shorten its loops")
        }
    }

    func checked(_ value: ElementValue, at span: Span) throws(CProblem) -> CValue {
        guard value.count <= Self.maximumFormula else {
            throw CProblem("this formula is too long", at: span, help: "\(Self.maximumFormula) operations are the limit")
        }
        guard value.depth <= Self.maximumDepth else {
            throw CProblem("this formula nests too deeply", at: span, help: "\(Self.maximumDepth) levels are the limit")
        }
        if case .constant(let number) = value.scalar { return .number(number) }
        return .element(value)
    }

    func checked(_ condition: ElementCondition, at span: Span) throws(CProblem) -> CValue {
        guard condition.size <= Self.maximumTable, condition.depth <= Self.maximumDepth,
            condition.choiceCount(0, 0) <= Self.maximumFormula
        else { throw CProblem("this condition is too long", at: span, help: "\(Self.maximumTable) comparisons are the limit") }
        return .condition(condition)
    }

    // MARK: - Statements

    /// What is known at a place of a function.
    private struct Path {
        var variables: [CVariable: CValue] = [:]
        /// What was returned on the way, where which condition held; the first that holds counts.
        var returns: [(condition: ElementCondition, value: CValue)] = []
        /// The value of the rest.
        var end: CValue?
        /// Whether the loop's body, or the loop, is left.
        var isContinued = false
        var isLeft = false

        var goesOn: Bool { end == nil && !isContinued && !isLeft }
    }

    mutating func call(_ id: CFunction.ID, _ arguments: [CValue], at span: Span) throws(CProblem) -> CValue {
        try takeStep(at: span)
        guard let function = program.functions[id] else { throw .unreadable(at: span) }
        guard !calls.contains(id) else {
            throw CProblem("`\(function.name)` calls itself", at: span, help: "repeat with a `for` loop")
        }
        guard calls.count < Self.maximumCalls else {
            throw CProblem("calls nest too deeply", at: span, help: "\(Self.maximumCalls) levels are the limit")
        }
        calls.append(id)
        defer { calls.removeLast() }
        var path = Path()
        for (parameter, argument) in zip(function.parameters, arguments) { path.variables[parameter.variable] = argument }
        try run(function.body, &path)
        guard let value = try value(of: path, at: function.span) else {
            throw CProblem("`\(function.name)` may end without a value", at: function.span, help: "end it with `return`")
        }
        return value
    }

    /// What a path gives that has ended.
    private func value(of path: Path, at span: Span) throws(CProblem) -> CValue? {
        guard var value = path.end else { return nil }
        for item in path.returns.reversed() { value = try choice(item.condition, item.value, value, at: span) }
        return value
    }

    private mutating func run(_ statement: CStatement, _ path: inout Path) throws(CProblem) {
        guard path.goesOn else { return }
        try takeStep(at: statement.span)
        switch statement.kind {
        case .declare(let declarations):
            for declaration in declarations { path.variables[declaration.variable] = try begin(declaration, path.variables) }
        case .assign(let variable, let index, let value):
            let new = try evaluate(value, path.variables)
            guard let index else {
                path.variables[variable] = new
                return
            }
            guard case .integer(let place) = try evaluate(index, path.variables), case .array(var items)? = path.variables[variable] else {
                throw CProblem(
                    "an element that is chosen by an element's value cannot be assigned to", at: index.span,
                    help: "the index on the left of `=` must be a constant")
            }
            guard items.indices.contains(place) else { throw outside(place, of: items.count, variable, at: index.span) }
            items[place] = new
            path.variables[variable] = .array(items)
        case .branch(let condition, let then, let otherwise): try branch(condition, then, otherwise, &path, at: statement.span)
        case .loop(let start, let condition, let step, let body, let looksFirst):
            if let start { try run(start, &path) }
            var looks = looksFirst
            while true {
                try takeStep(at: statement.span)
                if looks {
                    guard let holds = try evaluate(condition, path.variables).constant else {
                        throw CProblem(
                            "how often this loop runs depends on an element", at: condition.span,
                            help: "its condition must be a constant in each round; choose values with `?:` or `if` inside")
                    }
                    if holds == 0 { return }
                }
                looks = true
                try run(body, &path)
                path.isContinued = false
                if path.isLeft {
                    path.isLeft = false
                    return
                }
                if path.end != nil { return }
                if let step { try run(step, &path) }
            }
        case .block(let statements): for statement in statements { try run(statement, &path) }
        case .give(let value): path.end = try evaluate(value, path.variables)
        case .leaveLoop: path.isLeft = true
        case .continueLoop: path.isContinued = true
        }
    }

    private mutating func branch(
        _ test: CExpression, _ then: CStatement, _ otherwise: CStatement?, _ path: inout Path, at span: Span
    ) throws(CProblem) {
        let condition: ElementCondition
        switch try truth(of: test, path.variables) {
        case .constant(true): return try run(then, &path)
        case .constant(false):
            if let otherwise { try run(otherwise, &path) }
            return
        case .element(let found): condition = found
        }
        var (first, second) = (Path(variables: path.variables), Path(variables: path.variables))
        try run(then, &first)
        if let otherwise { try run(otherwise, &second) }
        guard !first.isLeft, !first.isContinued, !second.isLeft, !second.isContinued else {
            throw CProblem(
                "an element's value cannot end a loop", at: span, help: "let the loop run on, and keep the value with `?:` or `if`")
        }
        switch (try value(of: first, at: span), try value(of: second, at: span)) {
        case (let a?, let b?): path.end = try choice(condition, a, b, at: span)
        case (let a?, nil):
            path.returns += [(condition, a)] + second.returns
            path.variables = second.variables
        case (nil, let b?):
            path.returns += [(!condition, b)] + first.returns
            path.variables = first.variables
        case (nil, nil):
            path.returns += first.returns.map { (condition.and($0.condition), $0.value) }
            path.returns += second.returns.map { ((!condition).and($0.condition), $0.value) }
            // Names of inner blocks are not seen behind them.
            for (variable, old) in path.variables {
                let (a, b) = (first.variables[variable] ?? old, second.variables[variable] ?? old)
                path.variables[variable] = try choice(condition, a, b, at: span)
            }
        }
    }

    /// One value where a condition holds, another elsewhere.
    func choice(_ condition: ElementCondition, _ then: CValue, _ otherwise: CValue, at span: Span) throws(CProblem) -> CValue {
        if then == otherwise { return then }
        if case .array(let a) = then, case .array(let b) = otherwise, a.count == b.count {
            var items: [CValue] = []
            for (x, y) in zip(a, b) { items.append(try choice(condition, x, y, at: span)) }
            return .array(items)
        }
        guard let a = then.asElement, let b = otherwise.asElement else { return .undefined }
        return try checked(.choice(condition, a, b), at: span)
    }

    private mutating func begin(_ declaration: CDeclaration, _ variables: [CVariable: CValue]) throws(CProblem) -> CValue {
        var values: [CValue] = []
        for value in declaration.values { values.append(try evaluate(value, variables)) }
        guard let count = declaration.variable.count else { return values.first ?? .undefined }
        // What is not listed is zero, if anything is.
        let zero: CValue = declaration.variable.type == .floating ? .number(0) : .integer(0)
        let rest = Array(repeating: declaration.values.isEmpty ? .undefined : zero, count: max(0, count - values.count))
        return .array(values + rest)
    }

    /// The value of a constant of the file.
    mutating func constant(_ variable: CVariable, at span: Span) throws(CProblem) -> CValue? {
        if let known = constants[variable] { return known }
        guard let declaration = program.constants[variable] else { return nil }
        try takeStep(at: span)
        // A value that is made of itself is none.
        constants[variable] = .undefined
        let value = try begin(declaration, [:])
        constants[variable] = value
        return value
    }

    func outside(_ index: Int, of count: Int, _ variable: CVariable, at span: Span) -> CProblem {
        CProblem("`\(variable.name)` has no element \(index)", at: span, help: "it has \(count), which count from 0")
    }
}
