import Foundation
import Interchange

/// The tensors of a file of weights as text.
enum WeightsListReport {
    /// - Parameter statistics: of each tensor, in their order.
    static func text(_ file: WeightsFile, _ statistics: [TensorStatistics]?) -> String {
        var columns: [(String, Table.Alignment)] = [("tensor", .left), ("type", .left), ("shape", .left), ("bytes", .right)]
        if statistics != nil {
            columns += [("least", .right), ("largest", .right), ("mean", .right), ("deviation", .right), ("not finite", .right)]
        }
        var table = Table(columns)
        for (index, entry) in file.entries.enumerated() {
            var cells = [Format.line(entry.name), entry.element.rawValue, "\(entry.shape)", Format.grouped(entry.byteCount)]
            if let known = statistics?[index] {
                cells += [known.minimum, known.maximum, known.mean, known.deviation].map(number) + ["\(known.notFinite)"]
            }
            table.add(cells)
        }
        let bytes = file.entries.reduce(0) { $0 + $1.byteCount }
        let values = file.entries.reduce(0) { $0 + $1.count }
        var lines = [
            "\(Format.count(file.entries.count, "tensor")), \(Format.grouped(values)) values, \(Format.bytes(bytes)) (\(file.format.title))"
        ]
        for (key, value) in file.metadata.sorted(by: { $0.key < $1.key }) {
            lines.append(Format.line("\(key): \(value.count > 100 ? value.prefix(100) + "…" : value)"))
        }
        return table.text + lines.map { $0 + "\n" }.joined()
    }

    private static func number(_ value: Double?) -> String { value.map { String(format: "%.5g", $0) } ?? "–" }
}
