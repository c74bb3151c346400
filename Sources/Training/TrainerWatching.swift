extension Trainer {
    /// The first condition of the watch that a step meets.
    func met(by watched: WatchedStep) -> MetCondition? {
        guard let watch else { return nil }
        let names = watch.layers.map(\.name)
        for condition in watch.options.conditions {
            guard let (layer, value, count) = condition.meeting(watched.layers, names: names) else { continue }
            return MetCondition(
                condition: condition, layer: layer, layerName: names[layer], value: value, count: count, step: watched.step,
                epoch: watched.epoch, checkpoint: options.checkpointPath)
        }
        return nil
    }
}
