import ArgumentParser
import Graph

/// What numbers are rounded to.
struct PrecisionOption: ParsableArguments {
    @Option(
        name: .customLong("precision"),
        help: ArgumentHelp(
            "What values between layers are stored as, and the factors of products are: f32; or bf16, which halves the traffic and doubles "
                + "the products of processors that have instructions for it, and keeps 8 bits of a number: sums are f32, and so "
                + "are inputs, outputs, the first layer's factors, all from the last layer on and what the file's precision clauses keep in f32 "
                + "(default: what those clauses say, else f32).",
            valueName: "precision"))
    var chosen: Precision?

    /// - Parameter training: whether a training step is asked for, and by which flag.
    func validate(training: Bool, flag: String) throws {
        if training, let chosen, chosen != .f32 {
            throw ValidationError("a training is computed in f32: leave out \(flag) or --precision \(chosen)")
        }
    }
}

extension Precision: ExpressibleByArgument {}
