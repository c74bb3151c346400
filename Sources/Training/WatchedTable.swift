import Interchange

/// The table of layers that a watched training left (`NAME.layers.csv`), read back.
public struct WatchedTable: Sendable {
    /// The watched steps, counted from 1, and the epoch of each.
    public private(set) var steps: [(step: Int, epoch: Int)] = []
    /// The layers in the order of the table.
    public private(set) var layers: [String] = []
    /// By layer and step what was measured, by the names of `WatchedQuantity`; what a layer has not is missing.
    public private(set) var values: [[[String: Double]]] = []

    /// Reads a table of layers (`ResultFiles.layers`). Throws where the file is none, or nothing was watched so far.
    public init(path: String) throws(InterchangeError) {
        let rows = try CommaSeparated.read(path)
        let repair = "name a training that had --watch gradients"
        let header = TrainingTables.layerHeader.dropLast().split(separator: ",").map(String.init)
        guard rows.first?.fields == header else {
            throw InterchangeError(path, "this is no table of watched layers", repair: repair)
        }
        var places: [String: Int] = [:]
        for row in rows.dropFirst() {
            guard row.fields.count == header.count, let step = Int(row.fields[0]), let epoch = Int(row.fields[1]) else {
                // A training that was killed may have left the last row unfinished.
                if row == rows.last { break }
                throw InterchangeError(path, .entry("line \(row.line)"), "this is no row of a table of watched layers", repair: repair)
            }
            if steps.last?.step != step {
                steps.append((step, epoch))
                for layer in values.indices { values[layer].append([:]) }
            }
            let place = places[row.fields[2]] ?? layers.count
            if place == layers.count {
                places[row.fields[2]] = place
                layers.append(row.fields[2])
                values.append([[String: Double]](repeating: [:], count: steps.count))
            }
            for (quantity, field) in zip(header, row.fields).dropFirst(4) where !field.isEmpty {
                guard let value = Double(field) else {
                    throw InterchangeError(path, .entry("line \(row.line)"), "'\(field)' is no number", repair: repair)
                }
                values[place][steps.count - 1][quantity] = value
            }
        }
        guard !steps.isEmpty else {
            throw InterchangeError(path, "no step is in this table", repair: "wait until the training has done its first step")
        }
    }

    /// The table with no more than `count` of its steps, evenly spread, the first and the last among them.
    public func thinned(to count: Int) -> WatchedTable {
        precondition(count >= 2, "the first step and the last are two")
        guard steps.count > count else { return self }
        let chosen = (0..<count).map { $0 * (steps.count - 1) / (count - 1) }
        var table = self
        table.steps = chosen.map { steps[$0] }
        table.values = values.map { row in chosen.map { row[$0] } }
        return table
    }
}
