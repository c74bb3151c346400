import Graph
import Source

/// Numbers that follow from the sizes of the inputs, and what is said to hold for them.
extension Elaborator {
    /// What is said where a number is needed while the network is built.
    var sizeHelp: String { "give the sizes as numbers, in the input's type or on the command line, as in `-D H=224`" }

    /// The value of a size, or a report that it has left all bounds.
    func size(_ size: SizeQuotient, at span: Span) -> ElaboratedValue {
        size.isUnbounded ? reportUnboundedSize(at: span) : size.value
    }

    func reportUnboundedSize(at span: Span) -> ElaboratedValue {
        report("this size is too long or too large an expression", at: span, help: sizeHelp)
    }

    /// Whether the type of a parameter is one of numbers; reports where it is not.
    func isKnown(_ type: TensorType, of name: String, at span: Span) -> Bool {
        guard type.shape.extents == nil else { return true }
        report(
            "the parameter `\(name)`, \(type), depends on sizes that are known only when the network runs", at: span,
            help: "take what does not depend on them, as behind `global_avg_pool` or `adaptive_avg_pool`; or \(sizeHelp)")
        return false
    }

    /// Integers and sizes as extents; nil where there is anything else among them.
    func extents(_ items: [ElaboratedValue]) -> Shape? {
        let sizes = items.map { $0.asSize?.whole }
        guard items.contains(where: \.isSize), !sizes.contains(nil) else { return nil }
        return Shape(sizes.compactMap { $0 }.map { Dimension($0) })
    }

    /// A tensor's extent as a number of the language.
    func extent(_ dimension: Dimension) -> ElaboratedValue { SizeQuotient(dimension.expression).value }

    /// Computes with sizes; nil where one of the operands is neither a size nor an integer.
    func sizes(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ mark: Span) -> ElaboratedValue? {
        guard let x = a.asSize, let y = b.asSize else { return nil }
        switch operation {
        case .add: return size(x + y, at: mark)
        case .subtract: return size(x - y, at: mark)
        case .multiply: return size(x * y, at: mark)
        case .divide, .remainder:
            guard case .integer(let divisor) = b else {
                return report("a size can be divided by an integer only, not by \(phrase(b))", at: mark, help: sizeHelp)
            }
            guard divisor > 0 else {
                return report(divisor == 0 ? "division by zero" : "a size can be divided by positive integers only", at: mark)
            }
            if operation == .divide { return size(x.divided(by: divisor), at: mark) }
            guard let whole = x.whole else {
                return report("`%` takes integers, and \(phrase(a)) may be none", at: mark, help: "round it down with `floor`")
            }
            return size(SizeQuotient(whole.remainder(dividingBy: divisor)), at: mark)
        default: return nil
        }
    }

    /// Compares sizes where that does not depend on them, and reports where it does; nil for operands of other kinds.
    func compareSizes(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, _ mark: Span) -> ElaboratedValue? {
        guard let comparison = SizeConstraint.Comparison(rawValue: operation.rawValue), let constraint = constraint(comparison, a, b) else {
            return nil
        }
        if let settled = constraint.isSettled { return .boolean(settled) }
        guard !constraint.isUnbounded else { return reportUnboundedSize(at: mark) }
        return report(
            "whether \(constraint) holds is known only when the network runs", at: mark,
            help: "what is built cannot depend on it: \(sizeHelp)")
    }

    /// The comparison of two sizes or integers, without quotients.
    private func constraint(_ comparison: SizeConstraint.Comparison, _ a: ElaboratedValue, _ b: ElaboratedValue, at span: Span = .none)
        -> SizeConstraint?
    {
        guard let x = a.asSize, let y = b.asSize else { return nil }
        return SizeConstraint(x.dividend * SizeExpression(y.divisor), comparison, y.dividend * SizeExpression(x.divisor), span: span)
    }

    /// What is asserted of sizes: true and false where that does not depend on them; nil of other values.
    func assertion(_ operation: BinaryOperator, _ a: ElaboratedValue, _ b: ElaboratedValue, at span: Span) -> SizeConstraint? {
        guard a.isSize || b.isSize, let comparison = SizeConstraint.Comparison(rawValue: operation.rawValue) else { return nil }
        return constraint(comparison, a, b, at: span)
    }

    /// Notes what is said to hold for the sizes of an input, before its type is made: `where H % 32 == 0`.
    ///
    /// - Parameter new: the symbols that no input before has.
    /// - Returns: false where sizes were given for which it does not hold.
    private func note(_ constraints: [ExpressionSyntax], of new: Set<String>) -> Bool {
        var holds = true
        for expression in constraints {
            guard case .binary(let operation, let left, let right, let mark) = expression.kind,
                let comparison = SizeConstraint.Comparison(rawValue: operation.rawValue)
            else {
                report("what holds for sizes is said by a comparison", at: expression.span, help: "write `where H % 32 == 0, W >= 64`")
                continue
            }
            // Sizes are taken as if nothing were known of them, so that what is said is not used to show itself.
            frame.scopes.append(
                sizeSymbols.mapValues { Binding(value: SizeQuotient(SizeExpression(SizeSymbol($0.name))).value, span: mark) })
            let (a, b) = (evaluate(left), evaluate(right))
            frame.scopes.removeLast()
            if a.isPoison || b.isPoison { continue }
            guard let constraint = constraint(comparison, a, b, at: expression.span) else {
                report(
                    "`where` compares sizes with integers, not \(phrase(a)) with \(phrase(b))", at: mark,
                    help: "write `where H % 32 == 0, W >= 64`")
                continue
            }
            guard !constraint.isUnbounded else {
                _ = reportUnboundedSize(at: expression.span)
                continue
            }
            if let settled = constraint.isSettled {
                // With all sizes given, a constraint only checks them.
                guard !settled else { continue }
                holds = false
                let given = givenSizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
                report(
                    "`\(map.text(of: expression.span) ?? "\(constraint)")` does not hold", at: expression.span,
                    label: given.isEmpty ? "" : "with \(given)", help: given.isEmpty ? "leave it out, or correct it" : "give other sizes")
                continue
            }
            if let (symbol, multiple) = constraint.multiple, let known = sizeSymbols[symbol.name] {
                guard new.contains(symbol.name) else {
                    report(
                        "what `\(symbol.name)` is a multiple of is said too late", at: expression.span,
                        help: "say it at the first input that has `\(symbol.name)`")
                    continue
                }
                sizeSymbols[symbol.name] = known.multiple(of: multiple)
            }
            builder.addConstraint(constraint)
        }
        return holds
    }

    /// Binds the symbols that stand in an input's type behind the batch, with what is said of them.
    ///
    /// - Returns: false where sizes were given for which that does not hold.
    func declareSizes(of syntax: TypeSyntax, _ constraints: [ExpressionSyntax]) -> Bool {
        var new: [String: Span] = [:]
        var batch = batchSymbol
        if batch == nil, let first = syntax.dimensions.first, case .name(let name) = first.kind, name.isSymbol, lookUp(name) == nil {
            batch = (name, first.span)
        }
        for (axis, expression) in syntax.dimensions.enumerated() {
            guard case .name(let name) = expression.kind, name.isSymbol, lookUp(name) == nil, axis > 0 else { continue }
            if let (batch, place) = batch, batch == name {
                report(
                    "`\(name)` is the batch, and cannot be another size too", at: expression.span,
                    secondary: [Diagnostic.Label(place, "the batch")], help: "give the size a name of its own, such as `H`")
                continue
            }
            if let given = givenSizes[name] {
                bind(NameSyntax(text: name, span: expression.span), .integer(given))
            } else if sizeSymbols[name] == nil {
                sizeSymbols[name] = SizeSymbol(name)
                new[name] = expression.span
                if let meant = frame.scopes.flatMap(\.keys).sorted().first(where: { $0.lowercased() == name.lowercased() }) {
                    warn(
                        "`\(name)` is a size that the network takes as it comes", at: expression.span,
                        help: "did you mean `\(meant)`?")
                }
            }
        }
        let holds = note(constraints, of: Set(new.keys))
        for (name, span) in new {
            guard let symbol = sizeSymbols[name] else { continue }
            bind(NameSyntax(text: name, span: span), SizeQuotient(SizeExpression(symbol)).value)
        }
        return holds
    }
}

extension ElaboratedValue {
    /// The value as a size, if it is one or an integer.
    fileprivate var asSize: SizeQuotient? {
        switch self {
        case .size(let size): size
        case .integer(let value): SizeQuotient(value)
        default: nil
        }
    }

    var isSize: Bool { if case .size = self { true } else { false } }
    /// Whether it is a size, or a list that has one.
    var holdsSize: Bool { isSize || items?.contains(where: \.isSize) == true }
}
