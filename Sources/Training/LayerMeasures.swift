/// What a step of a training says of one layer. Nil is what the layer has not, or what was not asked for.
public struct LayerMeasures: Equatable, Sendable {
    /// The Euclidean norm of the gradients of all the layer's weights, before they are clipped; of several batches that make one update, of
    /// their average.
    public var gradient: Double?
    /// The Euclidean norm of the weights before the step.
    public var weight: Double?
    /// The norm of what the step changes of the weights, over `weight`.
    public var update: Double?
    /// Mean and standard deviation over all elements that the layer hands on, behind its activation function.
    public var mean: Double?
    public var deviation: Double?
    /// The share of units, channels or features, through which the activation function lets no gradient for any element of the batch: its slope
    /// is at most a twentieth of its steepest. For a ReLU: that are never above zero.
    public var dead: Double?
    /// The share of elements at which a bounded activation function is so flat; below 0 a `relu6` is meant to be.
    public var saturated: Double?
    /// The largest singular value of a weight, as the matrix of its first axis against all others.
    public var singular: Double?

    public init() {}
}

/// A quantity that is watched: how it is called, and where it is found. One row each.
public struct WatchedQuantity: Sendable {
    /// As tables and conditions name it.
    public let name: String
    public let title: String
    let value: @Sendable (LayerMeasures) -> Double?

    public static let gradient = WatchedQuantity(name: "gradient", title: "gradient norm") { $0.gradient }
    public static let weight = WatchedQuantity(name: "weight", title: "weight norm") { $0.weight }
    public static let update = WatchedQuantity(name: "update", title: "update over weight") { $0.update }
    public static let mean = WatchedQuantity(name: "mean", title: "activation mean") { $0.mean }
    public static let deviation = WatchedQuantity(name: "deviation", title: "activation deviation") { $0.deviation }
    public static let dead = WatchedQuantity(name: "dead", title: "dead units") { $0.dead }
    public static let saturated = WatchedQuantity(name: "saturated", title: "saturated") { $0.saturated }
    public static let singular = WatchedQuantity(name: "singular", title: "largest singular value") { $0.singular }

    public static let all = [gradient, weight, update, mean, deviation, dead, saturated, singular]

    static func named(_ name: String) -> WatchedQuantity? { all.first { $0.name == name } }
}

/// What a step of a training says of all layers, in their order.
public struct WatchedStep: Equatable, Sendable {
    /// Counted from 1, over all epochs.
    public var step: Int
    public var epoch: Int
    public var layers: [LayerMeasures]
}
