import Graph
import Operators

extension Pass {
    /// Adds what activations of layers are like: of every plane, or row of a batch, the mean, the sum of squared distances from it, the
    /// steepest slope of the activation function, and how many elements are saturated.
    ///
    /// They are states, which a run writes and nothing reads (`WatchedStatistic`): so all else is computed as in a step of the training, whose
    /// states are its weights. What is added comes last and is written with plain operators, so that random numbers, which go by the order of
    /// composite ones, stay those of the step.
    public static let watchActivations = Pass("watch_activations", "Adds statistics of the layers' activations.") {
        graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let layers = WatchedLayer.all(in: graph, loss: recipe.lossOutput)
        return try graph.extended { builder, copies throws(PassError) in
            for (number, layer) in layers.enumerated() {
                (builder.currentLabel, builder.currentSpan) = (layer.name, layer.span)
                for (use, activation) in layer.activations.enumerated() {
                    func write(_ statistic: WatchedStatistic, _ value: Value) {
                        builder.keep(value, as: statistic.name(layer: number, use: use))
                    }
                    let shape = graph[activation.value].type.shape
                    let axes = activation.reducedAxes(rank: shape.rank)
                    func reduced(_ operation: Operator, _ value: Value) -> Value {
                        builder.apply(operation, value, attributes: ["axes": .integers(axes), "keep": .boolean(true)])
                    }
                    let value = copies[activation.value.index]
                    let count = builder.apply(.elementCount, attributes: ["shape": .shape(Shape(axes.map { shape[$0] }))])
                    let mean = builder.apply(.divide, reduced(.sum, value), count)
                    write(.mean, mean)
                    let distances = builder.map(
                        "squared_distance", [("x", value), ("mean", mean)],
                        (.argument(0) - .argument(1)) * (.argument(0) - .argument(1)))
                    write(.squaredDistances, reduced(.sum, distances))
                    guard let (argument, slope) = activation.function, slope.hasFlatSide else { continue }
                    let x = [("x", copies[argument.index])]
                    write(.steepestSlope, reduced(.max, builder.map("slope", x, .unary(.absolute, slope.derivative))))
                    guard slope.isBounded else { continue }
                    write(.saturated, reduced(.sum, builder.map("is_saturated", x, slope.saturation)))
                }
            }
        }
    }

    /// Makes the gradients that `differentiate` made outputs the next values of their weights: written where they are summed, as an update of
    /// plain gradient descent is, they take no memory of their own, and lie as the weights do. Of the outputs the loss is left, and of the
    /// states those that are watched: running statistics, and gradients that are summed over batches, are the training's own.
    public static let watchGradients = Pass("watch_gradients", "Writes the weights' gradients in the places of the weights.") {
        graph, context throws(PassError) in
        let recipe = try context.requiredRecipe()
        let outputs = Dictionary(graph.outputs.map { ($0.name, $0.value) }) { first, _ in first }
        var watched = graph
        watched.updates = graph.updates.filter { WatchedStatistic.isName(graph[$0.state].parameter!.name) }
        return try watched.extended(keeping: { $0.name == recipe.lossOutput }) { builder, copies throws(PassError) in
            for weight in graph.parameters(.weight) {
                guard let gradient = outputs[gradientName(graph[weight].parameter!)] else { continue }
                builder.update(copies[weight.index], to: copies[gradient.index])
            }
        }
    }
}

/// What is kept of activations: tensors of f32, with an element for each plane, or row of the batch.
public enum WatchedStatistic: String, Sendable {
    case mean
    case squaredDistances = "squared_distances"
    case steepestSlope = "steepest_slope"
    case saturated

    /// No identifier of the language has a per cent sign.
    private static let prefix = "%watched."

    /// The state of a layer's activation, by the places of both in their lists.
    public func name(layer: Int, use: Int) -> String { "\(Self.prefix)\(layer).\(use).\(rawValue)" }

    static func isName(_ parameter: String) -> Bool { parameter.hasPrefix(prefix) }
}

extension WatchedLayer.Activation {
    /// The axes over which statistics are taken where tensors are: all but the batch and the units; of one row for each picture, the batch.
    func reducedAxes(rank: Int) -> [Int] {
        let axes = (1..<max(1, rank)).filter { $0 != unitAxis }
        return axes.isEmpty ? [0] : axes
    }
}

extension GraphBuilder {
    /// Writes a value to a new state when a run ends.
    fileprivate func keep(_ value: Value, as name: String) {
        update(parameter(Parameter(name, .state, .zeros), type(of: value)), to: value)
    }
}
