import ArgumentParser
import Compiler
import Foundation
import Interchange
import Language
import Source

struct FormatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "format",
        abstract: "Gives files of the language their one form: blanks, indentation, empty lines, tables of pipelines.",
        discussion: """
            EXAMPLES
              braid format graphs/*.braid
              braid format --check graphs/*.braid
              braid format - < net.braid

            Lines break where you break them; indentation, blanks and empty lines follow. A second blank before a `|>`
            asks for a table: the marks of neighbouring lines then stand in columns. Comments and the meaning stay.

            A file with syntax errors is not changed; they are printed. Exit status 1 where there is an error, and with
            --check where a file would change.
            """)

    @Argument(
        help: ArgumentHelp("Files of the language; - for standard input, whose form goes to standard output.", valueName: "file"))
    var files: [String]

    @Flag(help: "Writes nothing; lists the files that would change.")
    var check = false

    func run() throws {
        StandardOutput.outlivesItsReader()
        var hasFailed = false
        for file in files {
            let text = try file == "-" ? Self.readStandardInput() : Network.readText(file)
            let formatted = SourceFormatter.format(text, name: file == "-" ? "<stdin>" : file)
            guard let result = formatted.text else {
                let renderer = DiagnosticRenderer(formatted.map, usesColor: Console.errorUsesColor)
                Console.error(renderer.render(formatted.diagnostics) + "\n")
                hasFailed = true
                continue
            }
            if check {
                if result != text {
                    print(file)
                    hasFailed = true
                }
            } else if file == "-" {
                StandardOutput.write(Array(result.utf8))
            } else if result != text {
                try AtomicFile.write(Array(result.utf8), to: file)
            }
        }
        if hasFailed { throw ExitCode(1) }
    }

    private static func readStandardInput() throws(CompilerError) -> String {
        guard let data = try? FileHandle.standardInput.readToEnd() ?? Data(), let text = String(data: data, encoding: .utf8) else {
            throw CompilerError("standard input is not UTF-8 text", help: "give the text of a .braid file")
        }
        return text
    }
}
