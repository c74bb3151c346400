import Graph

/// Weights that are trained otherwise than the rest: those whose names match a pattern, as `group "*.bias", weight_decay: 0` has it.
///
/// A weight is in the last group that matches it, as it is in one of PyTorch's, and in none where no group does.
public struct WeightGroup: Hashable, Sendable {
    public var pattern: NamePattern
    /// What the schedule's rate is multiplied by; 0 freezes: no gradient of these weights is computed, and nothing is kept for them.
    public var rate: Double
    /// In place of the optimizer's `weight_decay` and `decay_vectors`; nil leaves it to these.
    public var weightDecay: Double?

    public init(_ pattern: String, rate: Double = 1, weightDecay: Double? = nil) {
        self.pattern = NamePattern(pattern)
        self.rate = rate
        self.weightDecay = weightDecay
    }

    /// A group with the values of `parameters` that are given.
    public init(_ pattern: String, _ values: Attributes) {
        self.init(
            pattern, rate: values["rate"].map { _ in values.number("rate") } ?? 1,
            weightDecay: values["weight_decay"].map { _ in values.number("weight_decay") })
    }

    public var isFrozen: Bool { rate == 0 }

    /// What stands behind the pattern, each of which may be left out.
    public static let parameters = [
        FormParameter.number("rate", 0...1e6, "a factor of the schedule's rate").optional,
        FormParameter.number("weight_decay", FormParameter.share, "in place of the optimizer's").optional,
    ]

    /// The group as the language writes it.
    var clause: String {
        func given(_ name: String, _ value: Double) -> String { "\(name): \(Attribute.number(value).text(as: .number))" }
        let decay = weightDecay.map { [given("weight_decay", $0)] } ?? []
        return (["group \(Self.quoted(pattern.text))"] + (rate != 1 || decay.isEmpty ? [given("rate", rate)] : []) + decay)
            .joined(separator: ", ")
    }

    /// A text as the language writes it.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for letter in text.unicodeScalars {
            switch letter {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\"", "\\", "{": result += "\\\(letter)"
            default: result.unicodeScalars.append(letter)
            }
        }
        return result + "\""
    }
}

extension TrainingRecipe {
    /// The group that a weight is in; nil for none.
    public func group(of weight: String) -> WeightGroup? { groups.last { $0.pattern.matches(weight) } }

    /// Whether a weight stays as it is.
    public func isFrozen(_ weight: String) -> Bool { group(of: weight)?.isFrozen ?? false }
}
