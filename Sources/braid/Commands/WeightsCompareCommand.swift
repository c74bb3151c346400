import ArgumentParser
import Interchange
import Training

struct WeightsCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Tells in which two files of weights differ.",
        discussion: """
            EXAMPLES
              braid weights compare before.safetensors after.safetensors
              braid weights compare resnet18.pth resnet18.safetensors --tolerance 1e-6
              braid weights compare backbone.pth whole.safetensors --map '*=backbone.*' --json

            Names that one of the files alone has, tensors of different shapes, and of all others those whose values differ: by how much at most, where, and
            how many. Files may be of different formats and types; values are compared as they are. What is no number in both files is the same.
            The status is 1 where names or shapes differ, or a value by more than --tolerance.
            """)

    @Argument(help: ArgumentHelp("The first file of weights.", valueName: "first"), completion: .file())
    var first: String

    @Argument(help: ArgumentHelp("The second one.", valueName: "second"), completion: .file())
    var second: String

    @Option(help: ArgumentHelp("The largest difference of two values that counts as none.", valueName: "difference"))
    var tolerance = 0.0

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Renames tensors of the first file, such as 'module.*=*'; may be given repeatedly.", valueName: "old=new"),
        transform: WeightsNames.mapping)
    var map: [NameMapping] = []

    @Flag(help: "Lists all tensors that differ, not only the first twenty.")
    var all = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if !(tolerance >= 0) { throw ValidationError("--tolerance must be 0 or more, not \(tolerance)") }
    }

    func run() throws {
        StandardOutput.outlivesItsReader()
        let files = (try WeightsNames.open(first, map), try WeightsNames.open(second, []))
        let comparison = try WeightsComparison(files.0, files.1)
        if json {
            Console.printJSON(WeightsRecord.Comparison(comparison, first, second, tolerance: tolerance))
        } else {
            print(WeightsComparisonReport(comparison, first, second, tolerance: tolerance, showsAll: all).text, terminator: "")
        }
        if comparison.differs(beyond: tolerance) { throw ExitCode(1) }
    }
}
