import Interchange

/// The gradient norms of a training in its first watched step, read from what `braid train --watch gradients` left.
public struct WatchedGradients: Equatable, Sendable {
    /// Counted from 1: that before the first update.
    public var step: Int
    /// By the layer's name: the Euclidean norm of the gradients of all its weights, as `WatchedQuantity.gradient`. Frozen layers are left out.
    public var norms: [String: Double]

    /// Reads a table of layers (`ResultFiles.layers`). Throws where the file is none, or nothing was watched so far.
    public init(path: String) throws(InterchangeError) {
        let rows = try CommaSeparated.read(path)
        let repair = "name a training that had --watch gradients"
        let header = TrainingTables.layerHeader.dropLast().split(separator: ",").map(String.init)
        guard rows.first?.fields == header, let column = header.firstIndex(of: WatchedQuantity.gradient.name) else {
            throw InterchangeError(path, "this is no table of watched layers", repair: repair)
        }
        guard let first = rows.dropFirst().first.flatMap({ Int($0.fields[0]) }) else {
            throw InterchangeError(path, "no step is in this table", repair: "wait until the training has done its first step")
        }
        (step, norms) = (first, [:])
        for row in rows.dropFirst().prefix(while: { $0.fields[0] == "\(first)" }) {
            // A last row may be cut off; what is frozen has no norm.
            guard row.fields.count == header.count, !row.fields[column].isEmpty else { continue }
            guard let norm = Double(row.fields[column]) else {
                throw InterchangeError(path, .entry("line \(row.line)"), "'\(row.fields[column])' is no number", repair: repair)
            }
            norms[row.fields[2]] = norm
        }
    }
}

extension TrainingRecord.File {
    /// The gradients of this training's first watched step, which lie beside its history. Throws where it was not watched.
    public func watchedGradients() throws(InterchangeError) -> WatchedGradients {
        let stem = path.hasSuffix(TrainingRecord.ending) ? String(path.dropLast(TrainingRecord.ending.count)) : path
        return try WatchedGradients(path: ResultFiles(output: stem, network: "").layers)
    }
}
