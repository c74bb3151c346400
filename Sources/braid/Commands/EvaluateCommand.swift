import ArgumentParser
import Compiler
import Interchange
import Recipes
import Runtime
import Training

struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Tells how well a trained network does on the held-out part of data.",
        discussion: """
            EXAMPLES
              braid evaluate graphs/mnist_resnet.braid --weights mnist.safetensors --data mnist:data/mnist
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --out digits --top-losses worst.png
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --json
              braid evaluate graphs/mnist_resnet.braid --weights digits.safetensors --data builtin:digits --precision auto

            Tells the accuracy and the loss; of every class the precision, recall, F1 and number of pictures, with the macro and the weighted mean; the
            confusion matrix; the most confused pairs; and whether probabilities are what they say: predictions in 15 bins by their probability, with
            the share of right ones, and how far the two are apart on average (ECE, Guo et al., arXiv 1706.04599).
            --out draws OUT.confusion.svg and OUT.calibration.svg. --top-losses draws the pictures that the network is most wrong about: look there first
            for wrong labels.

            Of networks whose target is something else than one class a picture it tells the loss and the metric of the training: for several classes
            and pairs of pictures the precision, recall and F1 of each; for numbers the mean absolute and the root mean square error of each; for
            classes of pixels the intersection over union (IoU), precision and recall of each; for pictures the mean absolute error and the peak
            signal-to-noise ratio (PSNR). The loss is then that of the `training of` definition.

            Pictures are resized and cropped as the input's `prepare` says, and normalized as in training: the weights remember how.

            With --precision auto the network is first computed in fp64 on the samples of --calibrate, or the first pictures of the data, and run with every layer in bf16 alone and with
            more of them together, until it is the fastest that keeps --tolerance; that may take a minute or two, and is kept for the next time.
            What is found, layer by layer, and the clauses that fix it in the file go to standard error.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights: \(WeightsNames.formats); a model in ONNX has its own.", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("What --held-out goes by (default: the training's seed).", valueName: "number"))
    var seed: UInt64?

    @Option(help: ArgumentHelp("Pictures a run (default: 64).", valueName: "count"))
    var batch: Int?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var execution: ExecutionOptions

    @Option(
        name: [.short, .customLong("output"), .customLong("out")],
        help: ArgumentHelp(
            "Draws OUT.confusion.svg and OUT.calibration.svg; in a folder they have the network's name.", valueName: "out"))
    var output: String?

    @Option(help: ArgumentHelp("Draws the confusion matrix as a PNG file, a square a cell.", valueName: "path"))
    var confusion: String?

    @Option(
        help: ArgumentHelp(
            "Draws the pictures with the highest loss as a PNG file, each with its class, prediction, loss and the prediction's probability.",
            valueName: "path"))
    var topLosses: String?

    @Option(help: ArgumentHelp("How many pictures --top-losses draws, and --json lists.", valueName: "count"))
    var count = 16

    @OptionGroup var progress: ProgressOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(1...10_000).contains(count) { throw ValidationError("--count must be from 1 to 10000, not \(count)") }
    }

    func run() throws {
        try execution.requireRunnable()
        var network = try network.load()
        try network.requireGraph()
        let isJudgedByLoss = self.isJudgedByLoss(network)
        if isJudgedByLoss { try refuseOptionsOfClassifiers(network) }
        let drawings = try output.map { (given) throws(InterchangeError) in try DrawingFiles(output: given, network: network.name) }
        let files = [drawings?.confusion, drawings?.calibration, confusion, topLosses].compactMap(\.self)
        if !files.isEmpty { StandardOutput.outlivesItsReader() }
        let inputs = network.files + (weights.map(WeightsFile.paths(of:)) ?? [])
        try OutputPath.requireWritable(files, besides: inputs + files.filter(data.isRead))
        let pool = ThreadPool(threads: execution.threadCount)
        guard let file = try names.open(weights, of: network) else { throw ValidationError("give the --weights of '\(network.name)'") }
        let metadata = try WeightsMetadata(file)
        network = try network.preparing(asIn: metadata)
        let options = dataOptions(metadata)
        let batch = try network.batch(batch, usual: 64)
        if isJudgedByLoss { return try judge(network, batch, file, metadata, options, pool) }
        let (scored, scores) = network.scored
        let (compiler, computed, assignment) = try calibrated(scored, batch, file, pool, options)
        let executable = try compiler.executable(computed, batch: batch, pool: pool)
        let classifier = try Classifier(executable, scores: scores)
        var report = NonFiniteReport()
        report.add(.parameter, try Weights.load(file, into: executable, optional: network.trainingParameters))
        let preparation = network.preparation(of: classifier.imageInput)
        let heldOut = try DataReading.open(data, .heldOut, extents: classifier.extents, preparation: preparation, options: options)
        try requireHeldOut(heldOut, options, metadata)
        let normalization = try network.normalization(metadata, channels: classifier.extents.channels, preparation)
        if normalization.isAssumed { WeightsReport.warnOfNormalization(file.path, network.name) }
        var line = ProgressLine(isQuiet: progress.quiet)
        let evaluation = try classifier.evaluate(
            heldOut, normalization: normalization.values, as: network.training?.labelLoss ?? LabelLoss()
        ) { done in
            if !Console.errorIsTerminal { return }
            line.show(
                "evaluated \(Format.grouped(done)) of \(Format.grouped(heldOut.count))", part: Double(done) / Double(max(1, heldOut.count)))
        }
        line.clear()
        for values in evaluation.nonFinite { report.add(values.name == classifier.imageInput ? .input : .output, [values]) }
        report.warn()
        if let drawings {
            let title = "\(network.name) on \(heldOut.name)"
            try evaluation.confusion.drawing(title: title).write(to: drawings.confusion)
            try evaluation.reliability.plot(title: title).write(to: drawings.calibration)
        }
        if let confusion { try evaluation.confusion.picture().writePNG(to: confusion) }
        if let topLosses {
            guard evaluation.count > 0 else {
                throw TrainingError("\(heldOut.name) has no held-out pictures to draw", repair: "leave out --top-losses")
            }
            try evaluation.topLosses(count, of: heldOut).write(to: topLosses)
        }
        if json {
            Console.printJSON(EvaluationRecord(evaluation, heldOut, topLosses: count, files: files, report, assignment))
        } else {
            EvaluationReport(evaluation).show(heldOut.name)
            for path in files { print("wrote \(path)") }
        }
    }

    /// What is read: where the data have no held-out part, what was held out of them in training, unless something else is said.
    private func dataOptions(_ metadata: WeightsMetadata) -> DatasetOptions {
        var options = reading.options(seed: seed ?? metadata.heldOut?.split.seed ?? 0)
        options.classNames = metadata.classNames
        if options.split == nil, !data.hasHeldOutPart { options.split = metadata.heldOut?.split }
        return options
    }

    /// Checks that the pictures are those that the training held out; warns where it may have learned from them.
    func requireHeldOut(_ heldOut: Dataset, _ options: DatasetOptions, _ metadata: WeightsMetadata) throws(TrainingError) {
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
        _ network: Network, _ batch: Int, _ file: WeightsFile, _ pool: ThreadPool, _ options: DatasetOptions
    ) throws -> (compiler: Compiler, network: Network, assignment: PrecisionAssignment?) {
        let own =
            precision.isAuto && precision.calibrate.isEmpty
            ? try Calibration.samples(
                data, for: network, count: precision.count ?? PrecisionOption.pictures, WeightsMetadata(file), options: options)
            : nil
        return try Calibration(precision, weights: file, batch: batch, isQuiet: progress.quiet, isReported: !json)
            .apply(to: network, execution.compiler(precision.chosen), pool, samples: own)
    }

    /// The drawings of one evaluation, named after what `--out` says.
    private struct DrawingFiles {
        var confusion: String
        var calibration: String

        init(output: String, network: String) throws(InterchangeError) {
            let stem = try ResultFiles(output: output, network: network).stem
            confusion = stem + ".confusion.svg"
            calibration = stem + ".calibration.svg"
        }
    }
}
