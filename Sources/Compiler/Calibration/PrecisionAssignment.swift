import Graph
import Language

/// Which contractions of a network are computed in bf16, found by runs on samples, and how far it is off so.
public struct PrecisionAssignment: Codable, Hashable, Sendable {
    /// A convolution or linear layer.
    public struct Layer: Codable, Hashable, Sendable {
        public var label: String
        public var precision: Precision
        /// How it is computed, and what multiplies and adds up its products.
        public var algorithm: String
        public var unit: String
        /// The error of the outputs that rounding this layer alone adds (together with others where it was measured with them); nil where
        /// it was not measured, since bf16 is predicted to gain nothing.
        public var error: Double?
        /// What the cost model says of one thread.
        public var secondsF32: Double
        public var secondsBF16: Double
    }

    /// The whole network in some precision.
    public struct Whole: Codable, Hashable, Sendable {
        /// The largest difference of an output from fp64 over its largest value, of the worst sample.
        public var error: Double
        /// What the cost model says of one thread.
        public var predictedSeconds: Double
    }

    public var network: String
    public var batch: Int
    public var tolerance: Double
    /// The samples, for people.
    public var samples: String
    public var sampleCount: Int
    /// What sums are computed with: the given ones, or stricter where these do not keep the tolerance.
    public var numerics: String
    /// What the network's clauses of precision are to be, by path.
    public var clauses: [String: Precision]
    public var layers: [Layer]
    public var chosen: Whole
    /// All in f32, and as with `--precision bf16`, with the given numerics.
    public var f32: Whole
    public var bf16: Whole
    /// The errors of each output, by name.
    public var outputs: [String: Double]
    /// How many assignments were run.
    public var trials: Int
    /// Tells the kernels that were measured apart from others: the error holds as long as they are the same.
    var kernels: String

    /// How many layers are in bf16.
    public var narrowLayers: Int { layers.count { $0.precision == .bf16 } }

    /// The predicted speed over that of f32 with the given numerics.
    public var speedup: Double { f32.predictedSeconds / chosen.predictedSeconds }

    /// The clauses as the language writes them, for the body of the network.
    public var clauseLines: [String] {
        let all = clauses.sorted { $0.key < $1.key }
        var lines = clauses[""].map { ["precision \($0)"] } ?? []
        for precision in Precision.allCases {
            let paths = all.filter { $0.value == precision && !$0.key.isEmpty }.map { Self.written($0.key) }
            var line = ""
            for (index, path) in paths.enumerated() {
                let next = path + (index == paths.count - 1 ? ": \(precision)" : ",")
                if line.isEmpty {
                    line = "precision " + next
                } else if line.count + next.count > 110 {
                    lines.append(line)
                    line = "    " + next
                } else {
                    line += " " + next
                }
            }
            if !line.isEmpty { lines.append(line) }
        }
        return lines
    }

    /// A path as a label is written: what is neither a name nor a number, as a computed part.
    static func written(_ path: String) -> String {
        path.split(separator: ".", omittingEmptySubsequences: false).map { part in
            let isPlain = !part.isEmpty && part.utf8.allSatisfy { $0 == UInt8(ascii: "_") || Character(UnicodeScalar($0)).isPlain }
            if isPlain, !TokenKind.reservedWords.contains(String(part)), part.first?.isNumber == false || part.allSatisfy(\.isNumber) {
                return String(part)
            }
            let escaped = part.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
            return "{\"\(escaped)\"}"
        }.joined(separator: ".")
    }
}

extension Character {
    fileprivate var isPlain: Bool { isASCII && (isLetter || isNumber) }
}
