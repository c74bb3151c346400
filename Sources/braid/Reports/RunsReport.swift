import Foundation
import Recipes
import Training

/// Trainings and their comparison as text.
enum RunsReport {
    static func table(_ files: [TrainingRecord.File]) -> Table {
        var table = Table(
            ("training", .left), ("network", .left), ("data", .left), ("epochs", .right), ("best", .right), ("in epoch", .right),
            ("last", .right),
            ("loss", .right), ("held-out loss", .right), ("time", .right), ("status", .left))
        for file in files {
            let (run, history) = (file.record.run, file.record.history)
            let (best, last) = (history.best, history.epochs.last)
            func metric(_ value: Double?) -> String {
                guard let reported = history.reported, let value else { return "–" }
                return Format.metric(value, reported) + (reported.name == Metric.accuracy.name ? "" : " \(reported.title)")
            }
            func number(_ value: Double?) -> String { value.map { Format.fixed($0, 4) } ?? "–" }
            table.add(
                file.name, run?.network ?? "–", run?.data ?? "–",
                "\(history.epochs.count)" + (run.map { " of \($0.epochs)" } ?? ""), metric(best?.heldOutMetric),
                best.map { "\($0.epoch)" } ?? "–", metric(last?.heldOutMetric), number(last?.loss), number(last?.heldOutLoss),
                run.map { Format.duration($0.seconds) } ?? "–", run?.status.rawValue ?? "–")
        }
        return table
    }

    static func show(_ comparison: TrainingComparison, _ first: String, _ second: String) {
        let names = first == second ? ("first", "second") : (first, second)
        if comparison.settings.isEmpty {
            print("the same network, data and settings")
        } else {
            var table = Table(("setting", .left), (names.0, .left), (names.1, .left))
            for difference in comparison.settings { table.add(difference.name, difference.first ?? "–", difference.second ?? "–") }
            print(table.text, terminator: "")
        }
        if !comparison.knowsRecipes {
            print("\nthe recipe is not known: a history of an earlier version does not tell it")
        } else if comparison.recipe.isEmpty {
            print("\nthe same recipe")
        } else {
            print("\nrecipe: - \(names.0), + \(names.1)")
            for difference in comparison.recipe {
                if let line = difference.first { print("  - \(line)") }
                if let line = difference.second { print("  + \(line)") }
            }
        }
        var table = Table(("result", .left), (names.0, .right), (names.1, .right), ("difference", .right))
        for result in comparison.results {
            let difference = result.first.flatMap { first in result.second.map { $0 - first } }
            table.add(result.name, text(result.first, result), text(result.second, result), difference.map { signed($0, result) } ?? "–")
        }
        if !comparison.results.isEmpty { print("\n" + table.text, terminator: "") }
    }

    private static func text(_ value: Double?, _ result: TrainingComparison.Result) -> String {
        guard let value else { return "–" }
        switch result.unit {
        case .share: return Format.percent(value)
        case .number: return Format.fixed(value, 4)
        case .epochs: return Format.fixed(value, 0)
        case .seconds: return Format.duration(value)
        }
    }

    private static func signed(_ value: Double, _ result: TrainingComparison.Result) -> String {
        (value < 0 ? "-" : "+") + text(abs(value), result)
    }

    static func record(
        _ comparison: TrainingComparison, _ first: TrainingRecord.File, _ second: TrainingRecord.File
    ) -> RunsRecord.Comparison {
        func differences(_ found: [TrainingComparison.Difference]) -> [RunsRecord.Comparison.Difference] {
            found.map { .init(name: $0.name, first: $0.first, second: $0.second) }
        }
        return RunsRecord.Comparison(
            first: .init(first), second: .init(second), settings: differences(comparison.settings), recipe: differences(comparison.recipe),
            results: comparison.results.map { .init(name: $0.name, first: $0.first, second: $0.second) })
    }
}
