import Interchange

/// Why a training ends early.
public enum TrainingFailure: Error, Sendable, CustomStringConvertible {
    case training(TrainingError)
    /// A step left the finite numbers: `last` (counted from 0), or one before since the last checkpoint.
    case diverged(TrainingError, last: Int)
    /// A layer met a condition that ends the training; there is a checkpoint.
    case met(MetCondition)
    case weights(WeightsFailure)
    case file(InterchangeError)

    public var description: String {
        switch self {
        case .training(let error), .diverged(let error, _): error.description
        case .met(let met): met.description
        case .weights(let error): error.description
        case .file(let error): error.description
        }
    }
}
