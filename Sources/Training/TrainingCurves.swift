import Interchange

extension TrainingHistory {
    /// The epoch with the best held-out metric, such as the highest accuracy, of equals that with the lowest held-out loss, and then the first; where nothing was held
    /// out, the one with the lowest loss.
    public var best: Epoch? {
        func rank(_ epoch: Epoch) -> (Double, Double) {
            let metric = epoch.heldOutMetric ?? 0
            return (reported.map { $0.isShare ? -metric : metric } ?? 0, epoch.heldOutLoss ?? epoch.loss)
        }
        return epochs.min { rank($0) < rank($1) }
    }

    /// Loss, metric and rate over the steps: lines for the training, dots for the epochs' held-out values.
    public func curves(title: String, stepsPerEpoch: Int) -> Plot {
        func heldOut(_ value: (Epoch) -> Double?) -> [(x: Double, y: Double)] {
            epochs.compactMap { epoch in value(epoch).map { (Double(epoch.epoch * stepsPerEpoch), $0) } }
        }
        func training(_ value: (Point) -> Double?) -> [(x: Double, y: Double)] {
            points.compactMap { point in value(point).map { (Double(point.step), $0) } }
        }
        let axis = Plot.Axis("step")
        return Plot(
            title,
            [
                Plot.Panel(
                    "loss", x: axis,
                    [Plot.Series("training", training(\.loss)), Plot.Series("held out", style: .dots, heldOut(\.heldOutLoss))])
            ]
                + (reported.map { metric in
                    Plot.Panel(
                        metric.axis, x: axis,
                        [
                            Plot.Series("training", training { metric.plotted($0.metric) }),
                            Plot.Series("held out", style: .dots, heldOut { $0.heldOutMetric.map(metric.plotted) }),
                        ])
                }.map { [$0] } ?? [])
                + [Plot.Panel("learning rate", x: axis, [Plot.Series("", color: 2, training(\.learningRate))])])
    }
}
