import Graph
import Operators
import Source

extension TensorType {
    /// Tensors have no more elements an image, so that products of extents cannot overflow.
    static let maximumElements = 1 << 40

    /// Whether the tensor is small enough, its symbols counted as 1.
    var isReasonable: Bool {
        var product = 1
        for case .fixed(let extent) in shape.dimensions {
            let (next, overflows) = product.multipliedReportingOverflow(by: extent)
            guard !overflows, next <= Self.maximumElements else { return false }
            product = next
        }
        return true
    }
}

extension Elaborator {
    /// Integers that operators get are no larger, so that their sums and products cannot overflow.
    static let maximumInteger = Int(Int32.max)
    private static let maximumFormula = 4096

    /// An element's expression, unless it has grown out of bounds.
    func scalar(_ scalar: Scalar, at span: Span) -> ElaboratedValue {
        guard scalar.operationCount <= Self.maximumFormula else {
            return report("this formula is too long", at: span, help: "\(Self.maximumFormula) operations are the limit")
        }
        // A part that reads no element is a number, and numbers are finite.
        guard scalar.arity > 0 || scalar.evaluate([]).isFinite else { return report("the result is not a finite number", at: span) }
        return .scalar(scalar)
    }

    func unary(_ operation: UnaryOperator, _ operand: ElaboratedValue, _ place: Span, at span: Span) -> ElaboratedValue {
        switch (operation, operand) {
        case (_, .poison): return .poison
        case (.negate, .integer(let value)):
            let (result, overflows) = 0.subtractingReportingOverflow(value)
            return overflows ? report("this integer is too large", at: span) : .integer(result)
        case (.negate, .number(let value)): return .number(-value)
        case (.negate, .size(let value)): return size(SizeQuotient(0) - value, at: span)
        case (.negate, .scalar(let value)): return scalar(-value, at: span)
        case (.negate, .tensor(let value)):
            return append(
                .multiply, [value, builder.constant(-1)], [:], label: nil, at: CallPlaces(whole: span, callee: span, operands: [place]))
        case (.not, .boolean(let value)): return .boolean(!value)
        case (.not, .condition(let value)): return .condition(.not(value))
        case (.negate, _): return report("\(phrase(operand)) cannot be negated", at: place)
        case (.not, _): return report("`not` takes a truth value, not \(phrase(operand))", at: place)
        }
    }

    func binary(_ operation: BinaryOperator, _ left: ExpressionSyntax, _ right: ExpressionSyntax, _ mark: Span, at span: Span)
        -> ElaboratedValue
    {
        let a = evaluate(left)
        // The right side of `and` and `or` is not looked at where the left one decides.
        if case .boolean(let value) = a, operation == .and && !value || operation == .or && value { return a }
        return combined(operation, (a, left.span), (evaluate(right), right.span), mark, at: span)
    }

    /// The result of an operator whose sides have been evaluated.
    func combined(
        _ operation: BinaryOperator, _ left: (value: ElaboratedValue, span: Span), _ right: (value: ElaboratedValue, span: Span),
        _ mark: Span, at span: Span
    ) -> ElaboratedValue {
        let (a, b) = (left.value, right.value)
        if a.isPoison || b.isPoison { return .poison }
        if let result = elementwise(operation, a, b, CallPlaces(whole: span, callee: mark, operands: [left.span, right.span])) {
            return result
        }
        let result: ElaboratedValue?
        switch operation {
        case .and, .or: result = logic(operation, a, b)
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: result = comparison(operation, a, b, mark)
        case .rangeBelow, .rangeThrough: result = range(operation, a, b, span)
        case .add, .subtract, .multiply, .divide, .remainder: result = arithmetic(operation, a, b, mark, span)
        }
        if let result { return result }
        return report(
            "`\(operation.rawValue)` does not go with \(phrase(a)) and \(phrase(b))", at: mark,
            secondary: [Diagnostic.Label(left.span, phrase(a)), Diagnostic.Label(right.span, phrase(b))],
            help: a.isSize || b.isSize
                ? sizeHelp
                : operation.tensorOperator != nil && [a, b].contains { if case .list = $0 { true } else { false } }
                    ? "to compute with the elements of a list, make a tensor of it: `tensor([1, 2]) * 2`" : nil)
    }

    /// What the operator does to two tensors, or a tensor and a number, element by element; nil for anything else.
    private func elementwise(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ places: CallPlaces)
        -> ElaboratedValue?
    {
        guard [a, b].contains(where: { if case .tensor = $0 { true } else { false } }), let row = operation.tensorOperator else {
            return nil
        }
        let before = reported.count
        guard let x = operand(a, at: places.operands[0]), let y = operand(b, at: places.operands[1]) else {
            return reported.count == before && !a.holdsPoison && !b.holdsPoison ? nil : .poison
        }
        return append(row, [x, y], [:], label: nil, at: places)
    }

    private func logic(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue) -> ElaboratedValue? {
        func condition(_ value: ElaboratedValue) -> Condition? {
            switch value {
            case .boolean(let value): .constant(value)
            case .condition(let value): value
            default: nil
            }
        }
        if case .boolean = a, case .boolean(let value) = b { return .boolean(value) }
        guard let a = condition(a), let b = condition(b) else { return nil }
        return .condition(operation == .and ? .and(a, b) : .or(a, b))
    }

    private func comparison(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ mark: Span) -> ElaboratedValue? {
        if a.isSize || b.isSize { return compareSizes(operation, a, b, mark) }
        if let x = a.asNumber, let y = b.asNumber {
            switch operation {
            case .less: return .boolean(x < y)
            case .lessOrEqual: return .boolean(x <= y)
            case .greater: return .boolean(x > y)
            case .greaterOrEqual: return .boolean(x >= y)
            default: return .boolean((x == y) == (operation == .equal))
            }
        }
        if let x = a.asScalar, let y = b.asScalar {
            switch operation {
            case .less: return .condition(.compare(.less, x, y))
            case .lessOrEqual: return .condition(.compare(.lessOrEqual, x, y))
            case .greater: return .condition(.compare(.less, y, x))
            case .greaterOrEqual: return .condition(.compare(.lessOrEqual, y, x))
            case .equal: return .condition(.compare(.equal, x, y))
            default: return .condition(.not(.compare(.equal, x, y)))
            }
        }
        guard operation == .equal || operation == .notEqual, let isEqual = a.isEqual(to: b) else { return nil }
        return .boolean(isEqual == (operation == .equal))
    }

    private func range(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ span: Span) -> ElaboratedValue? {
        guard case .integer(let lower) = a, case .integer(let upper) = b else { return nil }
        let (end, overflows) = operation == .rangeThrough ? upper.addingReportingOverflow(1) : (upper, false)
        let (count, isLarge) = end.subtractingReportingOverflow(lower)
        guard !overflows, !isLarge, count <= ElaboratedValue.maximumCount else {
            return report("this range is too long", at: span, help: "\(ElaboratedValue.maximumCount) values are the limit")
        }
        guard count >= 0 else {
            return report("this range ends before it begins", at: span, help: "write `\(upper)\(operation.rawValue)\(lower)`")
        }
        guard takeStep(at: span, making: count) else { return .poison }
        return .list((lower..<end).map { .integer($0) })
    }

    private func arithmetic(
        _ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ mark: Span, _ span: Span
    ) -> ElaboratedValue? {
        switch (a, b) {
        case (.integer(let x), .integer(let y)): return integers(operation, x, y, mark)
        case (.size, _), (_, .size): return sizes(operation, a, b, mark)
        case (.list(let x), .list(let y)) where operation == .add:
            guard x.count + y.count <= ElaboratedValue.maximumCount else { return report("this list is too long", at: span) }
            guard takeStep(at: span, making: x.count + y.count) else { return .poison }
            return .list(x + y)
        case (.text(let x), .text(let y)) where operation == .add:
            guard x.utf8.count + y.utf8.count <= ElaboratedValue.maximumCount else { return report("this text is too long", at: span) }
            guard takeStep(at: span, making: x.utf8.count + y.utf8.count) else { return .poison }
            return .text(x + y)
        default: break
        }
        if let x = a.asNumber, let y = b.asNumber { return numbers(operation, x, y, mark) }
        guard let x = a.asScalar, let y = b.asScalar else { return nil }
        switch operation {
        case .add: return scalar(x + y, at: span)
        case .subtract: return scalar(x - y, at: span)
        case .multiply: return scalar(x * y, at: span)
        case .divide:
            if y.isZero { return report("division by zero", at: mark) }
            return scalar(x / y, at: span)
        default: return nil
        }
    }

    private func integers(_ operation: BinaryOperator, _ x: Int, _ y: Int, _ mark: Span) -> ElaboratedValue {
        let result: (partialValue: Int, overflow: Bool)
        switch operation {
        case .add: result = x.addingReportingOverflow(y)
        case .subtract: result = x.subtractingReportingOverflow(y)
        case .multiply: result = x.multipliedReportingOverflow(by: y)
        default:
            if y == 0 { return report("division by zero", at: mark) }
            let (remainder, overflows) = x.remainderReportingOverflow(dividingBy: y)
            if operation == .remainder { return .integer(overflows ? 0 : remainder) }
            // An inexact quotient is no integer; `floor` makes it one.
            if remainder != 0 { return .number(Double(x) / Double(y)) }
            result = x.dividedReportingOverflow(by: y)
        }
        return result.overflow ? report("the result is too large for an integer", at: mark) : .integer(result.partialValue)
    }

    private func numbers(_ operation: BinaryOperator, _ x: Double, _ y: Double, _ mark: Span) -> ElaboratedValue? {
        let result: Double
        switch operation {
        case .add: result = x + y
        case .subtract: result = x - y
        case .multiply: result = x * y
        case .divide: result = x / y
        default: return nil
        }
        return result.isFinite ? .number(result) : report("the result is not a finite number", at: mark)
    }
}

extension BinaryOperator {
    /// What the operator does to tensors.
    var tensorOperator: Operator? {
        switch self {
        case .add: .add
        case .subtract: .subtract
        case .multiply: .multiply
        case .divide: .divide
        case .less: .less
        case .lessOrEqual: .lessOrEqual
        case .greater: .greater
        case .greaterOrEqual: .greaterOrEqual
        case .equal: .equal
        case .notEqual: .notEqual
        default: nil
        }
    }
}
