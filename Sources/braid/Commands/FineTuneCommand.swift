import ArgumentParser
import Compiler
import Foundation
import Graph
import Interchange
import Language
import Recipes
import Training

struct FineTuneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fine-tune",
        abstract: "Tunes trained weights for other data: the head first, then all layers, the earlier ones at lower rates.",
        discussion: """
            EXAMPLES
              braid fine-tune graphs/resnet.braid:resnet50 --weights resnet50.safetensors --data folder:photos --epochs 3 -o photos
              braid fine-tune graphs/mnist_resnet.braid --weights fashion.safetensors --data mnist:data/mnist --head 'fc.*' -o mnist
              braid fine-tune graphs/mnist_resnet.braid --weights fashion.safetensors --data mnist:data/mnist --rate 5e-3 --frozen-epochs 2
              braid fine-tune graphs/resnet.braid:resnet50 --weights resnet50.safetensors --data folder:photos -o photos \\
                --resume photos.checkpoint.safetensors

            As fast.ai's fine_tune: first the head alone is trained, with all weights before it frozen, for --frozen-epochs at a rate that rises
            to --rate; then all weights for --epochs in one cycle up to half of it, the first layers at a part of the head's rate (--rate-ratio) and
            those between at rates that grow evenly from one first part of the labels to the next. Optimizer, loss, groups, augmentation and
            all else are those of the `training of` definition; its schedule is not used.
            The head begins anew: what --head names, or else the layers whose shape in the file differs, as for another number of classes, or
            else the last layer, where the file's classes are called otherwise. A parameter `classes` of the network that -D does not give is
            as many as the data have.
            Writes the files of `braid train` for both parts: OUT.frozen.safetensors and its like for the first, OUT.safetensors for the second.
            --resume takes the checkpoint of either part, beside the options that it was made with.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The weights to tune: \(WeightsNames.formats).", valueName: "path"))
    var weights: String

    @OptionGroup var names: WeightsNames

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "The head, which begins anew, such as 'fc.*' (default: layers that do not fit the file, else the last); may be given repeatedly.",
            valueName: "pattern"))
    var head: [String] = []

    @Option(help: ArgumentHelp("Passes over the data for the head alone; 0 for none.", valueName: "count"))
    var frozenEpochs = 1

    @Option(help: ArgumentHelp("Passes over the data for all weights (default: the recipe's, else 1).", valueName: "count"))
    var epochs: Int?

    @Option(help: ArgumentHelp("The highest rate of the head (default: the recipe's highest).", valueName: "rate"))
    var rate: Double?

    @Option(
        help: ArgumentHelp(
            "How many times lower than the head's the rate of the first layers is; 1 for one rate of all (default: 100; 3 with sgd).",
            valueName: "ratio"))
    var rateRatio: Double?

    @OptionGroup var settings: TrainingOptions

    func validate() throws {
        try validateEpochs(epochs)
        if !(0...100_000).contains(frozenEpochs) {
            throw ValidationError("--frozen-epochs must be from 0 to 100000, not \(frozenEpochs)")
        }
        if let rate, !(rate > 0 && rate <= 1e6) { throw ValidationError("--rate must be above 0 and up to 1e6, not \(rate)") }
        if let rateRatio, !(1...1e4).contains(rateRatio) {
            throw ValidationError("--rate-ratio must be from 1 to 10000, not \(rateRatio)")
        }
    }

    func run() throws {
        try settings.execution.requireRunnable()
        StandardOutput.outlivesItsReader()
        let file = try names.open(weights)
        let (source, classNames) = try sourceWithClasses()
        let network = try source.load()
        try network.requireGraph()
        let files = try ResultFiles(output: settings.output, network: network.name)
        let frozenFiles = files.with(suffix: ".frozen")
        for files in frozenEpochs > 0 ? [frozenFiles, files] : [files] {
            try files.requireWritable(besides: network.trainingFiles + file.paths, data: settings.data, resumed: settings.resume)
        }
        let frozenEvents = settings.tensorboard.map { ($0 as NSString).standardizingPath + ".frozen" }
        for folder in [settings.tensorboard, frozenEpochs > 0 ? frozenEvents : nil] {
            if let folder { try OutputPath.requireFolder(folder) }
        }
        let definition = try TrainingParts.definition(of: network)
        let known = try WeightsMetadata(file).classNames ?? classNames
        let tuning = try FineTuning(
            network.graph, training: definition.graph, file: file, patterns: head,
            hasOtherClasses: !known.isEmpty && !classNames.isEmpty && known != classNames)
        // What suits an optimizer differs by a hundred between them; the recipe's author has chosen one.
        let rate = self.rate ?? definition.recipe.schedule.peak
        var (frozen, unfrozen) = (network, network)
        frozen.training?.recipe = tuning.frozenRecipe(definition.recipe, rate: rate)
        unfrozen.training?.recipe = tuning.unfrozenRecipe(
            definition.recipe, rate: rate, ratio: rateRatio ?? FineTuning.usualRatio(of: definition.recipe.optimizer))
        let phase = try resumedPhase(frozen, unfrozen)

        let isInterrupted = Interruption.watch()
        let report = FineTuneReport(isQuiet: settings.json || settings.progress.quiet, phases: frozenEpochs > 0 ? 2 : 1)
        report.begin(
            tuning, network: network.name, weights: weights, classes: classNames.count,
            isCounted: source.choice.definitions.count > self.network.choice.definitions.count)
        var first: (session: TrainingSession, record: TrainRecord)?
        if frozenEpochs > 0, phase != .unfrozen {
            report.beginFrozen(tuning)
            let session = try TrainingSession(
                frozen, from: source, settings, epochs: frozenEpochs, weights: weights, files: frozenFiles, eventFolder: frozenEvents)
            if phase == .frozen, let path = settings.resume {
                try session.resume(path)
            } else {
                try session.initialize()
                try load(file, tuning, into: session)
            }
            first = (session, try session.run(isInterrupted: isInterrupted))
        }
        report.beginUnfrozen()
        let session = try TrainingSession(
            unfrozen, from: source, settings, epochs: epochs, weights: first?.session.files.weights ?? weights, files: files,
            eventFolder: settings.tensorboard)
        if phase == .unfrozen, let path = settings.resume {
            try session.resume(path)
        } else {
            try session.initialize()
            if let first { try session.takeOver(first.session) } else { try load(file, tuning, into: session) }
        }
        // The first part's programs and state need no memory any more.
        let frozenRecord = first?.record
        first = nil
        let record = try session.run(isInterrupted: isInterrupted)
        if settings.json {
            Console.printJSON(
                FineTuneRecord(
                    classes: classNames.count, anew: tuning.anew, head: tuning.head, body: tuning.body, rate: rate, frozen: frozenRecord,
                    unfrozen: record))
        }
    }

    /// The network with as many classes as the data have, where it has a parameter for that which is not given, and what they are called; none
    /// where the target is no class, but numbers or a picture.
    private func sourceWithClasses() throws -> (source: NetworkOptions, classNames: [String]) {
        var source = network
        // What cannot be elaborated without the number of classes tells some apart.
        let network = try? source.choice.network(of: source.file)
        let target = network?.training.flatMap(Self.target)
        // Pairs and triplets are of the same class or not, whatever the classes are.
        if let tuple = network?.pictureTuple, tuple != .single { return (source, []) }
        if let target, ![.classes, .labelMaps].contains(target.wish) { return (source, []) }
        var options = settings.reading.options(seed: 0)
        options.wish = target?.wish ?? .classes
        options.ignoredLabel = network?.training?.ignoredLabel
        let names = try settings.data.classNames(options: options)
        if !names.isEmpty, !source.choice.definitions.contains(where: { $0.name == "classes" }), try source.takes("classes") {
            source.choice.definitions.append(try ParameterDefinition("classes=\(names.count)"))
        }
        return (source, names)
    }

    /// What the first target of a training is; nil where nothing is known to feed it with.
    private static func target(of training: ElaboratedNetwork.Training) -> TrainingTarget? {
        guard let name = training.targets.first, let input = training.graph.nodes.first(where: { $0.inputName == name }) else { return nil }
        let pictures = training.graph.nodes.first { node in
            node.inputName.map { !training.targets.contains($0) } == true && node.type.rank == 4
        }
        // The kind does not depend on heights and widths.
        let extents = input.type.shape.dimensions.map { $0.value ?? 1 }
        return try? TrainingTarget(
            name, input.type.element == .i32 ? .i32 : .f32, extents, channels: pictures?.type.shape[1].value ?? 1,
            isOfClasses: training.classCounts[name] != nil)
    }

    private func load(_ file: WeightsFile, _ tuning: FineTuning, into session: TrainingSession) throws {
        try Weights.load(
            file, into: session.step.executable, optional: session.network.trainingParameters, except: tuning.anewPatterns)
    }

    private enum Phase { case frozen, unfrozen }

    /// The part that the checkpoint of --resume is of; nil without one.
    private func resumedPhase(_ frozen: Network, _ unfrozen: Network) throws -> Phase? {
        guard let path = settings.resume else { return nil }
        let recipe = try Checkpoint(try Safetensors(path: path)).identity.recipe
        let isOf = { (network: Network) in network.training.map { recipe.hasPrefix($0.recipe.fingerprint) } ?? false }
        if isOf(unfrozen) { return .unfrozen }
        if frozenEpochs > 0, isOf(frozen) { return .frozen }
        throw TrainingError(
            "\(path) is of neither part of this tuning: it was made with the recipe (\(recipe))",
            repair: "give the file, --weights, --head and --rate that it was made with, or start anew without --resume")
    }
}
