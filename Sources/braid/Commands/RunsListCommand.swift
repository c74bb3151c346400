import ArgumentParser
import Interchange
import Training

struct RunsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the trainings of a folder and those below it.",
        discussion: """
            EXAMPLES
              braid runs list
              braid runs list results --sort accuracy
              braid runs list results --json

            A row a training: the network and its data, the epochs that are done and asked for, the best held-out accuracy with its epoch, the last one,
            the last losses, the time, and how it ended: finished, stopped (it has a checkpoint), failed, or running, which a training that was killed stays.
            Files that are no histories, or are damaged, are told of and left out.
            """)

    enum Order: String, ExpressibleByArgument, CaseIterable {
        case name, began, accuracy
    }

    @Argument(help: ArgumentHelp("The folder (default: this one).", valueName: "folder"), completion: .directory)
    var folder = "."

    @Option(
        help: ArgumentHelp(
            "The order: name, began (the oldest first) or accuracy (the best first; behind shares the smallest errors).",
            valueName: "order"))
    var sort = Order.name

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        var files: [TrainingRecord.File] = []
        var broken = 0
        for path in try TrainingRecord.paths(in: folder) {
            do throws(InterchangeError) {
                files.append(try TrainingRecord.File(path: path))
            } catch {
                broken += 1
                WeightsReport.warn(error.finding, help: error.repair)
            }
        }
        switch sort {
        case .name: break
        case .began: files.sort { ($0.record.run?.began ?? "", $0.path) < ($1.record.run?.began ?? "", $1.path) }
        case .accuracy:
            // Shares fall, errors grow, and where nothing was measured is the end.
            func place(_ file: TrainingRecord.File) -> (Int, Double, String) {
                let history = file.record.history
                guard let metric = history.reported, let value = history.best?.heldOutMetric else { return (2, 0, file.path) }
                return metric.isShare ? (0, -value, file.path) : (1, value, file.path)
            }
            files.sort { place($0) < place($1) }
        }
        if json { return Console.printJSON(RunsRecord(runs: files.map(RunsRecord.Run.init))) }
        if files.isEmpty {
            print("no trainings in \(folder)\(broken > 0 ? " that can be read" : "")")
        } else {
            print(RunsReport.table(files).text, terminator: "")
        }
    }
}
