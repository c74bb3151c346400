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
              braid run net.braid --weights net.safetensors --input photo.jpg --precision auto --calibrate photo.jpg --tolerance 0.01

            Pictures are made grey or RGB, resized, cropped to the middle and normalized as the input's `prepare` says. Without one, they
            are resized so that they just cover the input, and normalized as in training. Several pictures for one input make a batch.

            A network whose input is f32[N, 3, H, W] takes pictures as large as they are, with their edges cut where H and W are to be multiples
            of a number. It is run once for each size, and what it gives is then called NAME-H320-W480.npy.

            With --precision auto the network is first computed in fp64 on the samples of --calibrate, and run with every layer in bf16 alone and with
            more of them together, until it is the fastest that keeps --tolerance; that may take a minute or two, and is kept for the next time.
            What is found, layer by layer, and the clauses that fix it in the file go to standard error.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights: \(WeightsNames.formats) (default: random ones, seed 0).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(
        name: .shortAndLong, parsing: .singleValue,
        help: ArgumentHelp(
            "A .npy file or a picture (\(ImageFormat.names)) for an input; the name may be left out where there is one.",
            valueName: "[name=]path")
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
        try precision.requireSamples()
        try names.requireWeights(weights)
    }

    func run() throws {
        try execution.requireRunnable()
        if let outputDir {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireFolder(outputDir)
        }
        let network = try network.load(given: InputFiles.arrays(input, of: network.file))
        try network.requireGraph()
        if input.isEmpty, network.graph.nodes.contains(where: { $0.inputName != nil }) {
            throw ValidationError("give an --input, such as --input photo.png")
        }
        let file = try names.open(weights, of: network)
        let metadata = try file.map { file throws(InterchangeError) in try WeightsMetadata(file) }
        let files = InputFiles(network: network, metadata: metadata, weights: weights, option: "--input")
        let groups = try files.groups(input)
        let pool = ThreadPool(threads: execution.threadCount)
        if file == nil, network.graph.nodes.contains(where: { $0.parameter != nil }) {
            Console.error("note: without --weights the network has random ones\n")
        }
        var report = NonFiniteReport()
        var outputs = network.constantOutputs.map { Output(tensor: $0, file: $0.fileName, images: []) }
        var assignment: PrecisionAssignment?
        for group in groups where !group.network.graph.outputs.isEmpty {
            let results = try run(group, files.read(group), file, pool, &report, &assignment)
            let suffix =
                groups.count == 1 ? "" : "-" + group.sizes.sorted { $0.key < $1.key }.map { "\($0.key)\($0.value)" }.joined(separator: "-")
            outputs += results.map {
                let tensor = network.tensor(ofOutput: $0.name, shape: $0.shape, values: $0.values)
                return Output(tensor: tensor, file: tensor.fileName + suffix, images: group.images)
            }
        }
        report.warn()
        let results = try outputDir.map { folder in try outputs.map { output in try output.write(to: folder) } }
        guard let top else { return show(outputs, results, [], report, assignment) }
        let name = (outputs.first { $0.name == "logits" && $0.shape.count == 2 } ?? outputs.first { $0.shape.count == 2 })?.name
        guard let name else {
            throw TrainingError(
                "'\(network.name)' gives no scores [N, classes]", repair: "leave out --top, and write outputs with --output-dir")
        }
        let scores = outputs.filter { $0.name == name }
        // In the order in which the files were given; the rows of an array stay together.
        let rows = scores.flatMap { output in
            output.best(top, names: metadata?.classNames).enumerated().map { row, classes in
                (image: output.images.count == output.shape[0] ? output.images[row] : output.images[0], row: row, classes: classes)
            }
        }
        let best = rows.sorted { ($0.image, $0.row) < ($1.image, $1.row) }.map(\.classes)
        show(outputs, results, best, report, assignment)
    }

    /// Runs the files of one size: one plan, whatever the number of files.
    private func run(
        _ group: InputFiles.Group, _ inputs: [NetworkInput], _ file: WeightsFile?, _ pool: ThreadPool, _ report: inout NonFiniteReport,
        _ assignment: inout PrecisionAssignment?
    ) throws -> [(name: String, shape: [Int], values: [Float])] {
        let batch = try batch(of: inputs)
        let (compiler, computed, found) = try Calibration(precision, weights: file, batch: batch, isReported: !json)
            .apply(to: group.network, execution.compiler(precision.chosen), pool)
        assignment = assignment ?? found
        let executable = try compiler.executable(computed, batch: batch, pool: pool)
        if let file {
            let found = try Weights.load(file, into: executable, optional: group.network.trainingParameters)
            // The same in every group.
            if group.images.contains(0) { report.add(.parameter, found) }
        } else {
            Weights.initialize(executable, seed: 0)
        }
        for input in inputs {
            report.add(.input, input.values, name: input.name)
            input.set(on: executable)
        }
        executable.run()
        let outputs = try executable.plan.outputs.map { name, buffer in
            (name: name, shape: executable.plan.buffers[buffer].extents, values: try executable.output(name))
        }
        for output in outputs { report.add(.output, output.values, name: output.name, shape: output.shape) }
        return outputs
    }

    // MARK: Inputs

    private func batch(of inputs: [NetworkInput]) throws -> Int {
        let batches = inputs.compactMap(\.batch)
        if let other = batches.first(where: { $0 != batches[0] }) {
            throw CompilerError("the inputs have \(batches[0]) and \(other) images", help: "give as many for each input")
        }
        return batches.first ?? 1
    }

    // MARK: Outputs

    private func show(
        _ outputs: [Output], _ paths: [String]?, _ best: [[Output.Class]], _ report: NonFiniteReport, _ assignment: PrecisionAssignment?
    ) {
        if json {
            let records = outputs.enumerated().map { Record.Output(name: $1.name, shape: $1.shape, path: paths?[$0]) }
            return Console.printJSON(
                Record(
                    outputs: records, top: best.isEmpty ? nil : best, notFinite: report.tensors,
                    peakRssMb: Double(ProcessMemory.peakBytes) / 1_048_576, assignment: assignment.map(PrecisionReport.Record.init)))
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
        /// What `--precision auto` found.
        var assignment: PrecisionReport.Record?
    }

    private struct Output {
        struct Class: Encodable {
            var index: Int
            var name: String
            var probability: Double
        }

        /// Its values, named and typed as files hold them.
        var tensor: HostTensor
        /// The name of its file.
        var file: String
        var name: String
        var shape: [Int]
        var values: [Float]
        /// The numbers of its images among all that were given.
        var images: [Int]

        init(tensor: HostTensor, file: String, images: [Int]) {
            (self.tensor, self.file, self.images) = (tensor, file, images)
            (name, shape, values) = (tensor.name, tensor.shape, tensor.floats)
        }

        var summary: String {
            let finite = values.filter(\.isFinite)
            guard let low = finite.min(), let high = finite.max() else { return "no finite value" }
            let mean = finite.reduce(0) { $0 + Double($1) } / Double(finite.count)
            let odd = values.count - finite.count
            return String(format: "from %.5g to %.5g, mean %.5g", low, high, mean) + (odd > 0 ? ", \(odd) not finite" : "")
        }

        func write(to folder: String) throws -> String {
            try OutputPath.makeFolder(folder)
            let path = "\(folder)/\(file).npy"
            try NumPy.write(tensor, to: path)
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
