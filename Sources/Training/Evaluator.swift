import Graph
import Interchange
import Runtime

/// A network that tells classes apart, ready to run on batches of pictures.
public struct Classifier {
    public let executable: Executable
    /// The input for pictures, NCHW.
    public let imageInput: String
    /// The output with a score a class, `[N, classes]`.
    public let scoresOutput: String
    public let batchSize: Int
    public let extents: ImageExtents
    public let classCount: Int

    /// Finds the pictures' input and the scores' output of a network.
    ///
    /// The scores are the output `logits`, or else the first of two axes whose first is the batch. Throws where the network has no such
    /// input or output.
    public init(_ executable: Executable) throws(TrainingError) {
        let plan = executable.plan
        let inputs = plan.inputs.filter { plan.buffers[$0.buffer].element == .f32 && plan.buffers[$0.buffer].extents.count == 4 }
        guard inputs.count == 1, let input = inputs.first else {
            let found = plan.inputs.map { "\($0.name) \(plan.buffers[$0.buffer].extents)" }.joined(separator: ", ")
            throw TrainingError(
                "'\(plan.name)' does not take pictures: its inputs are \(found)", repair: "declare one input f32[N, C, H, W]")
        }
        let shape = plan.buffers[input.buffer].extents
        let scores = plan.outputs.filter { plan.buffers[$0.buffer].extents.count == 2 && plan.buffers[$0.buffer].extents[0] == shape[0] }
        guard let output = scores.first(where: { $0.name == "logits" }) ?? scores.first else {
            let found = plan.outputs.map { "\($0.name) \(plan.buffers[$0.buffer].extents)" }.joined(separator: ", ")
            throw TrainingError("'\(plan.name)' gives no scores: its outputs are \(found)", repair: "declare an output f32[N, classes]")
        }
        self.executable = executable
        imageInput = input.name
        scoresOutput = output.name
        batchSize = shape[0]
        extents = ImageExtents(channels: shape[1], height: shape[2], width: shape[3])
        classCount = plan.buffers[output.buffer].extents[1]
    }

    /// Checks that data fit the network.
    public func require(_ dataset: Dataset) throws(TrainingError) {
        guard dataset.extents == extents else {
            throw TrainingError(
                "the pictures of \(dataset.name) have \(dataset.extents) values, but the network takes \(extents)",
                repair: "declare the input as f32[N, \(dataset.extents.channels), \(dataset.extents.height), \(dataset.extents.width)]")
        }
        guard dataset.classNames.count <= classCount else {
            throw TrainingError(
                "\(dataset.name) has \(dataset.classNames.count) classes, but the network tells \(classCount) apart",
                repair: "give the network as many, for example with -D classes=\(dataset.classNames.count)")
        }
    }
}

/// How well a network does on labelled pictures.
public struct Evaluation: Sendable {
    /// The mean cross-entropy.
    public var loss: Double
    public var confusion: ConfusionMatrix
    /// The share of pictures whose class is among the five best.
    public var topFive: Double
    public var seconds: Double
    /// Of the input and of the scores of all pictures, what is not finite.
    public var nonFinite: [NonFiniteValues] = []

    public var accuracy: Double { confusion.accuracy }
    public var count: Int { confusion.total }
}

extension Classifier {
    /// Runs all pictures of a data set through the network, whose weights are set.
    ///
    /// `report` hears how many pictures are done.
    public func evaluate(
        _ dataset: Dataset, normalization: Normalization, report: (Int) -> Void = { _ in }
    ) throws(TrainingError) -> Evaluation {
        let evaluation = try evaluate(dataset, normalization: normalization, shouldStop: { false }, report: report)
        guard let evaluation else { preconditionFailure("nobody stopped the evaluation") }
        return evaluation
    }

    /// The same; nil where `shouldStop`, which is asked after every batch, said so.
    func evaluate(
        _ dataset: Dataset, normalization: Normalization, shouldStop: () -> Bool, report: (Int) -> Void
    ) throws(TrainingError) -> Evaluation? {
        try require(dataset)
        let start = ContinuousClock.now
        // A network may tell more classes apart than the data have.
        let names = dataset.classNames + (dataset.classNames.count..<classCount).map { "class \($0)" }
        var confusion = ConfusionMatrix(classNames: names)
        var loss = RunningMean()
        var topFive = 0
        let maker = BatchMaker(dataset, normalization: normalization, options: .evaluation(batchSize: batchSize))
        let loader = Loader(maker, epochs: 1)
        let (inputs, results) = (NonFiniteTally(), NonFiniteTally())
        while let batch = loader.next() {
            if shouldStop() { return nil }
            let size = batch.images.count / batchSize
            inputs.look(at: UnsafeBufferPointer(rebasing: batch.images[..<(batch.count * size)]), from: confusion.total * size)
            score(batch.images).withUnsafeBufferPointer { scores in
                results.look(at: UnsafeBufferPointer(rebasing: scores[..<(batch.count * classCount)]), from: confusion.total * classCount)
                for place in 0..<batch.count {
                    let row = UnsafeBufferPointer(rebasing: scores[place * classCount..<(place + 1) * classCount])
                    let label = Int(batch.labels[place])
                    confusion.add(label: label, predicted: Scores.best(row))
                    loss.add(Scores.crossEntropy(row, label: label))
                    if Scores.rank(of: label, row) < 5 { topFive += 1 }
                }
            }
            report(confusion.total)
        }
        return Evaluation(
            loss: loss.value, confusion: confusion, topFive: Double(topFive) / Double(max(1, confusion.total)),
            seconds: (ContinuousClock.now - start).seconds,
            nonFinite: [
                inputs.values(name: imageInput, extents: [confusion.total, extents.channels, extents.height, extents.width]),
                results.values(name: scoresOutput, extents: [confusion.total, classCount]),
            ].compactMap(\.self))
    }

    /// The scores of a batch, picture after picture.
    public func score(_ images: UnsafeBufferPointer<Float>) -> [Float] {
        unfailing { () throws(RuntimeError) in
            try executable.setInput(imageInput, to: images)
            executable.run()
            return try executable.output(scoresOutput)
        }
    }
}
