import Foundation
import Interchange
import Testing
import Training

@Suite struct EvaluateTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
        let result = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "-o", "out", "--epochs", "2", "-q")
        #expect(result.status == 0, "\(result.errors)")
    }

    private func evaluate(_ more: String...) throws -> CommandResult {
        try workplace.run(["evaluate", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data"] + more)
    }

    @Test func drawsWhatItFinds() throws {
        let result = try evaluate("--out", "found", "--top-losses", "worst.png", "--count", "5")
        #expect(result.status == 0, "\(result.errors)")
        for part in [
            "class          pictures  precision", "macro mean", "weighted mean", "confusion matrix: ", "most frequent mistakes: ", " (ECE)",
            "wrote found.confusion.svg", "wrote found.calibration.svg", "wrote worst.png",
        ] {
            #expect(result.output.contains(part), "\(part): \(result.output)")
        }
        let svg = String(decoding: try workplace.bytes("found.confusion.svg"), as: UTF8.self)
        #expect(svg.hasPrefix("<svg ") && svg.contains(">9</text>"))
        #expect(String(decoding: try workplace.bytes("found.calibration.svg"), as: UTF8.self).contains("as probable as said"))
        let sheet = try Image(path: workplace.path("worst.png"))
        #expect(sheet.width % 5 == 0 && sheet.width / 5 > 100 && sheet.channels == 1)
    }

    @Test func recordsAllAsJSON() throws {
        let record = try evaluate("--json", "--count", "3", "-o", "found.safetensors").json()
        let classes = try #require(record["classes"] as? [[String: Any]])
        #expect(classes.count == 10 && classes.reduce(0) { $0 + ($1["support"] as? Int ?? 0) } == 90)
        let accuracy = try #require(record["accuracy"] as? Double)
        // Recall weighted by the support is the accuracy.
        let weighted = try #require(record["weighted_mean"] as? [String: Any]), macro = try #require(record["macro_mean"] as? [String: Any])
        #expect(abs((weighted["recall"] as? Double ?? 0) - accuracy) < 1e-12 && macro["f1"] as? Double ?? 0 > 0.1)
        let calibration = try #require(record["calibration"] as? [String: Any])
        let bins = try #require(calibration["bins"] as? [[String: Any]])
        #expect(bins.count == 15 && bins.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } == 90)
        #expect((0...1).contains(calibration["expected_error"] as? Double ?? -1))
        let worst = try #require(record["top_losses"] as? [[String: Any]])
        let losses = worst.compactMap { $0["loss"] as? Double }
        #expect(losses.count == 3 && losses == losses.sorted(by: >) && losses[0] > record["loss"] as? Double ?? 100)
        let mistakes = try #require(record["mistakes"] as? [[String: Any]])
        let wrong = 90 - (record["correct"] as? Int ?? 0)
        #expect(mistakes.reduce(0) { $0 + ($1["count"] as? Int ?? 0) } <= wrong && !mistakes.isEmpty)
        // The ending of the weights is no part of the stem.
        #expect(record["files"] as? [String] == ["found.confusion.svg", "found.calibration.svg"])
        #expect(FileManager.default.fileExists(atPath: workplace.path("found.calibration.svg")))
    }

    /// The same numbers with any number of threads.
    @Test func isTheSameForThreads() throws {
        let records = try ["1", "2"].map { threads in
            var record = try evaluate("--json", "--threads", threads).json()
            record["seconds"] = nil
            return record as NSDictionary
        }
        #expect(records[0] == records[1])
    }

    @Test func refusesWhatItCannotDraw() throws {
        for count in ["0", "10001"] {
            let result = try evaluate("--count", count)
            #expect(result.status == 2 && result.errors.contains("--count must be from 1 to 10000, not \(count)"), "\(result.errors)")
        }
        let taken = try evaluate("--top-losses", "absent/x.png")
        #expect(taken.status == 1 && taken.errors.contains("make its folder first"), "\(taken.errors)")
        let lost = try evaluate("--out", "absent/x")
        #expect(lost.status == 1 && lost.errors.contains("make its folder first"), "\(lost.errors)")
        // Two files of one name: the later one would take the place of the other.
        let same = try evaluate("--top-losses", "x.png", "--confusion", "x.png")
        #expect(same.status == 1 && same.errors.contains("two results are to be written to this file"), "\(same.errors)")
    }
}
