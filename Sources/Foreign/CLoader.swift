import CompiledC
import Graph
import Language
import Source

/// Reads C files for `extern`: their functions of numbers become activations.
public struct CLoader: ForeignLoader {
    private let library: Result<ClangLibrary, ClangLibrary.Absence>
    /// Whether functions over arrays can be compiled.
    private let compiles: Bool

    /// With the libclang that is installed, if one is.
    ///
    /// - Parameter compiles: whether there is the command that compiles, too.
    public init(compiles: Bool = ArrayFunction.isClangInstalled) {
        library = ClangLibrary.installed
        self.compiles = compiles
    }

    /// - Parameter file: where libclang is, in place of what is looked for.
    public init(library file: String) {
        library = ClangLibrary.open(file)
        compiles = ArrayFunction.isClangInstalled
    }

    public var isAvailable: Bool { if case .success = library { true } else { false } }

    public func load(
        path: String, text: String, into map: inout SourceMap, at place: Span, readFile: (_ path: String) -> String?
    ) -> ForeignFile {
        reading(path, text, into: &map, at: place, readFile) { library, files in
            files.diagnostics.hasErrors
                ? ForeignFile(definitions: [], diagnostics: files.diagnostics) : read(files, with: library, at: place)
        } orSaying: {
            ForeignFile($0)
        }
    }

    public func loadArrays(
        path: String, text: String, into map: inout SourceMap, at place: Span, readFile: (_ path: String) -> String?
    ) -> ForeignArrays {
        guard compiles else {
            let missing = ArrayFunction.clangIsMissing
            return ForeignArrays(problems: [Diagnostic(missing.message, at: place, help: missing.help)])
        }
        return reading(path, text, into: &map, at: place, readFile) { library, files in
            if files.diagnostics.hasErrors { return ForeignArrays(remarks: files.diagnostics) }
            return library.parse(files.virtual) { unit in
                guard let unit else { return ForeignArrays(remarks: [unreadable(files, at: place)]) }
                let remarks = ClangRemarks(files: files.byName).diagnostics(unit.remarks)
                if remarks.hasErrors { return ForeignArrays(remarks: remarks) }
                var arrays = CArrays(unit, files).arrays
                arrays.remarks = remarks
                return arrays.compiled(files.main.name, at: place)
            }
        } orSaying: {
            ForeignArrays(remarks: [$0])
        }
    }

    /// Reads a file with what it includes, and hands both to `body`; in its place, says why none can be read.
    private func reading<Answer>(
        _ path: String, _ text: String, into map: inout SourceMap, at place: Span, _ readFile: (_ path: String) -> String?,
        _ body: (ClangLibrary, CFiles) -> Answer, orSaying failure: (Diagnostic) -> Answer
    ) -> Answer {
        let version = ClangLibrary.version
        switch library {
        case .failure(.notFound):
            return failure(
                Diagnostic(
                    "`\(path)` is C, and libclang \(version), which reads it, is not installed", at: place,
                    help: "on Debian: apt-get install libclang-\(version)-dev; everything else works without"))
        case .failure(.otherVersion(let name)):
            return failure(
                Diagnostic(
                    "`\(path)` is C, and the libclang that was found is of another version than \(version)", at: place,
                    notes: ["it calls itself \(name)"], help: "on Debian: apt-get install libclang-\(version)-dev"))
        case .success(let library):
            var sources = map
            let answer = library.onStack { () -> Answer in
                let main = SourceFile(name: path, text: text)
                var files = CFiles(main, in: &sources)
                files.readIncludes(into: &sources, readFile)
                return body(library, files)
            }
            map = sources
            return answer ?? failure(Diagnostic("`\(path)` cannot be read: the system gives no memory for a stack", at: place))
        }
    }

    private func unreadable(_ files: CFiles, at place: Span) -> Diagnostic {
        Diagnostic("clang cannot read `\(files.main.name)`", at: place, help: "simplify it until it can be read")
    }

    private func read(_ files: CFiles, with library: ClangLibrary, at place: Span) -> ForeignFile {
        library.parse(files.virtual) { unit in
            guard let unit else { return ForeignFile(unreadable(files, at: place)) }
            let remarks = ClangRemarks(files: files.byName).diagnostics(unit.remarks)
            if remarks.hasErrors { return ForeignFile(definitions: [], diagnostics: remarks) }
            var file = CDefinitions(unit, files.byName).file
            file.diagnostics = remarks + file.diagnostics
            if file.definitions.isEmpty, !file.diagnostics.hasErrors {
                file.diagnostics.append(
                    Diagnostic(
                        "`\(files.main.name)` defines no function that can be called", at: place,
                        help: "one that is not static and gives a number can: `float twice(float x) { return 2 * x; }`"))
            }
            return file
        }
    }
}

extension ForeignArrays {
    /// The same, with why clang's command cannot compile the text, if it cannot: it may give up on what can be read.
    fileprivate func compiled(_ name: String, at place: Span) -> ForeignArrays {
        guard problems.isEmpty, !functions.isEmpty, let problem = ArrayFunction.problem(in: source) else { return self }
        var arrays = self
        arrays.problems.append(Diagnostic("`\(name)`: \(problem.message)", at: place, help: problem.help))
        return arrays
    }
}

extension ForeignFile {
    /// A file of which only this is known.
    fileprivate init(_ problem: Diagnostic) { self.init(definitions: [], diagnostics: [problem]) }
}
