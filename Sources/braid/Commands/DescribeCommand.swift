import Analysis
import ArgumentParser
import Compiler
import Graph
import Interchange
import Runtime

struct DescribeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "describe",
        abstract: "Shows a network layer by layer: output shapes, parameters, multiply-accumulates, memory, receptive fields.",
        discussion: """
            EXAMPLES
              braid describe graphs/mnist_resnet.braid
              braid describe graphs/mnist_resnet.braid --depth 1
              braid describe graphs/mnist_resnet.braid -D classes=26 --batch 64
              braid describe graphs/resnet.braid:resnet50 --json
              braid describe graphs/mnist_resnet.braid --precision bf16
              braid describe graphs/mnist_resnet.braid --precision auto --calibrate builtin:digits --weights digits.safetensors
              braid describe graphs/mnist_resnet.braid --svg -o graph.svg
              braid describe graphs/mnist_resnet.braid --dot | dot -Tpdf > graph.pdf
              braid describe --operators
              braid describe --operators conv

            MACs are the multiply-accumulates of convolutions and linear layers for one image; a block's row is the sum of its layers.
            The field is the receptive field: how many pixels of the input image an element depends on, along each side.

            With --precision bf16, or where the file has clauses of precision, two columns say, for this machine, what the factors of a layer's products may be rounded to (an algorithm
            that multiplies f32 is taken where it is faster), and what its result is stored as. Layers without a mark leave their result in
            registers, for what is computed behind them by the same kernel, or are part of another layer's.
            """)

    /// Before the network, so that it needs none.
    @OptionGroup var catalog: CatalogOptions

    @OptionGroup var network: NetworkOptions

    @Option(
        help: ArgumentHelp(
            "The images that activation bytes are given for (default: 1, or as many as the input is declared with).", valueName: "count"))
    var batch: Int?

    @OptionGroup var precision: PrecisionOption

    @OptionGroup var calibration: CalibrationWeights

    @Option(
        help: ArgumentHelp(
            "Shows blocks this deep and sums up those within (default: all, or as many levels as fit 60 rows).", valueName: "levels"))
    var depth: Int?

    @Flag(help: "Prints one JSON object instead of text.")
    var json = false

    @Flag(help: "Draws the graph as SVG.")
    var svg = false

    @Flag(help: "Draws the graph in the language of Graphviz.")
    var dot = false

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Writes the drawing there, or to a file named after the network in a folder, instead of printing it.", valueName: "path"))
    var output: String?

    func validate() throws {
        try validateBatch(batch)
        if let depth, depth < 1 { throw ValidationError("--depth must be at least 1, not \(depth)") }
        if [json, svg, dot].filter({ $0 }).count > 1 { throw ValidationError("give one of --json, --svg and --dot") }
        if output != nil, !svg, !dot { throw ValidationError("-o is for drawings: give --svg or --dot with it") }
        try calibration.validate(precision)
        try precision.requireSamples()
        if svg || dot, let request = precision.request, request != .f32 {
            throw ValidationError("drawings show no precision: leave out --precision \(request.rawValue)")
        }
        if json, depth != nil { throw ValidationError("--json shows all levels: leave out --depth") }
    }

    func run() throws {
        var network = try network.load()
        guard network.origin != .kernels else {
            throw CompilerError("loop nests have no layers to describe", help: "give the .braid file, or the text of an earlier stage")
        }
        let batch = try network.batch(batch, usual: 1)
        let output = try output.map { try OutputPath.file($0, orInFolder: network.name, ending: svg ? ".svg" : ".dot") }
        if let output { try OutputPath.requireWritable(output, besides: network.files) }
        var compiler = Compiler(precision: precision.chosen)
        var assignment: PrecisionAssignment?
        if precision.isAuto {
            (compiler, network, assignment) = try Calibration(precision, weights: calibration.open(), batch: batch, isReported: !json)
                .apply(to: network, compiler, ThreadPool(threads: compiler.threads))
        }
        let name = compiler.precisionName(for: network.graph)
        // What a network of any size costs is told at one.
        guard let sizes = network.typicalSizes else { return try network.requireSizes() }
        let precisions = try svg || dot || name == Precision.f32.rawValue ? [:] : compiler.layerPrecisions(of: network.sized(sizes))
        let description = try NetworkDescription(network, batch: batch, sizes: sizes, precisions: precisions)
        if json { return Console.printJSON(DescriptionRecord(description, name, assignment)) }
        if svg || dot { return try draw(description, to: output) }
        DescriptionTable(description, depth: depth).show()
    }

    private func draw(_ description: NetworkDescription, to output: String?) throws {
        let drawing = Drawing(description, depth: depth)
        let text = svg ? try drawing.svg() : drawing.dot
        if let output { return try AtomicFile.write(Array(text.utf8), to: output) }
        print(text, terminator: "")
    }
}
