import Language
import Source

/// The functions over arrays of a parsed file, for clang to compile: those that give nothing and take pointers.
///
/// They are C as it is. What they may not do is what would make results depend on more than their arguments, or leave a name without a body.
struct CArrays {
    private(set) var arrays = ForeignArrays()
    private let reader: CTreeReader

    init(_ unit: ClangUnit, _ files: CFiles) {
        reader = CTreeReader(files: files.byName)
        arrays.source = files.joined
        for cursor in unit.root.children where reader.isOwn(cursor) {
            check(cursor)
            guard cursor.kind == "FunctionDecl", cursor.isDefinition, cursor.storageClass != .static, cursor.isOverArrays else { continue }
            arrays.functions.append(function(cursor))
        }
    }

    private mutating func refuse(_ message: String, at span: Span, help: String) {
        arrays.problems.append(Diagnostic(message, at: span, help: help))
    }

    private mutating func check(_ cursor: ClangCursor) {
        switch cursor.kind {
        case "FunctionDecl":
            if cursor.definition == nil {
                refuse(
                    "`\(cursor.name)` has no body", at: reader.nameSpan(cursor),
                    help: "define it here; functions of `math.h` are declared by `#include <math.h>`")
            } else if cursor.name.hasPrefix("braid_") {
                refuse("names that begin with `braid_` are Braid's", at: reader.nameSpan(cursor), help: "choose another name")
            }
        case "VarDecl" where cursor.parentKind == "TranslationUnit" || cursor.storageClass == .static || cursor.storageClass == .extern:
            if !cursor.type.isConstant {
                refuse(
                    "`\(cursor.name)` lasts from call to call", at: reader.nameSpan(cursor),
                    help: "make it `static const`: calls for several pictures run at once, in any order")
            }
        case "asm statement", "GCCAsmStmt", "MSAsmStmt":
            refuse("assembly cannot be used here", at: reader.span(cursor), help: "write it in C")
        default: break
        }
        for child in cursor.children { check(child) }
    }

    private func function(_ cursor: ClangCursor) -> ForeignArrayFunction {
        let documentation = DocumentationComment(cursor.comment?.text ?? "")
        return ForeignArrayFunction(
            name: cursor.name, span: reader.nameSpan(cursor),
            parameters: cursor.arguments.map { parameter in
                ForeignArrayFunction.Parameter(
                    name: parameter.name, kind: Self.kind(parameter.type), type: parameter.type.text,
                    span: parameter.name.isEmpty ? reader.span(parameter) : reader.nameSpan(parameter),
                    summary: documentation.parameters.first { $0.name == parameter.name }?.summary ?? "")
            }, documentation: documentation.text)
    }

    private static func kind(_ type: ClangType) -> ForeignArrayFunction.Parameter.Kind {
        switch type.kind {
        case "Float": return .number
        case "Int": return .integer
        case "Pointer":
            let pointee = type.pointee
            guard !pointee.isVolatile else { return .other }
            switch (pointee.kind, pointee.isConstant) {
            case ("Float", true): return .input
            case ("Float", false): return .result
            case ("Long", true) where MemoryLayout<CLong>.size == 8: return .shape
            case ("LongLong", true): return .shape
            default: return .other
            }
        default: return .other
        }
    }
}
