import Graph
import Language
import Testing

/// What a recipe prints is what the language reads.
@Suite struct RecipeTests {
    private func recipe(_ clauses: String) throws -> TrainingRecipe {
        let text = """
            network n { input image: f32[N, 3, 8, 8]; output logits = image |> flatten |> fc: linear(10) }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                \(clauses)
            }
            """
        let (network, diagnostics) = Program.load(path: "n.braid", text: text) { _ in nil }.elaborate()
        return try #require(network?.training?.recipe, "\(clauses): \(diagnostics)")
    }

    static let recipes: [TrainingRecipe] = [
        TrainingRecipe(optimizer: .sgd()),
        TrainingRecipe(optimizer: .sgd(momentum: 0.9, dampening: 0.1, weightDecay: 5e-4), decaysVectors: false),
        TrainingRecipe(optimizer: .sgd(momentum: 0.9, nesterov: true), schedule: .oneCycle(peak: 0.1), clip: .norm(1), epochs: 3),
        TrainingRecipe(optimizer: .adam(), schedule: .step(rate: 0.1, epochs: 30), augmentations: [.shift(2), .flip]),
        TrainingRecipe(
            optimizer: .adam(beta1: 0.8, beta2: 0.99, epsilon: 1e-6, weightDecay: 0.1), schedule: .cosine(rate: 0.1), decaysVectors: false),
        TrainingRecipe(
            optimizer: .adam(weightDecay: 0.01, isDecoupled: true), schedule: .cosine(rate: 0.1, floor: 1e-5, warmup: 2.5), epochs: 90),
        TrainingRecipe(optimizer: .rmsprop(), schedule: .polynomial(rate: 0.04, power: 2), augmentations: [.crop(scale: 0.08), .flip]),
        TrainingRecipe(
            optimizer: .rmsprop(alpha: 0.9, epsilon: 1, momentum: 0.9, isCentered: true, weightDecay: 4e-5, isTensorFlow: true),
            schedule: .exponential(rate: 0.045, factor: 0.94, epochs: 2, isStaircase: false), clip: .value(2), decaysVectors: false),
        TrainingRecipe(
            schedule: .multistep(rate: 0.1, epochs: [30, 60, 90], factor: 0.2), epochs: 100, batchSize: 256, seed: 1,
            normalization: .init(mean: [0.5, 0.25, 1], deviation: [1, 2, 3])),
        TrainingRecipe(schedule: .exponential(rate: 0.1, factor: 0.5)),
    ]

    @Test(arguments: recipes) func readsWhatItPrints(_ expected: TrainingRecipe) throws {
        #expect(try recipe(expected.printed()) == expected)
    }

    @Test func hasPyTorchsDefaults() throws {
        func optimizer(_ text: String) throws -> TrainingRecipe.Optimizer {
            try recipe("optimizer \(text); schedule constant(0.1)").optimizer
        }
        #expect(try optimizer("adam") == .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, isDecoupled: false))
        #expect(try optimizer("adamw") == .adam(beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, isDecoupled: true))
        #expect(try optimizer("rmsprop") == .rmsprop(alpha: 0.99, epsilon: 1e-8))
    }
}
