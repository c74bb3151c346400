import Foundation
import Interchange

/// The history file of a training: what it was, and what it measured.
public struct TrainingRecord: Equatable, Sendable {
    /// Nil in files of earlier versions.
    public var run: TrainingRun?
    public var history: TrainingHistory

    public init(run: TrainingRun?, history: TrainingHistory) {
        self.run = run
        self.history = history
    }

    /// The ending of the files.
    public static let ending = ".history.json"

    /// As it is written. Files of earlier versions have `epochs` and `points` alone.
    private struct Contents: Codable {
        var format: Int?
        var run: TrainingRun?
        /// The best and the last epoch, for those who read no further.
        var best: TrainingHistory.Epoch?
        var last: TrainingHistory.Epoch?
        /// The epoch whose weights are the result, where that is not the last.
        var keptEpoch: Int?
        /// Nil in files of earlier versions, for the accuracy; empty for nothing.
        var metric: String?
        var epochs: [TrainingHistory.Epoch]
        var points: [TrainingHistory.Point]
    }

    private static let format = 2
    /// A training of 100,000 epochs has some 30 MB.
    private static let largestFile = 256 << 20

    /// Writes the record as JSON, atomically.
    public func write(to path: String) throws(InterchangeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        let contents = Contents(
            format: Self.format, run: run, best: history.best, last: history.epochs.last, keptEpoch: history.keptEpoch,
            metric: history.metric ?? "", epochs: history.epochs, points: history.points)
        guard let data = try? encoder.encode(contents) else { preconditionFailure("a history cannot be written as JSON") }
        try AtomicFile.write(data, to: path)
    }

    /// Reads a history, also of earlier versions; throws where the file is none, or is damaged.
    public init(path: String) throws(InterchangeError) {
        let data = try InputFile.read(path, maximum: Self.largestFile)
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let repair = "name a file that `braid train` wrote, which ends in \(Self.ending)"
        let contents: Contents
        do {
            contents = try decoder.decode(Contents.self, from: data)
        } catch {
            let place = Self.place(of: error)
            throw InterchangeError(path, "this is no history of a training\(place.isEmpty ? "" : " (\(place))")", repair: repair)
        }
        if let format = contents.format, format > Self.format {
            throw InterchangeError(
                path, "the history is of a later version of Braid (format \(format), known are up to \(Self.format))",
                repair: "read it with that version")
        }
        var history = TrainingHistory()
        (history.epochs, history.points, history.keptEpoch) = (contents.epochs, contents.points, contents.keptEpoch)
        if let metric = contents.metric { history.metric = metric.isEmpty ? nil : metric.withoutControlCharacters }
        guard history.isPlausible(steps: 1 << 48), contents.run?.isPlausible ?? true else {
            throw InterchangeError(path, "the history is damaged: its numbers cannot be those of a training", repair: repair)
        }
        self.init(run: contents.run?.shown, history: history)
    }

    private static func place(of error: any Error) -> String {
        let path: [any CodingKey]
        switch error {
        case DecodingError.keyNotFound(let key, let context): path = context.codingPath + [key]
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context): path = context.codingPath
        default: return ""
        }
        let names = path.map { $0.intValue.map { "\($0 + 1)" } ?? $0.stringValue }
        return names.isEmpty ? "" : names.joined(separator: ".").withoutControlCharacters
    }
}
