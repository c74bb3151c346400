import ArgumentParser
import Interchange

/// The weights that a precision is found for, where a command needs none otherwise.
struct CalibrationWeights: ParsableArguments {
    @Option(
        help: ArgumentHelp("With --precision auto: the weights, a safetensors file (default: random ones, seed 0).", valueName: "path"))
    var weights: String?

    func validate(_ precision: PrecisionOption) throws {
        if weights != nil, !precision.isAuto { throw ValidationError("--weights is for --precision auto") }
    }

    func open() throws(InterchangeError) -> Safetensors? {
        try weights.map { path throws(InterchangeError) in try Safetensors(path: path) }
    }
}
