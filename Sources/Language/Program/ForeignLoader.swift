import Source

/// Reads the files that `extern` names: the language knows no other language itself.
public protocol ForeignLoader: Sendable {
    /// Reads a file with all that it needs.
    ///
    /// - Parameters:
    ///   - path: The name that diagnostics show.
    ///   - map: takes up the files that are read.
    ///   - place: where the file is asked for; for what is wrong with none of its lines.
    ///   - readFile: Gives the text of a further file, its path relative like `path`.
    func load(
        path: String, text: String, into map: inout SourceMap, at place: Span, readFile: (_ path: String) -> String?
    ) -> ForeignFile

    /// Reads the functions over arrays of a file, with the same parameters.
    func loadArrays(
        path: String, text: String, into map: inout SourceMap, at place: Span, readFile: (_ path: String) -> String?
    ) -> ForeignArrays
}

/// The functions over arrays of a file of another language.
public struct ForeignArrays: Sendable {
    /// All of the text that is compiled.
    public var source: String
    public var functions: [ForeignArrayFunction]
    /// Further functions that have a body, and why they are not over arrays.
    public var others: [(name: String, span: Span, reason: String)] = []
    /// What is said of the file whatever it is read for.
    public var remarks: [Diagnostic]
    /// What is wrong with it as one that is compiled.
    public var problems: [Diagnostic]

    public init(source: String = "", functions: [ForeignArrayFunction] = [], remarks: [Diagnostic] = [], problems: [Diagnostic] = []) {
        self.source = source
        self.functions = functions
        self.remarks = remarks
        self.problems = problems
    }

    var isSound: Bool { !remarks.hasErrors && !problems.hasErrors }
}

/// What a file of another language brings.
public struct ForeignFile: Sendable {
    /// Activations, each with its `foreign` function.
    public var definitions: [ActivationSyntax]
    public var diagnostics: [Diagnostic]

    public init(definitions: [ActivationSyntax], diagnostics: [Diagnostic]) {
        self.definitions = definitions
        self.diagnostics = diagnostics
    }
}
