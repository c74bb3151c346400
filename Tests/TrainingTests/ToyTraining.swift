import Foundation
import Graph
import Interchange
import Machine
import Recipes
import Runtime

@testable import Kernels
@testable import LoopNest
@testable import Training

/// A training step made by hand that learns nothing and keeps a diary instead: what it was fed with, step after step.
///
/// Pictures have one pixel, which is their number in the data; their class is whether that is odd. Scores are 0.5 for class 0, and the
/// pixel (from 0 to 1) for class 1.
struct ToyTraining {
    /// Steps that the diary keeps.
    static let capacity = 40
    /// Elements of one step in the diary: the pixels from 0 on, the labels from 8, the rate at 16, the seed at 17.
    private static let stride = 32
    private static let lanes = Target.host.lanes
    static let batch = 4

    /// What a step was fed with.
    struct Entry: Equatable {
        var pictures: [Int]
        var labels: [Int]
        var rate: Float
        var seed: Float
    }

    var options: TrainerOptions
    var schedule = Schedule.constant(["rate": 0.5])
    var pictures = 10
    var heldOut = 6
    /// The step after which the loss is not a number.
    var lastFiniteLoss = 1000
    /// The step in which a parameter becomes infinite.
    var infiniteParameter = 1000
    var threads = 2
    var augmentations: [Chosen<Augmentation>] = []

    init(epochs: Int = 3, seed: UInt64 = 1, checkpointPath: String? = nil, interval: CheckpointInterval = .seconds(1e6)) {
        options = TrainerOptions(
            dataName: "toy", epochs: epochs, seed: seed, checkpointPath: checkpointPath, checkpointInterval: interval)
    }

    static func data(_ count: Int, name: String = "toy pictures") -> Dataset {
        Dataset(
            name: name, isSynthetic: true, classNames: ["even", "odd"], extents: ImageExtents(channels: 1, height: 1, width: 1),
            pixels: (0..<count).map { UInt8($0) }, labels: (0..<count).map { Int32($0 % 2) })
    }

    /// Scores of a batch: `[0.5, pixel]` a picture.
    private static var scoring: Kernel {
        let builder = KernelBuilder(name: "score", lanes: lanes, taskCount: batch)
        let image = builder.parameter("image", count: batch, .read)
        let scores = builder.parameter("scores", count: batch * 2, .write)
        builder.store(scores, builder.task * 2, builder.constant(0.5), active: 1)
        builder.store(scores, builder.task * 2 + 1, builder.broadcast(image, builder.task), active: 1)
        return builder.finish()
    }

    /// Moves the diary by one entry and writes the new one at its end; counts steps in `count`; the loss is the root of how many steps
    /// are left before it is not a number, and `weight` becomes one over how many are left before it is infinite.
    private var keeping: Kernel {
        let (lanes, batch, stride) = (Self.lanes, Self.batch, Self.stride)
        let (length, end) = (Self.capacity * stride, (Self.capacity - 1) * stride)
        let builder = KernelBuilder(name: "keep", lanes: lanes, taskCount: 1)
        let image = builder.parameter("image", count: batch, .read)
        let label = builder.parameter("label", .i32, count: batch, .read)
        let rate = builder.parameter("rate", count: 1, .read)
        let seed = builder.parameter("seed", count: 1, .read)
        let diary = builder.parameter("diary", count: length, .readWrite)
        let count = builder.parameter("count", count: 1, .readWrite)
        let weight = builder.parameter("weight", count: 1, .write)
        let loss = builder.parameter("loss", count: 1, .write)
        builder.loop("i", to: .constant(end), step: lanes) { i in builder.store(diary, i, builder.load(diary, i + .constant(stride))) }
        for place in 0..<batch {
            builder.store(diary, .constant(end + place), builder.broadcast(image, .constant(place)), active: 1)
            builder.store(diary, .constant(end + 8 + place), builder.broadcast(label, .constant(place)), active: 1)
        }
        builder.store(diary, .constant(end + 16), builder.broadcast(rate, 0), active: 1)
        builder.store(diary, .constant(end + 17), builder.broadcast(seed, 0), active: 1)
        let number = builder.binary(.add, builder.broadcast(count, 0), builder.constant(1))
        builder.store(count, 0, number, active: 1)
        let left = builder.binary(.subtract, builder.constant(Double(lastFiniteLoss)), number)
        builder.store(loss, 0, builder.define(.unary(.squareRoot, left)), active: 1)
        let distance = builder.binary(.subtract, builder.constant(Double(infiniteParameter)), number)
        builder.store(weight, 0, builder.binary(.divide, builder.constant(1), distance), active: 1)
        return builder.finish()
    }

    private static func buffer(
        _ storage: Plan.Storage, _ extents: [Int], _ element: StoredElement = .f32
    ) -> Plan.PlannedBuffer { .init(storage: storage, element: element, extents: extents, layout: .plain) }

    private var step: Plan {
        var plan = Plan(name: "toy")
        plan.kernels = [Self.scoring, keeping]
        plan.buffers = [
            Self.buffer(.input("image"), [Self.batch, 1, 1, 1]), Self.buffer(.input("label"), [Self.batch], .i32),
            Self.buffer(.input("learning_rate"), []), Self.buffer(.input("seed"), []),
            Self.buffer(.parameter("diary"), [Self.capacity * Self.stride]), Self.buffer(.parameter("count"), [1]),
            Self.buffer(.parameter("weight"), [1]), Self.buffer(.arena(0), []), Self.buffer(.arena(64), [Self.batch, 2]),
        ]
        plan.arenaBytes = 128
        plan.inputs = [("image", 0), ("label", 1), ("learning_rate", 2), ("seed", 3)]
        plan.parameters = [("diary", 4), ("count", 5), ("weight", 6)].map { (Parameter($0.0, .weight, .zeros), $0.1) }
        plan.outputs = [("loss", 7), ("logits", 8)]
        plan.steps = [
            .init(kernel: 0, buffers: [0, 8], summary: "score"), .init(kernel: 1, buffers: [0, 1, 2, 3, 4, 5, 6, 7], summary: "keep"),
        ]
        return plan
    }

    /// Predicts with none of the parameters but one, which a training must have too.
    private static var inference: Plan {
        var plan = Plan(name: "toy")
        plan.kernels = [scoring]
        plan.buffers = [
            buffer(.input("image"), [batch, 1, 1, 1]), buffer(.parameter("weight"), [1]), buffer(.arena(0), [batch, 2]),
        ]
        plan.arenaBytes = 64
        plan.inputs = [("image", 0)]
        plan.parameters = [(Parameter("weight", .weight, .zeros), 1)]
        plan.outputs = [("logits", 2)]
        plan.steps = [.init(kernel: 0, buffers: [0, 2], summary: "score")]
        return plan
    }

    private static func executable(_ plan: Plan, threads: Int) throws -> Executable {
        let program = try KernelCompiler(target: .host, cache: nil, threads: 1).compile(plan.kernels)
        return try Executable(plan, program, pool: ThreadPool(threads: threads))
    }

    static func classifier() throws -> Classifier { try Classifier(executable(inference, threads: 1)) }

    /// The pixels as they are, from 0 to 1.
    static let normalization = PixelNormalization(mean: [0], deviation: [1])

    /// A trainer at the first step, and the executable whose diary it fills.
    func start() throws -> (trainer: Trainer, step: Executable) {
        var recipe = TrainingRecipe(optimizer: Optimizer.sgd())
        recipe.schedule = schedule
        recipe.normalization = .init(mean: [0], deviation: [1])
        recipe.lossOutput = "loss"
        recipe.augmentations = augmentations
        let step = try Self.executable(step, threads: threads)
        let trainer = try Trainer(
            TrainingStep(
                step, inference: Self.executable(Self.inference, threads: threads), targets: ["label"], loss: "loss", scores: "logits"),
            recipe: recipe,
            training: Self.data(pictures), heldOut: Self.data(heldOut, name: "held-out pictures"), options: options)
        return (trainer, step)
    }

    /// What the steps so far were fed with, in their order.
    static func diary(_ step: Executable) throws -> [Entry] {
        let (values, count) = (try step.parameter("diary"), Int(try step.parameter("count")[0]))
        precondition(count <= capacity, "the diary is full")
        return (capacity - count..<capacity).map { place in
            let entry = Array(values[place * stride..<(place + 1) * stride])
            return Entry(
                pictures: entry[..<batch].map { Int(($0 * 255).rounded()) }, labels: entry[8..<8 + batch].map { Int($0) }, rate: entry[16],
                seed: entry[17])
        }
    }
}
