import Analysis
import ArgumentParser
import Compiler
import Interchange
import Source
import Training

/// What a person is told when a command fails, and the exit status.
enum Failure {
    /// Prints an error of a command (help and version are errors to ArgumentParser) and returns the exit status.
    static func report(_ error: any Error, of command: any ParsableCommand.Type) -> Int32 {
        switch error {
        case let error as CompilerError:
            Console.error(error.text(usesColor: Console.errorUsesColor))
            return 1
        case let error as InterchangeError: return report(error)
        case let error as DrawingError: return report(error.diagnostic.message, help: error.diagnostic.help)
        case let error as TrainingError: return report(error.message, help: error.repair)
        case let error as WeightsFailure: return report(error)
        case TrainingFailure.training(let error), TrainingFailure.diverged(let error, _): return report(error.message, help: error.repair)
        case TrainingFailure.met(let met): return report(met.description, help: met.repair)
        case TrainingFailure.weights(let error): return report(error)
        case TrainingFailure.file(let error): return report(error)
        case let code as ExitCode where code.rawValue == 0 || code.rawValue == 1: return code.rawValue
        default: return reportUsage(error, of: command)
        }
    }

    private static func report(_ error: WeightsFailure) -> Int32 {
        switch error {
        case .file(let error): report(error)
        case .mismatch(let mismatch):
            report(
                "\(mismatch.path): these weights are not of this network", notes: [mismatch.listing],
                help: "name the network that they were made for, with the same -D; a training may leave some out with --except")
        }
    }

    private static func report(_ error: InterchangeError) -> Int32 {
        let place =
            switch error.place {
            case .file: error.path
            case .byte(let offset): "\(error.path), byte \(offset)"
            case .entry(let name): "\(error.path), \(name)"
            }
        return report("\(place): \(error.message)", notes: error.notes, help: error.repair)
    }

    /// Prints a mistake of the input.
    static func report(_ message: String, notes: [String] = [], help: String?) -> Int32 {
        let diagnostic = Diagnostic(message, at: .none, notes: notes, help: help)
        Console.error(DiagnosticRenderer(SourceMap(), usesColor: Console.errorUsesColor).render(diagnostic))
        return 1
    }

    private static func reportUsage(_ error: any Error, of command: any ParsableCommand.Type) -> Int32 {
        let message = command.fullMessage(for: error)
        if command.exitCode(for: error) == .success {
            print(message)
            return 0
        }
        // What is no mistake in the use, such as of the code generator, is an error as others are.
        guard command.exitCode(for: error) == .validationFailure else { return report("\(error)", help: nil) }
        Console.error(message.hasSuffix("\n") ? message : message + "\n")
        return 2
    }
}
