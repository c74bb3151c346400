import Compiler
import Graph

/// What `--precision auto` found, as people and programs read it. It goes to standard error, beside whatever the command prints.
struct PrecisionReport {
    private let assignment: PrecisionAssignment
    private let isKept: Bool

    /// - Parameter isKept: whether it was found before.
    init(_ assignment: PrecisionAssignment, isKept: Bool) { (self.assignment, self.isKept) = (assignment, isKept) }

    func show() { Console.error(text) }

    var text: String {
        var table = Table(
            ("layer", .left), ("precision", .left), ("error alone", .right), ("f32, ms", .right), ("bf16, ms", .right),
            ("algorithm", .left),
            ("unit", .left))
        for layer in assignment.layers {
            table.add(
                layer.label, layer.precision.rawValue, layer.error.map(Self.error) ?? "", Format.fixed(layer.secondsF32 * 1e3, 3),
                Format.fixed(layer.secondsBF16 * 1e3, 3), layer.algorithm, layer.unit)
        }
        var lines = [
            "precision of \(assignment.network), batch \(assignment.batch), within \(Self.error(assignment.tolerance)) of fp64 on "
                + assignment.samples + (isKept ? " (found before)" : "")
        ]
        lines += table.text.split(separator: "\n").map(String.init)
        lines.append(
            "\(assignment.narrowLayers) of \(assignment.layers.count) layers in bf16: error \(Self.error(assignment.chosen.error)), predicted "
                + whole(assignment.chosen))
        lines.append("all in f32: error \(Self.error(assignment.f32.error)), predicted \(whole(assignment.f32))")
        lines.append("--precision bf16: error \(Self.error(assignment.bf16.error)), predicted \(whole(assignment.bf16))")
        if assignment.f32.error > assignment.tolerance {
            lines.append("sums are computed with --numerics \(assignment.numerics): default ones do not keep the tolerance")
        }
        if assignment.clauses.isEmpty {
            lines.append("no clause is needed: all is in f32")
        } else {
            lines.append("in the body of \(assignment.network), in place of other clauses of precision, these say the same:")
            lines += assignment.clauseLines.map { "    " + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func whole(_ whole: PrecisionAssignment.Whole) -> String {
        let ratio = assignment.f32.predictedSeconds / whole.predictedSeconds
        return "\(BenchReport.milliseconds(whole.predictedSeconds)) with one thread, \(Format.fixed(ratio, 2)) times as fast as f32"
    }

    private static func error(_ error: Double) -> String {
        error == 0 ? "0" : error.formatted(.number.notation(.scientific).precision(.significantDigits(2))).lowercased()
    }

    /// One JSON object.
    struct Record: Encodable {
        struct Layer: Encodable {
            var label: String
            var precision: String
            var algorithm: String
            var unit: String
            var error: Double?
            var msF32: Double
            var msBf16: Double
        }

        struct Whole: Encodable {
            var error: Double
            var predictedMs: Double

            init(_ whole: PrecisionAssignment.Whole) { (error, predictedMs) = (whole.error, whole.predictedSeconds * 1e3) }
        }

        var tolerance: Double
        var samples: String
        var numerics: String
        var chosen: Whole
        var f32: Whole
        var bf16: Whole
        var outputs: [String: Double]
        /// Lines for the file.
        var clauses: [String]
        var layers: [Layer]

        init(_ assignment: PrecisionAssignment) {
            (tolerance, samples, numerics) = (assignment.tolerance, assignment.samples, assignment.numerics)
            (chosen, f32, bf16) = (Whole(assignment.chosen), Whole(assignment.f32), Whole(assignment.bf16))
            (outputs, clauses) = (assignment.outputs, assignment.clauseLines)
            layers = assignment.layers.map {
                Layer(
                    label: $0.label, precision: $0.precision.rawValue, algorithm: $0.algorithm, unit: $0.unit, error: $0.error,
                    msF32: $0.secondsF32 * 1e3, msBf16: $0.secondsBF16 * 1e3)
            }
        }
    }
}
