import Foundation
import Interchange

/// How two files of weights differ, as text.
struct WeightsComparisonReport {
    private let comparison: WeightsComparison
    private let files: (first: String, second: String)
    private let tolerance: Double
    private let shown: Int

    init(_ comparison: WeightsComparison, _ first: String, _ second: String, tolerance: Double, showsAll: Bool) {
        (self.comparison, files, self.tolerance) = (comparison, (first, second), tolerance)
        shown = showsAll ? .max : 20
    }

    var text: String {
        var lines = list("only in \(files.first)", comparison.onlyFirst) + list("only in \(files.second)", comparison.onlySecond)
        lines += list("of different shapes", comparison.misshaped.map { "\($0.name): \($0.first) and \($0.second)" })
        let differing = comparison.differing(beyond: tolerance)
        var text = lines.map { Format.line($0) + "\n" }.joined()
        if !differing.isEmpty {
            var table = Table(
                ("tensor", .left), ("types", .left), ("shape", .left), ("differ", .right), ("largest difference", .right), ("at", .left),
                ("of the largest", .right))
            for tensor in differing.prefix(shown) {
                let types =
                    tensor.elements.first == tensor.elements.second
                    ? tensor.elements.first.rawValue : "\(tensor.elements.first.rawValue), \(tensor.elements.second.rawValue)"
                let share =
                    tensor.magnitude > 0 && tensor.difference.isFinite ? Format.scientific(tensor.difference / tensor.magnitude) : "–"
                table.add(
                    Format.line(tensor.name), types, "\(tensor.shape)", Format.grouped(tensor.count), Self.number(tensor.difference),
                    tensor.position.map { "\($0)" } ?? "–", share)
            }
            text += table.text
            if differing.count > shown { text += "… and \(differing.count - shown) more: --all\n" }
        }
        return text + summary(differing.count) + "\n"
    }

    private func summary(_ differing: Int) -> String {
        let count = comparison.tensors.count
        guard let largest = comparison.largest else {
            return count == 0 ? "no tensor is in both" : "\(Format.count(count, "tensor")) in both, with the same values"
        }
        let most = "the largest difference is \(Self.number(largest.difference)), of \(Format.line(largest.name))"
        if differing == 0 {
            return "\(Format.count(count, "tensor")) in both, which differ by no more than \(Self.number(tolerance)): \(most)"
        }
        return "\(differing) of \(Format.count(count, "tensor")) in both differ"
            + (tolerance > 0 ? " by more than \(Self.number(tolerance))" : "") + ": \(most)"
    }

    private func list(_ title: String, _ names: [String]) -> [String] {
        if names.isEmpty { return [] }
        return ["\(title):"] + names.prefix(shown).map { "  \($0)" }
            + (names.count > shown ? ["  … and \(names.count - shown) more: --all"] : [])
    }

    private static func number(_ value: Double) -> String { value.isFinite ? String(format: "%.4g", value) : "not finite" }
}
