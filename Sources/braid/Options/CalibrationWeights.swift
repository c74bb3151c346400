import ArgumentParser
import Interchange

/// The weights that a precision is found for, where a command needs none otherwise.
struct CalibrationWeights: ParsableArguments {
    @Option(
        help: ArgumentHelp("With --precision auto: the weights: \(WeightsNames.formats) (default: random ones, seed 0).", valueName: "path")
    )
    var weights: String?

    @OptionGroup var names: WeightsNames

    func validate(_ precision: PrecisionOption) throws {
        try names.requireWeights(weights)
        if weights != nil, !precision.isAuto { throw ValidationError("--weights is for --precision auto") }
    }

    func open() throws -> WeightsFile? { try names.open(weights) }
}
