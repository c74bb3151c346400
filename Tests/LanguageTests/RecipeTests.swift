import Graph
import Language
import Recipes
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
        TrainingRecipe(optimizer: Optimizer.sgd()),
        TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9, "dampening": 0.1, "weight_decay": 5e-4, "decay_vectors": false])),
        TrainingRecipe(
            optimizer: Optimizer.sgd(["momentum": 0.9, "nesterov": true]), schedule: Schedule.oneCycle(["peak": 0.1, "epochs": 3]),
            clip: Clip.norm(["limit": 1])),
        TrainingRecipe(
            optimizer: Optimizer.adam(), schedule: Schedule.step(["rate": 0.1, "every": 30]),
            augmentations: [Augmentation.shift(["pixels": 2]), Augmentation.flip()]),
        TrainingRecipe(
            optimizer: Optimizer.adam(["beta1": 0.8, "beta2": 0.99, "epsilon": 1e-6, "weight_decay": 0.1, "decay_vectors": false]),
            schedule: Schedule.cosine(["rate": 0.1])),
        TrainingRecipe(
            optimizer: Optimizer.adamw(["weight_decay": 0.01]),
            schedule: Schedule.cosine(["rate": 0.1, "floor": 1e-5, "warmup": 2.5, "epochs": 90])),
        TrainingRecipe(
            optimizer: Optimizer.rmsprop(), schedule: Schedule.polynomial(["rate": 0.04, "power": 2]),
            augmentations: [Augmentation.crop(["scale": 0.08]), Augmentation.flip()]),
        TrainingRecipe(
            optimizer: Optimizer.rmsprop([
                "alpha": 0.9, "epsilon": 1, "momentum": 0.9, "centered": true, "weight_decay": 4e-5, "tensorflow": true,
                "decay_vectors": false,
            ]),
            schedule: Schedule.exponential(["rate": 0.045, "factor": 0.94, "every": 2, "staircase": false]), clip: Clip.value(["limit": 2])),
        TrainingRecipe(
            schedule: Schedule.multistep(["rate": 0.1, "at": [30, 60, 90], "factor": 0.2, "epochs": 100]), batchSize: 256, seed: 1,
            normalization: .init(mean: [0.5, 0.25, 1], deviation: [1, 2, 3])),
        TrainingRecipe(optimizer: Optimizer.adam(["amsgrad": true]), schedule: Schedule.step(["rate": 0.1, "every": 3, "warmup": 0.5])),
        TrainingRecipe(
            optimizer: Optimizer.lamb(["decay_vectors": false]),
            schedule: Schedule.cosineRestarts(["rate": 0.1, "every": 3, "multiply": 2])),
        TrainingRecipe(optimizer: Optimizer.lion(["beta2": 0.95]), schedule: Schedule.plateau(["rate": 0.1, "patience": 3, "epochs": 9])),
        TrainingRecipe(groups: [
            WeightGroup("*.bias", weightDecay: 0), WeightGroup("fc.[!w]*", rate: 0.1, weightDecay: 1e-5), WeightGroup("*", rate: 0),
            WeightGroup("fc.*"), WeightGroup("f[{\"\\\\c]*.?eight", rate: 10),
        ]),
        TrainingRecipe(average: WeightAverage.exponential(), accumulation: 4, stopping: EarlyStopping(patience: 5)),
        TrainingRecipe(
            average: WeightAverage.exponential(["decay": 0.99, "warmup": false]),
            stopping: EarlyStopping(patience: 1, minimumChange: 1e-5), keepsBest: true),
        TrainingRecipe(schedule: Schedule.exponential(["rate": 0.1, "factor": 0.5])),
    ]

    @Test(arguments: recipes) func readsWhatItPrints(_ expected: TrainingRecipe) throws {
        #expect(try recipe(expected.printed()) == expected)
    }

    @Test func hasPyTorchsDefaults() throws {
        func optimizer(_ text: String) throws -> Chosen<Optimizer> {
            try recipe("optimizer \(text); schedule constant(0.1)").optimizer
        }
        #expect(try optimizer("adam") == Optimizer.adam(["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0]))
        #expect(try optimizer("adamw") == Optimizer.adamw(["beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.01]))
        #expect(try optimizer("rmsprop") == Optimizer.rmsprop(["alpha": 0.99, "epsilon": 1e-8]))
    }
}
