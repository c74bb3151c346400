import Graph
import Passes
import Runtime
import Source
import Training

/// What looks at the layers of a training beside its steps, with where they stand in the source.
public struct NetworkWatch {
    public let watch: GradientWatch
    private let spans: [Span]
    private let sources: SourceMap

    fileprivate init(_ watch: GradientWatch, _ spans: [Span], _ sources: SourceMap) {
        (self.watch, self.spans, self.sources) = (watch, spans, sources)
    }

    /// That a layer met a condition which ends the training, as an error at the layer's place.
    public func error(_ met: MetCondition) -> CompilerError {
        CompilerError([Diagnostic(met.description, at: spans[met.layer], help: met.repair)], sources)
    }
}

extension Compiler {
    /// A program that computes the gradients of a network's training for a batch, and what they and the activations are like.
    ///
    /// It is as the training step is, but for the updates: a run writes the gradients over the weights, and statistics into states of its own.
    ///
    /// - Throws: `CompilerError`; `TrainingError` where a condition of the options speaks of what no layer has.
    public func watch(_ network: Network, batch: Int, pool: ThreadPool, options: GradientWatch.Options) throws -> NetworkWatch {
        let bound = try network.bindingMovedBatch(to: batch)
        let graph = try optimize(bound, training: true, watching: true)
        let executable = try executable(plan(graph, of: bound, batch: batch), of: bound, batch: batch, pool: pool)
        guard let training = bound.training else { preconditionFailure("a network without a training was differentiated") }
        let layers = WatchedLayer.all(in: training.graph, loss: training.recipe.lossOutput)
        let states = Dictionary(executable.plan.parameters.map { ($0.parameter.name, executable.plan.buffers[$0.buffer].extents) }) {
            first, _ in
            first
        }
        let trained = Set(graph.updates.compactMap { graph[$0.state].parameter?.name })
        let types = bind(training.graph, batch: batch)
        let described = layers.enumerated().map { number, layer in
            GradientWatch.Layer(
                name: layer.name, line: network.sources.location(of: layer.span)?.line ?? 0,
                weights: layer.weights.map { name in
                    .init(name: name, rows: states[name].flatMap { $0.count > 1 ? $0[0] : nil }, isTrained: trained.contains(name))
                },
                activations: layer.activations.enumerated().map { use, activation in
                    let name = { (statistic: WatchedStatistic) in statistic.name(layer: number, use: use) }
                    let elements = types[activation.value].type.shape.elementCount ?? 0
                    let planes = states[name(.mean)]?.reduce(1, *) ?? 1
                    var described = GradientWatch.Activation(
                        mean: name(.mean), squaredDistances: name(.squaredDistances), count: elements / max(1, planes),
                        unitAxis: activation.unitAxis)
                    if let slope = activation.function?.slope, slope.hasFlatSide {
                        described.slope = (name(.steepestSlope), slope.flatLimit)
                        if slope.isBounded { described.saturated = name(.saturated) }
                    }
                    return described
                })
        }
        return NetworkWatch(
            try GradientWatch(executable, layers: described, options: options), layers.map(\.span), network.sources)
    }
}
