import Compiler
import Graph
import Language
import Runtime
import Training

/// The programs and data of a training.
struct TrainingParts {
    var definition: ElaboratedNetwork.Training
    var step: TrainingStep
    var preparation: PicturePreparation
    var training: Dataset
    var heldOut: Dataset
    /// What compiled the step, and what it runs on.
    let compiler: Compiler
    let pool: ThreadPool
    /// What looks at layers beside the steps, if anything does.
    let watch: NetworkWatch?

    /// The training of a network; throws where the file has none.
    static func definition(of network: Network) throws(CompilerError) -> ElaboratedNetwork.Training {
        guard let definition = network.training else {
            throw CompilerError(
                "'\(network.name)' has no training",
                help: "add a `training of \(network.name) { target label: i32[N]; loss … }` definition",
                network.sources)
        }
        return definition
    }

    /// Compiles the programs, and opens the data that they take.
    ///
    /// - Parameters:
    ///   - precision: what activations are stored as.
    ///   - memory: the bytes that all of it may take; activations are recomputed where they do not suffice.
    ///   - evaluates: whether held-out pictures are read and evaluated; without them those of the training stand for them.
    ///   - watching: what of the layers is looked at beside the steps, and when; nil for nothing.
    init(
        _ network: Network, batch: Int, data: DatasetSpecification, options: DatasetOptions, execution: ExecutionOptions,
        precision: Precision? = nil, memory: Int? = nil, evaluates: Bool, watching: GradientWatch.Options? = nil
    ) throws {
        definition = try Self.definition(of: network)
        let (pool, compiler) = (ThreadPool(threads: execution.threadCount), try execution.compiler(precision))
        (self.pool, self.compiler) = (pool, compiler)
        let fitted = try memory.map { memory in
            let evaluating = try BatchMemory(execution.compiler(), network, training: false).total(batch)
            let watched = watching == nil ? 0 : try BatchMemory(compiler, network, training: true, watched: true).watching(batch)
            return try compiler.fittedStep(network, batch: batch, within: memory, beside: evaluating + watched)
        }
        if fitted == nil { try BatchMemory(compiler, network, training: true, watched: watching != nil).require(batch) }
        if let text = fitted?.text { Console.error("note: \(text)\n") }
        let inference = try execution.compiler().executable(network, batch: batch, pool: pool)
        let program =
            try fitted.map { try compiler.executable($0, of: network, pool: pool) }
            ?? compiler.executable(network, training: true, batch: batch, pool: pool)
        step = try TrainingStep(
            program, inference: inference, targets: definition.targets, loss: definition.recipe.lossOutput, metric: definition.metric,
            scores: network.scoresOutput, labelLoss: definition.labelLoss, ignoredLabel: definition.ignoredLabel,
            classCounts: definition.classCounts)
        watch = try watching.map { try compiler.watch(network, batch: batch, pool: pool, options: $0) }
        preparation = try network.preparation(of: step.feed.input)
        var options = options
        options.wish = step.feed.wish
        options.ignoredLabel = definition.ignoredLabel
        options.pictureTarget = step.feed.pictureTarget
        let extents = step.feed.dataExtents
        training = try DataReading.open(data, .training, extents: extents, preparation: preparation, options: options)
        heldOut =
            evaluates ? try DataReading.open(data, .heldOut, extents: extents, preparation: preparation, options: options) : training
        guard evaluates, step.needsEvaluators, let evaluation = network.evaluation else { return }
        for size in [batch, heldOut.count % batch] where (1...max(1, heldOut.count)).contains(size) {
            step.evaluators.append(try execution.compiler().executable(evaluation, batch: size, pool: pool))
        }
    }
}
