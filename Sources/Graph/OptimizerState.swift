/// What an optimizer keeps from step to step, in parameters of role `state`.
///
/// This is the one list of such parameters: a checkpoint holds them beside the weights, and a network that predicts has none of them.
/// No operator may own a parameter whose name ends so.
public enum OptimizerState: String, CaseIterable, Sendable {
    /// The running sum of a weight's gradients (sgd) or of its steps (rmsprop).
    case momentum
    /// The running averages of a weight's gradients and of their squares (adam).
    case firstMoment = "first_moment"
    case secondMoment = "second_moment"
    /// The same (rmsprop).
    case meanGradient = "mean_gradient"
    case meanSquare = "mean_square"
    /// The running averages of ones, `1 - beta^t`, one for all weights: dividing by them corrects adam's moments for their start at zero.
    case firstCorrection = "first_correction"
    case secondCorrection = "second_correction"
    /// What gradients are multiplied by when momentum takes them up, one for all weights: 1 in the first step, `1 - dampening` then (sgd).
    case gradientGain = "gradient_gain"

    /// The name of the parameter that is kept for a weight.
    public func name(of weight: String) -> String { "\(weight).\(rawValue)" }

    /// The name of the parameter that is kept for all weights together.
    public var sharedName: String { "optimizer.\(rawValue)" }

    /// Whether a parameter of this name is the state of an optimizer.
    public static func isName(_ name: String) -> Bool {
        guard let dot = name.lastIndex(of: ".") else { return false }
        return OptimizerState(rawValue: String(name[name.index(after: dot)...])) != nil
    }
}
