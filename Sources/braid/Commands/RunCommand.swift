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
              braid run net.braid --weights net.safetensors --input pictures/ --top 5 --format csv > answers.csv
              find pictures -name '*.jpg' | braid run net.braid --weights net.safetensors --input - --format jsonl
              braid run graphs/fcn.braid --weights fcn.safetensors --input street.jpg --output-image street.png
              braid run net.braid --weights net.safetensors --input photo.jpg --precision auto --calibrate photo.jpg --tolerance 0.01

            Pictures are made grey or RGB, resized, cropped to the middle and normalized as the input's `prepare` says. Without one, they
            are resized so that they just cover the input, and normalized as in training. Several pictures for one input make a batch.

            Any number of pictures are run with a folder (its pictures and those below it, sorted by path), @list.txt (a path a line), or - (paths
            from standard input, a line each, or one picture's bytes): in batches, while the next pictures are read, with a line for each as soon as
            it is known. A batch that is not full is filled up with zeros, so that with the same --batch a picture has the same bits wherever it
            stands. A picture that cannot be read is named, the others are answered, and the exit status is 1. How long it took goes to
            standard error.

            Classes are called as --labels says, else as the weights remember it, else as the network says behind its output.

            With --output-image, outputs [N, 1 or 3, H, W] are written as pictures: with the normalization of the input undone where that takes as many
            channels, else from 0 to 1, or as --output-range says. Outputs [N, classes, H, W] are written as maps of the class with the highest
            score, in the colours of the PASCAL VOC challenge, and the part of each class is told.

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
            "A .npy file or a picture (\(ImageFormat.names)) for an input, or many pictures: a folder, @ and a list of paths, or - for standard "
                + "input; the name may be left out where there is one.", valueName: "[name=]path")
    )
    var input: [String] = []

    @Option(help: ArgumentHelp("Writes every output there as NAME.npy; of many pictures, as PICTURE.NAME.npy.", valueName: "folder"))
    var outputDir: String?

    @Option(
        help: ArgumentHelp(
            "Writes outputs that are pictures or maps of classes there, as PICTURE.png; a path that ends in .png is for one picture.",
            valueName: "folder|file"))
    var outputImage: String?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("The values that are black and white in pictures of --output-image, such as -1,1.", valueName: "low,high"),
        transform: RunCommand.range)
    var outputRange: OutputImages.Range?

    @Option(help: ArgumentHelp("Prints the most probable classes, by the softmax of the scores.", valueName: "count"))
    var top: Int?

    @Option(help: ArgumentHelp("What the classes are called: a file with one name a line, or a JSON list.", valueName: "file"))
    var labels: String?

    @Option(
        help: ArgumentHelp(
            "How many pictures are computed at once (default: 16, or as many as there are; 1 where pictures decide the size).",
            valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("How answers are printed, a line a picture: text, csv or jsonl (default: text).", valueName: "format"))
    var format: AnswerFormat?

    @OptionGroup var progress: ProgressOptions

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        if let top, top < 1 { throw ValidationError("--top must be 1 or more, not \(top)") }
        try validateBatch(batch)
        if json, let format { throw ValidationError("give one of --json and --format \(format.rawValue)") }
        if outputRange != nil, outputImage == nil { throw ValidationError("--output-range is for --output-image: give both") }
        try precision.requireSamples()
        try names.requireWeights(weights)
    }

    func run() throws {
        try execution.requireRunnable()
        if let outputDir {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireFolder(outputDir)
        }
        var network = try network.load(given: InputFiles.arrays(input, of: network.file))
        try network.requireGraph()
        if input.isEmpty, network.graph.nodes.contains(where: { $0.inputName != nil }) {
            throw ValidationError("give an --input, such as --input photo.png")
        }
        let file = try names.open(weights, of: network)
        let metadata = try file.map { file throws(InterchangeError) in try WeightsMetadata(file) }
        network = try network.preparing(asIn: metadata)
        let classes = try ClassNames(network, labels: labels, metadata)
        var compiler = RunCompiler(execution, precision, weights: file, isReported: !json)
        if file == nil, network.graph.nodes.contains(where: { $0.parameter != nil }) {
            Console.error("note: without --weights the network has random ones\n")
        }
        if let texts = try pictures(of: network) { return try run(texts, network, metadata, classes, compiler) }
        let files = InputFiles(network: network, metadata: metadata, weights: weights, option: "--input")
        let groups = try files.groups(input)
        let given = Set(groups.flatMap { $0.paths.values.joined() }.compactMap(FileIdentity.init))
        let images = try images(network, nil, classes, count: groups.reduce(0) { $0 + $1.images.count }) { path in
            FileIdentity(path).map(given.contains) ?? false
        }
        var report = NonFiniteReport()
        let fileNames = OutputFileNames(network)
        var outputs = zip(network.constantOutputs, fileNames.constants).map { RunOutput(tensor: $0, file: $1, images: []) }
        var drawn: [String] = []
        for group in groups where !group.network.graph.outputs.isEmpty {
            let results = try run(group, files.read(group), &compiler, &report)
            if let images { drawn += try draw(results, of: network, group, images, classes) }
            let suffix =
                groups.count == 1 ? "" : "-" + group.sizes.sorted { $0.key < $1.key }.map { "\($0.key)\($0.value)" }.joined(separator: "-")
            outputs += results.map {
                let tensor = network.tensor(ofOutput: $0.name, shape: $0.shape, values: $0.values)
                return RunOutput(tensor: tensor, file: fileNames[$0.name] + suffix, images: group.images)
            }
        }
        report.warn()
        let results = try outputDir.map { folder in
            for path in outputs.map({ $0.path(in: folder) }) where FileIdentity(path).map(given.contains) == true {
                throw InterchangeError(path, "this is an input, which an output would replace", repair: "name another folder")
            }
            return try outputs.map { output in try output.write(to: folder) }
        }
        guard let top else { return show(outputs, results, drawn, [], report, compiler.assignment) }
        let name = (outputs.first { $0.name == "logits" && $0.shape.count == 2 } ?? outputs.first { $0.shape.count == 2 })?.name
        guard let name else {
            throw TrainingError(
                "'\(network.name)' gives no scores [N, classes]", repair: "leave out --top, and write outputs with --output-dir")
        }
        let scores = outputs.filter { $0.name == name }
        // In the order in which the files were given; the rows of an array stay together.
        let rows = scores.flatMap { output in
            output.best(top, names: classes.of(name, classes: output.shape[1])).enumerated().map { row, classes in
                (image: output.images.count == output.shape[0] ? output.images[row] : output.images[0], row: row, classes: classes)
            }
        }
        let best = rows.sorted { ($0.image, $0.row) < ($1.image, $1.row) }.map(\.classes)
        show(outputs, results, drawn, best, report, compiler.assignment)
    }

    // MARK: Many pictures

    /// The pictures of the one input, without its name, where they are run batch by batch; nil where files are run together.
    private func pictures(of network: Network) throws -> [String]? {
        let declared = network.graph.nodes.compactMap(\.inputName)
        let texts = input.map { text -> String in
            guard let (name, path) = text.splitAtEquals, declared.contains(network.inputName(name)) else { return text }
            return path
        }
        let arrays = texts.filter { $0.lowercased().hasSuffix(".npy") }
        let isMany = texts.contains(where: PictureSources.isCollection)
        guard isMany || batch != nil || format != nil || outputImage != nil && arrays.isEmpty && declared.count == 1 else { return nil }
        if let array = arrays.first {
            throw CompilerError(
                "the array \(array) is no picture", help: "arrays are run without folders and lists, --batch and --format")
        }
        return texts
    }

    private func run(
        _ texts: [String], _ network: Network, _ metadata: WeightsMetadata?, _ classes: ClassNames, _ compiler: RunCompiler
    ) throws {
        let reading = try PictureReading(network, metadata)
        if let weights, reading.isAssumed { WeightsReport.warnOfNormalization(weights, network.name) }
        let options = PictureRun.Options(
            batch: batch, top: top, format: format ?? .text, isJSON: json, isQuiet: progress.quiet, outputFolder: outputDir)
        let sources = try PictureSources(texts)
        let images = try images(network, reading.normalization, classes, count: sources.count, isInput: sources.has)
        var run = try PictureRun(network, sources, options, compiler, reading, classes, images)
        try run.run()
    }

    // MARK: Computing

    /// Runs the files of one size: one plan, whatever the number of files.
    private func run(
        _ group: InputFiles.Group, _ inputs: [NetworkInput], _ compiler: inout RunCompiler, _ report: inout NonFiniteReport
    ) throws -> [(name: String, shape: [Int], values: [Float])] {
        let (executable, found) = try compiler.executable(group.network, batch: batch(of: inputs))
        // The same in every group.
        if group.images.contains(0) { report.add(.parameter, found) }
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

    /// Reads `--output-range`.
    private static func range(_ text: String) throws -> OutputImages.Range {
        let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) }
        guard numbers.count == 2, let low = numbers[0], let high = numbers[1], low < high, (high - low).isFinite else {
            throw ValidationError("--output-range takes two numbers, the lower first, such as -1,1, not '\(text)'")
        }
        return OutputImages.Range(low: low, high: high)
    }

    private func images(
        _ network: Network, _ normalization: PixelNormalization?, _ classes: ClassNames, count: Int?, isInput: @escaping (String) -> Bool
    ) throws -> OutputImages? {
        guard let outputImage else { return nil }
        StandardOutput.outlivesItsReader()
        return try OutputImages(
            outputImage, network, range: outputRange, normalization: normalization, labels: classes.names, count: count, isInput: isInput)
    }

    /// Writes what outputs show, image by image, as the outputs' numbers.
    private func draw(
        _ results: [(name: String, shape: [Int], values: [Float])], of network: Network, _ group: InputFiles.Group, _ images: OutputImages,
        _ classes: ClassNames
    ) throws -> [String] {
        let count = results.map { $0.shape.first ?? 0 }.max() ?? 0
        try images.require(count)
        return try (0..<count).flatMap { row in
            let rows = results.compactMap { name, shape, values -> (output: Graph.Output, shape: [Int], values: ArraySlice<Float>)? in
                guard let output = network.graph.outputs.first(where: { $0.name == name }), shape.first == count else { return nil }
                let size = shape.dropFirst().reduce(1, *)
                return (output, Array(shape.dropFirst()), values[row * size..<(row + 1) * size])
            }
            let number = group.images.count == count ? group.images[row] : row
            return try images.write(rows, labels: classes.names, stem: "\(number)")
        }
    }

    private func show(
        _ outputs: [RunOutput], _ paths: [String]?, _ drawn: [String], _ best: [[ClassScore]], _ report: NonFiniteReport,
        _ assignment: PrecisionAssignment?
    ) {
        if json {
            let records = outputs.enumerated().map { Record.Output(name: $1.name, shape: $1.shape, path: paths?[$0]) }
            return Console.printJSON(
                Record(
                    outputs: records, top: best.isEmpty ? nil : best, images: drawn.isEmpty ? nil : drawn, notFinite: report.tensors,
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
        for path in drawn { print("wrote \(path)") }
    }

    private struct Record: Encodable {
        struct Output: Encodable {
            var name: String
            var shape: [Int]
            var path: String?
        }

        var outputs: [Output]
        /// One list an image.
        var top: [[ClassScore]]?
        /// The pictures that were written.
        var images: [String]?
        var notFinite: [NonFiniteReport.Tensor]
        /// The most memory that the process has had resident, in MiB.
        var peakRssMb: Double
        /// What `--precision auto` found.
        var assignment: PrecisionReport.Record?
    }
}
