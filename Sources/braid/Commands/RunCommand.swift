import ArgumentParser
import Compiler
import Foundation
import Graph
import Interchange
import Runtime
import Training

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Runs a network on pictures or arrays.",
        discussion: """
            EXAMPLES
              braid run graphs/mnist_resnet.braid --weights digits.safetensors --input seven.png --top 3
              braid run net.braid --weights net.safetensors --input image=photo.jpg --input image=other.png --top 5
              braid run net.braid --weights net.safetensors --input image=x.npy --output-dir results

            Pictures are made grey or RGB, resized, cropped to the middle and normalized as the input's `prepare` says. Without one, they
            are resized so that they just cover the input, and normalized as in training. Several pictures for one input make a batch.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights: a safetensors file (default: random ones, seed 0).", valueName: "path"))
    var weights: String?

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp("A .npy, .png or .jpg file for an input; the name may be left out where there is one.", valueName: "[name=]path")
    )
    var input: [String] = []

    @Option(help: ArgumentHelp("Writes every output there as NAME.npy.", valueName: "folder"))
    var outputDir: String?

    @Option(help: ArgumentHelp("Prints the most probable classes, by the softmax of the scores.", valueName: "count"))
    var top: Int?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if let top, top < 1 { throw ValidationError("--top must be 1 or more, not \(top)") }
    }

    func run() throws {
        try execution.requireRunnable()
        if let outputDir {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireFolder(outputDir)
        }
        let network = try network.load()
        try network.requireGraph()
        if input.isEmpty { throw ValidationError("give an --input, such as --input photo.png") }
        let file = try weights.map { path throws(InterchangeError) in try Safetensors(path: path) }
        let metadata = try file.map { file throws(InterchangeError) in try WeightsMetadata(file) }
        let inputs = try read(network, metadata)
        let batch = try batch(of: inputs)
        let executable = try execution.compiler(precision.chosen).executable(
            network, batch: batch, pool: ThreadPool(threads: execution.threadCount))
        var report = NonFiniteReport()
        if let file {
            report.add(.parameter, try Weights.load(file, into: executable, optional: network.trainingParameters))
        } else {
            Console.error("note: without --weights the network has random ones\n")
            Weights.initialize(executable, seed: 0)
        }
        for input in inputs {
            report.add(.input, input.values, name: input.name)
            input.set(on: executable)
        }
        executable.run()

        let outputs = try executable.plan.outputs.map { name, buffer in
            Output(name: name, shape: executable.plan.buffers[buffer].extents, values: try executable.output(name))
        }
        for output in outputs { report.add(.output, output.values, name: output.name, shape: output.shape) }
        report.warn()
        let results = try outputDir.map { folder in try outputs.map { output in try output.write(to: folder) } }
        let scores = outputs.first { $0.name == "logits" && $0.shape.count == 2 } ?? outputs.first { $0.shape.count == 2 }
        guard let top else { return show(outputs, results, [], report) }
        guard let scores else {
            throw TrainingError(
                "'\(network.name)' gives no scores [N, classes]", repair: "leave out --top, and write outputs with --output-dir")
        }
        show(outputs, results, scores.best(top, names: metadata?.classNames), report)
    }

    // MARK: Inputs

    private func read(_ network: Network, _ metadata: WeightsMetadata?) throws -> [NetworkInput] {
        let declared = network.graph.nodes.compactMap { node in node.inputName.map { (name: $0, type: node.type) } }
        let names = declared.map(\.name)
        var paths: [String: [String]] = [:]
        for text in input {
            if let (name, path) = text.splitAtEquals, names.contains(name) || !FileManager.default.fileExists(atPath: text) {
                guard names.contains(name) else {
                    throw CompilerError("'\(network.name)' has no input '\(name)'", help: "it has \(names.joined(separator: ", "))")
                }
                paths[name, default: []].append(path)
            } else if let name = names.first, names.count == 1 {
                paths[name, default: []].append(text)
            } else {
                throw CompilerError(
                    "which input is \(text) for?", help: "write --input NAME=\(text) with one of \(names.joined(separator: ", "))")
            }
        }
        return try declared.map { name, type in
            guard let paths = paths[name] else {
                throw CompilerError("nothing is given for the input '\(name)'", help: "add --input \(name)=FILE")
            }
            let channels = type.rank == 4 ? type.shape[1].value : nil
            let preparation = network.preparation(of: name)
            let normalization = try channels.map { count throws(TrainingError) in
                try network.normalization(metadata, channels: count, preparation)
            }
            let input = try NetworkInput(
                name, type, symbol: network.batchSymbol, paths: paths, preparation: preparation, normalization: normalization?.values)
            if let weights, input.isPictures, normalization?.isAssumed == true { WeightsReport.warnOfNormalization(weights, network.name) }
            try input.requireClasses(of: network.graph, path: paths[0])
            return input
        }
    }

    private func batch(of inputs: [NetworkInput]) throws -> Int {
        let batches = inputs.compactMap(\.batch)
        if let other = batches.first(where: { $0 != batches[0] }) {
            throw CompilerError("the inputs have \(batches[0]) and \(other) images", help: "give as many for each input")
        }
        return batches.first ?? 1
    }

    // MARK: Outputs

    private func show(_ outputs: [Output], _ paths: [String]?, _ best: [[Output.Class]], _ report: NonFiniteReport) {
        if json {
            let records = outputs.enumerated().map { Record.Output(name: $1.name, shape: $1.shape, path: paths?[$0]) }
            return Console.printJSON(
                Record(
                    outputs: records, top: best.isEmpty ? nil : best, notFinite: report.tensors,
                    peakRssMb: Double(ProcessMemory.peakBytes) / 1_048_576))
        }
        for (index, classes) in best.enumerated() {
            if best.count > 1 { print(Console.bold("image \(index)")) }
            let width = classes.map(\.name.count).max() ?? 0
            for candidate in classes {
                let name = candidate.name + String(repeating: " ", count: width - candidate.name.count)
                let share = Format.percent(candidate.probability)
                print(
                    "  \(name)  \(String(repeating: " ", count: max(0, 8 - share.count)))\(share)  \(Chart.bar(candidate.probability, width: 40))"
                )
            }
        }
        for (index, output) in outputs.enumerated() where best.isEmpty || paths != nil {
            print("\(output.name) \(output.shape): \(output.summary)" + (paths.map { "  → \($0[index])" } ?? ""))
        }
    }

    private struct Record: Encodable {
        struct Output: Encodable {
            var name: String
            var shape: [Int]
            var path: String?
        }

        var outputs: [Output]
        /// One list an image.
        var top: [[RunCommand.Output.Class]]?
        var notFinite: [NonFiniteReport.Tensor]
        /// The most memory that the process has had resident, in MiB.
        var peakRssMb: Double
    }

    private struct Output {
        struct Class: Encodable {
            var index: Int
            var name: String
            var probability: Double
        }

        var name: String
        var shape: [Int]
        var values: [Float]

        var summary: String {
            let finite = values.filter(\.isFinite)
            guard let low = finite.min(), let high = finite.max() else { return "no finite value" }
            let mean = finite.reduce(0) { $0 + Double($1) } / Double(finite.count)
            let odd = values.count - finite.count
            return String(format: "from %.5g to %.5g, mean %.5g", low, high, mean) + (odd > 0 ? ", \(odd) not finite" : "")
        }

        func write(to folder: String) throws -> String {
            try OutputPath.makeFolder(folder)
            let path = "\(folder)/\(name).npy"
            try NumPy.write(HostTensor(name: name, shape: shape, floats: values), to: path)
            return path
        }

        /// The most probable classes of every image.
        func best(_ count: Int, names: [String]?) -> [[Class]] {
            let classes = shape[1]
            return (0..<shape[0]).map { image in
                let scores = Array(values[image * classes..<(image + 1) * classes])
                let probabilities = Scores.softmax(scores)
                return Scores.top(count, of: scores).map { index in
                    let name = names?.count == classes ? names?[index] : nil
                    return Class(index: index, name: name ?? "class \(index)", probability: probabilities[index])
                }
            }
        }
    }
}
