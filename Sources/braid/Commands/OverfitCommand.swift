import ArgumentParser
import Compiler

struct OverfitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "overfit",
        abstract: "Trains a network on one fixed batch, which a sound network learns by heart.",
        discussion: """
            EXAMPLES
              braid overfit graphs/resnet.braid:resnet18
              braid overfit graphs/inception_v3.braid --batch 4 --steps 50 --rate 0.01

            The quickest test of a network and its recipe: pictures and labels are random with a fixed seed, the weights as the recipe
            initializes them, what dropouts drop is fixed. Exit status 1 if a loss, a weight or an optimizer's state is no finite number, or the loss does not fall.
            """)

    @OptionGroup var network: NetworkOptions

    @Option(help: ArgumentHelp("Pictures in the batch (default: 2).", valueName: "count"))
    var batch: Int?

    @Option(help: ArgumentHelp("Steps of training.", valueName: "count"))
    var steps = 20

    @Option(
        help: ArgumentHelp(
            "The learning rate (default: the recipe's highest, scaled from its batch to this one; then a tenth and a hundredth, if the loss does not fall).",
            valueName: "rate"))
    var rate: Double?

    @Option(help: ArgumentHelp("What weights, pictures and labels derive from.", valueName: "number"))
    var seed: UInt64 = 0

    @OptionGroup var execution: ExecutionOptions

    @OptionGroup var progress: ProgressOptions

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    func validate() throws {
        try validateBatch(batch)
        if !(2...1_000_000).contains(steps) { throw ValidationError("--steps must be from 2 to 1000000, not \(steps)") }
        if let rate, !(rate > 0 && rate.isFinite) { throw ValidationError("--rate must be above 0, not \(rate)") }
    }

    func run() throws {
        try execution.requireRunnable()
        let network = try network.load()
        let options = OverfitOptions(batch: try network.batch(batch, usual: 2), steps: steps, learningRate: rate, seed: seed)
        let result = try execution.compiler().overfit(network, options) { rate, step, loss in
            if json || progress.quiet { return }
            if step == 1 { print("rate \(Float(rate))") }
            print("  step \(step)  loss \(Format.fixed(loss, 4))")
        }
        if json { Console.printJSON(Record(result)) } else { summarize(result) }
        if !result.isFinite || !result.falls { throw ExitCode(1) }
    }

    private func summarize(_ result: Overfit) {
        let first = Format.fixed(result.losses.first ?? .nan, 4), last = Format.fixed(result.losses.last ?? .nan, 4)
        let rate = Float(result.learningRate)
        print(
            "\(progress.quiet ? "" : "\n")\(Console.bold(result.network)): loss \(first) to \(last) in \(result.losses.count) steps at a rate of \(rate)"
        )
        for name in result.damaged.prefix(8) { print("  \(name) holds values that are no finite numbers") }
        if !result.isFinite {
            print("the training does not stay finite: lower the rate, or `clip norm 1.0` in the recipe")
        } else if !result.falls {
            print("the loss does not fall: try another --rate or more --steps, and look at the recipe")
        }
    }

    private struct Record: Encodable {
        var network: String
        var batch: Int
        var learningRate: Double
        var failedRates: [Double]
        var losses: [Double?]
        var isFinite: Bool
        var falls: Bool
        var damaged: [String]

        init(_ result: Overfit) {
            network = result.network
            batch = result.batch
            learningRate = result.learningRate
            failedRates = result.failedRates
            losses = result.losses.map { $0.isFinite ? $0 : nil }
            isFinite = result.isFinite
            falls = result.falls
            damaged = result.damaged
        }
    }
}
