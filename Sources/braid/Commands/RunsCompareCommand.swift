import ArgumentParser
import Training

struct RunsCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Tells what two trainings did differently, and what came out.",
        discussion: """
            EXAMPLES
              braid runs compare results/sgd results/adam
              braid runs compare sgd.history.json adam.history.json --json

            Shows the settings and the lines of the recipe that differ, and the results side by side with the difference, second less first. That the
            network or the loss differs is told by digests of the training's graph.
            """)

    @Argument(help: Self.runHelp("The first training"), completion: .file(extensions: ["json"]))
    var first: String

    @Argument(help: Self.runHelp("The second one"), completion: .file(extensions: ["json"]))
    var second: String

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    static func runHelp(_ what: String) -> ArgumentHelp {
        ArgumentHelp("\(what): what `braid train` was given with -o, or its history file.", valueName: "training")
    }

    func run() throws {
        let files = try [first, second].map { try TrainingRecord.File(path: TrainingRecord.path(named: $0)) }
        let comparison = TrainingComparison(files[0].record, files[1].record)
        if json {
            Console.printJSON(RunsReport.record(comparison, files[0], files[1]))
        } else {
            RunsReport.show(comparison, files[0].name, files[1].name)
        }
    }
}
