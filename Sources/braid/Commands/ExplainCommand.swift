import ArgumentParser
import Compiler
import Graph

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Follows a line of a network to its kernels, their machine code and time.",
        discussion: """
            EXAMPLES
              braid explain graphs/mnist_resnet.braid:18
              braid explain graphs/inception_v3.braid --node Mixed_5b.branch5x5_2
              braid explain graphs/resnet.braid:resnet50 --at blocks/residual.braid:16 --batch 4 --training
              braid explain graphs/mnist_resnet.braid:18 --show nest,assembly --no-measure

            A line becomes nodes of the graph; each pass makes others of them, by rules that are named; groups of nodes become kernels. Of each
            kernel are told: what it reads and writes, and where that lies; the algorithm, beside those that were not taken, with the time
            that the cost model says of each and the reason of a refusal; counts of its instructions; and the time that it takes beside the
            least that this machine's peak allows. For times the whole network is measured, with random weights and inputs.
            A line with a block's call stands for all that the block makes. A line in a block that is called several times stands for all of them;
            --node picks one by its label.
            --show adds texts: nest (the loop nest), llvm (LLVM IR), assembly, loop (the innermost loop that multiplies). --kernels limits the
            kernels that are told of, the slowest first.
            """)

    @Argument(
        help: ArgumentHelp("A .braid file; FILE:LINE names a line, FILE:NETWORK:LINE that of one of several networks.", valueName: "file"),
        completion: .file(extensions: ["braid"]))
    var file: String

    @OptionGroup var choice: NetworkChoice

    @Option(help: ArgumentHelp("A line of a file that the network imports, such as blocks/residual.braid:16.", valueName: "file:line"))
    var at: String?

    @Option(help: ArgumentHelp("Nodes by their label, such as layer1.0.conv1; a part of it stands for all behind it.", valueName: "label"))
    var node: String?

    @Option(help: ArgumentHelp("One kernel by its name, as `braid bench --per-kernel` lists it.", valueName: "name"))
    var kernel: String?

    @Flag(help: "Explains a training step rather than a prediction.")
    var training = false

    @Option(help: ArgumentHelp("Pictures a run (default: 1; in training the recipe's).", valueName: "count"))
    var batch: Int?

    @Option(
        help: ArgumentHelp("Texts to print of each kernel: nest, llvm, assembly, loop; several with commas.", valueName: "texts"),
        transform: Self.texts)
    var show: [ExplanationReport.Text] = []

    @Option(help: ArgumentHelp("The most kernels that are told of.", valueName: "count"))
    var kernels = 4

    @Flag(inversion: .prefixedNo, help: "Measures the network's kernels on this machine.")
    var measure = true

    @Option(
        help: ArgumentHelp(
            "What values between layers are stored as: f32 or bf16 (default: in predictions what the file's clauses say; else f32).",
            valueName: "precision"))
    var precision: PlanCommand.PlannedPrecision?

    @OptionGroup var execution: ExecutionOptions

    @Flag(help: "Prints one JSON object instead of text, with all kernels and their texts.")
    var json = false

    private static func texts(_ list: String) throws -> [ExplanationReport.Text] {
        try list.split(separator: ",").map { name in
            guard let text = ExplanationReport.Text(rawValue: name.trimmingCharacters(in: .whitespaces)) else {
                let known = ExplanationReport.Text.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("'\(name)' is no text of a kernel: they are \(known)")
            }
            return text
        }
    }

    func validate() throws {
        try validateBatch(batch)
        if !(1...100_000).contains(kernels) { throw ValidationError("--kernels must be from 1 to 100000, not \(kernels)") }
        let place = try Place(file)
        let given = [place.line.map { _ in "a line" }, at.map { _ in "--at" }, node.map { _ in "--node" }, kernel.map { _ in "--kernel" }]
            .compactMap { $0 }
        guard given.count == 1 else {
            throw ValidationError(
                given.isEmpty
                    ? "say what to explain: \(file):LINE, --at FILE:LINE, --node LABEL or --kernel NAME"
                    : "give one of \(given.joined(separator: " and "))")
        }
        if let at, try Place(at).line == nil { throw ValidationError("--at wants FILE:LINE, not '\(at)'") }
    }

    func run() throws {
        let place = try Place(file)
        let network = try choice.load(place.file)
        try network.requireGraph()
        let isTraining = training || network.origin == .training
        let batch = try network.batch(batch, usual: isTraining ? network.training?.recipe.batchSize ?? 1 : 1)
        let subject: ExplanationSubject
        if let node {
            subject = .label(node)
        } else if let kernel {
            subject = .kernel(kernel)
        } else {
            let other = try at.map { try Place($0) }
            guard let line = place.line ?? other?.line else { preconditionFailure("something is to be explained") }
            subject = .line(try SourceLine(line, of: other?.file, in: network))
        }
        let precision = precision.flatMap { Precision(rawValue: $0.rawValue) }
        let compiler = measure ? try execution.compiler(precision) : execution.planner(precision)
        // What cannot be explained is told before anything is measured.
        var explanation = try compiler.explain(subject, of: network, training: isTraining, batch: batch)
        if measure, !explanation.kernels.isEmpty {
            if isTraining { try compiler.checkTraining(network, batch: batch) }
            let options = BenchmarkOptions(batch: batch, isTraining: isTraining, runs: 10, seconds: 1, measuresSteps: true)
            let measured = try compiler.measure(options) { () throws(CompilerError) in network }
            explanation.measured = measured
            for index in explanation.kernels.indices where measured.steps.indices.contains(explanation.kernels[index].step) {
                explanation.kernels[index].measured = measured.steps[explanation.kernels[index].step]
            }
        }
        if json { return Console.printJSON(ExplanationRecord(explanation)) }
        ExplanationReport(explanation, texts: show, mostKernels: kernels).show()
    }

    /// A file with a line behind it.
    private struct Place {
        var file: String
        var line: Int?

        init(_ text: String) throws {
            guard let colon = text.lastIndex(of: ":"), !text[text.index(after: colon)...].isEmpty,
                text[text.index(after: colon)...].allSatisfy(\.isNumber)
            else {
                file = text
                return
            }
            guard let number = Int(text[text.index(after: colon)...]), number > 0 else {
                throw ValidationError("lines count from 1, so '\(text)' names none")
            }
            (file, line) = (String(text[..<colon]), number)
        }
    }
}
