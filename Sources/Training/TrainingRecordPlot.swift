import Interchange

extension TrainingRecord {
    /// The curves of several trainings over their epochs, in one plot.
    public static func plot(_ records: [(name: String, record: TrainingRecord)]) -> Plot {
        func panel(_ title: String, _ value: (TrainingHistory.Epoch) -> Double?) -> Plot.Panel {
            Plot.Panel(
                title, x: Plot.Axis("epoch"),
                records.enumerated().map { index, entry in
                    Plot.Series(
                        entry.name, color: index,
                        entry.record.history.epochs.compactMap { epoch in value(epoch).map { (Double(epoch.epoch), $0) } })
                })
        }
        // One scale fits those that report the same.
        let metrics = Set(records.map(\.record.history.metric))
        let metric = metrics.count == 1 ? records.first?.record.history.reported : nil
        return Plot(
            records.count == 1 ? "1 training" : "\(records.count) trainings",
            (metric.map { metric in [panel("held-out \(metric.axis)") { $0.heldOutMetric.map(metric.plotted) }] } ?? [])
                + [
                    panel("held-out loss", \.heldOutLoss),
                    panel("loss of the training", \.loss),
                    panel("learning rate", \.learningRate),
                ])
    }
}
