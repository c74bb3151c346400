import Foundation
import Interchange

/// The tables of a training as comma-separated values: a row a step, and a row an epoch.
enum TrainingTables {
    static func stepHeader(_ metric: String?) -> String { "step,epoch,loss,\(metric.map { "\($0)," } ?? "")rate,images_per_second\n" }

    /// The row of a step: its own loss and metric, not the means of its epoch.
    static func row(_ progress: TrainingProgress, _ metric: String?) -> String {
        let speed = String(format: "%.1f", progress.imagesPerSecond)
        let value = metric.map { _ in "\(progress.stepMetric)," } ?? ""
        return "\(progress.stepsDone),\(progress.epoch),\(progress.stepLoss),\(value)\(progress.learningRate),\(speed)\n"
    }

    static func epochs(_ history: TrainingHistory, stepsPerEpoch: Int) -> String {
        func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let rows = history.epochs.map { epoch in
            let values =
                ["\(epoch.epoch)", "\(epoch.epoch * stepsPerEpoch)", text(epoch.loss)]
                + (history.metric == nil ? [] : [text(epoch.metric)]) + [text(epoch.heldOutLoss)]
                + (history.metric == nil ? [] : [text(epoch.heldOutMetric)]) + [text(epoch.learningRate), text(epoch.seconds)]
            return values.joined(separator: ",") + "\n"
        }
        let metrics = history.metric.map { ["\($0),", "held_out_\($0),"] } ?? ["", ""]
        return "epoch,step,loss,\(metrics[0])held_out_loss,\(metrics[1])rate,seconds\n" + rows.joined()
    }

    /// What a table of steps begins with that goes on after `step`, see `rows`.
    static func steps(of table: Data, upTo step: Int, metric: String?) -> Data { rows(of: table, header: stepHeader(metric), upTo: step) }

    static let layerHeader = "step,epoch,layer,line,\(WatchedQuantity.all.map(\.name).joined(separator: ","))\n"

    /// The rows of a watched step, a layer each; a quantity that a layer has not is empty.
    static func rows(_ watched: WatchedStep, of layers: [GradientWatch.Layer]) -> String {
        zip(layers, watched.layers).map { layer, measures in
            let values = WatchedQuantity.all.map { quantity in quantity.value(measures).map { "\($0)" } ?? "" }
            return "\(watched.step),\(watched.epoch),\(layer.name),\(layer.line == 0 ? "" : "\(layer.line)"),"
                + values.joined(separator: ",") + "\n"
        }.joined()
    }

    /// What a table begins with that goes on after `step`: its own rows up to that step, which is their first field, where there is one, else
    /// the header alone.
    ///
    /// A training that was killed may have done steps that its checkpoint does not know of; they are done again. A last line that is cut
    /// off goes, too.
    static func rows(of table: Data, header: String, upTo step: Int) -> Data {
        let header = Data(header.utf8)
        guard table.starts(with: header) else { return header }
        var end = table.startIndex + header.count
        while end < table.endIndex, let feed = table[end...].firstIndex(of: UInt8(ascii: "\n")),
            let number = Int(String(decoding: table[end..<feed].prefix(20).prefix { $0 != UInt8(ascii: ",") }, as: UTF8.self)),
            number >= 1, number <= step
        {
            end = feed + 1
        }
        return Data(table[..<end])
    }
}
