import Graph

/// What an optimizer keeps from step to step, in a parameter of role `state`: of every weight and of its shape, or one number for all.
///
/// A checkpoint holds them beside the weights, and a network that predicts has none of them. No operator may own a parameter whose name
/// ends as one of them is called.
public struct OptimizerState: Hashable, Sendable {
    public let name: String
    /// Whether there is one for all weights together.
    public let isShared: Bool
    public let initializer: Initializer

    init(_ name: String, isShared: Bool = false, from initializer: Initializer = .zeros) {
        self.name = name
        self.isShared = isShared
        self.initializer = initializer
    }

    /// The name of the parameter that is kept for a weight, or for all of them together.
    public func name(of weight: String) -> String { isShared ? "optimizer.\(name)" : "\(weight).\(name)" }

    /// The same state with other first values.
    func from(_ initializer: Initializer) -> OptimizerState { OptimizerState(name, isShared: isShared, from: initializer) }

    /// The average of a weight over the updates, and how many it has taken up.
    public static let movingAverage = OptimizerState("moving_average")
    public static let averageCount = OptimizerState("average_count", isShared: true)
    /// The sum of a weight's gradients over the batches of a group.
    public static let gradientSum = OptimizerState("gradient_sum")

    /// A parameter as it was behind the best epoch, in checkpoints alone.
    public static let bestEpoch = OptimizerState("best_epoch")

    /// The states of all optimizers, and what a training keeps besides.
    public static let all: [OptimizerState] = Optimizer.all.flatMap(\.states) + [movingAverage, averageCount, gradientSum, bestEpoch]

    private static let names = Set(all.map(\.name))

    /// Whether a parameter of this name may be the state of an optimizer.
    public static func isName(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return names.contains(String(name[name.index(after: dot)...]))
    }

    /// Whether a parameter of this name is what an optimizer keeps of one of these weights, or of all of them together: a network may call
    /// parameters of its own as states are called.
    public static func isName(_ name: String, of weights: Set<String>) -> Bool {
        guard isName(name), let dot = name.lastIndex(of: ".") else { return false }
        return weights.contains(String(name[..<dot])) || all.contains { $0.isShared && $0.name(of: "") == name }
    }
}
