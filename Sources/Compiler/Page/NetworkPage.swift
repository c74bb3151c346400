import Analysis
import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Machine
import Passes
import Training

/// Everything that the page of a network shows (`braid view`), as plain values: what is drawn at once, and the texts of all stages, which are
/// looked at where somebody asks for them.
public struct NetworkPage: Sendable {
    /// What a page is made of, besides the network.
    public struct Options: Sendable {
        /// Whether a step of the training is shown rather than a prediction.
        public var isTraining: Bool
        public var batch: Int
        /// Whether LLVM IR and assembly of all kernels are among the texts; else each has its loop nest alone.
        public var hasCode: Bool
        /// Times of this network's steps, measured with the same compiler at this batch.
        public var measured: Benchmark?
        /// What a training of the network left.
        public var watched: WatchedTable?

        public init(isTraining: Bool, batch: Int, hasCode: Bool = false, measured: Benchmark? = nil, watched: WatchedTable? = nil) {
            (self.isTraining, self.batch, self.hasCode) = (isTraining, batch, hasCode)
            (self.measured, self.watched) = (measured, watched)
        }
    }

    let overview: Overview
    let texts: Texts

    /// What the page is called.
    public var title: String { overview.network }

    struct Overview: Encodable, Sendable {
        var network: String
        var documentation: String
        var training: Bool
        var batch: Int
        var target: String
        var precision: String
        var numerics: String
        /// What was taken for sizes that are symbols.
        var sizes: [String: Int]
        var parameters: Int
        var macs: Int
        var drawing: PageDrawing
        var layers: [PageLayer]
        var source: PageSource
        var plan: PagePlan
        var signals: PageSignals
        var measurements: PageMeasurements?
        var profile: PageProfile?
    }

    /// A kernel as text.
    struct KernelText: Encodable, Sendable {
        var name: String
        var nest: [String]
        var llvm: [String]?
        var assembly: [String]?
    }

    struct Texts: Encodable, Sendable {
        /// The graph that passes begin with, then one behind each.
        var passes: [PagePass]
        /// Of the file itself; nil where the network was not read from the language.
        var tokens: [String]?
        var syntax: [String]?
        var plan: [String]
        /// The numbers of the lines of `plan` that buffer 0, step 0 of the preparation and step 0 have; their likes follow.
        var firstBuffer: Int
        var firstPreparation: Int
        var firstStep: Int
        var kernels: [KernelText]
    }

    /// The JSON of both parts: small enough to be read before anything is drawn, and the rest. Keys are sorted, so that the same network
    /// gives the same bytes.
    public func json() -> (overview: [UInt8], texts: [UInt8]) { (Self.json(overview), Self.json(texts)) }

    private static func json(_ value: some Encodable) -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.nonConformingFloatEncodingStrategy = .convertToString(positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        guard let data = try? encoder.encode(value) else { preconditionFailure("a page is plain data") }
        return [UInt8](data)
    }
}

/// All of the page as one object, as `--json` prints it.
extension NetworkPage: Encodable {
    private enum Key: CodingKey { case overview, texts }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(overview, forKey: .overview)
        try container.encode(texts, forKey: .texts)
    }
}

extension Compiler {
    /// Gathers what the page of a network shows. Sizes that are symbols get common numbers, which the page tells.
    public func page(of network: Network, _ options: NetworkPage.Options) throws(CompilerError) -> NetworkPage {
        try network.requireGraph()
        guard let sizes = network.typicalSizes else {
            try network.requireSizes()
            preconditionFailure("a network without sizes has all of them")
        }
        let sized = try network.sized(sizes)
        let bound = try sized.bindingMovedBatch(to: options.batch)
        if options.isTraining { try checkTraining(sized, batch: options.batch) }
        let start = options.isTraining ? bound.training?.graph ?? bound.graph : bound.graph
        var passes = [PagePass(beginning: start)]
        var last = start
        let summaries = Dictionary(Pipeline.all.flatMap(\.passes).map { ($0.name, $0.summary) }) { first, _ in first }
        let optimized = try optimize(bound, training: options.isTraining) { report, graph in
            passes.append(PagePass(report, summaries[report.pass] ?? "", from: last, to: graph))
            last = graph
        }
        let plan = try plan(optimized, of: bound, batch: options.batch)
        let forecast = MemoryForecast(
            plan, bind(optimized, batch: options.batch), of: bound, training: options.isTraining, batch: options.batch, threads: threads)
        let described = Network(described: start, of: bound)
        let description = try NetworkDescription(described, batch: options.batch)
        let advice = try options.measured.map { measured throws(CompilerError) in try advise(measured, sized) } ?? []
        let measurements = try options.watched.map { table throws(CompilerError) in
            try PageMeasurements(table, of: bound, start)
        }
        return NetworkPage(
            overview: NetworkPage.Overview(
                network: network.name, documentation: network.documentation, training: options.isTraining, batch: options.batch,
                target: target.name, precision: precisionName(for: bound.graph), numerics: numerics.description, sizes: sizes,
                parameters: description.parameters, macs: description.macs,
                drawing: PageDrawing(description, start), layers: PageLayer.all(description, start), source: PageSource(bound, start),
                plan: PagePlan(plan, forecast, options.measured, advice), signals: PageSignals(sized, start), measurements: measurements,
                profile: options.measured.flatMap(PageProfile.init)),
            texts: NetworkPage.Texts(
                passes: passes, tokens: network.program.map { PageSource.lines(of: $0.root.lexed.printed(network.sources)) },
                syntax: network.program.map { PageSource.lines(of: $0.root.syntax.printed()) },
                plan: PageSource.lines(of: plan.description), firstBuffer: 1, firstPreparation: 1 + plan.buffers.count,
                firstStep: 1 + plan.buffers.count + plan.preparation.count,
                kernels: try plan.kernels.map { kernel throws(CompilerError) in try text(of: kernel, hasCode: options.hasCode) }))
    }

    private func text(of kernel: Kernel, hasCode: Bool) throws(CompilerError) -> NetworkPage.KernelText {
        let nest = PageSource.lines(of: kernel.description)
        guard hasCode else { return .init(name: kernel.name, nest: nest) }
        do {
            let generator = try CodeGenerator(for: target)
            return .init(
                name: kernel.name, nest: nest, llvm: PageSource.lines(of: try generator.text([(kernel, kernel.name)])),
                assembly: PageSource.lines(of: try generator.assembly([(kernel, kernel.name)])))
        } catch {
            throw CompilerError("the code for \(target.name) could not be made: \(error)")
        }
    }
}

extension Network {
    /// The network with the graph that its page draws, which may be that of its training.
    fileprivate init(described graph: Graph, of network: Network) {
        self = network
        self.graph = graph
    }
}
