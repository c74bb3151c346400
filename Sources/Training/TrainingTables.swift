import Foundation
import Interchange

/// The tables of a training as comma-separated values: a row a step, and a row an epoch.
enum TrainingTables {
    static let stepHeader = "step,epoch,loss,accuracy,rate,images_per_second\n"

    /// The row of a step: its own loss and accuracy, not the means of its epoch.
    static func row(_ progress: TrainingProgress) -> String {
        let speed = String(format: "%.1f", progress.imagesPerSecond)
        return "\(progress.stepsDone),\(progress.epoch),\(progress.stepLoss),\(progress.stepAccuracy),\(progress.learningRate),\(speed)\n"
    }

    static func epochs(_ history: TrainingHistory, stepsPerEpoch: Int) -> String {
        func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "" }
        let rows = history.epochs.map { epoch in
            [
                "\(epoch.epoch)", "\(epoch.epoch * stepsPerEpoch)", text(epoch.loss), text(epoch.accuracy), text(epoch.heldOutLoss),
                text(epoch.heldOutAccuracy), text(epoch.learningRate), text(epoch.seconds),
            ].joined(separator: ",") + "\n"
        }
        return "epoch,step,loss,accuracy,held_out_loss,held_out_accuracy,rate,seconds\n" + rows.joined()
    }

    /// What a table of steps begins with that goes on after `step`: its own rows up to that step, where there is one, else the header alone.
    ///
    /// A training that was killed may have done steps that its checkpoint does not know of; they are done again. A last line that is cut
    /// off goes, too.
    static func steps(of table: Data, upTo step: Int) -> Data {
        let header = Data(stepHeader.utf8)
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
