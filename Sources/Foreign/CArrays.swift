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
            guard cursor.kind == "FunctionDecl", cursor.isDefinition else { continue }
            if let reason = Self.otherwise(cursor) {
                arrays.others.append((cursor.name, reader.nameSpan(cursor), reason))
            } else {
                arrays.functions.append(function(cursor))
            }
        }
    }

    /// Why a function is not over arrays; nil for one that is.
    private static func otherwise(_ cursor: ClangCursor) -> String? {
        if cursor.storageClass == .static { return "it is `static`, and so for other functions of the file only" }
        let result = cursor.type.result
        if result.kind != "Void" { return "it gives `\(result.text)`, and must give nothing: `void`" }
        return cursor.isOverArrays ? nil : "it takes no arrays"
    }

    /// Threads have stacks of 8 MB.
    private static let mostOnStack = 1 << 20

    private mutating func refuse(_ message: String, at span: Span, help: String) {
        arrays.problems.append(Diagnostic(message, at: span, help: help))
    }

    private mutating func check(_ cursor: ClangCursor) {
        switch cursor.kind {
        case "FunctionDecl":
            if cursor.type.isVariadic {
                refuse("a function must name its parameters", at: reader.nameSpan(cursor), help: "leave out `...`")
            } else if cursor.definition == nil {
                refuse(
                    "`\(cursor.name)` has no body", at: reader.nameSpan(cursor),
                    help: "define it here; functions of `math.h` are declared by `#include <math.h>`")
            } else if cursor.name.hasPrefix("braid_") {
                refuse("names that begin with `braid_` are Braid's", at: reader.nameSpan(cursor), help: "choose another name")
            } else if cursor.storageClass != .static, cursor.isOfLibrary {
                refuse(
                    "`\(cursor.name)` is a function of C's library, and stands for it wherever it is called", at: reader.nameSpan(cursor),
                    help: "make it `static`, and it is this file's own, or choose another name")
            }
        case "VarDecl" where cursor.parentKind == "TranslationUnit" || cursor.storageClass == .static || cursor.storageClass == .extern:
            if cursor.storageClass == .extern, cursor.initializer == nil, cursor.definition == nil {
                refuse(
                    "`\(cursor.name)` has no value", at: reader.nameSpan(cursor),
                    help: "define it here, as `static const`: no other file is linked")
            } else if !cursor.type.isConstant {
                refuse(
                    "`\(cursor.name)` lasts from call to call", at: reader.nameSpan(cursor),
                    help: "make it `static const`: calls for several pictures run at once, in any order")
            }
        case "asm statement", "GCCAsmStmt", "MSAsmStmt":
            refuse("assembly cannot be used here", at: reader.span(cursor), help: "write it in C")
        case "VarDecl" where cursor.type.size > Self.mostOnStack:
            refuse(
                "`\(cursor.name)` takes \(cursor.type.size) bytes of the stack", at: reader.nameSpan(cursor),
                help: "\(Self.mostOnStack) are the limit: write to the result, or make it `static const`")
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
        case _ where type.isAddress:
            // A parameter that is written as an array is a pointer.
            let pointee = type.kind == "Pointer" ? type.pointee : type.element
            guard !pointee.isVolatile, !type.isVolatile else { return .other }
            switch (pointee.kind, pointee.isConstant || type.kind != "Pointer" && type.isConstant) {
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
