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
        guard Network.isModel(model) else { throw ValidationError("'\(model)' is no ONNX model: its name does not end in .onnx") }
        let network = try Network.load(model)
        guard let imported = network.model else { preconditionFailure("a model was read as a source") }
        let path = try OutputPath.file(output ?? Self.folder(of: model), orInFolder: FilePath.stem(of: model), ending: ".braid")
        guard path.hasSuffix(".braid") || !["onnx", "safetensors", "npy"].contains((path as NSString).pathExtension) else {
            throw ValidationError("a source is written, whose name ends in .braid, not '\(path)'")
        }
        let stem = path.hasSuffix(".braid") ? String(path.dropLast(".braid".count)) : path
        let weights = stem + ".safetensors"
        // Outputs that are the same for any input are no part of what runs, and of the source they are.
        let graph = try imported.completeGraph(network.graph)
        let written = try SourceWriter.write(
            graph, documentation: documentation(imported), renamesParameters: true, arrays: Self.arrayName(path))
        let differences = written.differences(from: graph)
        guard differences.isEmpty else {
            throw CompilerError(
                "the source of '\(model)' would not be the model: \(differences.prefix(3).joined(separator: "; "))",
                help: "run the model itself, which every command takes: braid run \(model)")
        }
        let arrays = written.files.map { file in
            (path: FilePath.joined(FilePath.folder(of: path), file.path), file: file)
        }
        for file in arrays.map(\.path) + [weights, path] {
            try OutputPath.requireWritable(file, besides: network.files)
            if output == nil, FileManager.default.fileExists(atPath: file) {
                throw InterchangeError(file, "this is there already", repair: "name the source with -o, and what is called so is replaced")
            }
        }
        let tensors = imported.weights.compactMap { tensor -> HostTensor? in
            guard let name = written.parameters[tensor.name] else { return nil }
            var renamed = tensor
            renamed.name = name
            return renamed
        }
        for (place, file) in arrays { try NumPy.write(HostTensor(shape: file.extents, floats: file.values), to: place) }
        // What weights remember of pictures; how they are prepared is in the source.
        let metadata = try network.ownWeights.map { file throws(InterchangeError) in try WeightsMetadata(file).fields } ?? [:]
        try Safetensors.write(tensors, metadata: metadata, to: weights)
        try AtomicFile.write(Data(written.text.utf8), to: path)
        let lines = written.text.split(separator: "\n", omittingEmptySubsequences: false).count - 1
        if json {
            return Console.printJSON(
                Record(source: path, weights: weights, arrays: arrays.map(\.path), lines: lines, parameters: tensors.count))
        }
        print("wrote \(path): \(Format.count(lines, "line"))")
        print("wrote \(weights): \(Format.count(tensors.count, "tensor"))")
        for (place, file) in arrays { print("wrote \(place): \(Format.count(file.values.count, "value")) of a constant") }
        print("run it: braid run \(Format.shellWord(path)) --weights \(Format.shellWord(weights)) --input FILE")
    }

    private func documentation(_ model: ImportedNetwork) -> String {
        let producer = model.producer.isEmpty ? "" : " that \(model.producer) wrote"
        let origin = "Imported from an ONNX model\(producer), operator set \(model.operatorSet)."
        return model.documentation.isEmpty ? origin : origin + "\n" + model.documentation
    }

    /// The folder that a model lies in, as one.
    private static func folder(of model: String) -> String {
        let folder = FilePath.folder(of: model)
        return folder.isEmpty ? "./" : FilePath.joined(folder, "")
    }

    /// What arrays beside a source are called, before their numbers: as the source, in letters that any text can hold.
    private static func arrayName(_ path: String) -> String {
        FilePath.plain(FilePath.stem(of: path))
    }

    private struct Record: Encodable {
        var source: String
        var weights: String
        /// Constants that are too large for the source.
        var arrays: [String]
        var lines: Int
        var parameters: Int
    }
}
