import ArgumentParser
import Compiler
import Foundation
import Interchange
import LoopNest
import Machine
import Runtime

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measures how long a network takes to run, or to do one training step.",
        discussion: """
            EXAMPLES
              braid bench graphs/mnist_resnet.braid --batch 64
              braid bench graphs/mnist_resnet.braid --batch 64 --threads 1 --train --per-kernel
              braid bench graphs/resnet.braid --network resnet50 --json
              braid bench graphs/vgg.braid:vgg16 --per-kernel --save before.json
              braid bench graphs/vgg.braid:vgg16 --per-kernel --compare before.json
              braid bench graphs/resnet.braid:resnet50 --weights resnet50.safetensors --input images.npy --errors
              braid bench graphs/resnet.braid:resnet50 --precision auto --calibrate images.npy --weights resnet50.safetensors

            Weights and inputs are random with a fixed seed, unless given. GFLOP/s count 2 operations for every multiply-accumulate of convolutions
            and linear layers, and 6 in training.

            With --per-kernel the machine's peak is measured too: multiply-adds of registers (FMA), dot products of pairs of bf16 where
            the network uses them (dot), and reads from each level of memory. A kernel's share of it is the least time that its
            multiply-accumulates on their unit or its bytes take at that peak (the longer of the two: FMA, dot, L2, L3 or memory says
            which) over the time that it took. An algorithm with fewer multiplications, such as
            Winograd's, can exceed 100 %. An algorithm is "tuned" where `braid tune` measured a better one, or a better way to cut its
            work, than the cost model predicts; --untuned shows what that gains. With one thread the last line says how many predictions
            were good.

            With --errors some hundred elements of what every convolution and linear layer leaves, with all that is fused with it, are
            compared with the same elements computed in fp64 from the operands that the kernel read: root mean square error over the
            root mean square of the result, largest error over the largest element. Beside them stands the error that is stated: of the
            algorithm and, with --precision bf16, of rounding the result when it is stored.

            With --simulate-threads nothing is run: the network is planned for machines with other numbers of cores, and what the cost
            model says of the thread with the most work in each step, what its bytes take at an assumed bandwidth, and barriers between
            the steps make up the time.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("Images a run (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Measures a training step: forward, backward, update.")
    var train = false

    @Option(help: ArgumentHelp("The least number of timed runs.", valueName: "count"))
    var runs = 10

    @Option(help: ArgumentHelp("The least time that the timed runs take in all.", valueName: "seconds"))
    var seconds = 2.0

    @Option(help: ArgumentHelp("Weights to measure with: \(WeightsNames.formats) (default: random ones).", valueName: "path"))
    var weights: String?

    @OptionGroup var names: WeightsNames

    @Option(help: ArgumentHelp("A .npy file of as many images as the batch has (default: random numbers).", valueName: "path"))
    var input: String?

    @Flag(
        name: .customLong("per-kernel"),
        help: "Lists the kernels by the time that they take, with their rates, their algorithms and what bounds them.")
    var perKernel = false

    @Flag(help: "Lists how far the results of convolutions and linear layers are off, compared with fp64.")
    var errors = false

    @Option(
        help: ArgumentHelp(
            "Measures nothing, but prints what the cost model says of machines with these numbers of cores, such as 1,2,4,8,16.",
            valueName: "counts"),
        transform: BenchCommand.coreCounts)
    var simulateThreads: [Int]?

    @Option(
        help: ArgumentHelp("Writes the result as JSON, for --compare, and for editors, which show what each line takes.", valueName: "file")
    )
    var save: String?

    @Option(help: ArgumentHelp("Prints an earlier result, written with --save, beside this one.", valueName: "file"))
    var compare: String?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    /// Reads `--simulate-threads`.
    private static func coreCounts(_ text: String) throws -> [Int] {
        let counts = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
        guard counts.allSatisfy({ (1...1024).contains($0 ?? 0) }), counts.count <= 64 else {
            throw ValidationError("--simulate-threads takes numbers from 1 to 1024 with commas between, such as 1,2,4, not '\(text)'")
        }
        return counts.compactMap(\.self)
    }

    func validate() throws {
        if simulateThreads != nil && (train || perKernel || errors || save != nil || compare != nil) {
            throw ValidationError("--simulate-threads measures nothing: leave out --train, --per-kernel, --errors, --save and --compare")
        }
        if simulateThreads != nil, precision.isAuto {
            throw ValidationError("--simulate-threads runs nothing: put the clauses that --precision auto prints into the file")
        }
        try precision.requireSamples()
        try names.requireWeights(weights)
        try validateBatch(batch)
        try precision.validate(training: train, flag: "--train")
        if !(1...1_000_000).contains(runs) { throw ValidationError("--runs must be from 1 to 1000000, not \(runs)") }
        if !(0...3600).contains(seconds) { throw ValidationError("--seconds must be from 0 to 3600, not \(seconds)") }
    }

    func run() throws {
        if let simulateThreads {
            let network = try network.load()
            let study = try execution.planner(precision.chosen).studyThreads(
                network, batch: network.batch(batch, usual: 1), cores: simulateThreads)
            if json { Console.printJSON(study) } else { ThreadReport(study).show() }
            return
        }
        try execution.requireRunnable()
        // What cannot be read or written is told before anything is measured.
        if let save {
            StandardOutput.outlivesItsReader()
            // By its own files, since the file may be named with the network that it picks.
            let inputs = try network.load().files + (weights.map(WeightsFile.paths(of:)) ?? []) + (input.map { [$0] } ?? [])
            try OutputPath.requireWritable(save, besides: inputs)
        }
        let earlier = try compare.map { path throws(InterchangeError) in try BenchmarkRecord(reading: path) }
        let file = try names.open(weights)
        let batch = try network.load().batch(batch, usual: 1)
        let options = BenchmarkOptions(
            batch: batch, isTraining: train, runs: runs, seconds: seconds, measuresSteps: perKernel, measuresLines: save != nil,
            measuresErrors: errors,
            weights: file, input: input)
        var compiler = try execution.compiler(precision.chosen)
        let found = try calibrated(compiler, file, batch)
        if let found { compiler = compiler.applying(found.assignment, to: found.network).0 }
        let result = try compiler.measure(options) { () throws(CompilerError) in
            let network = try network.load()
            return found.map { compiler.applying($0.assignment, to: network).1 } ?? network
        }
        let record = BenchmarkRecord(result, target: execution.target)
        let comparison = earlier.map { BenchmarkComparison(earlier: $0, now: record) }
        if json {
            Console.printJSON(
                Output(record: record, comparison: comparison, assignment: found.map { PrecisionReport.Record($0.assignment) }))
        } else {
            BenchReport(result, record).show()
            if let errors = result.errors { ErrorReport(errors, result.numerics).show() }
            if let comparison, let compare { ComparisonReport(comparison, path: compare).show() }
        }
        try save.map { path throws(InterchangeError) in try record.write(to: path) }
    }

    /// What `--precision auto` finds for the network.
    private func calibrated(
        _ compiler: Compiler, _ file: WeightsFile?, _ batch: Int
    ) throws -> (assignment: PrecisionAssignment, network: Network)? {
        guard precision.isAuto else { return nil }
        let network = try network.load()
        let pool = ThreadPool(threads: execution.threadCount)
        let assignment = try Calibration(precision, weights: file, batch: batch, isReported: !json).find(for: network, compiler, pool)
        return assignment.map { ($0, network) }
    }

    /// The record with the comparison, and what was found of the precision, as further keys.
    private struct Output: Encodable {
        var record: BenchmarkRecord
        var comparison: BenchmarkComparison?
        var assignment: PrecisionReport.Record?

        private enum Key: CodingKey { case comparison, assignment }

        func encode(to encoder: any Encoder) throws {
            try record.encode(to: encoder)
            var container = encoder.container(keyedBy: Key.self)
            try container.encodeIfPresent(comparison, forKey: .comparison)
            try container.encodeIfPresent(assignment, forKey: .assignment)
        }
    }
}
