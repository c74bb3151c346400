import Graph

/// One parameter of a form: a number within bounds.
struct RecipeParameter: Sendable {
    enum Kind: Sendable { case number, integer, boolean, numbers }

    var name: String
    var kind: Kind
    /// The bounds of numbers and integers.
    var range: ClosedRange<Double>
    /// Nil when it must be given, or may be left out altogether (`isOptional`).
    var defaultValue: Double?
    var isOptional = false

    static func number(_ name: String, _ range: ClosedRange<Double>, default value: Double? = nil) -> RecipeParameter {
        RecipeParameter(name: name, kind: .number, range: range, defaultValue: value)
    }

    static func integer(_ name: String, _ range: ClosedRange<Double>, default value: Double? = nil) -> RecipeParameter {
        RecipeParameter(name: name, kind: .integer, range: range, defaultValue: value)
    }

    static func boolean(_ name: String, default value: Bool) -> RecipeParameter {
        RecipeParameter(name: name, kind: .boolean, range: 0...1, defaultValue: value ? 1 : 0)
    }

    static let epochs = RecipeParameter(name: "epochs", kind: .integer, range: 1...100_000, isOptional: true)
}

/// The values of a form's parameters; truth values are 0 and 1.
struct RecipeValues: Sendable {
    var numbers: [String: Double] = [:]

    func number(_ name: String) -> Double {
        guard let value = numbers[name] else { preconditionFailure("a form has no parameter '\(name)'") }
        return value
    }

    func integer(_ name: String) -> Int { Int(number(name)) }
    func boolean(_ name: String) -> Bool { number(name) != 0 }
}

/// One thing that a clause of a training can be, such as the optimizer `sgd`: one row a form.
struct RecipeForm<Made>: Sendable {
    var name: String
    var parameters: [RecipeParameter]
    var make: @Sendable (RecipeValues) -> Made

    init(_ name: String, _ parameters: [RecipeParameter] = [], make: @escaping @Sendable (RecipeValues) -> Made) {
        self.name = name
        self.parameters = parameters
        self.make = make
    }
}

/// All forms of all clauses.
enum RecipeForms {
    private static let positive = Double.leastNormalMagnitude...1e6
    private static let share = 0.0...1.0

    static let optimizers: [RecipeForm<TrainingRecipe.Optimizer>] = [
        RecipeForm(
            "sgd",
            [
                .number("momentum", 0...0.999_999, default: 0), .boolean("nesterov", default: false),
                .number("weight_decay", 0...1, default: 0),
            ]
        ) {
            .sgd(momentum: $0.number("momentum"), nesterov: $0.boolean("nesterov"), weightDecay: $0.number("weight_decay"))
        }
    ]

    static let schedules: [RecipeForm<TrainingRecipe.Schedule>] = [
        RecipeForm("constant", [.number("rate", positive), .epochs]) { .constant(rate: $0.number("rate")) },
        RecipeForm(
            "one_cycle",
            [
                .number("peak", positive), .epochs, .number("rise", share, default: 0.3), .number("start_divisor", 1...1e9, default: 25),
                .number("end_divisor", 1...1e9, default: 1e4),
            ]
        ) {
            .oneCycle(
                peak: $0.number("peak"), rise: $0.number("rise"), startDivisor: $0.number("start_divisor"),
                endDivisor: $0.number("end_divisor"))
        },
        RecipeForm("step", [.number("rate", positive), .integer("every", 1...100_000), .number("factor", 0...1, default: 0.1), .epochs]) {
            .step(rate: $0.number("rate"), epochs: $0.integer("every"), factor: $0.number("factor"))
        },
        RecipeForm("cosine", [.number("rate", positive), .number("floor", 0...1e6, default: 0), .epochs]) {
            .cosine(rate: $0.number("rate"), floor: $0.number("floor"))
        },
    ]

    static let initializers: [RecipeForm<Initializer>] = [
        RecipeForm("zeros") { _ in .zeros },
        RecipeForm("ones") { _ in .ones },
        RecipeForm("constant", [.number("value", -1e6...1e6)]) { .constant($0.number("value")) },
        RecipeForm("normal", [.number("deviation", 0...1e6)]) { .normal($0.number("deviation")) },
        RecipeForm("he_normal") { _ in .heNormal },
        RecipeForm("he_uniform") { _ in .heUniform },
        RecipeForm("xavier_normal") { _ in .xavierNormal },
        RecipeForm("xavier_uniform") { _ in .xavierUniform },
        RecipeForm("fan_in_uniform") { _ in .fanInUniform(fanIn: nil) },
    ]

    static let augmentations: [RecipeForm<TrainingRecipe.Augmentation>] = [
        RecipeForm("shift", [.integer("pixels", 0...4096)]) { .shift($0.integer("pixels")) },
        RecipeForm("flip") { _ in .flip },
    ]

    /// `clip norm 1.0` is read as an argument `norm: 1.0`.
    static let clips: [RecipeForm<TrainingRecipe.Clip>] = [
        RecipeForm("norm", [.number("limit", positive)]) { .norm($0.number("limit")) },
        RecipeForm("value", [.number("limit", positive)]) { .value($0.number("limit")) },
    ]
}
