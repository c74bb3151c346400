import Analysis
import Foundation
import Graph
import Interchange
import Kernels
import Runtime
import Training

/// How long a network takes to run, with random weights (or given ones) and inputs that are the same every time.
public struct Benchmark: Sendable {
    /// One step of a plan, measured.
    public struct Step: Sendable {
        public var kernel: String
        /// The labels and operators of the nodes in it.
        public var summary: String
        /// Seconds of one run, the median over the runs.
        public var seconds: Double
        /// Those of the fastest run: what the step takes when nobody disturbs it, which its rates are of.
        public var fastestSeconds: Double
        public var multiplyAccumulates: Int
        /// The bytes that it reads or writes, each once.
        public var bytes: Int
        public var choice: AlgorithmChoice?
        /// What multiplied and added up its products, of which peak it has a share; nil without a contraction.
        public var unit: ProductUnit?
        /// The least time that the machine's peak allows, and what sets it.
        public var leastSeconds: Double
        public var bound: StepBound

        /// Useful work: 2 operations a multiply-accumulate of the contraction, whatever the algorithm does instead.
        public var gigaflops: Double { 2e-9 * Double(multiplyAccumulates) / max(fastestSeconds, 1e-12) }
        public var gigabytesPerSecond: Double { 1e-9 * Double(bytes) / max(fastestSeconds, 1e-12) }
        /// The least time over the measured one: 1 is the machine's peak. An algorithm with fewer multiplications can exceed it.
        public var shareOfPeak: Double { leastSeconds / max(fastestSeconds, 1e-12) }
    }

    public var network: String
    public var batch: Int
    /// The threads that computed, and the cores that the process may use.
    public var threads: Int
    public var cores: Int
    public var numerics: Numerics
    /// `Compiler.precisionName`.
    public var precision: String
    public var isTraining: Bool
    /// The seconds of every timed run, rising.
    public var seconds: [Double]
    /// From the file's text to an executable with its weights set.
    public var compileSeconds: Double
    /// The first run, which prepares weights and touches memory for the first time.
    public var firstRunSeconds: Double
    /// Bytes that the executable holds.
    public var memoryBytes: Int
    /// The most memory that the process has had when the runs were done.
    public var peakMemoryBytes: Int
    /// Kernels that were compiled, and how many of them the cache had.
    public var kernels: Int
    public var cachedKernels: Int
    /// Multiply-accumulates of convolutions and linear layers for one image, forward.
    public var macs: Int
    /// In the order of the plan, and what the machine can do at most; empty and nil where they were not asked for.
    public var steps: [Step] = []
    public var peak: MachinePeak?
    /// What the lines of the source cost; nil where it was not asked for.
    public var lines: [LineTime]?
    /// What the threads did in one run; nil where it was not asked for.
    public var trace: [StepSpan]?
    /// How far each contraction is off, in the order of the plan; nil where it was not asked for.
    public var errors: [ContractionAccuracy]?

    public var median: Double { seconds.medianOfSorted }
    public var minimum: Double { seconds[0] }
    /// The time that nine of ten runs do not exceed.
    public var ninetieth: Double { seconds[min(seconds.count - 1, (seconds.count * 9 + 9) / 10 - 1)] }

    /// 2 operations a multiply-accumulate; a training step counts three times, for it computes two gradients as well.
    public var gigaflops: Double { Double(macs) * 2 * Double(batch) * (isTraining ? 3 : 1) / median * 1e-9 }
}

extension [Double] {
    /// The middle of rising numbers, of which there is at least one.
    var medianOfSorted: Double { count % 2 == 1 ? self[count / 2] : (self[count / 2 - 1] + self[count / 2]) / 2 }
}

/// What to measure.
public struct BenchmarkOptions: Sendable {
    public var batch: Int
    public var isTraining: Bool
    /// At least so many runs are timed, and at least so many seconds.
    public var runs: Int
    public var seconds: Double
    public var measuresSteps: Bool
    /// Whether the steps' times are told of lines of the source, too.
    public var measuresLines: Bool
    /// Whether it is noted which thread works on which step, and when, in one run more.
    public var tracesThreads: Bool
    /// Whether contractions are compared with fp64, after all that is timed.
    public var measuresErrors: Bool
    /// Measured with these weights; random ones where nil.
    public var weights: WeightsFile?
    /// An array of as many images as the batch has, for the network's first input; seeded random numbers where nil.
    public var input: String?

    public init(
        batch: Int = 1, isTraining: Bool = false, runs: Int = 10, seconds: Double = 2, measuresSteps: Bool = false,
        measuresLines: Bool = false, tracesThreads: Bool = false, measuresErrors: Bool = false, weights: WeightsFile? = nil,
        input: String? = nil
    ) {
        self.batch = batch
        self.isTraining = isTraining
        self.runs = runs
        self.seconds = seconds
        self.measuresSteps = measuresSteps
        self.measuresLines = measuresLines
        self.tracesThreads = tracesThreads
        self.measuresErrors = measuresErrors
        self.weights = weights
        self.input = input
    }
}

extension Compiler {
    /// Measures a network; `load` reads it, which counts as compile time.
    ///
    /// - Throws: `CompilerError`, or what is wrong with the weights or the input that are given.
    public func measure(_ options: BenchmarkOptions, _ load: () throws(CompilerError) -> Network) throws -> Benchmark {
        var (result, network) = try measureTime(options, load)
        // The executable that was timed is gone: this one keeps more in memory.
        if options.measuresErrors { result.errors = try measureErrors(options, of: network) }
        return result
    }

    private func measureTime(
        _ options: BenchmarkOptions, _ load: () throws(CompilerError) -> Network
    ) throws -> (Benchmark, Network) {
        let clock = ContinuousClock()
        let start = clock.now
        let network = try load()
        let executable = try self.executable(
            network, training: options.isTraining, batch: options.batch, pool: ThreadPool(threads: threads))
        let compiled = clock.now
        try fill(executable, options, network)

        let firstRun = clock.measure { executable.run() }
        // Caches, branch predictors and the processor's clock settle.
        let warm = clock.now
        repeat { executable.run() } while (clock.now - warm).seconds < min(0.3, options.seconds / 4)
        executable.measuresSteps = options.measuresSteps
        var times = StepTimes(executable)
        var seconds: [Double] = []
        let begin = clock.now
        while seconds.count < options.runs || (clock.now - begin).seconds < options.seconds {
            seconds.append(clock.measure { executable.run() }.seconds)
            if options.measuresSteps { times.note(executable) }
        }
        let description = try NetworkDescription(network, batch: options.batch)
        var result = Benchmark(
            network: network.name, batch: options.batch, threads: executable.pool.threads, cores: target.cores, numerics: numerics,
            precision: options.isTraining ? (precision ?? .f32).rawValue : precisionName(for: network.graph),
            isTraining: options.isTraining,
            seconds: seconds.sorted(), compileSeconds: (compiled - start).seconds,
            firstRunSeconds: firstRun.seconds, memoryBytes: executable.memoryBytes, peakMemoryBytes: ProcessMemory.peakBytes,
            kernels: executable.program.statistics.unique, cachedKernels: executable.program.statistics.cached, macs: description.macs)
        if options.tracesThreads { result.trace = trace(executable) }
        if options.measuresLines {
            // Where steps are not asked for, what is timed runs without clocks between them.
            if !options.measuresSteps { times = measureSteps(executable, seconds: min(0.5, options.seconds)) }
            result.lines = LineTime.all(of: executable.plan, seconds: times.sorted.map { $0[0] }, in: network.sources)
        }
        guard options.measuresSteps else { return (result, network) }
        let peak = try measurePeak(executable.pool, of: Set(executable.plan.steps.compactMap(\.unit)))
        result.steps = steps(executable, times, peak)
        result.peak = peak
        return (result, network)
    }

    /// The times of the steps in some runs more.
    private func measureSteps(_ executable: Executable, seconds: Double) -> StepTimes {
        let clock = ContinuousClock()
        executable.measuresSteps = true
        var times = StepTimes(executable)
        let begin = clock.now
        var runs = 0
        repeat {
            executable.run()
            times.note(executable)
            runs += 1
        } while runs < 3 || (clock.now - begin).seconds < seconds
        return times
    }

    /// The threads' work in the fastest of some runs, for others take some of the machine at times.
    private func trace(_ executable: Executable) -> [StepSpan] {
        executable.tracesThreads = true
        defer { executable.tracesThreads = false }
        func last(_ spans: [StepSpan]) -> Double { spans.map(\.end).max() ?? 0 }
        let runs = (0..<8).map { _ in
            executable.run()
            return executable.trace
        }
        return runs.min { last($0) < last($1) } ?? []
    }

    /// Gives the executable its weights and inputs.
    func fill(_ executable: Executable, _ options: BenchmarkOptions, _ network: Network) throws {
        try setWeights(of: executable, options.weights, network)
        // So small a learning rate that weights stay what they are, however many steps are timed.
        executable.setSyntheticInputs(learningRate: 1e-6)
        try setInput(of: executable, options, network)
    }

    private func setWeights(of executable: Executable, _ file: WeightsFile?, _ network: Network) throws {
        // What a file of weights may lack in training, an auxiliary head's, is random.
        let file = file ?? network.ownWeights
        if file == nil || !executable.plan.streamsParameters { Weights.initialize(executable, seed: 0) }
        guard let file else { return }
        try Weights.load(file, into: executable, optional: network.trainingParameters)
    }

    private func setInput(of executable: Executable, _ options: BenchmarkOptions, _ network: Network) throws(InterchangeError) {
        guard let path = options.input else { return }
        guard let node = network.graph.nodes.first(where: { $0.inputName != nil }), let name = node.inputName else {
            throw InterchangeError(path, "'\(network.name)' has no input", repair: "leave out --input")
        }
        let input = try NetworkInput(name, node.type, symbol: network.batchSymbol, paths: [path], normalization: nil)
        guard input.batch ?? options.batch == options.batch else {
            throw InterchangeError(
                path, "the array has \(input.batch ?? 0) images, and the batch is \(options.batch)",
                repair: "give --batch \(input.batch ?? 0)")
        }
        input.set(on: executable)
    }

    private func steps(_ executable: Executable, _ times: StepTimes, _ peak: MachinePeak) -> [Benchmark.Step] {
        let plan = executable.plan
        return zip(plan.steps, times.sorted).map { step, seconds in
            let (least, bound) = peak.leastTime(of: step, footprint: executable.memoryBytes, target)
            return Benchmark.Step(
                kernel: plan.kernels[step.kernel].name, summary: step.summary, seconds: seconds.medianOfSorted,
                fastestSeconds: seconds[0], multiplyAccumulates: step.multiplyAccumulates, bytes: step.bytes, choice: step.choice,
                unit: step.unit,
                leastSeconds: least, bound: bound)
        }
    }
}

/// The times of a plan's steps in single runs, of which an executable gives the sums.
struct StepTimes {
    /// More runs tell no more, and networks that take microseconds run very often.
    private static let mostRuns = 4096
    private var samples: [[Double]]
    private var last: [Double]

    init(_ executable: Executable) {
        last = executable.stepSeconds
        samples = last.map { _ in [] }
    }

    /// Leaves the runs since the last call out.
    mutating func skip(_ executable: Executable) { last = executable.stepSeconds }

    mutating func note(_ executable: Executable) {
        guard let first = samples.first, first.count < Self.mostRuns else { return }
        let sums = executable.stepSeconds
        for index in sums.indices { samples[index].append(sums[index] - last[index]) }
        last = sums
    }

    /// The times of each step, rising.
    var sorted: [[Double]] { samples.map { $0.sorted() } }
}
