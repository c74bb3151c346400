import ArgumentParser
import Interchange
import Training

struct RunsPlotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plot",
        abstract: "Draws the curves of several trainings in one picture.",
        discussion: """
            EXAMPLES
              braid runs plot results/sgd results/adam -o curves.svg
              braid runs plot results -o curves.png

            Draws the held-out accuracy and loss, the training's loss and the rate over the epochs, a line a training, as SVG or PNG by the ending of the
            file. A folder stands for all trainings in it and below.
            """)

    @Argument(help: RunsCompareCommand.runHelp("Trainings or folders"), completion: .file(extensions: ["json"]))
    var trainings: [String]

    @Option(name: .shortAndLong, help: ArgumentHelp("Where to write the drawing: a path that ends in .svg or .png.", valueName: "path"))
    var output: String

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        let ending = output.lowercased()
        if !ending.hasSuffix(".svg"), !ending.hasSuffix(".png") {
            throw ValidationError("-o takes a path that ends in .svg or .png, not '\(output)'")
        }
    }

    func run() throws {
        StandardOutput.outlivesItsReader()
        var paths: [String] = []
        for name in trainings {
            let found = try TrainingRecord.paths(named: name)
            for path in found where !paths.contains(path) { paths.append(path) }
        }
        try OutputPath.requireWritable(output, besides: paths)
        let files = try paths.map { try TrainingRecord.File(path: $0) }
        try TrainingRecord.plot(files.map { ($0.name, $0.record) }).write(to: output)
        if json {
            Console.printJSON(Record(file: output, trainings: files.map(\.path)))
        } else {
            print("wrote \(output): \(files.count) training\(files.count == 1 ? "" : "s")")
        }
    }

    private struct Record: Encodable {
        var file: String
        var trainings: [String]
    }
}
