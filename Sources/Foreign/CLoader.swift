import Graph
import Language
import Source

/// Reads C files for `extern`: their functions of numbers become activations.
public struct CLoader: ForeignLoader {
    private let library: Result<ClangLibrary, ClangLibrary.Absence>

    /// With the libclang that is installed, if one is.
    public init() { library = ClangLibrary.installed }

    /// - Parameter file: where libclang is, in place of what is looked for.
    public init(library file: String) { library = ClangLibrary.open(file) }

    public var isAvailable: Bool { if case .success = library { true } else { false } }

    public func load(
        path: String, text: String, into map: inout SourceMap, at place: Span, readFile: (_ path: String) -> String?
    ) -> ForeignFile {
        let version = ClangLibrary.version
        switch library {
        case .failure(.notFound):
            return ForeignFile(
                Diagnostic(
                    "`\(path)` is C, and libclang \(version), which reads it, is not installed", at: place,
                    help: "on Debian: apt-get install libclang-\(version)-dev; everything else works without"))
        case .failure(.otherVersion(let name)):
            return ForeignFile(
                Diagnostic(
                    "`\(path)` is C, and the libclang that was found is of another version than \(version)", at: place,
                    notes: ["it calls itself \(name)"], help: "on Debian: apt-get install libclang-\(version)-dev"))
        case .success(let library):
            var sources = map
            let file = library.onStack { () -> ForeignFile in
                let main = SourceFile(name: path, text: text)
                var files = CFiles(main, in: &sources)
                files.readIncludes(into: &sources, readFile)
                return read(files, with: library, at: place)
            }
            map = sources
            return file ?? ForeignFile(Diagnostic("`\(path)` cannot be read: the system gives no memory for a stack", at: place))
        }
    }

    private func read(_ files: CFiles, with library: ClangLibrary, at place: Span) -> ForeignFile {
        if files.diagnostics.hasErrors { return ForeignFile(definitions: [], diagnostics: files.diagnostics) }
        return library.parse(StandardHeaders.files(behind: files.virtual)) { unit in
            guard let unit else {
                return ForeignFile(
                    Diagnostic("clang cannot read `\(files.main.name)`", at: place, help: "simplify it until it can be read"))
            }
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

extension ForeignFile {
    /// A file of which only this is known.
    fileprivate init(_ problem: Diagnostic) { self.init(definitions: [], diagnostics: [problem]) }
}
