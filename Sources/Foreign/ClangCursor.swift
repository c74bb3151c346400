import CClang

/// A node of clang's tree. Kinds, types and operators go by their names, which stay when their numbers change.
struct ClangCursor {
    let library: ClangLibrary
    let raw: CXCursor

    private var clang: braid_clang { library.functions.pointee }
    private func wrapped(_ raw: CXCursor) -> ClangCursor { ClangCursor(library: library, raw: raw) }

    /// Such as `BinaryOperator`; `UnexposedExpr` are conversions that nobody wrote.
    var kind: String { library.text(clang.getCursorKindSpelling(raw.kind)) }
    var name: String { library.text(clang.getCursorSpelling(raw)) }
    var type: ClangType { ClangType(library: library, raw: clang.getCursorType(raw)) }

    var children: [ClangCursor] {
        var room = 16
        while true {
            var count = 0
            let found = [CXCursor](unsafeUninitializedCapacity: room) { buffer, initialized in
                guard let start = buffer.baseAddress else { return }
                count = braid_clang_children(library.functions, raw, start, room)
                initialized = min(count, room)
            }
            if count <= room { return found.map(wrapped) }
            room = count
        }
    }

    /// The declaration that a name stands for, nil where there is none.
    var referenced: ClangCursor? { existing(clang.getCursorReferenced(raw)) }
    /// The declaration with the body.
    var definition: ClangCursor? { existing(clang.getCursorDefinition(raw)) }
    /// The kind of what a declaration stands in.
    var parentKind: String { wrapped(clang.getCursorSemanticParent(raw)).kind }
    /// Whether a function gives nothing but what it writes to arrays.
    var isOverArrays: Bool { type.result.kind == "Void" && arguments.contains { $0.type.isAddress } }
    var isDefinition: Bool { clang.isCursorDefinition(raw) != 0 }
    /// Whether clang takes a function for that of C's library, by its name and type: it says so in an attribute that nobody wrote.
    var isOfLibrary: Bool { children.contains { $0.kind.hasPrefix("attribute(") || $0.kind == "UnexposedAttr" } }
    /// What a variable begins with.
    var initializer: ClangCursor? { existing(clang.Cursor_getVarDeclInitializer(raw)) }

    private func existing(_ raw: CXCursor) -> ClangCursor? { clang.Cursor_isNull(raw) != 0 ? nil : wrapped(raw) }

    /// The parameters of a function, or the arguments of a call.
    var arguments: [ClangCursor] {
        (0..<max(0, clang.Cursor_getNumArguments(raw))).map { wrapped(clang.Cursor_getArgument(raw, CUnsignedInt($0))) }
    }

    enum StorageClass { case none, `static`, extern, other }

    var storageClass: StorageClass {
        switch clang.Cursor_getStorageClass(raw) {
        case 1, 6, 7: .none  // none, auto, register
        case 2: .extern
        case 3: .static
        default: .other
        }
    }

    /// `+`, `&&`, `+=`, …; nil for what is no operator between two operands.
    var binaryOperator: String? {
        let kind = clang.getCursorBinaryOperatorKind(raw)
        return kind > 0 ? library.text(clang.getBinaryOperatorKindSpelling(kind)) : nil
    }

    /// `-`, `!`, `++`, …; whether it stands behind its operand is not said.
    var unaryOperator: String? {
        let kind = clang.getCursorUnaryOperatorKind(raw)
        return kind > 0 ? library.text(clang.getUnaryOperatorKindSpelling(kind)) : nil
    }

    /// Whether `++` or `--` stands behind its operand.
    var isPostfix: Bool { (1...2).contains(clang.getCursorUnaryOperatorKind(raw)) }

    enum Constant { case integer(Int), number(Double) }

    /// The value of an expression that clang knows.
    var constant: Constant? {
        guard let result = clang.Cursor_Evaluate(raw) else { return nil }
        defer { clang.EvalResult_dispose(result) }
        switch clang.EvalResult_getKind(result) {
        case 1: return .integer(Int(clang.EvalResult_getAsLongLong(result)))
        case 2: return .number(clang.EvalResult_getAsDouble(result))
        default: return nil
        }
    }

    /// Tells a declaration from all others of the file, also where one macro made several.
    var identity: Int { Int(bitPattern: raw.data.0) }

    // MARK: - Places

    /// The first byte and the one after the last, where a macro is used that gave them.
    var extent: (start: ClangPlace, end: ClangPlace) {
        let range = clang.getCursorExtent(raw)
        return (library.place(clang.getRangeStart(range)), library.place(clang.getRangeEnd(range)))
    }

    /// Where the name of a declaration stands.
    var location: ClangPlace { library.place(clang.getCursorLocation(raw)) }

    /// Where its first character stands, also in the definition of a macro.
    var spelling: ClangPlace { library.spelling(clang.getRangeStart(clang.getCursorExtent(raw))) }

    /// The comment that documents a declaration, with its marks.
    var comment: (text: String, start: ClangPlace)? {
        let text = library.text(clang.Cursor_getRawCommentText(raw))
        return text.isEmpty ? nil : (text, library.place(clang.getRangeStart(clang.Cursor_getCommentRange(raw))))
    }
}

/// A type of C.
struct ClangType {
    let library: ClangLibrary
    let raw: CXType

    private var clang: braid_clang { library.functions.pointee }

    /// As it is written: `const float *`.
    var text: String { library.text(clang.getTypeSpelling(raw)) }
    /// Such as `Float`, `Int`, `Pointer` or `ConstantArray`, names of types resolved.
    var kind: String { library.text(clang.getTypeKindSpelling(clang.getCanonicalType(raw).kind)) }
    /// Of an array, too, whose elements are constant.
    var isConstant: Bool { clang.isConstQualifiedType(clang.getCanonicalType(raw)) != 0 || clang.isConstQualifiedType(raw) != 0 }
    var isVolatile: Bool { clang.isVolatileQualifiedType(raw) != 0 }
    /// Whether it is a pointer, or an array, which a parameter is given as one.
    var isAddress: Bool { ["Pointer", "IncompleteArray", "ConstantArray", "VariableArray"].contains(kind) }
    /// What a pointer points to.
    var pointee: ClangType { ClangType(library: library, raw: clang.getPointeeType(clang.getCanonicalType(raw))) }
    /// In bytes; negative where clang cannot say, as of arrays of variable length.
    var size: Int { Int(clang.Type_getSizeOf(raw)) }
    /// The elements of an array.
    var count: Int { Int(clang.getArraySize(clang.getCanonicalType(raw))) }
    var element: ClangType { ClangType(library: library, raw: clang.getArrayElementType(clang.getCanonicalType(raw))) }
    /// What a function gives.
    var result: ClangType { ClangType(library: library, raw: clang.getResultType(raw)) }
    var isVariadic: Bool { clang.isFunctionTypeVariadic(raw) != 0 }
}
