import ArgumentParser
import Compiler
import Interchange
import Runtime
import Training

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Tells how well a trained network does on the held-out part of data.",
        discussion: """
            EXAMPLES
              braid evaluate graphs/mnist_resnet.braid --weights mnist.safetensors --data mnist:data/mnist
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --confusion confusion.png
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --json
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --precision auto

            Pictures are resized and cropped as the input's `prepare` says, and normalized as in training: the weights remember how.

            With --precision auto the network is first computed in fp64 on the samples of --calibrate, or the first pictures of the data, and run with every layer in bf16 alone and with
            more of them together, until it is the fastest that keeps --tolerance; that may take a minute or two, and is kept for the next time.
            What is found, layer by layer, and the clauses that fix it in the file go to standard error.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights: a safetensors file.", valueName: "path"))
    var weights: String

    @Option(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("What --held-out goes by (default: the training's seed).", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Pictures a run.", valueName: "count"))
    var batch = 64

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var execution: ExecutionOptions

    @Option(help: ArgumentHelp("Draws the confusion matrix as a PNG file.", valueName: "path"))
    var confusion: String?

    @OptionGroup var progress: ProgressOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws { try validateBatch(batch) }

    func run() throws {
        try execution.requireRunnable()
        if let confusion {
            StandardOutput.outlivesItsReader()
            try OutputPath.requireWritable(confusion)
        }
        let network = try network.load()
        try network.requireGraph()
        let pool = ThreadPool(threads: execution.threadCount)
        let file = try Safetensors(path: weights)
        let metadata = try WeightsMetadata(file)
        let options = dataOptions(metadata)
        let (compiler, computed, assignment) = try calibrated(network, file, pool, options)
        let executable = try compiler.executable(computed, batch: batch, pool: pool)
        let classifier = try Classifier(executable)
        var report = NonFiniteReport()
        report.add(.parameter, try Weights.load(file, into: executable, optional: network.trainingParameters))
        let preparation = network.preparation(of: classifier.imageInput)
        let heldOut = try DataReading.open(data, .heldOut, extents: classifier.extents, preparation: preparation, options: options)
        try requireHeldOut(heldOut, options, metadata)
        let normalization = try network.normalization(metadata, channels: classifier.extents.channels, preparation)
        if normalization.isAssumed { WeightsReport.warnOfNormalization(weights, network.name) }
        var line = ProgressLine(isQuiet: progress.quiet)
        let evaluation = try classifier.evaluate(heldOut, normalization: normalization.values) { done in
            if !Console.errorIsTerminal { return }
            line.show(
                "evaluated \(Format.grouped(done)) of \(Format.grouped(heldOut.count))", part: Double(done) / Double(max(1, heldOut.count)))
        }
        line.clear()
        for values in evaluation.nonFinite { report.add(values.name == classifier.imageInput ? .input : .output, [values]) }
        report.warn()
        if let confusion { try evaluation.confusion.picture().writePNG(to: confusion) }
        if json { Console.printJSON(Record(evaluation, heldOut, report, assignment)) } else { show(evaluation, heldOut) }
    }

    /// What is read: where the data have no held-out part, what was held out of them in training, unless something else is said.
    private func dataOptions(_ metadata: WeightsMetadata) -> DatasetOptions {
        var options = reading.options(seed: seed ?? metadata.heldOut?.split.seed ?? 0)
        options.classNames = metadata.classNames
        if options.split == nil, !data.hasHeldOutPart { options.split = metadata.heldOut?.split }
        return options
    }

    /// Checks that the pictures are those that the training held out; warns where it may have learned from them.
    private func requireHeldOut(_ heldOut: Dataset, _ options: DatasetOptions, _ metadata: WeightsMetadata) throws(TrainingError) {
        guard let split = options.split, let trained = metadata.heldOut else { return }
        if split != trained.split {
            WeightsReport.warn(
                "the training held out a share of \(trained.split.share) with the seed \(trained.split.seed): it may have learned from these pictures",
                help: "leave out --held-out and --seed")
        } else if heldOut.allCount != trained.count {
            throw TrainingError(
                "the training held out \(trained.count) pictures, but of \(heldOut.name) that share is \(heldOut.allCount): these are other data",
                repair: "name the data of the training, or data with a held-out part")
        }
    }

    /// The network in the precision that was asked for, found on the first pictures of the data where no others are named.
    private func calibrated(
        _ network: Network, _ file: Safetensors, _ pool: ThreadPool, _ options: DatasetOptions
    ) throws -> (compiler: Compiler, network: Network, assignment: PrecisionAssignment?) {
        let own =
            precision.isAuto && precision.calibrate.isEmpty
            ? try Calibration.samples(
                data, for: network, count: precision.count ?? PrecisionOption.pictures, WeightsMetadata(file), options: options)
            : nil
        return try Calibration(precision, weights: file, batch: batch, isQuiet: progress.quiet, isReported: !json)
            .apply(to: network, execution.compiler(precision.chosen), pool, samples: own)
    }

    private func show(_ evaluation: Evaluation, _ heldOut: Dataset) {
        let matrix = evaluation.confusion
        print("\(heldOut.name): \(Format.grouped(evaluation.count)) held-out pictures")
        print(
            Console.green("  accuracy \(Format.percent(evaluation.accuracy))") + " (\(Format.grouped(matrix.correct)) right, "
                + "\(Format.grouped(matrix.total - matrix.correct)) wrong), top-5 \(Format.percent(evaluation.topFive)), "
                + "loss \(Format.fixed(evaluation.loss, 4)), \(Format.duration(evaluation.seconds))\n")
        if matrix.classNames.count <= 20 {
            print("confusion matrix: the true class is the row, the predicted one the column")
            print(Self.table(matrix).text)
        }
        let mistakes = matrix.mistakes(5).map { "\(matrix.classNames[$0.label]) taken for \(matrix.classNames[$0.predicted]): \($0.count)" }
        if !mistakes.isEmpty { print("most frequent mistakes: \(mistakes.joined(separator: "; "))") }
        if let confusion { print("wrote \(confusion)") }
    }

    private static func table(_ matrix: ConfusionMatrix) -> Table {
        var table = Table(header: [""] + matrix.classNames + ["precision", "recall"], alignment: .right)
        for (index, name) in matrix.classNames.enumerated() {
            let counts = matrix.rows[index].map { $0 == 0 ? "·" : "\($0)" }
            let shares = [matrix.precision(index), matrix.recall(index)].map { $0.map { Format.percent($0, 1) } ?? "–" }
            table.add([name] + counts + shares)
        }
        return table
    }

    private struct Record: Encodable {
        struct Class: Encodable {
            var name: String
            var precision: Double?
            var recall: Double?
        }

        var accuracy: Double
        var correct: Int
        var count: Int
        var loss: Double
        var topFive: Double
        var seconds: Double
        var data: String
        var synthetic: Bool
        var classes: [Class]
        var confusion: [[Int]]
        var notFinite: [NonFiniteReport.Tensor]
        /// What `--precision auto` found.
        var assignment: PrecisionReport.Record?

        init(_ evaluation: Evaluation, _ heldOut: Dataset, _ report: NonFiniteReport, _ assignment: PrecisionAssignment?) {
            self.assignment = assignment.map(PrecisionReport.Record.init)
            let matrix = evaluation.confusion
            accuracy = evaluation.accuracy
            correct = matrix.correct
            count = evaluation.count
            loss = evaluation.loss
            topFive = evaluation.topFive
            seconds = evaluation.seconds
            data = heldOut.name
            synthetic = heldOut.isSynthetic
            classes = matrix.classNames.indices.map {
                Class(name: matrix.classNames[$0], precision: matrix.precision($0), recall: matrix.recall($0))
            }
            confusion = matrix.rows
            notFinite = report.tensors
        }
    }
}
