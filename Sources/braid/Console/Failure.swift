import ArgumentParser
import Compiler
import Source

/// What a person is told when a command fails, and the exit status.
enum Failure {
    /// Prints an error of a command (help and version are errors to ArgumentParser) and returns the exit status.
    static func report(_ error: any Error, of command: any ParsableCommand.Type) -> Int32 {
        switch error {
        case let error as CompilerError:
            Console.error(error.text(usesColor: Console.errorUsesColor))
            return 1
        case let mistake as any Mistake: return report(mistake.diagnostic)
        case let code as ExitCode where code.rawValue == 0 || code.rawValue == 1: return code.rawValue
        default: return reportUsage(error, of: command)
        }
    }

    /// Prints a mistake of the input.
    static func report(_ message: String, notes: [String] = [], help: String?) -> Int32 {
        report(Diagnostic(message, at: .none, notes: notes, help: help))
    }

    private static func report(_ diagnostic: Diagnostic) -> Int32 {
        Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(diagnostic))
        return 1
    }

    private static func reportUsage(_ error: any Error, of command: any ParsableCommand.Type) -> Int32 {
        let message = command.fullMessage(for: error)
        if command.exitCode(for: error) == .success {
            print(message)
            return 0
        }
        // What is no mistake in the use is an error as others are.
        guard command.exitCode(for: error) == .validationFailure else { return report("\(error)", help: nil) }
        Console.error(message.hasSuffix("\n") ? message : message + "\n")
        return 2
    }
}
