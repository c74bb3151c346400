import Graph
import Recipes
import Runtime
import Training

/// Steps of training on one fixed batch: a network with its training is sound only if it learns a batch by heart.
public struct Overfit: Sendable {
    public var network: String
    public var batch: Int
    public var learningRate: Double
    /// The rates that were tried before, at which the loss did not fall.
    public var failedRates: [Double] = []
    /// The loss before each step.
    public var losses: [Double]
    /// Parameters and optimizer states that hold a value that is no number after the last step.
    public var damaged: [String]

    /// Whether every loss and everything that the steps updated is a finite number; a gradient that is none would have spoiled its weight.
    public var isFinite: Bool { losses.allSatisfy(\.isFinite) && damaged.isEmpty }

    /// Whether the mean loss of the last quarter of the steps is below that of the first quarter; momentum makes single steps uneven.
    public var falls: Bool {
        let quarter = max(1, losses.count / 4)
        let (first, last) = (losses.prefix(quarter), losses.suffix(quarter))
        return last.reduce(0, +) / Double(last.count) < first.reduce(0, +) / Double(first.count)
    }
}

/// How to overfit.
public struct OverfitOptions: Sendable {
    public var batch: Int
    public var steps: Int
    /// Where nil, the recipe's highest rate, scaled from its batch to this one (Goyal et al., arXiv 1706.02677); then a tenth and a
    /// hundredth of it, if the loss does not fall.
    public var learningRate: Double?
    public var seed: UInt64

    public init(batch: Int = 2, steps: Int = 20, learningRate: Double? = nil, seed: UInt64 = 0) {
        self.batch = batch
        self.steps = steps
        self.learningRate = learningRate
        self.seed = seed
    }
}

extension Compiler {
    /// Trains a network from random weights on one batch of seeded random pictures and labels.
    ///
    /// What a dropout drops stays the same, too: the steps minimize one function.
    ///
    /// - Parameter report: called after each step with the rate, its number, from 1, and its loss.
    public func overfit(
        _ network: Network, _ options: OverfitOptions, report: (_ rate: Double, _ step: Int, _ loss: Double) -> Void = { _, _, _ in }
    ) throws(CompilerError) -> Overfit {
        let executable = try executable(network, training: true, batch: options.batch, pool: ThreadPool(threads: threads))
        guard let recipe = network.training?.recipe else {
            throw CompilerError("'\(network.name)' was read from a later stage; its recipe is not in it", help: "give the .braid file")
        }
        let scale = Double(options.batch) / Double(recipe.batchSize ?? options.batch)
        let highest = recipe.schedule.peak * min(1, scale)
        var rates = options.learningRate.map { [$0] } ?? [highest, highest / 10, highest / 100]
        var failed: [Double] = []
        while true {
            let rate = rates.removeFirst()
            var result = try run(network, executable, recipe, options, rate: rate) { report(rate, $0, $1) }
            result.failedRates = failed
            if !result.isFinite || result.falls || rates.isEmpty { return result }
            failed.append(rate)
        }
    }

    private func run(
        _ network: Network, _ executable: Executable, _ recipe: TrainingRecipe, _ options: OverfitOptions, rate: Double,
        report: (Int, Double) -> Void
    ) throws(CompilerError) -> Overfit {
        try network.initialize(executable, seed: options.seed)
        executable.setSyntheticInputs(learningRate: Float(rate), seed: options.seed)
        var result = Overfit(network: executable.plan.name, batch: options.batch, learningRate: rate, losses: [], damaged: [])
        for step in 1...options.steps {
            executable.run()
            let loss = unfailing { () throws(RuntimeError) in Double(try executable.output(recipe.lossOutput, as: Float.self)[0]) }
            result.losses.append(loss)
            report(step, loss)
            if !loss.isFinite { break }
        }
        result.damaged = executable.plan.parameters.map(\.parameter.name).filter { name in
            unfailing { () throws(RuntimeError) in try executable.parameter(name, as: Float.self) }.contains { !$0.isFinite }
        }
        return result
    }
}
