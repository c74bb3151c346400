import ArgumentParser
import Compiler
import Language
import Runtime
import Source

struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Reports everything that is wrong with files, with the places and the repairs.",
        discussion: """
            EXAMPLES
              braid check graphs/*.braid
              braid check net.braid --json
              braid check net.braid --gradients
              braid check net.braid --network wide -D classes=100 -D H=97

            --gradients also compiles and RUNS the operators in C that networks use, on random numbers: their values are compared with those
            of the same C in fp64, and their gradients with finite differences. Do not use it on files that you would not run.

            All mistakes of a file are reported in one go, the first 100 of them drawn. Each network is checked with the defaults of its
            parameters, and for all sizes; --network and -D check one, with values for some of them. Exit status 1 where there is an error.
            """)

    @Argument(help: ArgumentHelp("Files of the language, or printed stages.", valueName: "file"))
    var files: [String]

    @OptionGroup var choice: NetworkChoice

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    @Flag(help: "Runs the operators in C, and checks their values and gradients.")
    var gradients = false

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
            if choice.isMade {
                let network = try choice.network(of: file)
                return (network.diagnostics + (gradients ? try operatorProblems(of: network) : []), network.sources)
            }
            if file.hasSuffix(".braid") {
                let program = try Network.program(file)
                let diagnostics = program.check()
                guard gradients, !diagnostics.hasErrors else { return (diagnostics, program.map) }
                var found: [Diagnostic] = []
                for network in program.networks where network.parameters.allSatisfy({ $0.defaultValue != nil }) {
                    let network = try Network.load(file, name: network.name.text)
                    for problem in try operatorProblems(of: network) where !found.contains(problem) { found.append(problem) }
                }
                return ((diagnostics + found).inReadingOrder(), program.map)
            }
            let network = try Network.load(file)
            return (network.diagnostics + (gradients ? try operatorProblems(of: network) : []), network.sources)
        } catch {
            return (error.diagnostics.inReadingOrder(), error.sources)
        }
    }

    private func operatorProblems(of network: Network) throws(CompilerError) -> [Diagnostic] {
        guard network.origin != .kernels else { return [] }
        // What crashes, or never ends, has been named.
        return try ForeignCheck(network, Compiler(), pool: ThreadPool(threads: 1)) { Console.error("runs \($0)\n") }.diagnostics
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
