import ArgumentParser
import Foundation

@main
enum Main {
    /// Runs the command; the exit status is 0, 1 (the input is wrong) or 2 (bad usage).
    static func main() {
        // A reader that goes away, such as `head`, must not end a training.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try Braid.parseAsRoot()
            try command.run()
        } catch {
            exit(Failure.report(error))
        }
    }
}

struct Braid: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "braid",
        abstract: "Compiles convolutional networks written as text: describes, runs, trains, measures them.",
        discussion: """
            EXAMPLES
              braid describe graphs/mnist_resnet.braid
              braid train graphs/mnist_resnet.braid --data builtin:digits --epochs 2 -o digits
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits
              braid run graphs/mnist_resnet.braid --weights digits.safetensors --input photo.png --top 3

            Exit status: 0 done; 1 the input is wrong, and a message says where; 2 bad usage.
            """,
        version: "braid 0.1",
        subcommands: [
            Check.self, FormatCommand.self, Describe.self, Dump.self, Run.self, Train.self, Evaluate.self, OverfitCommand.self, Bench.self,
            Tune.self, DataCommand.self, Lsp.self,
        ])
}
