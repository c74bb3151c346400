import ArgumentParser
import Interchange

struct WeightsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weights",
        abstract: "Lists, compares, converts and prunes files of weights.",
        discussion: """
            EXAMPLES
              braid weights resnet18.pth
              braid weights digits.safetensors --statistics
              braid weights compare before.safetensors after.safetensors --tolerance 1e-6
              braid weights convert resnet18.pth resnet18.safetensors
              braid weights prune checkpoint.pth backbone.safetensors --keep 'backbone.*'

            Files are safetensors, an index of several (model.safetensors.index.json), what torch.save wrote (.pth, .pt, .bin) and NumPy's archives
            (.npz); what a file is follows from its content. Nothing that a file of PyTorch names is ever run: what is more than tensors, numbers, texts
            and collections of them is refused, by its name.
            """,
        subcommands: [WeightsListCommand.self, WeightsCompareCommand.self, WeightsConvertCommand.self, WeightsPruneCommand.self],
        defaultSubcommand: WeightsListCommand.self)

    static let fileHelp = ArgumentHelp("A file of weights: \(WeightsNames.formats).", valueName: "file")
}

/// Where weights are written, in which format.
struct WeightsOutput: ParsableArguments {
    @Argument(help: ArgumentHelp("The file to write, .safetensors or .npz.", valueName: "out"))
    var output: String

    @Flag(help: "Deflates the arrays of an .npz archive.")
    var compress = false

    func validate() throws {
        guard let format = WeightsConversion.Format(path: output) else {
            throw ValidationError("the file to write ends in .safetensors or .npz, not '\(output)'")
        }
        if compress, format != .npz { throw ValidationError("--compress is for .npz archives") }
    }

    /// Writes weights, and tells of it.
    func write(_ file: WeightsFile, as element: WeightsConvertCommand.Element? = nil, json: Bool) throws {
        let format = WeightsConversion.Format(path: output) ?? .safetensors
        let conversion = WeightsConversion(file, to: format, as: element?.stored, compresses: compress)
        StandardOutput.outlivesItsReader()
        try OutputPath.requireWritable(output, besides: file.paths, bytes: compress ? 0 : conversion.byteCount)
        if !conversion.lostMetadata.isEmpty {
            Console.error("note: .npz archives have no metadata: lost are \(conversion.lostMetadata.joined(separator: ", "))\n")
        }
        let widened = file.entries.filter { format == .npz && $0.element.numpyName == nil && element == nil }
        if !widened.isEmpty {
            let names = Set(widened.map(\.element.rawValue)).sorted().joined(separator: ", ")
            Console.error("note: NumPy has no \(names): \(Format.count(widened.count, "tensor")) become f32, exactly\n")
        }
        try conversion.write(to: output)
        if json {
            Console.printJSON(
                WeightsRecord.Written(path: output, format: format.rawValue, tensors: file.entries.count, bytes: conversion.byteCount))
        } else {
            print("wrote \(output): \(Format.count(file.entries.count, "tensor")), \(Format.bytes(conversion.byteCount))")
        }
    }
}
