import Foundation
import Interchange

extension Evaluation {
    /// A sheet of the pictures with the highest losses, falling, each with what it is, what it was taken for, the loss, and how probable the
    /// prediction was.
    ///
    /// - Parameter dataset: what was evaluated; it must have pictures.
    public func topLosses(_ count: Int, of dataset: Dataset, columns: Int = 8) throws(InterchangeError) -> PictureSheet {
        let worst = outcomes.highestLosses(count)
        precondition(!worst.isEmpty, "nothing was evaluated")
        let names = confusion.classNames
        let captions = worst.map { outcome in
            [
                "is \(names[outcome.label])", "taken for \(names[outcome.predicted])", String(format: "loss %.3f", outcome.loss),
                String(format: "probability %.3f", outcome.probability),
            ]
        }
        let longest = captions.joined().map(\.count).max() ?? 0
        var sheet = try PictureSheet(
            dataset.extents, count: worst.count, columns: columns, lines: 4, leastWidth: min(longest, 24) * Image.characterWidth,
            name: dataset.name)
        for (place, (outcome, caption)) in zip(worst, captions).enumerated() {
            sheet.draw(dataset.image(outcome.index), label: caption.joined(separator: "\n"), at: place)
        }
        return sheet
    }
}
