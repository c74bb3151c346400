import Source

extension CTreeReader {
    func statement(_ cursor: ClangCursor) throws(CProblem) -> CStatement {
        let kind = try nested(at: cursor) { () throws(CProblem) in try statementKind(cursor) }
        return CStatement(kind: kind, span: span(cursor))
    }

    private func statementKind(_ cursor: ClangCursor) throws(CProblem) -> CStatement.Kind {
        let children = cursor.children
        switch cursor.kind {
        case "CompoundStmt":
            var statements: [CStatement] = []
            for child in children { statements.append(try statement(child)) }
            return .block(statements)
        case "DeclStmt":
            var declarations: [CDeclaration] = []
            for child in children {
                guard child.kind == "VarDecl" else {
                    throw refuse("only variables can be declared here", at: child, help: "declare functions and types outside")
                }
                declarations.append(try declaration(child))
            }
            return .declare(declarations)
        case "NullStmt": return .block([])
        case "ReturnStmt":
            guard let value = children.first else { throw unknown(cursor) }
            return .give(try expression(value))
        case "IfStmt":
            guard (2...3).contains(children.count) else { throw unknown(cursor) }
            return .branch(
                try expression(children[0]), then: try statement(children[1]),
                otherwise: children.count == 3 ? try statement(children[2]) : nil)
        case "ForStmt":
            guard children.count == 4 else {
                throw refuse(
                    "this `for` lacks its start, its condition or its step", at: cursor, help: "write `for (int i = 0; i < 8; i++)`")
            }
            return .loop(
                start: try statement(children[0]), try expression(children[1]), step: try statement(children[2]),
                body: try statement(children[3]), looksFirst: true)
        case "WhileStmt":
            guard children.count == 2 else { throw unknown(cursor) }
            return .loop(start: nil, try expression(children[0]), step: nil, body: try statement(children[1]), looksFirst: true)
        case "DoStmt":
            guard children.count == 2 else { throw unknown(cursor) }
            return .loop(start: nil, try expression(children[1]), step: nil, body: try statement(children[0]), looksFirst: false)
        case "BreakStmt": return .leaveLoop
        case "ContinueStmt": return .continueLoop
        case "SwitchStmt": throw refuse("`switch` cannot be translated", at: cursor, help: "write `if` and `else if`")
        case "GotoStmt", "IndirectGotoStmt", "LabelStmt":
            throw refuse("`goto` cannot be translated", at: cursor, help: "write a loop, or `if` and `else`")
        case "BinaryOperator", "CompoundAssignOperator", "UnaryOperator", "ParenExpr": return try effect(cursor)
        case "CStyleCastExpr" where cursor.type.kind == "Void": return .block([])
        case "CallExpr": throw refuse("the value of this call is not used", at: cursor, help: "a function changes nothing by itself")
        default:
            if cursor.kind.hasSuffix("Expr") || cursor.kind.hasSuffix("Literal") || cursor.kind.hasSuffix("Operator") {
                throw refuse("this value is not used", at: cursor, help: "remove it")
            }
            throw unknown(cursor)
        }
    }

    /// `x = 1`, `x += 1`, `x++`, several between commas.
    private func effect(_ cursor: ClangCursor) throws(CProblem) -> CStatement.Kind {
        let children = cursor.children
        let mark = cursor.binaryOperator ?? cursor.unaryOperator ?? ""
        if cursor.kind == "ParenExpr", let inner = children.first { return try statement(inner).kind }
        if children.count == 2, mark == "," { return .block([try statement(children[0]), try statement(children[1])]) }
        if children.count == 2, mark == "=" {
            let (variable, index) = try target(children[0])
            return .assign(variable, index: index, converted(try expression(children[1]), to: variable.type))
        }
        if cursor.kind == "CompoundAssignOperator", children.count == 2 {
            guard let operation = CBinary(rawValue: String(mark.dropLast())) else {
                throw refuse("`\(mark)` cannot be translated", at: cursor, help: "expressions have `+ - * /`, comparisons and `?:`")
            }
            let (variable, index) = try target(children[0])
            let old = value(of: variable, index, at: span(children[0]))
            let (a, b) = usual(old, try expression(children[1]))
            let new = CExpression(kind: .binary(operation, a, b), type: a.type, span: span(cursor))
            return .assign(variable, index: index, converted(new, to: variable.type))
        }
        if mark == "++" || mark == "--", let operand = children.first {
            let (variable, index) = try target(operand)
            let old = value(of: variable, index, at: span(operand))
            let one = CExpression(kind: .integer(1), type: .int, span: span(cursor))
            let new = CExpression(kind: .binary(mark == "++" ? .add : .subtract, old, one), type: variable.type, span: span(cursor))
            return .assign(variable, index: index, new)
        }
        throw refuse("this value is not used", at: cursor, help: "remove it")
    }

    private func value(of variable: CVariable, _ index: CExpression?, at span: Span) -> CExpression {
        CExpression(kind: index.map { .element(of: variable, index: $0) } ?? .variable(variable), type: variable.type, span: span)
    }

    func converted(_ value: CExpression, to type: CType) -> CExpression {
        value.type == type ? value : CExpression(kind: .conversion(to: type, value), type: type, span: value.span)
    }

    /// The operands of `+=` as those of `+` are: floating as soon as one is.
    private func usual(_ a: CExpression, _ b: CExpression) -> (CExpression, CExpression) {
        let type: CType = a.type == .floating || b.type == .floating ? .floating : a.type == .boolean ? .int : a.type
        return (converted(a, to: type), type == .floating ? converted(b, to: type) : b)
    }

    /// What is assigned to.
    private func target(_ cursor: ClangCursor) throws(CProblem) -> (CVariable, index: CExpression?) {
        let value = try expression(cursor)
        switch value.kind {
        case .variable(let variable): return (variable, nil)
        case .element(of: let variable, let index): return (variable, index)
        default: throw unknown(cursor)
        }
    }

    // MARK: - Declarations

    func declaration(_ cursor: ClangCursor) throws(CProblem) -> CDeclaration {
        let type = cursor.type
        if cursor.storageClass == .static, !type.isConstant {
            throw refuse(
                "`\(cursor.name)` is static: it would keep its value from element to element", at: cursor,
                help: "make it `static const`, or leave out `static`")
        }
        if cursor.storageClass == .extern || cursor.storageClass == .other {
            throw refuse("`\(cursor.name)` belongs to another file", at: cursor)
        }
        let variable = try variable(cursor)
        guard let initializer = cursor.initializer else { return CDeclaration(variable: variable, values: []) }
        guard let count = variable.count else {
            let values = initializer.kind == "InitListExpr" ? initializer.children : [initializer]
            guard values.count == 1 else { throw refuse("`\(cursor.name)` needs one value", at: initializer) }
            return CDeclaration(variable: variable, values: [converted(try expression(values[0]), to: variable.type)])
        }
        guard initializer.kind == "InitListExpr" else {
            throw refuse("the values of `\(cursor.name)` must be listed", at: initializer, help: "write `{1, 2, 3}`")
        }
        var values: [CExpression] = []
        for child in initializer.children {
            // A value with a designator, `[3] = 1`, has no type of a number.
            guard Self.type(child.type) != nil, values.count < count else {
                throw refuse("the values of an array must stand in order", at: child, help: "leave out `[…] =`")
            }
            values.append(converted(try expression(child), to: variable.type))
        }
        return CDeclaration(variable: variable, values: values)
    }

    func variable(_ cursor: ClangCursor) throws(CProblem) -> CVariable {
        let type = cursor.type
        let subject = "`\(cursor.name)`"
        guard type.kind == "ConstantArray" else {
            if type.kind == "VariableArray" { throw refuse("the length of \(subject) is no constant", at: cursor) }
            return CVariable(declaration: cursor.identity, name: cursor.name, type: try scalar(type, of: subject, at: cursor))
        }
        if type.element.kind == "ConstantArray" {
            throw refuse("\(subject) is an array of arrays", at: cursor, help: "use one array, and `rows * i + j` as its index")
        }
        guard (1...FunctionTranslator.maximumTable).contains(type.count) else {
            throw refuse(
                "\(subject) has \(type.count) elements", at: cursor,
                help: "\(FunctionTranslator.maximumTable) are the limit: each takes a comparison and a choice")
        }
        return CVariable(
            declaration: cursor.identity, name: cursor.name, type: try scalar(type.element, of: subject, at: cursor), count: type.count)
    }
}
