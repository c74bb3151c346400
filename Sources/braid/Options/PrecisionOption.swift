import ArgumentParser
import Compiler
import Graph
import Interchange

/// What numbers are rounded to.
struct PrecisionOption: ParsableArguments {
    /// What `--precision` takes.
    enum Request: String, CaseIterable, ExpressibleByArgument {
        case f32, bf16, auto
    }

    @Option(
        name: .customLong("precision"),
        help: ArgumentHelp(
            "What values between layers are stored as, and the factors of products are: f32; or bf16, which halves the traffic and doubles "
                + "the products of processors that have instructions for it, and keeps 8 bits of a number: sums are f32, and so "
                + "are inputs, outputs, the first layer's factors, all from the last layer on and what the file's precision clauses keep in f32; "
                + "or auto, which finds the layers that may be in bf16 within --tolerance on the samples of --calibrate "
                + "(default: what those clauses say, else f32).",
            valueName: "precision"))
    var request: Request?

    @Option(
        help: ArgumentHelp(
            "With --precision auto: the largest difference of an output from fp64, relative to its largest value, of each sample "
                + "(default: 0.01).",
            valueName: "error"))
    var tolerance: Double?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "With --precision auto: what the network is to be right for. A .npy file or a picture for an input, as many as are given, or "
                + "the first held-out pictures of mnist:DIR, folder:DIR or builtin:digits. What is found is kept for the same weights, "
                + "samples and machine.",
            valueName: "[name=]path|data"))
    var calibrate: [String] = []

    @Option(
        name: .customLong("calibrate-count"),
        help: ArgumentHelp("The pictures of a data set to calibrate with (default: \(Self.pictures)).", valueName: "count"))
    var count: Int?

    /// The pictures of a data set that a precision is found on.
    static let pictures = 4
    private static let standardTolerance = 0.01

    /// What all is computed in; nil where the file says it, or what was found.
    var chosen: Precision? { request.flatMap { Precision(rawValue: $0.rawValue) } }

    var isAuto: Bool { request == .auto }

    var errorBound: Double { tolerance ?? Self.standardTolerance }

    func validate() throws {
        if let tolerance, !(tolerance > 0 && tolerance.isFinite) {
            throw ValidationError("--tolerance must be above 0, such as 0.01, not \(tolerance)")
        }
        if let count, !(1...65_536).contains(count) { throw ValidationError("--calibrate-count must be from 1 to 65536, not \(count)") }
        guard !isAuto else { return }
        let given = [("--tolerance", tolerance != nil), ("--calibrate", !calibrate.isEmpty), ("--calibrate-count", count != nil)]
        if let (name, _) = given.first(where: { $0.1 }) { throw ValidationError("\(name) is for --precision auto") }
    }

    /// - Parameter training: whether a training step is asked for, and by which flag.
    func validate(training: Bool, flag: String) throws {
        guard training, isAuto else { return }
        throw ValidationError("a training has no samples to find a precision on: leave out \(flag), or give --precision bf16 or f32")
    }

    /// Throws where there is nothing to calibrate on.
    func requireSamples() throws {
        guard isAuto, calibrate.isEmpty else { return }
        throw ValidationError(
            "--precision auto needs samples to measure errors on: give --calibrate with pictures or arrays for the network's input "
                + "(--calibrate photo.jpg), or a data set (--calibrate folder:DIR)")
    }
}
