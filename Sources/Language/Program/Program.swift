import Graph
import Operators
import Source

/// The definitions of a file and of all that it imports, with everything that is wrong with them as far as no network is elaborated.
public struct Program: Sendable {
    /// Reads an imported file: its path, relative to the root file's folder as `load` was given it, to its text; nil where there is none.
    public typealias FileReader = (_ path: String) -> String?
    /// The names of what lies in a folder, given like the paths of a `FileReader`; empty where it cannot be read.
    public typealias FolderReader = (_ path: String) -> [String]

    public private(set) var map = SourceMap()
    /// The root file, its tokens and its tree.
    public private(set) var root: ParsedFile
    public private(set) var diagnostics: [Diagnostic] = []
    private(set) var names: DefinedNames
    private var loaded: Set<String> = []

    /// In the order of their definition, those of the root file last.
    public var networks: [NetworkSyntax] { names.networks }
    /// By the network's name.
    public var trainings: [String: NetworkTraining] { names.trainings }
    public var catalog: OperatorCatalog { names.catalog }

    /// Parses a file and what it imports, and checks their names.
    ///
    /// - Parameters:
    ///   - path: The name that diagnostics show; imports are looked for beside it.
    ///   - foreign: Reads the files that `extern` names.
    ///   - listFolder: Gives the names in a folder, to find what a missing file was meant to be.
    ///   - unreadable: Says why a file that is there has no text, `it is a folder`; nil where it does not know.
    ///   - readFile: Gives the text of an imported file.
    ///   - readTensor: Gives the tensors of array files.
    ///   - print: Takes the lines that `print` writes while networks are elaborated, in their order.
    public static func load(
        path: String, text: String, catalog: OperatorCatalog = .standard, foreign: (any ForeignLoader)? = nil,
        listFolder: FolderReader = { _ in [] }, readTensor: @escaping FileTensor.Reader = noTensors,
        print: @escaping @Sendable (String) -> Void = { _ in },
        unreadable: @escaping @Sendable (_ path: String) -> String? = { _ in nil }, readFile: FileReader
    ) -> Program {
        Program(path: path, text: text, catalog: catalog, foreign, unreadable, listFolder, readTensor, print, readFile)
    }

    /// Where no files can be read.
    public static let noTensors: FileTensor.Reader = { (_) throws(TensorFileError) in
        throw TensorFileError("there are no files here", repair: "write its values as lists")
    }

    private init(
        path: String, text: String, catalog: OperatorCatalog, _ foreign: (any ForeignLoader)?,
        _ unreadable: @escaping @Sendable (String) -> String?, _ listFolder: FolderReader,
        _ readTensor: @escaping FileTensor.Reader, _ print: @escaping @Sendable (String) -> Void, _ readFile: FileReader
    ) {
        self.foreign = foreign
        self.unreadable = unreadable
        let prelude = SourceFile(name: Prelude.name, text: Prelude.text)
        names = DefinedNames(
            catalog: catalog, prelude: Parser.parse(prelude, as: map.add(prelude)).syntax, readTensor: readTensor, print: print)

        let source = SourceFile(name: path, text: text)
        root = Parser.parse(source, as: map.add(source))
        loaded.insert(SourcePath.normalized(path))
        diagnostics += root.diagnostics
        imports(of: root.syntax, from: path, depth: 0, listFolder, readFile)
        root.syntax = resolvingOperators(of: root.syntax, from: path, listFolder, readFile)
        diagnostics += names.define(root.syntax)
        readLabels(of: root.syntax, from: path, listFolder, readFile)
        diagnostics += NameChecker.check(names, root.syntax)
        for file in imported { diagnostics += NameChecker.check(names, file) }
        diagnostics += UnusedDefinitions(root.syntax, brought: brought).warnings()
        diagnostics = diagnostics.inReadingOrder()
    }

    private let foreign: (any ForeignLoader)?
    private let unreadable: @Sendable (String) -> String?

    /// The trees of the imported files.
    private(set) var imported: [FileSyntax] = []
    /// What the imports of the root file brought.
    private var brought: [(item: ImportSyntax, definitions: [DefinitionSyntax])] = []

    private mutating func imports(
        of syntax: FileSyntax, from path: String, depth: Int, _ listFolder: FolderReader, _ readFile: FileReader
    ) {
        for item in syntax.imports {
            let target = Self.target(of: item, from: path)
            let isOther = target.hasSuffix(".c") ? item.kind == .import : item.kind == .extern
            if isOther {
                diagnostics.append(wrongKind(item))
                names.lacksImports = true
                continue
            }
            if target == SourcePath.normalized(path) {
                diagnostics.append(
                    Diagnostic("this file imports itself", severity: .warning, at: item.span, help: "remove the import"))
            }
            guard loaded.insert(target).inserted else { continue }
            guard depth < 64 else {
                diagnostics.append(Diagnostic("imports nest too deeply", at: item.span, help: "64 files in a row are the limit"))
                names.lacksImports = true
                return
            }
            guard let text = readFile(target) else {
                diagnostics.append(missing(item, target, from: path, listFolder))
                names.lacksImports = true
                continue
            }
            if item.kind == .extern {
                extern(item, target, text, isOfRoot: depth == 0, readFile)
                continue
            }
            let before = imported.count
            let source = SourceFile(name: target, text: text)
            var parsed = Parser.parse(source, as: map.add(source))
            diagnostics += parsed.diagnostics
            imports(of: parsed.syntax, from: target, depth: depth + 1, listFolder, readFile)
            parsed.syntax = resolvingOperators(of: parsed.syntax, from: target, listFolder, readFile)
            diagnostics += names.define(parsed.syntax)
            readLabels(of: parsed.syntax, from: target, listFolder, readFile)
            imported.append(parsed.syntax)
            if depth == 0 { brought.append((item, imported[before...].flatMap(\.definitions))) }
        }
    }

    /// Reads the files in which a file's outputs say what their classes are called.
    private mutating func readLabels(of syntax: FileSyntax, from path: String, _ listFolder: FolderReader, _ readFile: FileReader) {
        for item in NamedLabelFiles(in: syntax.definitions).files {
            let target = SourcePath.target(of: item.path, from: path)
            guard names.classLabels[target] == nil else { continue }
            switch Self.labels(item, from: path, unreadable, listFolder, readFile) {
            case .success(let labels): names.define(labels, ofFile: target)
            case .failure(let problem):
                names.define(nil, ofFile: target)
                diagnostics.append(problem.diagnostic)
            }
        }
    }

    /// Takes up the definitions of a file of another language.
    private mutating func extern(_ item: ImportSyntax, _ target: String, _ text: String, isOfRoot: Bool, _ readFile: FileReader) {
        guard let foreign else {
            diagnostics.append(noForeignFiles(at: item.span))
            names.lacksImports = true
            return
        }
        let file = foreign.load(path: target, text: text, into: &map, at: item.span, readFile: readFile)
        diagnostics += file.diagnostics
        // Names that nothing defines may be what it would have brought.
        if file.diagnostics.hasErrors { names.lacksImports = true }
        let definitions = file.definitions.map { DefinitionSyntax.activation($0) }
        diagnostics += names.define(FileSyntax(definitions: definitions))
        if isOfRoot { brought.append((item, definitions)) }
    }

    /// The functions over arrays of each file that was read for them, by its path; nil where it could not be.
    private var arrays: [String: ForeignArrays?] = [:]

    /// A file whose operators have the functions that they name.
    private mutating func resolvingOperators(
        of syntax: FileSyntax, from path: String, _ listFolder: FolderReader, _ readFile: FileReader
    ) -> FileSyntax {
        var syntax = syntax
        for index in syntax.definitions.indices {
            guard case .operator(let definition) = syntax.definitions[index] else { continue }
            let item = ImportSyntax(kind: .extern, path: definition.path, span: definition.pathSpan)
            guard let arrays = arrays(of: item, from: path, listFolder, readFile), arrays.isSound else { continue }
            let (resolved, problems) = ForeignSignature.resolved(definition, with: arrays)
            diagnostics += problems
            syntax.definitions[index] = .operator(resolved)
        }
        return syntax
    }

    /// The functions over arrays of a file; what is wrong with it is reported once.
    private mutating func arrays(
        of item: ImportSyntax, from path: String, _ listFolder: FolderReader, _ readFile: FileReader
    ) -> ForeignArrays? {
        let target = Self.target(of: item, from: path)
        if let known = arrays[target] { return known }
        arrays[target] = .some(nil)
        guard target.hasSuffix(".c") else {
            diagnostics.append(wrongKind(item))
            return nil
        }
        guard let text = readFile(target) else {
            diagnostics.append(missing(item, target, from: path, listFolder))
            return nil
        }
        guard let foreign else {
            diagnostics.append(noForeignFiles(at: item.span))
            return nil
        }
        let file = foreign.loadArrays(path: target, text: text, into: &map, at: item.span, readFile: readFile)
        arrays[target] = file
        // What is wrong with a file that is an `extern` too has been said.
        if !loaded.contains(target) { diagnostics += file.remarks }
        diagnostics += file.problems
        return file
    }

    private func noForeignFiles(at place: Span) -> Diagnostic {
        Diagnostic("no C files are read here", at: place, help: "the command reads them: `braid check FILE`")
    }

    /// Says that a file is not of the language that its clause is for.
    private func wrongKind(_ item: ImportSyntax) -> Diagnostic {
        let others = [".cpp", ".cc", ".cxx", ".cu", ".h", ".hpp", ".m", ".so", ".o", ".s", ".py", ".rs"]
        if item.kind == .extern, others.contains(where: { item.path.hasSuffix($0) }) {
            return Diagnostic(
                "`\(item.path)` is no C file", at: item.span,
                help: "only C is read, from files whose names end in .c: translate it, and call it so")
        }
        let other = item.kind == .import ? ImportSyntax.Kind.extern : .import
        return Diagnostic(
            item.kind == .import ? "`\(item.path)` is a C file" : "`\(item.path)` is no C file", at: item.span,
            help: "write `\(other.rawValue) \"\(item.path)\"`" + (other == .import ? "; the names of C files end in .c" : ""))
    }

    /// Says what is wrong with an import that cannot be read, and which file beside it may be meant.
    private func missing(_ item: ImportSyntax, _ target: String, from path: String, _ listFolder: FolderReader) -> Diagnostic {
        if let reason = unreadable(target) { return Diagnostic("cannot read `\(item.path)`: \(reason)", at: item.span) }
        let parts = target.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let folder = parts.dropLast().joined(separator: "/")
        let ending = item.kind == .extern ? ".c" : ".braid"
        let files = listFolder(folder.isEmpty ? (target.hasPrefix("/") ? "/" : ".") : folder).filter { $0.hasSuffix(ending) }
        func stem(_ name: String) -> String { name.hasSuffix(ending) ? String(name.dropLast(ending.count)) : name }
        let name = stem(parts.last ?? "")
        let stems = files.map(stem)
        let nearest = stems.contains(name) && parts.last != name + ending ? name : Spelling.nearest(to: name, in: stems)
        let prefix = item.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().map { $0 + "/" }.joined()
        return Diagnostic(
            "cannot read `\(item.path)`", at: item.span,
            help: nearest.map { "did you mean `\(prefix)\($0)\(ending)`?" }
                ?? "paths are relative to the importing file" + (path.contains("/") ? ", `\(path)`" : ""))
    }

    /// The path of an imported file, as the file reader is asked for it.
    static func target(of item: ImportSyntax, from path: String) -> String { SourcePath.target(of: item.path, from: path) }
}
