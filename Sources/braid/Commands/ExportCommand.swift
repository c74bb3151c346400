import ArgumentParser
import Compiler
import Foundation
import Graph
import Interchange
import ONNX
import Training

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes a network with its weights as an ONNX model.",
        discussion: """
            EXAMPLES
              braid export graphs/resnet18.braid --weights resnet18.safetensors -o resnet18.onnx
              braid export graphs/mnist_resnet.braid --weights digits.safetensors --fold -o digits.onnx
              braid export net.braid -D classes=10 -o net.onnx

            The model is for operator set \(ModelWriter.operatorSet), with the names of the source: of inputs, outputs and weights. The number of images
            stays open where it is a symbol. What ONNX has no operator for is written with those that it has; what cannot be is named, and nothing
            is written. It computes in f32 as the network does when it predicts: without dropout, with the running statistics.

            With --fold, batch normalizations become part of the convolutions and linear layers before them.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights: \(WeightsNames.formats) (default: random ones, seed 0).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(help: ArgumentHelp("Fixes the number of images (default: it stays open).", valueName: "count"))
    var batch: Int?

    @Flag(help: "Makes batch normalizations part of the layers before them.")
    var fold = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("The model's file, or a folder for one named after the network.", valueName: "path"))
    var output: String

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try names.requireWeights(weights)
        if let batch { try validateBatch(batch) }
    }

    func run() throws {
        var network = try network.load()
        try network.requireGraph()
        try network.requireSizes()
        if let batch {
            network = try network.batched(network.batch(batch, usual: 1))
        } else if network.graph.movesBatch {
            throw CompilerError(
                "'\(network.name)' does more with its batch than to keep it in front, which only works for a number of images",
                help: "give it as --batch 1")
        }
        let path = try OutputPath.file(output, orInFolder: network.name, ending: ".onnx")
        try OutputPath.requireWritable(path, besides: network.files + (weights.map(WeightsFile.paths(of:)) ?? []))
        let file = try names.open(weights, of: network)
        network = try network.preparing(asIn: file.map { (file) throws(InterchangeError) in try WeightsMetadata(file) })
        let graph = try network.completeGraph
        if let file {
            let declared = graph.nodes.compactMap { node in
                node.parameter.flatMap { parameter in node.type.shape.extents.map { (name: parameter.name, extents: $0) } }
            }
            try Weights.require(file, for: declared, optional: network.trainingParameters)
        }
        if file == nil { Console.error("note: without --weights the network has random ones\n") }
        let writer = ModelWriter(
            graph, documentation: network.documentation, metadata: metadata(network, file), normalizations: fold ? .folded : .kept
        ) {
            (parameter, extents) throws(InterchangeError) in
            HostTensor(shape: extents, floats: try Weights.values(of: parameter, extents: extents, from: file))
        }
        try writer.write(to: path)
        let size = try? InputFile.size(path)
        if json {
            Console.printJSON(Record(path: path, bytes: size, operatorSet: ModelWriter.operatorSet))
        } else {
            print("wrote \(path): " + (size.map { Format.bytes($0) + ", " } ?? "") + "operator set \(ModelWriter.operatorSet)")
        }
    }

    /// What weights remember, how pictures become the values of the first input that takes them, and what the classes are called.
    private func metadata(_ network: Network, _ file: WeightsFile?) -> [String: String] {
        var metadata = file?.metadata ?? [:]
        let preparation = network.graph.nodes.lazy.compactMap { $0.preparation?.settings }.first { !$0.isEmpty }
        metadata[WeightsMetadata.preparationKey] = preparation
        if metadata[WeightsMetadata.classesKey] == nil, let names = network.classNames {
            metadata[WeightsMetadata.classesKey] = WeightsMetadata.text(ofClassNames: names)
        }
        return metadata
    }

    private struct Record: Encodable {
        var path: String
        /// Nil of a device or pipe.
        var bytes: Int?
        var operatorSet: Int
    }
}
