import Interchange

/// The gradient norms of a training in its first watched step, read from what `braid train --watch gradients` left.
public struct WatchedGradients: Equatable, Sendable {
    /// Counted from 1: that before the first update.
    public var step: Int
    /// By the layer's name: the Euclidean norm of the gradients of all its weights, as `WatchedQuantity.gradient`. Frozen layers are left out.
    public var norms: [String: Double]

    /// Reads a table of layers, as `WatchedTable` does.
    public init(path: String) throws(InterchangeError) {
        let table = try WatchedTable(path: path)
        step = table.steps[0].step
        let gradient = WatchedQuantity.gradient.name
        norms = Dictionary(
            uniqueKeysWithValues: zip(table.layers, table.values).compactMap { name, rows in rows[0][gradient].map { (name, $0) } })
    }
}

extension TrainingRecord.File {
    /// The gradients of this training's first watched step, which lie beside its history. Throws where it was not watched.
    public func watchedGradients() throws(InterchangeError) -> WatchedGradients {
        let stem = path.hasSuffix(TrainingRecord.ending) ? String(path.dropLast(TrainingRecord.ending.count)) : path
        return try WatchedGradients(path: ResultFiles(output: stem, network: "").layers)
    }
}
