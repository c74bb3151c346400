import Graph

/// One parameter of a form: a number within bounds, or a list of them.
struct RecipeParameter: Sendable {
    enum Kind: Sendable {
        case number, integer, boolean
        /// Integers that ascend.
        case integers
    }

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

    static func integers(_ name: String, _ range: ClosedRange<Double>) -> RecipeParameter {
        RecipeParameter(name: name, kind: .integers, range: range)
    }

    static let epochs = RecipeParameter(name: "epochs", kind: .integer, range: 1...100_000, isOptional: true)
    /// Of every optimizer: whether weight decay applies to biases, scales and shifts too.
    static let decaysVectors = boolean("decay_vectors", default: true)
}

/// The values of a form's parameters; truth values are 0 and 1.
struct RecipeValues: Sendable {
    var numbers: [String: Double] = [:]
    var lists: [String: [Int]] = [:]

    func number(_ name: String) -> Double {
        guard let value = numbers[name] else { preconditionFailure("a form has no parameter '\(name)'") }
        return value
    }

    func integer(_ name: String) -> Int { Int(number(name)) }
    func integers(_ name: String) -> [Int] { lists[name] ?? [] }
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

    /// What a running average keeps of itself in a step.
    private static let retained = 0.0...0.999_999

    static let optimizers: [RecipeForm<TrainingRecipe.Optimizer>] = [
        RecipeForm(
            "sgd",
            [
                .number("momentum", retained, default: 0), .boolean("nesterov", default: false),
                .number("weight_decay", share, default: 0), .number("dampening", share, default: 0), .decaysVectors,
            ]
        ) {
            .sgd(
                momentum: $0.number("momentum"), dampening: $0.number("dampening"), nesterov: $0.boolean("nesterov"),
                weightDecay: $0.number("weight_decay"))
        },
        adam("adam", weightDecay: 0, isDecoupled: false),
        adam("adamw", weightDecay: 0.01, isDecoupled: true),
        RecipeForm(
            "rmsprop",
            [
                .number("alpha", retained, default: 0.99), .number("epsilon", positive, default: 1e-8),
                .number("momentum", retained, default: 0), .number("weight_decay", share, default: 0),
                .boolean("centered", default: false), .boolean("tensorflow", default: false), .decaysVectors,
            ]
        ) {
            .rmsprop(
                alpha: $0.number("alpha"), epsilon: $0.number("epsilon"), momentum: $0.number("momentum"),
                isCentered: $0.boolean("centered"), weightDecay: $0.number("weight_decay"), isTensorFlow: $0.boolean("tensorflow"))
        },
    ]

    private static func adam(_ name: String, weightDecay: Double, isDecoupled: Bool) -> RecipeForm<TrainingRecipe.Optimizer> {
        RecipeForm(
            name,
            [
                .number("beta1", retained, default: 0.9), .number("beta2", retained, default: 0.999),
                .number("epsilon", positive, default: 1e-8), .number("weight_decay", share, default: weightDecay), .decaysVectors,
            ]
        ) {
            .adam(
                beta1: $0.number("beta1"), beta2: $0.number("beta2"), epsilon: $0.number("epsilon"),
                weightDecay: $0.number("weight_decay"), isDecoupled: isDecoupled)
        }
    }

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
        RecipeForm(
            "multistep", [.number("rate", positive), .integers("at", 1...100_000), .number("factor", share, default: 0.1), .epochs]
        ) {
            .multistep(rate: $0.number("rate"), epochs: $0.integers("at"), factor: $0.number("factor"))
        },
        RecipeForm(
            "exponential",
            [
                .number("rate", positive), .number("factor", share), .number("every", 1e-3...1e5, default: 1),
                .boolean("staircase", default: true), .epochs,
            ]
        ) {
            .exponential(
                rate: $0.number("rate"), factor: $0.number("factor"), epochs: $0.number("every"), isStaircase: $0.boolean("staircase"))
        },
        RecipeForm("polynomial", [.number("rate", positive), .number("power", 0...100, default: 1), .epochs]) {
            .polynomial(rate: $0.number("rate"), power: $0.number("power"))
        },
        RecipeForm(
            "cosine",
            [.number("rate", positive), .number("floor", 0...1e6, default: 0), .number("warmup", 0...1e5, default: 0), .epochs]
        ) {
            .cosine(rate: $0.number("rate"), floor: $0.number("floor"), warmup: $0.number("warmup"))
        },
    ]

    static let initializers: [RecipeForm<Initializer>] = [
        RecipeForm("zeros") { _ in .zeros },
        RecipeForm("ones") { _ in .ones },
        RecipeForm("constant", [.number("value", -1e6...1e6)]) { .constant($0.number("value")) },
        RecipeForm("normal", [.number("deviation", 0...1e6)]) { .normal($0.number("deviation")) },
        RecipeForm("truncated_normal", [.number("deviation", 0...1e6)]) { .truncatedNormal($0.number("deviation")) },
        RecipeForm("uniform", [.number("bound", 0...1e6)]) { .uniform($0.number("bound")) },
        RecipeForm("orthogonal", [.number("gain", 0...1e6, default: 1)]) { .orthogonal(gain: $0.number("gain")) },
        RecipeForm("he_normal") { _ in .heNormal },
        RecipeForm("he_uniform") { _ in .heUniform },
        RecipeForm("he_normal_fan_out") { _ in .heNormalFanOut },
        RecipeForm("he_uniform_fan_out") { _ in .heUniformFanOut },
        RecipeForm("xavier_normal") { _ in .xavierNormal },
        RecipeForm("xavier_uniform") { _ in .xavierUniform },
        RecipeForm("fan_in_uniform") { _ in .fanInUniform(fanIn: nil) },
    ]

    static let augmentations: [RecipeForm<TrainingRecipe.Augmentation>] = [
        RecipeForm("shift", [.integer("pixels", 0...4096)]) { .shift($0.integer("pixels")) },
        RecipeForm("flip") { _ in .flip },
        RecipeForm("crop", [.number("scale", 1e-3...1, default: 0.08)]) { .crop(scale: $0.number("scale")) },
    ]

    /// `clip norm 1.0` is read as an argument `norm: 1.0`.
    static let clips: [RecipeForm<TrainingRecipe.Clip>] = [
        RecipeForm("norm", [.number("limit", positive)]) { .norm($0.number("limit")) },
        RecipeForm("value", [.number("limit", positive)]) { .value($0.number("limit")) },
    ]
}
