import ArgumentParser
import Compiler
import Foundation
import Interchange
import Language
import ONNX
import Training

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Writes an ONNX model as a source of the language, with its weights beside it.",
        discussion: """
            EXAMPLES
              braid import resnet50.onnx -o resnet50.braid
              braid run resnet50.braid --weights resnet50.safetensors --input photo.jpg --top 5

            The source has a block for what repeats, and the names of the model's layers; the weights go to a safetensors file of the same name.
            `braid run`, `evaluate`, `bench`, `describe`, `dump` and others take the model itself as well: importing is for reading, changing and
            training it.

            Models of operator sets 6 and newer are read, with weights in the file or in files beside it. What cannot be imported is named, node by
            node, and nothing is written. Networks compute in f32.
            """)

    @Argument(help: ArgumentHelp("The model, a file that ends in .onnx.", valueName: "model"), completion: .file(extensions: ["onnx"]))
    var model: String

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The source's file, or a folder for one named after the model (default: beside the model).", valueName: "path"))
    var output: String?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func run() throws {
        let network = try Network.load(model)
        guard let imported = network.model else { throw ValidationError("'\(model)' is no ONNX model: its name does not end in .onnx") }
        let folder = URL(fileURLWithPath: model).deletingLastPathComponent().path
        let path = try OutputPath.file(output ?? folder, orInFolder: network.name, ending: ".braid")
        let stem = path.hasSuffix(".braid") ? String(path.dropLast(".braid".count)) : path
        let weights = stem + ".safetensors"
        for file in [path, weights] { try OutputPath.requireWritable(file) }
        let written = try SourceWriter.write(
            network.graph, documentation: documentation(imported), renamesParameters: true)
        let tensors = imported.weights.compactMap { tensor -> HostTensor? in
            guard let name = written.parameters[tensor.name] else { return nil }
            var renamed = tensor
            renamed.name = name
            return renamed
        }
        for file in written.files {
            let place = URL(fileURLWithPath: path).deletingLastPathComponent().appendingPathComponent(file.path).path
            try NumPy.write(HostTensor(shape: file.extents, floats: file.values), to: place)
        }
        // What weights remember of pictures; how they are prepared is in the source.
        let metadata = try network.ownWeights.map { file throws(InterchangeError) in try WeightsMetadata(file).fields } ?? [:]
        try Safetensors.write(tensors, metadata: metadata, to: weights)
        try AtomicFile.write(Data(written.text.utf8), to: path)
        let lines = written.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        if json {
            return Console.printJSON(Record(source: path, weights: weights, lines: lines, parameters: tensors.count))
        }
        print("wrote \(path): \(Format.count(lines, "line"))")
        print("wrote \(weights): \(Format.count(tensors.count, "tensor"))")
        print("run it: braid run \(path) --weights \(weights) --input FILE")
    }

    private func documentation(_ model: ImportedNetwork) -> String {
        let producer = model.producer.isEmpty ? "" : " by \(model.producer)"
        let origin = "Imported from an ONNX model written\(producer), operator set \(model.operatorSet)."
        return model.documentation.isEmpty ? origin : origin + "\n" + model.documentation
    }

    private struct Record: Encodable {
        var source: String
        var weights: String
        var lines: Int
        var parameters: Int
    }
}
