import ArgumentParser
import Compiler
import Foundation
import Interchange
import Runtime
import Training

/// What a training begins with, for commands that do some of its steps.
struct TrainingSetup: ParsableArguments {
    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("The data: \(DatasetSpecification.forms).", valueName: "data"), transform: parseData)
    var data: DatasetSpecification

    @OptionGroup var reading: DataReading

    @Option(help: ArgumentHelp("Pictures a step (default: the recipe's, else 64).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("What all random numbers derive from (default: the recipe's, else 0).", valueName: "number"))
    var seed: UInt64?

    @OptionGroup var execution: ExecutionOptions

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

    func validate() throws {
        try validateBatch(batch)
        try names.requireWeights(weights)
        if weights == nil, !except.isEmpty { throw ValidationError("--except leaves parameters out of --weights: give both") }
    }

    /// A training at its first step, which saves nothing.
    ///
    /// - Parameter network: what `network` loads.
    func start(_ network: Network) throws -> Trainer {
        let recipe = try TrainingParts.definition(of: network).recipe
        let seed = seed ?? recipe.seed.map { UInt64($0) } ?? 0
        // Nothing is evaluated.
        let parts = try TrainingParts(
            network, batch: network.batch(batch, usual: recipe.batchSize ?? 64), data: data, options: reading.options(seed: seed),
            execution: execution,
            evaluates: false)
        let step = parts.step.executable
        let trainer = try Trainer(
            parts.step, recipe: recipe, training: parts.training, heldOut: parts.heldOut, preparation: parts.preparation,
            options: TrainerOptions(dataName: data.description, epochs: 1, seed: seed))
        try network.initialize(step, seed: seed)
        if let file = try names.open(weights, of: network) {
            if let pattern = except.first(where: { Weights.names(of: step, matching: [$0]).isEmpty }) {
                throw TrainingError(
                    "'\(network.name)' has no parameter --except '\(pattern)'", repair: "see braid describe for their names")
            }
            try Weights.load(file, into: step, optional: network.trainingParameters, except: except)
        }
        return trainer
    }
}
