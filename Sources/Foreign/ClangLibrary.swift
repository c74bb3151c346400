import CClang
import CompiledC
import Foundation

/// libclang, opened while the program runs: without it everything else works.
struct ClangLibrary: @unchecked Sendable {
    let functions: UnsafePointer<braid_clang>

    /// The version that it must have: that of the LLVM that Braid is linked with, since both share one library of LLVM.
    static let version = Int(braid_clang_version())

    /// Why there is none.
    enum Absence: Error {
        case notFound
        /// It calls itself so.
        case otherVersion(String)
    }

    /// The library that is installed; opened once.
    static let installed = open(nil)

    /// - Parameter name: the library's file, nil for where it is usually found.
    static func open(_ name: String?) -> Result<ClangLibrary, Absence> {
        guard let functions = braid_clang_open(name) else { return .failure(.notFound) }
        let library = ClangLibrary(functions: functions)
        let name = library.text(functions.pointee.getClangVersion())
        return name.contains("version \(version).") ? .success(library) : .failure(.otherVersion(name))
    }

    func text(_ string: CXString) -> String {
        defer { functions.pointee.disposeString(string) }
        return functions.pointee.getCString(string).map { String(cString: $0) } ?? ""
    }

    // MARK: - Parsing

    /// A file that clang sees under a name; it opens no other.
    struct VirtualFile {
        var name: String
        var bytes: [UInt8]
    }

    /// Stacks are only as large as what is used of them. Clang's parser takes a few kilobytes a level, and `CTokens.maximumCount` bounds
    /// the levels: with so much, no text makes it run over.
    private static let stack = 256 << 20
    /// Signal handlers belong to the whole process, and so does the environment.
    private static let lock = NSLock()

    /// The folder in which clang looks for what stands in `<…>`; there is none of the name.
    private static let headers = "/braid-headers"
    private static let standardFiles = StandardHeaders.files.map { name, text in
        VirtualFile(name: "\(headers)/\(name)", bytes: Array(text.utf8))
    }

    private static let arguments = [
        "-xc", "-std=gnu17", "-nostdinc", "-isystem", headers, "-Wall", "-Wno-stack-exhausted", "-ferror-limit=20",
    ]

    /// Attributes that nobody wrote are in the tree: CXTranslationUnit_VisitImplicitAttributes.
    private static let options: CUnsignedInt = 0x2000

    private final class Work {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Runs `body` with a stack that no bounded text makes run over, alone in the process.
    ///
    /// - Returns: nil where the system gives no thread with the stack.
    func onStack<Answer>(_ body: () -> Answer) -> Answer? {
        Self.lock.lock()
        defer { Self.lock.unlock() }
        var answer: Answer?
        withoutActuallyEscaping(body) { body in
            let work = Work { answer = body() }
            let run: @convention(c) (UnsafeMutableRawPointer?) -> Void = { pointer in
                if let pointer { Unmanaged<Work>.fromOpaque(pointer).takeUnretainedValue().body() }
            }
            withExtendedLifetime(work) {
                _ = braid_clang_on_stack(Self.stack, run, Unmanaged.passUnretained(work).toOpaque())
            }
        }
        return answer
    }

    /// Parses the first file, with the others and Braid's own headers at hand, and calls `body` with what came of it: nil where clang gave up on the text. To be called within `onStack`.
    ///
    /// - Parameter body: may use cursors only until it returns.
    func parse<Answer>(_ files: [VirtualFile], _ body: (ClangUnit?) -> Answer) -> Answer {
        let files = files + Self.standardFiles
        // Otherwise libclang parses on a thread of its own, whose stack is small.
        setenv("LIBCLANG_NOTHREADS", "1", 1)
        let clang = functions.pointee
        // Handlers that turn a crash in clang into an error stay only as long as it works: others of this process need theirs.
        let index = clang.createIndex(0, 0)
        clang.toggleCrashRecovery(1)
        defer {
            clang.disposeIndex(index)
            clang.toggleCrashRecovery(0)
        }
        let texts = files.map { (strdup($0.name), UnsafeMutablePointer<CChar>.allocate(capacity: $0.bytes.count + 1)) }
        let arguments = Self.arguments.map { strdup($0) }
        defer {
            for (name, text) in texts {
                free(name)
                text.deallocate()
            }
            for argument in arguments { free(argument) }
        }
        var unsaved: [CXUnsavedFile] = []
        for (file, (name, text)) in zip(files, texts) {
            for (offset, byte) in file.bytes.enumerated() { text[offset] = CChar(bitPattern: byte) }
            text[file.bytes.count] = 0
            unsaved.append(CXUnsavedFile(filename: name, contents: text, length: CUnsignedLong(file.bytes.count)))
        }
        var unit: UnsafeMutableRawPointer?
        let constant = arguments.map { $0.map { UnsafePointer($0) } }
        let status = clang.parseTranslationUnit2(
            index, files[0].name, constant, CInt(constant.count), &unsaved, CUnsignedInt(unsaved.count), Self.options, &unit)
        defer { if let unit { clang.disposeTranslationUnit(unit) } }
        guard status == 0, let unit else { return body(nil) }
        return body(ClangUnit(library: self, unit: unit))
    }
}

/// A parsed file.
struct ClangUnit {
    let library: ClangLibrary
    let unit: UnsafeMutableRawPointer

    var root: ClangCursor { ClangCursor(library: library, raw: library.functions.pointee.getTranslationUnitCursor(unit)) }

    /// What clang says of the file, in its order.
    var remarks: [ClangRemark] {
        let clang = library.functions.pointee
        return (0..<clang.getNumDiagnostics(unit)).map { number in
            let diagnostic = clang.getDiagnostic(unit, number)
            defer { clang.disposeDiagnostic(diagnostic) }
            var remark = remark(diagnostic)
            // The set of notes belongs to the diagnostic.
            let notes = clang.getChildDiagnostics(diagnostic)
            for number in 0..<clang.getNumDiagnosticsInSet(notes) {
                let note = clang.getDiagnosticInSet(notes, number)
                remark.notes.append((self.remark(note).text, self.remark(note).place))
                clang.disposeDiagnostic(note)
            }
            return remark
        }
    }

    private func remark(_ diagnostic: UnsafeMutableRawPointer?) -> ClangRemark {
        let clang = library.functions.pointee
        return ClangRemark(
            isError: clang.getDiagnosticSeverity(diagnostic) >= 3, text: library.text(clang.getDiagnosticSpelling(diagnostic)),
            place: library.place(clang.getDiagnosticLocation(diagnostic)))
    }
}

/// A diagnostic of clang.
struct ClangRemark {
    var isError: Bool
    var text: String
    var place: ClangPlace
    var notes: [(text: String, place: ClangPlace)] = []
}

/// A byte of one of the virtual files.
struct ClangPlace: Equatable {
    var file: String
    var offset: Int
}

extension ClangLibrary {
    /// Where a location stands in a file: of what a macro gave, where it is used.
    func place(_ location: CXSourceLocation) -> ClangPlace {
        var file: UnsafeMutableRawPointer?
        var offset: CUnsignedInt = 0
        functions.pointee.getExpansionLocation(location, &file, nil, nil, &offset)
        return ClangPlace(file: text(functions.pointee.getFileName(file)), offset: Int(offset))
    }

    /// Where the characters of a location stand: of what a macro gave, in its definition.
    func spelling(_ location: CXSourceLocation) -> ClangPlace {
        var file: UnsafeMutableRawPointer?
        var offset: CUnsignedInt = 0
        functions.pointee.getSpellingLocation(location, &file, nil, nil, &offset)
        return ClangPlace(file: text(functions.pointee.getFileName(file)), offset: Int(offset))
    }
}
