import Foundation
import Graph
import Interchange
import Kernels
import Runtime
import Training

/// How long a network takes to run, with random weights (or given ones) and inputs that are the same every time.
public struct Benchmark: Sendable {
    /// One step of a plan.
    public struct Step: Sendable {
        public var kernel: String
        /// The labels and operators of the nodes in it.
        public var summary: String
        /// Seconds of one run.
        public var seconds: Double
    }

    public var network: String
    public var batch: Int
    public var threads: Int
    public var isTraining: Bool
    /// The seconds of every timed run, rising.
    public var seconds: [Double]
    /// From the file's text to an executable with its weights set.
    public var compileSeconds: Double
    /// The first run, which prepares weights and touches memory for the first time.
    public var firstRunSeconds: Double
    /// Bytes that the executable holds.
    public var memoryBytes: Int
    /// Kernels that were compiled, and how many of them the cache had.
    public var kernels: Int
    public var cachedKernels: Int
    /// Multiply-accumulates of convolutions and linear layers for one image, forward.
    public var macs: Int
    /// In the order of the plan; empty where they were not asked for.
    public var steps: [Step] = []

    public var median: Double {
        seconds.count % 2 == 1 ? seconds[seconds.count / 2] : (seconds[seconds.count / 2 - 1] + seconds[seconds.count / 2]) / 2
    }
    public var minimum: Double { seconds[0] }
    /// The time that nine of ten runs do not exceed.
    public var ninetieth: Double { seconds[min(seconds.count - 1, (seconds.count * 9 + 9) / 10 - 1)] }

    /// 2 operations a multiply-accumulate; a training step counts three times, for it computes two gradients as well.
    public var gigaflops: Double { Double(macs) * 2 * Double(batch) * (isTraining ? 3 : 1) / median * 1e-9 }
}

/// What to measure.
public struct BenchmarkOptions: Sendable {
    public var batch: Int
    public var isTraining: Bool
    /// At least so many runs are timed, and at least so many seconds.
    public var runs: Int
    public var seconds: Double
    public var measuresSteps: Bool
    /// Measured with these weights; random ones where nil.
    public var weights: String?

    public init(
        batch: Int = 1, isTraining: Bool = false, runs: Int = 10, seconds: Double = 2, measuresSteps: Bool = false, weights: String? = nil
    ) {
        self.batch = batch
        self.isTraining = isTraining
        self.runs = runs
        self.seconds = seconds
        self.measuresSteps = measuresSteps
        self.weights = weights
    }
}

/// Why a network was not measured.
public enum BenchmarkFailure: Error, Sendable {
    case compiler(CompilerError)
    case weights(WeightsFailure)
}

extension Compiler {
    /// Measures a network; `load` reads it, which counts as compile time.
    public func measure(_ options: BenchmarkOptions, _ load: () throws(CompilerError) -> Network) throws(BenchmarkFailure) -> Benchmark {
        let clock = ContinuousClock()
        let start = clock.now
        let network: Network
        let executable: Executable
        do throws(CompilerError) {
            network = try load()
            executable = try self.executable(
                network, training: options.isTraining, batch: options.batch, pool: ThreadPool(threads: threads))
        } catch {
            throw .compiler(error)
        }
        let compiled = clock.now
        do throws(WeightsFailure) { try setWeights(of: executable, options.weights, network) } catch { throw .weights(error) }
        // So small a learning rate that weights stay what they are, however many steps are timed.
        executable.setSyntheticInputs(learningRate: 1e-6)

        let firstRun = clock.measure { executable.run() }
        // Caches, branch predictors and the processor's clock settle.
        let warm = clock.now
        repeat { executable.run() } while (clock.now - warm).seconds < min(0.3, options.seconds / 4)
        executable.measuresSteps = options.measuresSteps
        var seconds: [Double] = []
        let begin = clock.now
        while seconds.count < options.runs || (clock.now - begin).seconds < options.seconds {
            seconds.append(clock.measure { executable.run() }.seconds)
        }
        let description = NetworkDescription(network, batch: options.batch)
        var result = Benchmark(
            network: network.name, batch: options.batch, threads: threads, isTraining: options.isTraining, seconds: seconds.sorted(),
            compileSeconds: (compiled - start).seconds, firstRunSeconds: firstRun.seconds, memoryBytes: executable.memoryBytes,
            kernels: executable.program.statistics.unique, cachedKernels: executable.program.statistics.cached, macs: description.macs)
        if options.measuresSteps {
            result.steps = zip(executable.plan.steps, executable.stepSeconds).map { step, total in
                Benchmark.Step(
                    kernel: executable.plan.kernels[step.kernel].name, summary: step.summary, seconds: total / Double(seconds.count))
            }
        }
        return result
    }

    private func setWeights(of executable: Executable, _ path: String?, _ network: Network) throws(WeightsFailure) {
        // What a file of weights may lack in training, an auxiliary head's, is random.
        if path == nil || !executable.plan.streamsParameters { Weights.initialize(executable, seed: 0) }
        guard let path else { return }
        let file: Safetensors
        do { file = try Safetensors(path: path) } catch { throw .file(error) }
        try Weights.load(file, into: executable, optional: network.trainingParameters)
    }
}
