import Graph
import Kernels
import Runtime
import Training

/// Steps of training on one fixed batch: a network with its training is sound only if it learns a batch by heart.
public struct Overfit: Sendable {
    public var network: String
    public var batch: Int
    public var learningRate: Double
    /// The loss before each step.
    public var losses: [Double]
    /// Parameters and optimizer states that hold a value that is no number after the last step.
    public var damaged: [String]

    /// Whether every loss and everything that the steps updated is a finite number; a gradient that is none would have spoiled its weight.
    public var isFinite: Bool { losses.allSatisfy(\.isFinite) && damaged.isEmpty }

    /// Whether the mean loss of the last quarter of the steps is below that of the first quarter; dropout makes single steps uneven.
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
    /// The recipe's highest rate, scaled from its batch to this one, where nil (Goyal et al., arXiv 1706.02677).
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
    /// - Parameter report: called before each step's update with its number, from 1, and its loss.
    public func overfit(
        _ network: Network, _ options: OverfitOptions, report: (_ step: Int, _ loss: Double) -> Void = { _, _ in }
    ) throws(CompilerError) -> Overfit {
        let executable = try executable(network, training: true, batch: options.batch, pool: ThreadPool(threads: threads))
        guard let recipe = network.training?.recipe else {
            throw CompilerError("'\(network.name)' was read from a later stage; its recipe is not in it", help: "give the .braid file")
        }
        let scale = Double(options.batch) / Double(recipe.batchSize ?? options.batch)
        let rate = options.learningRate ?? recipe.schedule.peak * min(1, scale)
        Weights.initialize(executable, seed: options.seed)
        executable.setSyntheticInputs(learningRate: Float(rate), seed: options.seed)
        var result = Overfit(network: network.name, batch: options.batch, learningRate: rate, losses: [], damaged: [])
        for step in 1...options.steps {
            if executable.plan.inputs.contains(where: { $0.name == "seed" }) {
                known { () throws(RuntimeError) in try executable.setInput("seed", to: [Float(step)]) }
            }
            executable.run()
            let loss = known { () throws(RuntimeError) in Double(try executable.output(recipe.lossOutput, as: Float.self)[0]) }
            result.losses.append(loss)
            report(step, loss)
            if !loss.isFinite { break }
        }
        result.damaged = executable.plan.parameters.map(\.parameter.name).filter { name in
            known { () throws(RuntimeError) in try executable.parameter(name, as: Float.self) }.contains { !$0.isFinite }
        }
        return result
    }
}
