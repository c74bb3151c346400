import Compiler
import Kernels

/// The errors of contractions as people read them, the largest first.
struct ErrorReport {
    private let errors: [ContractionAccuracy]
    private let numerics: Numerics

    init(_ errors: [ContractionAccuracy], _ numerics: Numerics) {
        self.errors = errors
        self.numerics = numerics
    }

    func show() {
        print("\n\(Console.bold("errors against fp64")), numerics \(numerics)")
        guard !errors.isEmpty else { return print("  there are no convolutions and no linear layers") }
        var table = Table(
            ("rms error", .right), ("largest", .right), ("stated rms", .right), ("of stated", .right), ("terms", .right),
            ("samples", .right),
            ("algorithm", .left), ("computes", .left))
        for error in errors.sorted(by: { $0.rootMeanSquare > $1.rootMeanSquare }) {
            table.add(
                Self.text(error.rootMeanSquare), Self.text(error.largest), Self.text(error.stated),
                Format.fixed(error.rootMeanSquare / error.stated, 1) + "x", Format.grouped(error.terms), Format.grouped(error.samples),
                error.algorithm, error.summary)
        }
        print(table.text, terminator: "")
    }

    /// Two digits: more say nothing about samples.
    private static func text(_ error: Double) -> String { error.isFinite ? Format.scientific(error) : "infinite" }
}
