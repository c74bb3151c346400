import ArgumentParser

/// The command with its subcommands.
struct Braid: ParsableCommand {
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
        version: Version.text,
        subcommands: [
            CheckCommand.self, LintCommand.self, FormatCommand.self, DescribeCommand.self, ViewCommand.self, DumpCommand.self,
            ExplainCommand.self, RunCommand.self, ImportCommand.self, ExportCommand.self, TrainCommand.self, FineTuneCommand.self,
            EvaluateCommand.self,
            RunsCommand.self,
            PlanCommand.self, RateFindCommand.self,
            OverfitCommand.self, BenchCommand.self, ProfileCommand.self, DiffCommand.self, BisectCommand.self, TuneCommand.self,
            CacheCommand.self, DataCommand.self, WeightsCommand.self, LspCommand.self, VersionCommand.self,
        ])
}
