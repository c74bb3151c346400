import ArgumentParser
import Compiler
import Language
import Source

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reports everything that is wrong with files, with the places and the repairs.",
        discussion: """
            EXAMPLES
              braid check graphs/*.braid
              braid check net.braid --json

            All mistakes of a file are reported in one go. Exit status 1 where there is an error.
            """)

    @Argument(help: ArgumentHelp("Files of the language, or printed stages.", valueName: "file"))
    var files: [String]

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        StandardOutput.outlivesItsReader()
        var results: [FileResult] = []
        for file in files {
            let (diagnostics, sources) = diagnose(file)
            results.append(FileResult(path: file, diagnostics: diagnostics.map { DiagnosticRecord($0, sources) }))
            if json { continue }
            if !diagnostics.isEmpty {
                Console.error(DiagnosticRenderer(sources, usesColor: Console.errorUsesColor).render(diagnostics) + "\n")
            }
            print("\(file): \(results[results.count - 1].summary)")
        }
        if json { Console.printJSON(Report(errors: results.reduce(0) { $0 + $1.errors }, files: results)) }
        if results.contains(where: { $0.errors > 0 }) { throw ExitCode(1) }
    }

    private func diagnose(_ file: String) -> ([Diagnostic], SourceMap) {
        do throws(CompilerError) {
            if file.hasSuffix(".braid") {
                let program = try Network.program(file)
                return (program.check(), program.map)
            }
            let network = try Network.load(file)
            return (network.diagnostics, network.sources)
        } catch {
            return (error.diagnostics.inReadingOrder(), error.sources)
        }
    }

    private struct Report: Encodable {
        var errors: Int
        var files: [FileResult]
    }

    private struct FileResult: Encodable {
        var path: String
        var diagnostics: [DiagnosticRecord]

        var errors: Int { diagnostics.count { $0.severity == "error" } }

        var summary: String {
            let warnings = diagnostics.count - errors
            let counts = [(errors, "error"), (warnings, "warning")].filter { $0.0 > 0 }.map { "\($0) \($1)\($0 == 1 ? "" : "s")" }
            return counts.isEmpty ? "nothing wrong" : counts.joined(separator: ", ")
        }
    }

    private struct DiagnosticRecord: Encodable {
        var severity: String
        var message: String
        var file: String?
        var line: Int?
        var column: Int?
        var notes: [String]
        var help: String?

        init(_ diagnostic: Diagnostic, _ sources: SourceMap) {
            let location = sources.location(of: diagnostic.primary.span)
            severity = diagnostic.severity.rawValue
            message = diagnostic.message
            (file, line, column) = (location?.file, location?.line, location?.column)
            notes = diagnostic.notes
            help = diagnostic.help
        }
    }
}
