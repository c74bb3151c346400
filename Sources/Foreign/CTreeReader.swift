import Source

/// Reads functions from clang's tree; what cannot be translated is reported where it stands.
///
/// A function is read when it is asked for or called, so that a file may hold others.
final class CTreeReader {
    /// Nothing nests deeper, so that whoever goes through a tree needs no large stack.
    static let maximumDepth = 200

    private(set) var program = CProgram()
    private(set) var problems: [CProblem] = []
    /// The functions that were read or could not be.
    private var known: Set<CFunction.ID> = []
    private var depth = 0

    /// The files by the names that clang has for them.
    let files: [String: (id: FileID, source: SourceFile)]

    init(files: [String: (id: FileID, source: SourceFile)]) { self.files = files }

    // MARK: - Places

    func span(_ cursor: ClangCursor) -> Span {
        let (start, end) = cursor.extent
        guard let file = files[start.file] else { return .none }
        return Span(file: file.id, start.offset..<max(start.offset, end.file == start.file ? end.offset : start.offset))
    }

    /// The name of a declaration.
    func nameSpan(_ cursor: ClangCursor) -> Span {
        let place = cursor.location
        guard let file = files[place.file] else { return .none }
        return Span(file: file.id, place.offset..<place.offset + cursor.name.utf8.count)
    }

    /// The text from where an expression begins, where a macro has it in its definition.
    func textFrom(_ cursor: ClangCursor, count: Int) -> String {
        let place = cursor.spelling
        guard let file = files[place.file], place.offset < file.source.bytes.count else { return "" }
        return file.source.text(in: place.offset..<min(file.source.bytes.count, place.offset + count))
    }

    /// Whether a declaration stands in one of the user's files.
    func isOwn(_ cursor: ClangCursor) -> Bool { files[cursor.location.file] != nil }

    func refuse(_ message: String, at cursor: ClangCursor, help: String? = nil) -> CProblem {
        CProblem(message, at: span(cursor), help: help)
    }

    /// Says that nothing is known of such a node.
    func unknown(_ cursor: ClangCursor) -> CProblem { refuse("this (\(cursor.kind)) cannot be translated", at: cursor) }

    func noNumber(_ cursor: ClangCursor) -> CProblem {
        refuse("this is no number but `\(cursor.type.text)`", at: cursor, help: "the types are `float` and `int`")
    }

    // MARK: - Functions

    /// Reads a definition with all that it calls; if it cannot be translated, it is reported and the program lacks it.
    @discardableResult
    func read(function cursor: ClangCursor) -> CFunction.ID {
        let id = cursor.name
        guard known.insert(id).inserted else { return id }
        let outer = depth
        depth = 0
        defer { depth = outer }
        do throws(CProblem) {
            let type = cursor.type
            guard !type.isVariadic else { throw refuse("a function must name its parameters", at: cursor) }
            let parameters = try cursor.arguments.map { (parameter) throws(CProblem) in
                let type = try scalar(parameter.type, of: "the parameter `\(parameter.name)`", at: parameter)
                let name = nameSpan(parameter)
                return CFunction.Parameter(
                    variable: CVariable(declaration: parameter.identity, name: parameter.name, type: type), name: parameter.name, span: name
                )
            }
            if type.result.kind == "Void" {
                throw CProblem("`\(cursor.name)` gives no value", at: nameSpan(cursor), help: "return a `float`")
            }
            let result = try scalar(type.result, of: "what `\(cursor.name)` gives", at: cursor)
            guard let block = cursor.children.last, block.kind == "CompoundStmt" else {
                throw unknown(cursor)
            }
            let body = try statement(block)
            program.functions[id] = CFunction(
                name: cursor.name, span: nameSpan(cursor), parameters: parameters, result: result, body: body)
        } catch {
            problems.append(error)
        }
        return id
    }

    /// Reads a constant of the file.
    func read(constant cursor: ClangCursor, _ variable: CVariable) throws(CProblem) {
        guard program.constants[variable] == nil else { return }
        program.constants[variable] = CDeclaration(variable: variable, values: [])
        program.constants[variable] = try declaration(cursor)
    }

    // MARK: - Types

    /// The type of a number; `subject` names what has it.
    func scalar(_ type: ClangType, of subject: String, at cursor: ClangCursor) throws(CProblem) -> CType {
        if type.isVolatile { throw refuse("\(subject) is volatile", at: cursor, help: "leave out `volatile`") }
        if let known = Self.type(type) {
            if type.kind == "Double" { throw refuse("\(subject) is a `double`", at: cursor, help: "kernels compute in `float`") }
            return known
        }
        switch type.kind {
        case "Pointer", "IncompleteArray", "ConstantArray", "VariableArray":
            throw refuse(
                "\(subject) is a pointer, `\(type.text)`", at: cursor, help: "an element's function takes numbers and gives a number")
        default: throw refuse("\(subject) is no number but `\(type.text)`", at: cursor, help: "the types are `float` and `int`")
        }
    }

    static func type(_ type: ClangType) -> CType? {
        switch type.kind {
        case "Float", "Double": .floating
        case "Bool": .boolean
        case "Int": .int
        case "Enum", "UInt": type.kind == "Enum" ? .int : .integer(lower: 0, upper: Int(UInt32.max))
        case "Short": .integer(lower: Int(Int16.min), upper: Int(Int16.max))
        case "UShort": .integer(lower: 0, upper: Int(UInt16.max))
        case "Char_S", "SChar": .integer(lower: Int(Int8.min), upper: Int(Int8.max))
        case "UChar", "Char_U": .integer(lower: 0, upper: Int(UInt8.max))
        case "Long", "LongLong": .integer(lower: .min, upper: .max)
        case "ULong", "ULongLong": .integer(lower: 0, upper: .max)
        default: nil
        }
    }

    // MARK: - Bounds

    /// Runs `body` one level deeper.
    func nested<Result>(at cursor: ClangCursor, _ body: () throws(CProblem) -> Result) throws(CProblem) -> Result {
        guard depth < Self.maximumDepth else {
            throw refuse("this nests too deeply", at: cursor, help: "\(Self.maximumDepth) levels are the limit")
        }
        depth += 1
        defer { depth -= 1 }
        return try body()
    }
}
