import ArgumentParser
import Compiler
import Interchange
import Recipes
import Training

struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Trains a network on labelled pictures.",
        discussion: """
            EXAMPLES
              braid train graphs/mnist_resnet.braid --data builtin:digits --epochs 2 -o digits
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist --tensorboard events/mnist
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist --watch gradients --stop-if 'gradient < 1e-8'
              braid train graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist --resume mnist.checkpoint.safetensors
              braid train graphs/resnet.braid:resnet50 -D classes=10 --data folder:photos --weights resnet50.safetensors --except 'fc.*'

            How to train is in the file: the `training of` definition says loss, optimizer, schedule, batch and augmentation.
            Pictures are first resized, cropped and normalized as the input's `prepare` says, then augmented.
            Writes OUT.safetensors (the weights) and OUT.checkpoint.safetensors (to go on from); OUT.history.json (what was trained how, and what it
            measured, for `braid runs`), OUT.curves.svg and OUT.epochs.csv, all three anew after every epoch; and OUT.steps.csv, a row a step.
            --tensorboard DIR adds events for TensorBoard: curves, histograms of the weights, the first pictures as they are augmented. A resumed
            training continues all of them.
            Ctrl-C, SIGTERM and SIGHUP save a checkpoint and end with the status 130, 143 or 129; the second one ends at once.
            The same seed gives the same weights, bit for bit: with any number of threads, and in a run that was cut off and resumed.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("Passes over the data (default: the recipe's, else 1).", valueName: "count"))
    var epochs: Int?

    @Option(
        help: ArgumentHelp("Weights to start from, instead of random ones: \(WeightsNames.formats).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Parameters that begin anew and are not taken from --weights, such as 'fc.*' for other classes; may be given repeatedly.",
            valueName: "pattern"))
    var except: [String] = []

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "Weights that stay as they are, such as 'layer*'; may be given repeatedly. Like `group \"layer*\", rate: 0` in the recipe.",
            valueName: "pattern"))
    var freeze: [String] = []

    @OptionGroup var watching: WatchOptions

    @OptionGroup var settings: TrainingOptions

    func validate() throws {
        try validateEpochs(epochs)
        try names.requireWeights(weights)
        if weights == nil, !except.isEmpty { throw ValidationError("--except leaves parameters out of --weights: give both") }
        if weights != nil, settings.resume != nil {
            throw ValidationError("give either --weights or --resume: a checkpoint has its own weights")
        }
    }

    func run() throws {
        try settings.execution.requireRunnable()
        StandardOutput.outlivesItsReader()
        var network = try network.load()
        try network.requireGraph()
        let files = try ResultFiles(output: settings.output, network: network.name)
        try files.requireWritable(
            watched: watching.request != nil, besides: network.trainingFiles + (weights.map(WeightsFile.paths(of:)) ?? []),
            data: settings.data, resumed: settings.resume)
        if let folder = settings.tensorboard { try OutputPath.requireFolder(folder) }
        let definition = try TrainingParts.definition(of: network)
        let weightNames = definition.graph.nodes.compactMap(\.parameter).filter { $0.role == .weight }.map(\.name)
        for pattern in freeze {
            let group = WeightGroup(pattern, rate: 0)
            guard weightNames.contains(where: group.pattern.matches) else {
                throw TrainingError("'\(network.name)' has no weight --freeze '\(pattern)'", repair: "see braid describe for their names")
            }
            network.training?.recipe.groups.append(group)
        }
        // What cannot be read is told before anything is compiled.
        let file = try settings.resume == nil || weights != nil ? names.open(weights, of: network) : nil
        let session = try TrainingSession(
            network, from: self.network, settings, epochs: epochs, weights: weights, files: files, eventFolder: settings.tensorboard,
            watching: watching.request)
        if let path = settings.resume { try session.resume(path) } else { try session.initialize() }
        if let file {
            let program = session.step.executable
            let left = Weights.names(of: program, matching: except)
            if let pattern = except.first(where: { Weights.names(of: program, matching: [$0]).isEmpty }) {
                throw TrainingError(
                    "'\(network.name)' has no parameter --except '\(pattern)'", repair: "see braid describe for their names")
            }
            try Weights.load(file, into: program, optional: network.trainingParameters, except: except)
            if !left.isEmpty { Console.error("note: not from \(file.path), but as at the start: \(left.joined(separator: ", "))\n") }
        }
        let record = try session.run(isInterrupted: Interruption.watch())
        if settings.json { Console.printJSON(record) }
    }
}
