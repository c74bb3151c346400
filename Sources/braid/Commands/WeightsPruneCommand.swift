import ArgumentParser
import Interchange
import Recipes
import Training

struct WeightsPruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune",
        abstract: "Writes some of the tensors of a file of weights.",
        discussion: """
            EXAMPLES
              braid weights prune checkpoint.pth backbone.safetensors --keep 'backbone.*'
              braid weights prune resnet18.pth body.safetensors --drop 'fc.*' --drop '*.num_batches_tracked'

            Patterns are those of --except and --freeze: * stands for any letters, ? for one, [a-c] for one of several. Each must match a name. Metadata
            stay in safetensors.
            """)

    @Argument(help: WeightsCommand.fileHelp, completion: .file())
    var file: String

    @OptionGroup var out: WeightsOutput

    @Option(
        parsing: .singleValue, help: ArgumentHelp("Tensors that are written, and no others; may be given repeatedly.", valueName: "pattern")
    )
    var keep: [String] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("Tensors that are left out; may be given repeatedly.", valueName: "pattern"))
    var drop: [String] = []

    @OptionGroup var names: WeightsNames

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if keep.isEmpty == drop.isEmpty { throw ValidationError("say which tensors are written: either --keep PATTERN or --drop PATTERN") }
    }

    func run() throws {
        let file = try names.open(file)
        let option = keep.isEmpty ? "--drop" : "--keep"
        let matching = try file.names(matching: (keep + drop).map(NamePattern.init), option: option)
        let kept = file.keeping { matching.contains($0) != keep.isEmpty }
        if kept.entries.isEmpty { throw TrainingError("nothing is left of \(file.path)", repair: "name fewer tensors with --drop") }
        try out.write(kept, json: json)
    }
}
