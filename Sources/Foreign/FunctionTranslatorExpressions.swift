import Foundation
import Graph
import Source

extension FunctionTranslator {
    mutating func evaluate(_ expression: CExpression, _ variables: [CVariable: CValue]) throws(CProblem) -> CValue {
        let span = expression.span
        try takeStep(at: span)
        switch expression.kind {
        case .integer(let value): return .integer(value)
        case .number(let value): return .number(value)
        case .variable(let variable):
            guard variable.count == nil else { throw CProblem("an array is no number", at: span, help: "choose an element: `[0]`") }
            return try value(of: variable, variables, at: span)
        case .element(let variable, let index): return try element(of: variable, index, variables, at: span)
        case .negate(let operand):
            switch try evaluate(operand, variables) {
            case .integer(let value):
                let (result, overflows) = 0.subtractingReportingOverflow(value)
                return try integer(result, overflows, expression)
            case .number(let value): return .number(-value)
            case let value:
                guard let a = value.asElement else { throw undefined(operand) }
                return try checked(ElementValue(-a.scalar, count: a.count + 1, depth: a.depth + 1, isWhole: a.isWhole), at: span)
            }
        case .not(let operand):
            switch try truth(of: operand, variables) {
            case .constant(let value): return .integer(value ? 0 : 1)
            case .element(let condition): return .condition(!condition)
            }
        case .binary(let operation, let left, let right):
            let (a, b) = (try evaluate(left, variables), try evaluate(right, variables))
            return operation.compares
                ? try compare(operation, a, b, expression) : try arithmetic(operation, a, b, left, right, expression)
        case .logic(let isAnd, let left, let right):
            let first = try truth(of: left, variables)
            // The right side is not looked at where the left one decides.
            if case .constant(let value) = first, value != isAnd { return .integer(value ? 1 : 0) }
            switch (first, try truth(of: right, variables)) {
            case (.constant, .constant(let value)): return .integer(value ? 1 : 0)
            case (.constant, .element(let condition)): return .condition(condition)
            case (.element(let condition), .constant(let value)):
                return value == isAnd ? .condition(condition) : .integer(value ? 1 : 0)
            case (.element(let a), .element(let b)): return try checked(isAnd ? a.and(b) : a.or(b), at: span)
            }
        case .conditional(let test, let then, let otherwise):
            switch try truth(of: test, variables) {
            case .constant(let value): return try evaluate(value ? then : otherwise, variables)
            case .element(let condition):
                let (a, b) = (try evaluate(then, variables), try evaluate(otherwise, variables))
                return try choice(condition, a, b, at: span)
            }
        case .conversion(let type, let operand): return try converted(try evaluate(operand, variables), to: type, at: span)
        case .call(let function, let arguments):
            var values: [CValue] = []
            for argument in arguments { values.append(try evaluate(argument, variables)) }
            return try call(function, values, at: span)
        case .math(let function, let arguments): return try math(function, arguments, variables, at: span)
        case .power(let base, let exponent): return try power(base, exponent, variables, at: span)
        case .isNaN(let operand):
            guard case .element(let value) = try evaluate(operand, variables) else { return .integer(0) }
            return .condition(!.compare(.equal, value, value))
        }
    }

    private func undefined(_ expression: CExpression) -> CProblem {
        .undefined(at: expression.span)
    }

    private mutating func value(of variable: CVariable, _ variables: [CVariable: CValue], at span: Span) throws(CProblem) -> CValue {
        let found = if let local = variables[variable] { local } else { try constant(variable, at: span) }
        guard let found, found != .undefined else {
            throw CProblem(
                "`\(variable.name)` may be read before it has a value", at: span, help: "give it a value where it is declared")
        }
        return found
    }

    // MARK: - Truth

    enum Truth {
        case constant(Bool)
        case element(ElementCondition)
    }

    /// Whether a value is not 0.
    mutating func truth(of expression: CExpression, _ variables: [CVariable: CValue]) throws(CProblem) -> Truth {
        let value = try evaluate(expression, variables)
        if let constant = value.constant { return .constant(constant != 0) }
        if case .condition(let condition) = value { return .element(condition) }
        guard let element = value.asElement else { throw undefined(expression) }
        return .element(!.compare(.equal, element, .constant(0)))
    }

    private func compare(_ operation: CBinary, _ a: CValue, _ b: CValue, _ expression: CExpression) throws(CProblem) -> CValue {
        if let x = a.constant, let y = b.constant {
            let holds =
                switch operation {
                case .less: x < y
                case .lessOrEqual: x <= y
                case .greater: x > y
                case .greaterOrEqual: x >= y
                case .notEqual: x != y
                default: x == y
                }
            return .integer(holds ? 1 : 0)
        }
        guard let x = a.asElement, let y = b.asElement else { throw undefined(expression) }
        let condition: ElementCondition =
            switch operation {
            case .less: .compare(.less, x, y)
            case .lessOrEqual: .compare(.lessOrEqual, x, y)
            case .greater: .compare(.less, y, x)
            case .greaterOrEqual: .compare(.lessOrEqual, y, x)
            case .notEqual: !.compare(.equal, x, y)
            default: .compare(.equal, x, y)
            }
        return try checked(condition, at: expression.span)
    }

    // MARK: - Arithmetic

    private func integer(_ value: Int, _ overflows: Bool, _ expression: CExpression) throws(CProblem) -> CValue {
        guard case .integer(let lower, let upper) = expression.type else { return .integer(value) }
        guard !overflows, (lower...upper).contains(value) else {
            throw CProblem(
                "this integer does not fit its type", at: expression.span, help: "integers are those of C, and must not overflow")
        }
        return .integer(value)
    }

    private func number(_ value: Double, at span: Span) throws(CProblem) -> CValue {
        guard value.isFinite else { throw CProblem("this is not a finite number", at: span) }
        return .number(value)
    }

    private func arithmetic(
        _ operation: CBinary, _ a: CValue, _ b: CValue, _ left: CExpression, _ right: CExpression, _ expression: CExpression
    ) throws(CProblem) -> CValue {
        if case .integer(let x) = a, case .integer(let y) = b { return try integers(operation, x, y, expression) }
        if expression.type.isInteger, operation == .divide || operation == .remainder {
            throw CProblem(
                "integers that depend on an element cannot be divided", at: expression.span,
                help: "divide numbers of `float`, and take `floorf` of the result")
        }
        if let x = a.constant, let y = b.constant {
            let result =
                switch operation {
                case .add: x + y
                case .subtract: x - y
                case .multiply: x * y
                default: x / y
                }
            return try number(result, at: expression.span)
        }
        guard let x = a.asElement else { throw undefined(left) }
        guard let y = b.asElement else { throw undefined(right) }
        let scalar: Scalar =
            switch operation {
            case .add: x.scalar + y.scalar
            case .subtract: x.scalar - y.scalar
            case .multiply: x.scalar * y.scalar
            default: x.scalar / y.scalar
            }
        return try checked(
            ElementValue(
                scalar, count: x.count + y.count + 1, depth: max(x.depth, y.depth) + 1,
                isWhole: operation != .divide && x.isWhole && y.isWhole),
            at: expression.span)
    }

    private func integers(_ operation: CBinary, _ x: Int, _ y: Int, _ expression: CExpression) throws(CProblem) -> CValue {
        if operation == .divide || operation == .remainder, y == 0 {
            throw CProblem("this divides by zero", at: expression.span)
        }
        let (result, overflows) =
            switch operation {
            case .add: x.addingReportingOverflow(y)
            case .subtract: x.subtractingReportingOverflow(y)
            case .multiply: x.multipliedReportingOverflow(by: y)
            case .divide: x.dividedReportingOverflow(by: y)
            default: x.remainderReportingOverflow(dividingBy: y)
            }
        return try integer(result, overflows, expression)
    }

    func converted(_ value: CValue, to type: CType, at span: Span) throws(CProblem) -> CValue {
        switch (type, value) {
        case (_, .undefined), (_, .array): throw .undefined(at: span)
        case (.floating, .integer(let value)): return .number(Double(value))
        case (.floating, .condition): return value.asElement.map { .element($0) } ?? value
        case (.floating, _): return value
        case (.boolean, .condition): return value
        case (.boolean, _):
            if let constant = value.constant { return .integer(constant != 0 ? 1 : 0) }
            return value.asElement.map { .condition(!.compare(.equal, $0, .constant(0))) } ?? value
        case (.integer(let lower, let upper), .integer(let number)):
            guard (lower...upper).contains(number) else { throw CProblem("this integer does not fit its type", at: span) }
            return value
        case (.integer(let lower, let upper), .number(let number)):
            guard let whole = Int(exactly: number.rounded(.towardZero)), (lower...upper).contains(whole) else {
                throw CProblem("this number does not fit an integer", at: span)
            }
            return .integer(whole)
        case (.integer, .condition): return value
        case (.integer, .element(let element)):
            if element.isWhole { return value }
            return try checked(ElementValue(MathFunction.truncated(element.scalar), isWhole: true), at: span)
        }
    }

    // MARK: - Tables

    /// An element of an array. An index that depends on an element goes through a tree of comparisons; outside of the array, where C says
    /// nothing, it stays at the nearest end, and what is no number stays no number.
    private mutating func element(
        of variable: CVariable, _ index: CExpression, _ variables: [CVariable: CValue], at span: Span
    ) throws(CProblem) -> CValue {
        guard case .array(let items) = try value(of: variable, variables, at: span) else { throw .undefined(at: span) }
        let place = try evaluate(index, variables)
        if case .integer(let place) = place {
            guard items.indices.contains(place) else { throw outside(place, of: items.count, variable, at: index.span) }
            guard items[place] != .undefined else {
                throw CProblem("element \(place) of `\(variable.name)` has no value yet", at: span)
            }
            return items[place]
        }
        guard let position = place.asElement else { throw undefined(index) }
        var elements: [ElementValue] = []
        for (number, item) in items.enumerated() {
            guard let element = item.asElement else {
                throw CProblem("element \(number) of `\(variable.name)` has no value yet", at: span)
            }
            elements.append(element)
        }
        return try checked(choose(from: elements, elements.indices, at: position), at: span)
    }

    private func choose(from elements: [ElementValue], _ range: Range<Int>, at position: ElementValue) -> ElementValue {
        guard range.count > 1 else {
            let element = elements[range.lowerBound]
            // Only what is at least as large as the last index gets to the last element, and what is no number.
            guard range.lowerBound > 0, range.upperBound == elements.count else { return element }
            return .choice(.compare(.lessOrEqual, .constant(Double(range.lowerBound)), position), element, position)
        }
        let middle = range.lowerBound + range.count / 2
        let low = choose(from: elements, range.lowerBound..<middle, at: position)
        let high = choose(from: elements, middle..<range.upperBound, at: position)
        return .choice(.compare(.less, position, .constant(Double(middle))), low, high)
    }

    // MARK: - Functions

    private mutating func math(
        _ function: MathFunction, _ arguments: [CExpression], _ variables: [CVariable: CValue], at span: Span
    ) throws(CProblem) -> CValue {
        var values: [ElementValue] = []
        for argument in arguments {
            guard let value = try evaluate(argument, variables).asElement else { throw undefined(argument) }
            values.append(value)
        }
        let scalar = function.formula(values.map(\.scalar))
        guard scalar.arity > 0 else { return try number(scalar.evaluate([]), at: span) }
        let isWhole = function.givesWhole || function.keepsWhole && values.allSatisfy(\.isWhole)
        return try checked(ElementValue(scalar, isWhole: isWhole), at: span)
    }

    private mutating func power(
        _ base: CExpression, _ exponent: CExpression, _ variables: [CVariable: CValue], at span: Span
    ) throws(CProblem) -> CValue {
        let value = try evaluate(base, variables)
        guard let exponent = try evaluate(exponent, variables).constant else {
            throw CProblem("the exponent depends on an element", at: exponent.span, help: "write `expf(y * logf(x))` for positive x")
        }
        if let constant = value.constant { return try number(pow(constant, exponent), at: span) }
        guard let element = value.asElement else { throw undefined(base) }
        let scalar: Scalar
        if let whole = Int(exactly: exponent), (-64...64).contains(whole) {
            let product = (0..<abs(whole)).reduce(Scalar.constant(1)) { product, _ in product * element.scalar }
            guard (element.count + 1) * (abs(whole) + 1) <= 4 * Self.maximumFormula else {
                throw CProblem("this formula is too long", at: span, help: "\(Self.maximumFormula) operations are the limit")
            }
            scalar = whole < 0 ? 1 / product : product
        } else if abs(exponent) == 0.5 {
            scalar = exponent < 0 ? 1 / .squareRoot(element.scalar) : .squareRoot(element.scalar)
        } else {
            throw CProblem(
                "powers have an integer up to 64, 0.5 or -0.5 as their exponent, not \(exponent)", at: span,
                help: "write `expf(y * logf(x))` for positive x")
        }
        return try checked(ElementValue(scalar, isWhole: false), at: span)
    }
}
