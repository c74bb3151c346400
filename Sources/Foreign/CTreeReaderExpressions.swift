import Source

extension CTreeReader {
    func expression(_ cursor: ClangCursor) throws(CProblem) -> CExpression {
        try nested(at: cursor) { () throws(CProblem) in try readExpression(cursor) }
    }

    private func readExpression(_ cursor: ClangCursor) throws(CProblem) -> CExpression {
        let children = cursor.children
        let place = span(cursor)
        func made(_ kind: CExpression.Kind) throws(CProblem) -> CExpression {
            guard let type = Self.type(cursor.type) else {
                throw noNumber(cursor)
            }
            return CExpression(kind: kind, type: type, span: place)
        }
        switch cursor.kind {
        case "IntegerLiteral", "CharacterLiteral", "UnaryExpr":
            guard case .integer(let value)? = cursor.constant else { throw unknown(cursor) }
            // Of the largest unsigned integers, the value that clang gives is negative.
            if case .integer(let lower, _)? = Self.type(cursor.type), value < lower {
                throw refuse("this integer does not fit its type", at: cursor)
            }
            return try made(.integer(value))
        case "FloatingLiteral": return try made(.number(try number(cursor)))
        case "ParenExpr" where children.count == 1:
            var inner = try expression(children[0])
            inner.span = place
            return inner
        case "UnexposedExpr" where children.count == 1:
            // A conversion that nobody wrote.
            let inner = try expression(children[0])
            guard let type = Self.type(cursor.type) else {
                if case .variable(let variable) = inner.kind, variable.count != nil { return inner }
                throw noNumber(cursor)
            }
            return converted(inner, to: type)
        case "CStyleCastExpr":
            // Of a name of a type, its use may stand before the operand.
            guard let operand = children.last else { throw unknown(cursor) }
            return converted(try expression(operand), to: try scalar(cursor.type, of: "the result of this conversion", at: cursor))
        case "DeclRefExpr": return try name(cursor)
        case "ArraySubscriptExpr" where children.count == 2:
            guard case .variable(let variable) = try expression(children[0]).kind, variable.count != nil else {
                throw refuse("only arrays have elements", at: children[0], help: "write `table[i]`, with the array first")
            }
            return try made(.element(of: variable, index: try expression(children[1])))
        case "ConditionalOperator" where children.count == 3:
            return try made(
                .conditional(try expression(children[0]), then: try expression(children[1]), otherwise: try expression(children[2])))
        case "UnaryOperator" where children.count == 1: return try unary(cursor, children[0], made)
        case "BinaryOperator" where children.count == 2: return try binary(cursor, children[0], children[1], made)
        case "CompoundAssignOperator": throw sideEffect(cursor)
        case "CallExpr": return try call(cursor, made)
        case "UnexposedExpr" where cursor.constant != nil:
            if case .integer(let value)? = cursor.constant { return try made(.integer(value)) }
            throw refuse("this is not a finite number", at: cursor)
        case "MemberRefExpr": throw refuse("structures cannot be translated", at: cursor, help: "use variables of `float`")
        case "StmtExpr": throw refuse("a block cannot be a value", at: cursor, help: "write a `static inline` function")
        default: throw unknown(cursor)
        }
    }

    private func sideEffect(_ cursor: ClangCursor) -> CProblem {
        refuse("an assignment cannot stand within an expression", at: cursor, help: "write it as a statement of its own")
    }

    /// A number as it is written: `0.1f` means 0.1, as in the language, and is rounded where kernels compute.
    private func number(_ cursor: ClangCursor) throws(CProblem) -> Double {
        guard case .number(let value)? = cursor.constant, value.isFinite else {
            throw refuse("this is not a finite number", at: cursor)
        }
        let written = textFrom(cursor, count: 64).prefix { $0.isASCII && ($0.isLetter || $0.isNumber || "+-.".contains($0)) }
        // The longest beginning that is a number: a sign belongs to it only behind the letter of an exponent.
        for length in stride(from: written.count, to: 0, by: -1) {
            guard let exact = Double(written.prefix(length)) else { continue }
            return Float(exact) == Float(value) ? exact : value
        }
        return value
    }

    private func name(_ cursor: ClangCursor) throws(CProblem) -> CExpression {
        guard let declaration = cursor.referenced else { throw unknown(cursor) }
        switch declaration.kind {
        case "EnumConstantDecl":
            guard case .integer(let value)? = cursor.constant else { throw unknown(cursor) }
            return CExpression(kind: .integer(value), type: .int, span: span(cursor))
        case "ParmDecl":
            let type = try scalar(declaration.type, of: "`\(declaration.name)`", at: cursor)
            let variable = CVariable(declaration: declaration.identity, name: declaration.name, type: type)
            return CExpression(kind: .variable(variable), type: type, span: span(cursor))
        case "VarDecl":
            let variable = try variable(declaration)
            if isOfFile(declaration) {
                guard declaration.type.isConstant else {
                    throw refuse(
                        "`\(declaration.name)` can change outside of the function", at: cursor,
                        help: "make it `static const`, or a parameter")
                }
                try read(constant: declaration, variable)
            }
            return CExpression(kind: .variable(variable), type: variable.type, span: span(cursor))
        case "FunctionDecl": throw refuse("a function can only be called", at: cursor)
        default: throw unknown(cursor)
        }
    }

    /// Whether a variable is declared outside of functions.
    private func isOfFile(_ declaration: ClangCursor) -> Bool { declaration.parentKind == "TranslationUnit" }

    private func unary(
        _ cursor: ClangCursor, _ operand: ClangCursor, _ made: (CExpression.Kind) throws(CProblem) -> CExpression
    ) throws(CProblem) -> CExpression {
        switch cursor.unaryOperator {
        case "+": return try expression(operand)
        case "-":
            // The sign of a constant belongs to it, so that the smallest integer can be written.
            return try made(.negate(try expression(operand)))
        case "!": return try made(.not(try expression(operand)))
        case "++", "--": throw sideEffect(cursor)
        case "*", "&": throw refuse("pointers cannot be translated", at: cursor, help: "an element's function takes numbers")
        case let other: throw refuse("`\(other ?? "this")` cannot be translated", at: cursor, help: Self.operators)
        }
    }

    private static let operators = "expressions have `+ - * / %`, comparisons, `! && ||` and `?:`"

    private func binary(
        _ cursor: ClangCursor, _ left: ClangCursor, _ right: ClangCursor, _ made: (CExpression.Kind) throws(CProblem) -> CExpression
    ) throws(CProblem) -> CExpression {
        let mark = cursor.binaryOperator ?? ""
        if mark == "=" || mark == "," { throw sideEffect(cursor) }
        if mark == "&&" || mark == "||" { return try made(.logic(isAnd: mark == "&&", try expression(left), try expression(right))) }
        guard let operation = CBinary(rawValue: mark) else {
            throw refuse("`\(mark)` cannot be translated", at: cursor, help: Self.operators)
        }
        return try made(.binary(operation, try expression(left), try expression(right)))
    }

    private func call(_ cursor: ClangCursor, _ made: (CExpression.Kind) throws(CProblem) -> CExpression) throws(CProblem) -> CExpression {
        guard let function = cursor.referenced, function.kind == "FunctionDecl" else {
            throw refuse("only functions can be called by their name", at: cursor)
        }
        var arguments: [CExpression] = []
        for argument in cursor.arguments { arguments.append(try expression(argument)) }
        if let definition = function.definition { return try made(.call(read(function: definition), arguments)) }
        let name = function.name
        switch (name, arguments.count) {
        case ("pow", 2), ("powf", 2): return try made(.power(arguments[0], arguments[1]))
        case ("__builtin_isnan", 1): return try made(.isNaN(arguments[0]))
        case ("abs", 1):
            return try made(
                .conditional(
                    CExpression(
                        kind: .binary(.less, arguments[0], CExpression(kind: .integer(0), type: .int, span: span(cursor))), type: .int,
                        span: span(cursor)),
                    then: CExpression(kind: .negate(arguments[0]), type: .int, span: span(cursor)), otherwise: arguments[0]))
        case ("__builtin_inff", 0), ("__builtin_nanf", 1): throw refuse("this is not a finite number", at: cursor)
        default: break
        }
        guard let function = MathFunction[name], function.parameterCount == arguments.count else {
            let known = MathFunction.all.map { "`\($0.name)f`" } + ["`powf`"]
            throw refuse(
                "`\(name)` cannot be called here", at: cursor,
                help: isOwn(cursor) && MathFunction[name] == nil
                    ? "functions of the file that have a body can, and \(known.joined(separator: ", "))" : nil)
        }
        return try made(.math(function, arguments))
    }
}
