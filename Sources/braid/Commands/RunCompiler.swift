import Compiler
import Interchange
import Runtime
import Training

/// Makes networks ready to run with what a command says: compiled for a batch, with its weights, or random ones.
struct RunCompiler {
    let execution: ExecutionOptions
    let precision: PrecisionOption
    /// The weights; nil for random ones, seed 0.
    let weights: WeightsFile?
    let pool: ThreadPool
    /// Whether what `--precision auto` found is told of on standard error.
    let isReported: Bool
    /// What `--precision auto` found first.
    private(set) var assignment: PrecisionAssignment?

    init(_ execution: ExecutionOptions, _ precision: PrecisionOption, weights: WeightsFile?, isReported: Bool) {
        (self.execution, self.precision, self.weights, self.isReported) = (execution, precision, weights, isReported)
        pool = ThreadPool(threads: execution.threadCount)
    }

    /// A network that is ready to run, and the parameters that hold values that are not finite.
    mutating func executable(_ network: Network, batch: Int) throws -> (executable: Executable, nonFinite: [NonFiniteValues]) {
        let (compiler, computed, found) = try Calibration(precision, weights: weights, batch: batch, isReported: isReported)
            .apply(to: network, execution.compiler(precision.chosen), pool)
        assignment = assignment ?? found
        let executable = try compiler.executable(computed, batch: batch, pool: pool)
        guard let weights else {
            Weights.initialize(executable, seed: 0)
            return (executable, [])
        }
        return (executable, try Weights.load(weights, into: executable, optional: network.trainingParameters))
    }
}
