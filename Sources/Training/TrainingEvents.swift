import Interchange

/// What a training tells TensorBoard: curves, histograms of its weights, the pictures that it begins with, and its recipe.
struct TrainingEvents {
    private let file: EventFile
    private let stride: Int

    /// TensorBoard keeps a thousand values of a curve.
    private static let mostPoints = 1000

    /// - Parameter stepsDone: where the training begins or goes on.
    init(folder: String, stepsDone: Int, totalSteps: Int) throws(InterchangeError) {
        file = try EventFile(folder: folder, from: stepsDone == 0 ? 0 : stepsDone + 1)
        stride = max(1, totalSteps / Self.mostPoints)
    }

    func write(recipe: [String], pictures: Image) throws(InterchangeError) {
        // Four blanks make a block of code of Markdown.
        let text = recipe.map { "    " + $0 }.joined(separator: "\n")
        try file.write([.picture(tag: "inputs", pictures), .text(tag: "recipe", text)], step: 0)
    }

    /// The curves of the training, at every step of short ones.
    func write(_ progress: TrainingProgress) throws(InterchangeError) {
        guard progress.stepsDone % stride == 0 || progress.step == progress.stepsPerEpoch else { return }
        try file.write(
            [
                .number(tag: "loss/training", progress.stepLoss), .number(tag: "accuracy/training", progress.stepAccuracy),
                .number(tag: "rate", progress.learningRate), .number(tag: "images per second", progress.imagesPerSecond),
            ], step: progress.stepsDone)
    }

    func write(_ epoch: TrainingHistory.Epoch, step: Int, weights: [HostTensor]) throws(InterchangeError) {
        var values: [EventValue] = [
            .number(tag: "loss/training mean of the epoch", epoch.loss),
            .number(tag: "accuracy/training mean of the epoch", epoch.accuracy),
        ]
        if let loss = epoch.heldOutLoss { values.append(.number(tag: "loss/held out", loss)) }
        if let accuracy = epoch.heldOutAccuracy { values.append(.number(tag: "accuracy/held out", accuracy)) }
        for tensor in weights { values.append(.histogram(tag: "weights/\(tensor.name)", EventValue.Histogram(tensor.floats))) }
        try file.write(values, step: step)
    }
}
