import ArgumentParser
import LanguageServer

struct LspCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lsp",
        abstract: "Serves an editor: errors while typing, shapes and costs under the cursor, definitions, formatting.",
        discussion: """
            EXAMPLES
              braid lsp

            Editors start this command and speak the Language Server Protocol with it over standard input and output;
            docs/editors.md shows how. Nothing is compiled to machine code. Exit status 0 after a proper shutdown, otherwise 1.
            """)

    func run() throws {
        StandardOutput.outlivesItsReader()
        let isProper = ServerLoop.run(version: Version.text) { message in
            StandardOutput.write(message)
            StandardOutput.flush()
        }
        if !isProper { throw ExitCode(1) }
    }
}
