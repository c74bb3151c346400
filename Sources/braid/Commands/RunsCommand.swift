import ArgumentParser

struct RunsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "runs",
        abstract: "Lists, compares and plots trainings by the histories that they left.",
        discussion: """
            EXAMPLES
              braid runs
              braid runs results --sort accuracy
              braid runs compare results/sgd results/adam
              braid runs plot results/sgd results/adam -o curves.svg

            `braid train -o NAME` writes NAME.history.json from the beginning on, and anew after every epoch: what is trained on what with which recipe,
            and what came out so far. So a training that is going on is listed, too, as running, as is one that was killed.
            """,
        subcommands: [RunsListCommand.self, RunsCompareCommand.self, RunsPlotCommand.self], defaultSubcommand: RunsListCommand.self)
}
