import Interchange

/// Why a training ends early.
public enum TrainingFailure: Error, Sendable, CustomStringConvertible {
    case training(TrainingError)
    case weights(WeightsFailure)
    case file(InterchangeError)

    public var description: String {
        switch self {
        case .training(let error): error.description
        case .weights(let error): error.description
        case .file(let error): error.description
        }
    }
}
