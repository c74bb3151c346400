import ArgumentParser
import Graph
import Interchange

struct WeightsConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Writes weights in another format, as another type or under other names.",
        discussion: """
            EXAMPLES
              braid weights convert resnet18.pth resnet18.safetensors
              braid weights convert model.safetensors.index.json model.safetensors --type bf16
              braid weights convert checkpoint.pth backbone.safetensors --map 'module.*=*'
              braid weights convert digits.safetensors digits.npz --compress

            The format follows from the ending of the file to write. Metadata stay in safetensors; archives have none. Numbers that --type rounds are rounded
            to nearest, ties to even; integers and booleans stay as they are. A finite number that the type is too small for is an error.
            """)

    /// What numbers can be written as.
    enum Element: String, ExpressibleByArgument, CaseIterable {
        case f32, bf16, f16

        var stored: StoredElement {
            switch self {
            case .f32: .f32
            case .bf16: .bf16
            case .f16: .f16
            }
        }
    }

    @Argument(help: WeightsCommand.fileHelp, completion: .file())
    var file: String

    @OptionGroup var out: WeightsOutput

    @Option(help: ArgumentHelp("What floating-point numbers become: f32, bf16 or f16 (default: what they are).", valueName: "type"))
    var type: Element?

    @OptionGroup var names: WeightsNames

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if type == .bf16, WeightsConversion.Format(path: out.output) == .npz {
            throw ValidationError("NumPy has no bf16: write .safetensors, or --type f32 or f16")
        }
    }

    func run() throws { try out.write(try names.open(file), as: type, json: json) }
}
