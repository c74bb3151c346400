import Foundation
import Recipes
import Source

/// What ends a training where a watched layer meets it: `gradient < 1e-8`, `dead in blocks.* > 0.9`.
///
/// QUANTITY, perhaps `in` with a PATTERN of layers, `<` or `>`, NUMBER; blanks around the sign do not matter.
public struct StopCondition: Equatable, Sendable, CustomStringConvertible {
    public enum Comparison: String, Sendable { case less = "<", greater = ">" }

    /// The name of a `WatchedQuantity`.
    public let quantity: String
    /// The layers that are looked at; nil for all.
    public let layers: NamePattern?
    public let comparison: Comparison
    public let limit: Double

    public var description: String {
        "\(quantity)\(layers.map { " in \($0)" } ?? "") \(comparison.rawValue) \(limit)"
    }

    /// Reads a condition; throws where the text is none.
    public init(_ text: String) throws(TrainingError) {
        let example = "write one such as 'gradient < 1e-8', 'update > 0.1' or 'dead in blocks.* > 0.9'"
        guard let sign = text.firstIndex(where: { $0 == "<" || $0 == ">" }) else {
            throw TrainingError("the condition '\(text)' compares nothing", repair: example)
        }
        let words = text[..<sign].split(whereSeparator: \.isWhitespace).map(String.init)
        guard let name = words.first else { throw TrainingError("the condition '\(text)' names no quantity", repair: example) }
        guard WatchedQuantity.named(name) != nil else {
            throw TrainingError(
                "no quantity of the condition '\(text)' is called '\(name)'",
                repair: "there are \(WatchedQuantity.all.map(\.name).joined(separator: ", "))")
        }
        guard words.count == 1 || words.count == 3 && words[1] == "in" else {
            throw TrainingError("the condition '\(text)' has more words than a quantity and 'in' with a pattern", repair: example)
        }
        let number = text[text.index(after: sign)...].trimmingCharacters(in: .whitespaces)
        guard let limit = Double(number), limit.isFinite else {
            throw TrainingError("the condition '\(text)' compares with '\(number)', which is no number", repair: example)
        }
        quantity = name
        layers = words.count == 3 ? NamePattern(words[2]) : nil
        comparison = text[sign] == "<" ? .less : .greater
        self.limit = limit
    }

    /// What of a layer is compared; nil where it has not that, or is not looked at.
    func value(of layer: LayerMeasures, named name: String) -> Double? {
        guard layers?.matches(name) ?? true else { return nil }
        return WatchedQuantity.named(quantity)?.value(layer)
    }

    /// Whether a value is beyond the limit; what is no number is not.
    func isMet(by value: Double) -> Bool { comparison == .less ? value < limit : value > limit }

    /// The layer that meets the condition, of several the one that is furthest beyond the limit, by its place with the value and how many
    /// there are; nil where none does.
    func meeting(_ measures: [LayerMeasures], names: [String]) -> (layer: Int, value: Double, count: Int)? {
        let found = zip(measures, names).enumerated().compactMap { index, layer in
            value(of: layer.0, named: layer.1).flatMap { isMet(by: $0) ? (layer: index, value: $0) : nil }
        }
        let sign = comparison == .less ? 1.0 : -1.0
        return found.min { ($0.value * sign, $0.layer) < ($1.value * sign, $1.layer) }.map { ($0.layer, $0.value, found.count) }
    }
}

/// A condition that a step of a training met.
public struct MetCondition: Mistake, Equatable {
    public let condition: StopCondition
    /// The layer, by its place among those that are watched.
    public let layer: Int
    public let layerName: String
    public let value: Double
    /// How many layers met it.
    public let count: Int
    public let step: Int
    public let epoch: Int
    /// Where the training can be gone on with.
    public let checkpoint: String?

    public var description: String {
        "'\(layerName)' met the condition \(condition) in step \(step) (epoch \(epoch)), with \(Float(value))"
            + (count > 1 ? ", and so did \(count - 1) other layer\(count == 2 ? "" : "s")" : "")
    }

    public var diagnostic: Diagnostic { Diagnostic(description, at: .none, help: repair) }

    public var repair: String {
        "to go on all the same, leave the condition out" + (checkpoint.map { " and give --resume \($0)" } ?? "")
    }
}
