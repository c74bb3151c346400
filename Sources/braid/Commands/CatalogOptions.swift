import ArgumentParser
import Compiler
import Language
import Source

/// `braid describe --operators [NAME]`: what a network can be written with.
///
/// With a file in place of the name, what a network that imports it can be written with besides.
///
/// The answer is given while arguments are checked, as for `--help`, since no FILE is needed: the group must stand before the one with
/// the FILE in its command.
struct CatalogOptions: ParsableArguments {
    private static let everything = "all"

    @Option(
        defaultAsFlag: everything,
        help: ArgumentHelp(
            """
            Lists the operators and activations of the language, explains one, or lists the blocks, activations and \
            operators that a .braid file defines and imports; needs no FILE.
            """,
            valueName: "name"))
    var operators: String?

    func validate() throws {
        guard let operators else { return }
        if operators == Self.everything { throw CleanExit.message(CatalogText.everything) }
        if operators.hasSuffix(".braid") { throw CleanExit.message(try definitions(of: operators)) }
        guard let text = CatalogText.page(of: operators) else {
            let nearest = Spelling.nearest(to: operators, in: CatalogText.names)
            throw ValidationError(
                "nothing is called '\(operators)'; " + (nearest.map { "did you mean '\($0)'?" } ?? "--operators alone lists all"))
        }
        throw CleanExit.message(text)
    }

    private func definitions(of path: String) throws -> String {
        let (diagnostics, sources): ([Diagnostic], SourceMap)
        do throws(CompilerError) {
            let program = try Network.program(path)
            guard program.diagnostics.hasErrors else { return CatalogText.definitions(of: program) }
            (diagnostics, sources) = (program.diagnostics.filter { $0.severity == .error }, program.map)
        } catch {
            (diagnostics, sources) = (error.diagnostics, error.sources)
        }
        Console.error(DiagnosticRenderer(sources, usesColor: Console.errorUsesColor).render(diagnostics) + "\n")
        throw ExitCode(1)
    }
}
