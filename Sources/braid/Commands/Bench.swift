import ArgumentParser
import Compiler
import Foundation

struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measures how long a network takes to run, or to do one training step.",
        discussion: """
            EXAMPLES
              braid bench graphs/mnist_resnet.braid --batch 64
              braid bench graphs/mnist_resnet.braid --batch 64 --threads 1 --train --per-kernel
              braid bench graphs/resnet.braid --network resnet50 --json

            Weights and inputs are random with a fixed seed. GFLOP/s count 2 operations for every multiply-accumulate of convolutions
            and linear layers, and 6 in training.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("Images a run.", valueName: "count"))
    var batch = 1

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Measures a training step: forward, backward, update.")
    var train = false

    @Option(help: ArgumentHelp("The least number of timed runs; they also take 2 seconds or more.", valueName: "count"))
    var runs = 10

    @Option(help: ArgumentHelp("Weights to measure with.", valueName: "path"))
    var weights: String?

    @Flag(name: .customLong("per-kernel"), help: "Lists the kernels by the time that they take.")
    var perKernel = false

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(1...1_000_000).contains(runs) { throw ValidationError("--runs must be from 1 to 1000000, not \(runs)") }
    }

    func run() throws {
        let options = BenchmarkOptions(batch: batch, isTraining: train, runs: runs, measuresSteps: perKernel, weights: weights)
        let result: Benchmark
        do {
            result = try execution.compiler.measure(options) { () throws(CompilerError) in try network.load() }
        } catch BenchmarkFailure.compiler(let error) {
            throw error
        } catch BenchmarkFailure.weights(let error) {
            throw error
        }
        if json { return Console.printJSON(Record(result)) }
        let kind = result.isTraining ? "training step" : "inference"
        print(
            "\(Console.bold(result.network)), \(kind), batch \(result.batch), "
                + "\(result.threads) thread\(result.threads == 1 ? "" : "s"), \(result.seconds.count) runs")
        var table = Table(("", .left), ("", .left))
        for (name, value) in [
            ("median", milliseconds(result.median)), ("fastest", milliseconds(result.minimum)),
            ("90 % within", milliseconds(result.ninetieth)),
            ("images a second", Format.grouped(Int(Double(result.batch) / result.median))), ("GFLOP/s", Format.fixed(result.gigaflops, 1)),
            ("compile", milliseconds(result.compileSeconds) + " (\(result.cachedKernels) of \(result.kernels) kernels cached)"),
            ("first run", milliseconds(result.firstRunSeconds)), ("tensors and scratch", Format.bytes(result.memoryBytes)),
            ("peak memory", Format.bytes(ProcessMemory.peakBytes)),
        ] { table.add(name, value) }
        print(table.rowsText, terminator: "")
        if perKernel { printSteps(result) }
    }

    private func printSteps(_ result: Benchmark) {
        let total = result.steps.reduce(0) { $0 + $1.seconds }
        var table = Table(("ms", .right), ("share", .right), ("kernel", .left), ("computes", .left))
        for step in result.steps.sorted(by: { $0.seconds > $1.seconds }) {
            table.add(Format.fixed(step.seconds * 1e3, 3), Format.percent(step.seconds / max(total, 1e-12), 1), step.kernel, step.summary)
        }
        print(table.text, terminator: "")
    }

    private func milliseconds(_ seconds: Double) -> String { Format.fixed(seconds * 1e3, seconds < 0.01 ? 3 : 1) + " ms" }

    private struct Record: Encodable {
        struct Step: Encodable {
            var kernel: String
            var summary: String
            var ms: Double
        }

        var network: String
        var batch: Int
        var threads: Int
        var training: Bool
        var runs: Int
        var medianMs: Double
        var minMs: Double
        var p90Ms: Double
        var imagesPerSecond: Double
        var gflops: Double
        var macs: Int
        var compileMs: Double
        var firstRunMs: Double
        var peakRssMb: Double
        var memoryMb: Double
        var kernels: Int
        var cachedKernels: Int
        var steps: [Step]?

        init(_ result: Benchmark) {
            network = result.network
            batch = result.batch
            threads = result.threads
            training = result.isTraining
            runs = result.seconds.count
            medianMs = result.median * 1e3
            minMs = result.minimum * 1e3
            p90Ms = result.ninetieth * 1e3
            imagesPerSecond = Double(result.batch) / result.median
            gflops = result.gigaflops
            macs = result.macs
            compileMs = result.compileSeconds * 1e3
            firstRunMs = result.firstRunSeconds * 1e3
            peakRssMb = Double(ProcessMemory.peakBytes) / 1_048_576
            memoryMb = Double(result.memoryBytes) / 1_048_576
            kernels = result.kernels
            cachedKernels = result.cachedKernels
            steps = result.steps.isEmpty ? nil : result.steps.map { Step(kernel: $0.kernel, summary: $0.summary, ms: $0.seconds * 1e3) }
        }
    }
}
