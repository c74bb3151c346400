import Graph
import Kernels

/// What a network takes of memory at any batch, known from its plans; nothing is compiled.
public final class BatchMemory {
    let compiler: Compiler
    let network: Network
    /// What is in memory at once, what is asked for first.
    let parts: [Part]
    private var totals: [Int: Int] = [:]

    /// - Parameters:
    ///   - training: whether the network is trained, and evaluated beside it as it predicts in f32; else it runs.
    ///   - watched: whether gradients and activations of the training are looked at, too.
    public convenience init(_ compiler: Compiler, _ network: Network, training: Bool, watched: Bool = false) throws(CompilerError) {
        var parts = [try Part(compiler, network, training: training, keepsOperands: false)]
        if training {
            var evaluating = compiler
            evaluating.precision = nil
            // A text of a step alone has nothing to evaluate.
            if network.origin != .training { parts.append(try Part(evaluating, network, training: false, keepsOperands: false)) }
            if watched { parts.append(try Part(compiler, network, training: true, watching: true, keepsOperands: false)) }
        }
        self.init(compiler, network, parts)
    }

    init(_ compiler: Compiler, _ network: Network, _ parts: [Part]) {
        self.compiler = compiler
        self.network = network
        self.parts = parts
    }

    public var isTraining: Bool { parts[0].isTraining }

    /// Of what is asked for alone, without evaluations.
    public func forecast(_ batch: Int) throws(CompilerError) -> MemoryForecast { try parts[0].forecast(batch) }

    /// The bytes that looking at gradients and activations takes of all.
    public func watching(_ batch: Int) throws(CompilerError) -> Int {
        var sum = 0
        for part in parts where part.isWatching { sum += try part.bytes(batch) }
        return sum
    }

    /// The bytes that all of it takes.
    public func total(_ batch: Int) throws(CompilerError) -> Int {
        if let known = totals[batch] { return known }
        var sum = 0
        for part in parts { sum += try part.bytes(batch) }
        totals[batch] = sum
        return sum
    }

    /// The largest batch, of up to 65536, that fits in the compiler's `memoryLimit`; 0 where not even one image does.
    public func largestBatch() -> Int { LargestBatch.search(compiler.memoryLimit) { batch in try? total(batch) } }

    /// One executable at any batch. The passes run once, but for networks that do more with the batch than to keep it in front.
    struct Part {
        private let compiler: Compiler
        private let network: Network
        let isTraining: Bool
        /// Whether it is no step of the training, but looks at one.
        let isWatching: Bool
        private let keepsOperands: Bool
        private let graph: Graph?

        init(
            _ compiler: Compiler, _ network: Network, training: Bool, watching: Bool = false, keepsOperands: Bool
        ) throws(CompilerError) {
            self.compiler = compiler
            self.network = network
            isTraining = training
            isWatching = watching
            self.keepsOperands = keepsOperands
            graph = network.graph.movesBatch ? nil : try compiler.optimize(network, training: training, watching: watching)
        }

        private func planned(_ batch: Int) throws(CompilerError) -> (plan: Plan, graph: Graph) {
            let bound = try network.bindingMovedBatch(to: batch)
            let graph = if let graph { graph } else { try compiler.optimize(bound, training: isTraining, watching: isWatching) }
            return (try compiler.plan(graph, of: bound, batch: batch, keepsOperands: keepsOperands), graph)
        }

        func need(_ batch: Int) throws(CompilerError) -> MemoryNeed { MemoryNeed(try planned(batch).plan, threads: compiler.threads) }

        /// The bytes that it takes; what looks at a step keeps the weights from before it.
        func bytes(_ batch: Int) throws(CompilerError) -> Int {
            let need = try need(batch)
            guard isWatching else { return need.total }
            let weights = network.training?.graph.nodes.filter { $0.parameter?.role == .weight } ?? []
            return need.total + weights.reduce(0) { $0 + StoredElement.f32.size * ($1.type.shape.elementCount ?? 0) }
        }

        func forecast(_ batch: Int) throws(CompilerError) -> MemoryForecast {
            let (plan, graph) = try planned(batch)
            return MemoryForecast(
                plan, compiler.bind(graph, batch: batch), of: network, training: isTraining, batch: batch, threads: compiler.threads)
        }
    }
}
