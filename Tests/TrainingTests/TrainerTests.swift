import Foundation
import Graph
import Interchange
import Recipes
import Runtime
import Testing

@testable import Training

/// What a trainer feeds to the training step, and when it stops, evaluates and saves.
@Suite struct TrainerTests {
    private let folder = DatasetTestFolder()
    private var checkpoint: String { "\(folder.path)/toy.checkpoint.safetensors" }

    /// Every epoch has an order of its own, takes no picture twice, and leaves out those that fill no batch.
    @Test func feedsEachEpochInAnOrderOfItsOwn() throws {
        func epochs(seed: UInt64) throws -> [[Int]] {
            let (trainer, step) = try ToyTraining(epochs: 5, seed: seed).start()
            #expect(try trainer.run())
            let diary = try ToyTraining.diary(step)
            // 10 pictures are 2 batches of 4.
            #expect(diary.count == 10 && trainer.stepsDone == 10 && trainer.history.epochs.count == 5)
            for entry in diary { #expect(entry.labels == entry.pictures.map { $0 % 2 }, "labels go with their pictures") }
            return (0..<5).map { diary[2 * $0].pictures + diary[2 * $0 + 1].pictures }
        }
        let found = try epochs(seed: 1)
        for epoch in found { #expect(Set(epoch).count == 8 && Set(epoch).isSubset(of: 0..<10)) }
        #expect(Set(found).count == 5 && Set(found.map { Set($0) }).count > 1, "\(found)")
        #expect(try epochs(seed: 1) == found)
        #expect(try epochs(seed: 2) != found)
    }

    /// Where batches come out even, no picture is left out; where there is no whole batch, nothing is trained.
    @Test func takesWholeBatches() throws {
        var toy = ToyTraining(epochs: 2)
        toy.pictures = 8
        let (trainer, step) = try toy.start()
        #expect(try trainer.run())
        let diary = try ToyTraining.diary(step)
        #expect(diary.count == 4 && Set((diary[2].pictures + diary[3].pictures)) == Set(0..<8))
        toy.pictures = 3
        let error = #expect(throws: TrainingError.self) { try toy.start() }
        #expect(error?.description.contains("toy pictures has 3 pictures, fewer than one batch of 4") == true)
        #expect(error?.description.contains("give --batch 3 or less") == true)
    }

    /// The rates are those that PyTorch's `MultiStepLR(milestones=[1, 3], gamma=0.5)` gives, stepped once an epoch.
    @Test func feedsTheRateOfEachStep() throws {
        var toy = ToyTraining(epochs: 4)
        toy.schedule = Schedule.multistep(["rate": 0.25, "at": [1, 3], "factor": 0.5])
        let (trainer, step) = try toy.start()
        var reported: [Double] = []
        #expect(try trainer.run(report: { if case .step(let progress) = $0 { reported.append(progress.learningRate) } }))
        let diary = try ToyTraining.diary(step)
        #expect(diary.map(\.rate) == [0.25, 0.25, 0.125, 0.125, 0.125, 0.125, 0.0625, 0.0625])
        #expect(reported == diary.map { Double($0.rate) })
        #expect(trainer.history.epochs.map(\.learningRate) == [0.25, 0.125, 0.125, 0.0625])
    }

    /// Random numbers of a step follow from the training's seed and the step's number.
    @Test func feedsASeedForEachStep() throws {
        let seeds = try ([1, 2] as [UInt64]).map { seed in
            let (trainer, step) = try ToyTraining(seed: seed).start()
            #expect(try trainer.run())
            return try ToyTraining.diary(step).map(\.seed)
        }
        for seed in seeds.joined() { #expect((0..<0x1p24).contains(seed) && seed == seed.rounded()) }
        #expect(Set(seeds.joined()).count == 12)
    }

    /// The loss and accuracy of an epoch are means over its pictures.
    @Test func reportsMeans() throws {
        var toy = ToyTraining(epochs: 2)
        toy.lastFiniteLoss = 100
        let (trainer, step) = try toy.start()
        #expect(try trainer.run())
        let diary = try ToyTraining.diary(step)
        for (epoch, record) in trainer.history.epochs.enumerated() {
            let steps = [2 * epoch, 2 * epoch + 1]
            let losses = steps.map { Double((100 - Float($0 + 1)).squareRoot()) }
            #expect(abs(record.loss - (losses[0] + losses[1]) / 2) < 1e-12)
            // All pixels are below one half: class 0, the even ones, is right.
            let even = steps.flatMap { diary[$0].labels }.count { $0 == 0 }
            #expect(record.metric == Double(even) / 8)
            #expect(record.heldOutMetric == 0.5)
        }
    }

    /// A loss that is not a number ends the training, and the last checkpoint is from before.
    @Test func stopsWhereTheLossIsNotANumber() throws {
        var toy = ToyTraining(epochs: 4, checkpointPath: checkpoint, interval: .steps(1))
        toy.lastFiniteLoss = 5
        let (trainer, step) = try toy.start()
        var steps = 0
        let error = #expect(throws: Divergence.self) {
            _ = try trainer.run(report: { if case .step = $0 { steps += 1 } })
        }
        let message = try #require(error?.description)
        #expect(message.contains("the loss became") && message.contains("nan in step 6 (epoch 3), at a learning rate of 0.5"), "\(message)")
        #expect(message.contains("lower the rate") && message.contains("\(checkpoint) is from before"), "\(message)")
        #expect(steps == 5 && trainer.stepsDone == 5)
        #expect(try ToyTraining.diary(step).count == 6)
        let kept = try Checkpoint(Safetensors(path: checkpoint))
        #expect(kept.state.step == 5 && kept.state.history.epochs.count == 2)
    }

    /// A parameter that is not finite is not saved: the training ends at the next checkpoint, and the last one is from before.
    @Test func stopsWhereAParameterIsNotFinite() throws {
        var toy = ToyTraining(epochs: 4, checkpointPath: checkpoint, interval: .steps(2))
        toy.infiniteParameter = 4
        let (trainer, _) = try toy.start()
        let error = #expect(throws: Divergence.self) { _ = try trainer.run() }
        let message = try #require(error?.description)
        #expect(
            message.contains("1 of 1 values of 'weight' is no finite number, the first at [0], after step 4; lower the rate"), "\(message)")
        #expect(try Checkpoint(Safetensors(path: checkpoint)).state.step == 2)
    }

    /// A checkpoint is written at the start, after so many steps since the last one, and after each epoch.
    @Test(arguments: [(1, [1, 2, 3, 4, 5, 6, 7, 8]), (2, [2, 4, 6, 8]), (3, [3, 4, 7, 8]), (5, [4, 8])])
    func writesCheckpoints(interval: Int, expected: [Int]) throws {
        var toy = ToyTraining(epochs: 2, checkpointPath: checkpoint, interval: .steps(interval))
        toy.pictures = 18
        let (trainer, _) = try toy.start()
        try trainer.begin()
        #expect(try Checkpoint(Safetensors(path: checkpoint)).state.step == 0)
        var written: [Int] = []
        let path = checkpoint
        #expect(
            try trainer.run(report: { event in
                guard case .checkpoint(path) = event else { return }
                written.append((try? Checkpoint(Safetensors(path: path)))?.state.step ?? -1)
            }))
        #expect(written == expected)
    }

    /// Stopped after any step and resumed, a training is fed with the same, and its history is the same.
    @Test(arguments: 1...5) func goesOnAsIfNothingHadHappened(stop: Int) throws {
        var toy = ToyTraining(epochs: 3, seed: 9, checkpointPath: checkpoint)
        toy.schedule = Schedule.cosine(["rate": 0.5])
        let (whole, wholeStep) = try toy.start()
        #expect(try whole.run())
        let (first, firstStep) = try toy.start()
        var steps = 0
        #expect(
            try !first.run(shouldStop: { steps >= stop }) { if case .step = $0 { steps += 1 } })
        #expect(first.stepsDone == stop)
        #expect(try ToyTraining.diary(firstStep).count == stop)
        toy.threads = 1
        let (second, secondStep) = try toy.start()
        #expect(try second.resume(Safetensors(path: checkpoint)).isEmpty)
        #expect(second.stepsDone == stop)
        #expect(try second.run())
        #expect(try ToyTraining.diary(secondStep) == ToyTraining.diary(wholeStep))
        func withoutTimes(_ history: TrainingHistory) -> TrainingHistory {
            var history = history
            for index in history.epochs.indices { history.epochs[index].seconds = nil }
            return history
        }
        #expect(withoutTimes(second.history) == withoutTimes(whole.history))
    }

    @Test func refusesTheCheckpointOfAnotherTraining() throws {
        var toy = ToyTraining(seed: 1, checkpointPath: checkpoint)
        #expect(try toy.start().trainer.run())
        toy.options.seed = 2
        let (trainer, step) = try toy.start()
        let error = #expect(throws: TrainingError.self) { _ = try trainer.resume(Safetensors(path: checkpoint)) }
        #expect(error?.description.contains("seed") == true)
        #expect(trainer.stepsDone == 0)
        #expect(try ToyTraining.diary(step).isEmpty, "nothing was taken over")
    }

    /// The last batch is filled up with zeros, which count for nothing: the class of a black picture would be even.
    @Test(arguments: [1, 3, 4, 5, 6, 8, 255]) func evaluatesEveryPictureOnce(count: Int) throws {
        let classifier = try ToyTraining.classifier()
        var done: [Int] = []
        let evaluation = try classifier.evaluate(ToyTraining.data(count), normalization: ToyTraining.normalization) { done.append($0) }
        #expect(done == Array(stride(from: 4, to: count, by: 4)) + [count])
        #expect(evaluation.count == count)
        // The pixel is above one half from 128 on: class 1, odd.
        let right = (0..<count).count { ($0 >= 128) == ($0 % 2 == 1) }
        #expect(evaluation.accuracy == Double(right) / Double(count))
        #expect(evaluation.topFive == 1)
        let losses = (0..<count).map { picture in
            let scores = [0.5, Double(picture) / 255]
            return log(exp(scores[0]) + exp(scores[1])) - scores[picture % 2]
        }
        #expect(abs(evaluation.loss - losses.reduce(0, +) / Double(count)) < 1e-6)
        #expect(evaluation.nonFinite.isEmpty)
    }

    @Test func refusesPicturesThatDoNotFit() throws {
        let wide = Dataset(
            name: "wide pictures", isSynthetic: true, classNames: ["a"], extents: ImageExtents(channels: 1, height: 1, width: 2),
            pixels: [0, 0], labels: [0])
        let error = #expect(throws: TrainingError.self) {
            _ = try ToyTraining.classifier().evaluate(wide, normalization: ToyTraining.normalization)
        }
        #expect(error?.description.contains("the pictures of wide pictures have 1 x 1 x 2 values, but the network takes 1 x 1 x 1") == true)
    }
}
