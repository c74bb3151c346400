import ArgumentParser
import Foundation
import Interchange
import Training

struct RateFindCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lr-find",
        abstract: "Finds a learning rate: trains with a rising one, and tells where the loss falls and where it diverges.",
        discussion: """
            EXAMPLES
              braid lr-find graphs/mnist_resnet.braid --data builtin:digits
              braid lr-find graphs/mnist_resnet.braid --data mnist:data/mnist -o mnist
              braid lr-find graphs/resnet.braid:resnet50 -D classes=10 --data folder:photos --weights resnet50.safetensors --except 'fc.*'

            The learning-rate range test (Smith, arXiv 1506.01186): the rate rises exponentially from --from to --to over --steps steps of the recipe's
            training, which ends early where the smoothed loss is four times the lowest (of a loss below 0, far above what it fell by), or no number.
            With `accumulate` a step is an update of several batches. The suggestions are fast.ai's: valley, in the longest stretch in which the loss
            falls, which is recommended; slide, before it diverges; minimum, a tenth of the rate with the lowest loss; and steepest, where it falls
            fastest. The recommended line goes into the `training of` definition.
            Nothing is saved; -o draws the losses. The same seed gives the same losses, bit for bit, with any number of threads. Where the loss falls
            at no rate, the status is 1.
            """)

    @OptionGroup var setup: TrainingSetup

    @Option(name: .customLong("from"), help: ArgumentHelp("The rate of the first step.", valueName: "rate"))
    var lowest = 1e-7

    @Option(name: .customLong("to"), help: ArgumentHelp("The rate of the last step.", valueName: "rate"))
    var highest = 10.0

    @Option(help: ArgumentHelp("The steps of the test.", valueName: "count"))
    var steps = 100

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Draws OUT.lr-find.svg and OUT.lr-find.png; in a folder they have the network's name.", valueName: "out"))
    var output: String?

    @OptionGroup var progress: ProgressOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        guard lowest > 0, highest <= 1e6, lowest < highest else {
            throw ValidationError("--from and --to take rates above 0 and up to 1e6, the lower one first, not \(lowest) and \(highest)")
        }
        if !(30...100_000).contains(steps) { throw ValidationError("--steps must be from 30 to 100000, not \(steps)") }
    }

    func run() throws {
        try setup.execution.requireRunnable()
        let network = try setup.network.load()
        try network.requireGraph()
        let stem = try output.map { (given) throws(InterchangeError) in
            try ResultFiles(output: given, network: network.name).stem + ".lr-find"
        }
        let files = stem.map { [$0 + ".svg", $0 + ".png"] } ?? []
        if !files.isEmpty { StandardOutput.outlivesItsReader() }
        let inputs = network.trainingFiles + (setup.weights.map(WeightsFile.paths(of:)) ?? [])
        try OutputPath.requireWritable(files, besides: inputs + files.filter(setup.data.isRead))
        let trainer = try setup.start(network)
        var line = ProgressLine(isQuiet: progress.quiet)
        var done = 0
        let test = trainer.testRates(RateRangeTest(from: lowest, to: highest, steps: steps)) { point in
            done += 1
            line.show(
                "step \(done)/\(steps)  rate \(String(format: "%.1e", point.rate))  loss \(Format.fixed(point.smoothed, 4))",
                part: Double(done) / Double(steps))
        }
        line.clear()
        let plot = test.plot(title: "\(network.name) on \(trainer.maker.dataset.name): the loss at rising rates")
        for path in files { try plot.write(to: path) }
        let report = RateFindReport(
            test, network: network.name, data: trainer.maker.dataset.name, batch: trainer.maker.options.batchSize,
            epochs: network.training?.recipe.epochs)
        if json { Console.printJSON(report.record(files)) } else { report.show(files) }
        if test.recommended == nil { throw ExitCode(1) }
    }
}
