import Graph
import Interchange
import Kernels
import LoopNest
import Machine
import Passes
import Runtime
import Source

/// The road from a network to something that runs: passes, plan, kernels, machine code.
public struct Compiler: Sendable {
    public var target: Target
    /// Where object code is kept from run to run; nil keeps none.
    public var cache: ObjectCache?
    /// The threads that run kernels (and compile them).
    public var threads: Int
    /// How exactly sums of products are computed.
    public var numerics: Numerics
    /// What values between layers are stored as, and what products are of: f32 all; bf16 what no clause of the file keeps in f32; nil what
    /// the clauses say, f32 where they say nothing, and in a training.
    public var precision: Precision?
    /// What measurements chose for this target, these threads and numerics; the cost model decides the rest.
    public var tuned: TunedChoices
    /// Executables that need more bytes are refused before anything is allocated.
    public var memoryLimit: Int

    /// - Parameter threads: as many as the target has cores if it is nil.
    public init(
        target: Target = .host, cache: ObjectCache? = .standard, threads: Int? = nil, numerics: Numerics = .standard,
        precision: Precision? = nil, tuned: TunedChoices = .none, memoryLimit: Int = MachineMemory.limit
    ) {
        self.target = target
        self.cache = cache
        self.threads = threads ?? target.cores
        self.numerics = numerics
        self.precision = precision
        self.tuned = tuned
        self.memoryLimit = memoryLimit
    }

    /// The graph after the passes: with `training`, a whole training step.
    ///
    /// - Parameters:
    ///   - watching: in training, whether the step changes nothing, and tells what its gradients and activations are like (`NetworkWatch`).
    ///   - last: the pass to stop after; all run if it is nil.
    ///   - observe: called after each pass with its report and the graph that it made.
    public func optimize(
        _ network: Network, training: Bool = false, watching: Bool = false, stoppingAfter last: String? = nil,
        observe: (PassReport, Graph) -> Void = { _, _ in }
    ) throws(CompilerError) -> Graph {
        try network.requireGraph()
        try network.requireSizes()
        let network = try network.graph.movesBatch ? network.bindingMovedBatch(to: 1) : network
        if network.origin == .optimized { return try verified(network) }
        let graph: Graph
        let pipeline: Pipeline
        var context = PassContext(mode: training ? .training : .inference, lanes: target.lanes, precision: precision)
        if network.origin == .training {
            (graph, pipeline) = (network.graph, .optimization)
            context.mode = .training
        } else if training {
            guard let step = network.training else {
                throw CompilerError(
                    "'\(network.name)' has no training", help: "add a `training of \(network.name) { loss … }` definition", network.sources)
            }
            context.recipe = step.recipe
            (graph, pipeline) = (step.graph, watching ? .watching : .training)
            // Gradients are watched as they come.
            if watching { context.recipe?.clip = nil }
        } else {
            (graph, pipeline) = (network.graph, .inference)
        }
        do {
            return try pipeline.run(graph, context, stoppingAfter: last, observe: observe)
        } catch {
            throw CompilerError(error, network.sources)
        }
    }

    /// The graph of a network that was read with layouts and groups, if they are those that the passes decide on: kernels trust them, and
    /// the text may come from anywhere.
    private func verified(_ network: Network) throws(CompilerError) -> Graph {
        var plain = network.graph
        for value in plain.values {
            plain[value].layout = nil
            plain[value].group = nil
            plain[value].place = nil
            plain[value].isDirect = false
            (plain[value].stored, plain[value].factors) = (nil, nil)
        }
        let decided: Graph
        do {
            decided = try Pipeline.optimization.run(
                plain, PassContext(mode: plain.updates.isEmpty ? .inference : .training, lanes: target.lanes, precision: precision))
        } catch {
            throw CompilerError(error, network.sources)
        }
        guard decided.withoutSpans != network.graph.withoutSpans else { return network.graph }
        let lines = zip(decided.description.split(separator: "\n"), network.graph.description.split(separator: "\n"))
        let difference = lines.first { $0 != $1 }.map { "; the passes make\n\($0)\nbut the text has\n\($1)" } ?? ""
        let isOfClauses = precision == nil && !network.graph.precisions.isEmpty
        let wanted = isOfClauses ? "its clauses" : precisionName(for: network.graph)
        throw CompilerError(
            "the layouts, groups and precision of '\(network.name)' are not those of \(wanted) for \(target.name)\(difference)",
            help: "leave them to the passes: give the text of the stage graph or training")
    }

    /// What reports call the precision of a network's inference: f32, bf16, or mixed where clauses decide.
    public func precisionName(for graph: Graph) -> String {
        precision?.rawValue ?? (graph.precisions.isEmpty ? Precision.f32.rawValue : "mixed")
    }

    /// The target with the cores that the threads will run on: what work is cut for.
    ///
    /// Neither the algorithm of a step nor the order of its sums follows from the number of cores (see `ContractionVariant.cycles`), so
    /// results do not depend on it.
    var plannedTarget: Target {
        var planned = target
        planned.cores = max(1, min(threads, target.cores))
        return planned
    }

    /// The kernels and buffers for a batch size.
    public func plan(_ network: Network, training: Bool = false, batch: Int) throws(CompilerError) -> Plan {
        let network = try network.bindingMovedBatch(to: batch)
        return try plan(optimize(network, training: training), of: network, batch: batch)
    }

    /// - Parameter graph: the network's after the passes, its batch still a symbol.
    func plan(_ graph: Graph, of network: Network, batch: Int, keepsOperands: Bool = false) throws(CompilerError) -> Plan {
        try check(graph, batch: batch, network)
        // A training sets and reads its parameters one by one.
        return Plan(
            bind(graph, batch: batch), target: plannedTarget, numerics: numerics, tuned: tuned,
            streamsParameters: graph.updates.isEmpty && !keepsOperands)
    }

    /// A network ready to run, when its parameters are set: for inference all at once, see `Executable.setParameters`.
    ///
    /// - Parameter keepsOperands: whether all that steps are computed from stays in memory, prepared weights beside what they are made
    ///   from.
    public func executable(
        _ network: Network, training: Bool = false, batch: Int, pool: ThreadPool, keepsOperands: Bool = false
    ) throws(CompilerError) -> Executable {
        if training { try checkTraining(network, batch: batch) }
        let whole = network
        let network = try network.bindingMovedBatch(to: batch)
        let graph = try optimize(network, training: training)
        let plan = try plan(graph, of: network, batch: batch, keepsOperands: keepsOperands)
        if MemoryNeed(plan, threads: threads).total > memoryLimit {
            let part = try BatchMemory.Part(self, whole, training: training, keepsOperands: keepsOperands)
            try BatchMemory(self, whole, [part]).require(batch)
        }
        return try executable(plan, of: network, batch: batch, pool: pool)
    }

    /// The code of a plan with its memory.
    func executable(_ plan: Plan, of network: Network, batch: Int, pool: ThreadPool) throws(CompilerError) -> Executable {
        let program = try compile(plan.kernels)
        KernelCompiler.releaseMemory()
        do {
            return try Executable(plan, program, pool: pool)
        } catch {
            throw CompilerError("'\(network.name)' at batch \(batch) cannot be run: \(error)")
        }
    }

    /// Machine code for loop nests.
    public func compile(_ kernels: [Kernel]) throws(CompilerError) -> CompiledProgram {
        do {
            return try KernelCompiler(target: target, cache: cache, threads: threads).compile(kernels)
        } catch {
            throw CompilerError("the machine code could not be made: \(error)")
        }
    }

    /// The graph at a number of images; all other sizes are numbers already.
    func bind(_ graph: Graph, batch: Int) -> Graph { graph.bound(graph.batchSymbol.map { [$0: batch] } ?? [:]) }

    /// A training whose operators cannot learn from so few images is refused (`Operator.trainingFault`); batches are never smaller, since
    /// what does not fill one is left out.
    public func checkTraining(_ network: Network, batch: Int) throws(CompilerError) {
        guard let graph = network.training.map({ bind($0.graph, batch: batch) }) else { return }
        for value in graph.values {
            let node = graph[value]
            guard let fault = node.operation?.trainingFault(graph.signature(of: value)) else { continue }
            throw CompilerError(
                (node.label.map { "\($0): " } ?? "") + fault.message, help: fault.repair, at: node.span, network.sources)
        }
    }

    /// Buffers must be addressable: a batch or a network beyond that is refused before anything is allocated.
    private func check(_ graph: Graph, batch: Int, _ network: Network) throws(CompilerError) {
        guard batch >= 1 else { throw CompilerError("a batch of \(batch) has no images", help: "give a batch of 1 or more") }
        let limit = 1 << 31
        for node in graph.nodes {
            var count = 1
            for dimension in node.type.shape.dimensions {
                let (product, overflow) = count.multipliedReportingOverflow(by: dimension.value ?? batch)
                count = overflow ? .max : product
                guard count <= limit else {
                    let image = node.type.shape.dimensions.compactMap(\.value).reduce(1) {
                        $0.multipliedReportingOverflow(by: $1).partialValue
                    }
                    let fitting = image > 0 ? limit / image : 0
                    throw CompilerError(
                        "\(node.type) at batch \(batch) has more than \(limit) elements",
                        help: fitting >= 1 && fitting < batch ? "a batch of \(fitting) would do" : "use a smaller network or image",
                        at: node.span, network.sources)
                }
            }
        }
    }
}
