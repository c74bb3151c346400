import Interchange
import Recipes

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
    func write(_ progress: TrainingProgress, _ metric: Metric?) throws(InterchangeError) {
        guard progress.stepsDone % stride == 0 || progress.step == progress.stepsPerEpoch else { return }
        try file.write(
            [.number(tag: "loss/training", progress.stepLoss)]
                + (metric.map { [.number(tag: "\($0.title)/training", progress.stepMetric)] } ?? [])
                + [.number(tag: "rate", progress.learningRate), .number(tag: "images per second", progress.imagesPerSecond)],
            step: progress.stepsDone)
    }

    /// What is watched of the layers, a group of curves a quantity.
    func write(_ watched: WatchedStep, of layers: [GradientWatch.Layer]) throws(InterchangeError) {
        let values = WatchedQuantity.all.flatMap { quantity in
            zip(layers, watched.layers).compactMap { layer, measures in
                quantity.value(measures).map { EventValue.number(tag: "\(quantity.title)/\(layer.name)", $0) }
            }
        }
        try file.write(values, step: watched.step)
    }

    func write(_ epoch: TrainingHistory.Epoch, _ metric: Metric?, step: Int, weights: [HostTensor]) throws(InterchangeError) {
        var values: [EventValue] = [.number(tag: "loss/training mean of the epoch", epoch.loss)]
        if let metric { values.append(.number(tag: "\(metric.title)/training mean of the epoch", epoch.metric)) }
        if let loss = epoch.heldOutLoss { values.append(.number(tag: "loss/held out", loss)) }
        if let metric, let value = epoch.heldOutMetric { values.append(.number(tag: "\(metric.title)/held out", value)) }
        for tensor in weights { values.append(.histogram(tag: "weights/\(tensor.name)", EventValue.Histogram(tensor.floats))) }
        try file.write(values, step: step)
    }
}
