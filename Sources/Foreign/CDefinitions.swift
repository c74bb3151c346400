import Graph
import Language
import Source

/// The functions of a parsed file as definitions of the language.
struct CDefinitions {
    private(set) var file = ForeignFile(definitions: [], diagnostics: [])

    init(_ unit: ClangUnit, _ files: [String: (id: FileID, source: SourceFile)]) {
        let reader = CTreeReader(files: files)
        var functions: [(id: CFunction.ID, cursor: ClangCursor)] = []
        for cursor in unit.root.children where cursor.kind == "FunctionDecl" && cursor.isDefinition && reader.isOwn(cursor) {
            if cursor.storageClass != .static, !cursor.isOverArrays { functions.append((reader.read(function: cursor), cursor)) }
        }
        var problems = reader.problems
        var definitions: [ActivationSyntax] = []
        for (id, cursor) in functions {
            guard let function = reader.program.functions[id] else { continue }
            let (syntax, found) = definition(function, id, cursor, reader)
            file.diagnostics += found
            guard !found.hasErrors else { continue }
            // What depends on the arguments alone shows in any call; the rest shows here.
            let arguments = syntax.parameters.enumerated().map { index, parameter in
                parameter.defaultValue.flatMap(Self.number).map(Scalar.constant) ?? .argument(index)
            }
            do throws(CProblem) {
                _ = try FunctionTranslator.translate(id, of: reader.program, arguments)
                definitions.append(syntax)
            } catch {
                if !error.isConsequence { problems.append(error) }
            }
        }
        file.diagnostics += problems.map { Diagnostic($0.message, at: $0.span, help: $0.help) }
        if problems.isEmpty { file.definitions = definitions }
    }

    private static func number(_ expression: ExpressionSyntax) -> Double? {
        switch expression.kind {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    private func definition(
        _ function: CFunction, _ id: CFunction.ID, _ cursor: ClangCursor, _ reader: CTreeReader
    ) -> (ActivationSyntax, [Diagnostic]) {
        var diagnostics: [Diagnostic] = []
        let comment = cursor.comment
        let documentation = DocumentationComment(comment?.text ?? "")
        func place(_ range: Range<Int>) -> Span {
            guard let start = comment?.start, let file = reader.files[start.file] else { return function.span }
            return Span(file: file.id, start.offset + range.lowerBound..<start.offset + range.upperBound)
        }
        for parameter in documentation.parameters where !function.parameters.contains(where: { $0.name == parameter.name }) {
            let nearest = Spelling.nearest(to: parameter.name, in: function.parameters.map(\.name))
            diagnostics.append(
                Diagnostic(
                    "`\(function.name)` has no parameter `\(parameter.name)`", severity: .warning, at: place(parameter.range),
                    help: nearest.map { "did you mean `\($0)`?" }))
        }
        let parameters = function.parameters.map { parameter in
            let described = documentation.parameters.first { $0.name == parameter.name }
            var syntax = ParameterSyntax(name: NameSyntax(text: parameter.name, span: parameter.span), summary: described?.summary ?? "")
            if let (text, range) = described?.defaultValue {
                let isInteger = parameter.variable.type.isInteger
                let kind: ExpressionSyntax.Kind? =
                    switch (parameter.variable.type, text) {
                    case (.boolean, "true"), (.boolean, "false"): .boolean(text == "true")
                    case (.floating, _): Self.number(text).map { .number($0) }
                    default: Int(text).map { .integer($0) }
                    }
                if let kind {
                    syntax.defaultValue = ExpressionSyntax(kind: kind, span: place(range))
                } else {
                    diagnostics.append(
                        Diagnostic(
                            "the default of `\(parameter.name)` must be \(isInteger ? "an integer" : "a number"), not `\(text)`",
                            at: place(range), help: "write `@param \(parameter.name) = \(isInteger ? "4" : "0.5") …`"))
                }
            } else if parameter.variable.type.isInteger {
                diagnostics.append(
                    Diagnostic(
                        "`\(parameter.name)` is an integer, which no element is: it needs a default", at: parameter.span,
                        help: "write `/// @param \(parameter.name) = 4 …` above the function, or make it a `float`"))
            }
            return syntax
        }
        if !diagnostics.hasErrors, parameters.allSatisfy({ $0.defaultValue != nil }) {
            diagnostics.append(
                Diagnostic(
                    "`\(function.name)` needs a parameter without a default", at: function.span,
                    help: "the parameters without a default stand for elements"))
        }
        let syntax = ActivationSyntax(
            documentation: documentation.text, name: NameSyntax(text: function.name, span: function.span), parameters: parameters,
            body: ExpressionSyntax(kind: .invalid, span: function.span), foreign: Translated(program: reader.program, function: id))
        return (syntax, diagnostics)
    }

    /// A finite number as C or the language writes it.
    private static func number(_ text: String) -> Double? {
        let digits = text.hasSuffix("f") || text.hasSuffix("F") ? text.dropLast() : text[...]
        return Double(digits).flatMap { $0.isFinite ? $0 : nil }
    }
}

/// A function of a C file.
private struct Translated: ForeignFunction {
    let program: CProgram
    let function: CFunction.ID

    func expression(of arguments: [Scalar]) throws(ForeignProblem) -> Scalar {
        do throws(CProblem) {
            return try FunctionTranslator.translate(function, of: program, arguments)
        } catch {
            throw ForeignProblem(message: error.message, span: error.span, help: error.help)
        }
    }
}
