import ArgumentParser
import Foundation

@main
enum Main {
    /// Runs the command; the exit status is 0, 1 (the input is wrong, or something cannot be written) or 2 (bad usage).
    static func main() {
        Console.begin()
        var status: Int32 = 0
        do {
            var command = try Braid.parseAsRoot(Main.joiningNegativeNumbers(Array(CommandLine.arguments.dropFirst())))
            try command.run()
        } catch {
            status = Failure.report(error)
        }
        exit(StandardOutput.finish(status))
    }

    /// The arguments, `--option -1` written as `--option=-1`: ArgumentParser takes every word that begins with a dash for an option, and
    /// no option is a number.
    static func joiningNegativeNumbers(_ arguments: [String]) -> [String] {
        var joined: [String] = []
        for (index, argument) in arguments.enumerated() {
            if arguments[..<index].contains("--") {
                joined.append(argument)
            } else if let option = joined.last, option.hasPrefix("--"), option != "--", !option.contains("="), argument.hasPrefix("-"),
                Double(argument) != nil
            {
                joined[joined.count - 1] += "=" + argument
            } else {
                joined.append(argument)
            }
        }
        return joined
    }
}

struct Braid: ParsableCommand {
    static let number = "0.1"

    static let configuration = CommandConfiguration(
        commandName: "braid",
        abstract: "Compiles convolutional networks written as text: describes, runs, trains, measures them.",
        discussion: """
            EXAMPLES
              braid describe graphs/mnist_resnet.braid
              braid train graphs/mnist_resnet.braid --data builtin:digits --epochs 2 -o digits
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits
              braid data show builtin:digits --part held-out --index 7 -o seven.png
              braid run graphs/mnist_resnet.braid --weights digits.safetensors --input seven.png --top 3

            Exit status: 0 done; 1 the input is wrong or something cannot be written, and a message says what; 2 bad usage. A training that
            is interrupted (Ctrl-C), terminated or hung up saves a checkpoint first, and has the status 130, 143 or 129.

            Colour is left out with NO_COLOR, or CLICOLOR=0, and where output is no terminal, unless CLICOLOR_FORCE is set.
            """,
        version: "braid \(number)",
        subcommands: [
            Check.self, FormatCommand.self, Describe.self, Dump.self, Run.self, Train.self, Evaluate.self, OverfitCommand.self, Bench.self,
            Tune.self, CacheCommand.self, DataCommand.self, Lsp.self,
            VersionCommand.self,
        ])
}
