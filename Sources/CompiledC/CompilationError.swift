import Source

/// Why C cannot be compiled, or what was compiled cannot be called.
public struct CompilationError: Mistake, Hashable {
    public var message: String
    public var help: String?

    public init(_ message: String, help: String? = nil) {
        self.message = message
        self.help = help
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: help) }

    static let missing = CompilationError(
        "clang \(ClangCommand.version), which compiles C functions over arrays, is not installed",
        help: "on Debian: apt-get install clang-\(ClangCommand.version); everything else works without")
}
