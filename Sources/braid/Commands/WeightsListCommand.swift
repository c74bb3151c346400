import ArgumentParser
import Interchange

struct WeightsListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists the tensors of a file of weights.",
        discussion: """
            EXAMPLES
              braid weights list resnet18.pth
              braid weights list model.safetensors.index.json --json
              braid weights list digits.safetensors --statistics

            A row a tensor: its name, the type and shape that it is stored with, and its bytes. With --statistics the least and the largest value, mean
            and standard deviation of those that are finite, and how many are not.
            """)

    @Argument(help: WeightsCommand.fileHelp, completion: .file())
    var file: String

    @Flag(help: "Reads all values and tells what they are like.")
    var statistics = false

    @OptionGroup var names: WeightsNames

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        let file = try names.open(file)
        let known =
            try statistics ? file.entries.map { entry throws(InterchangeError) in try TensorStatistics(of: entry.name, in: file) } : nil
        if json { return Console.printJSON(WeightsRecord(file, known)) }
        print(WeightsListReport.text(file, known), terminator: "")
    }
}
