import Foundation
import Interchange
import Testing

@Suite struct RateFindTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func find(_ more: String...) throws -> CommandResult {
        try workplace.run(["lr-find", "tiny.braid", "--data", "mnist:data"] + more)
    }

    @Test func suggestsRates() throws {
        let result = try find("-o", "found")
        #expect(result.status == 0, "\(result.errors)")
        for part in [
            "100 steps of 16 pictures, rates from 1e-07 to 10.0", "valley", "minimum", "steepest", "recommended: schedule one_cycle(peak: ",
        ] {
            #expect(result.output.contains(part), "\(part): \(result.output)")
        }
        #expect(String(decoding: try workplace.bytes("found.lr-find.svg"), as: UTF8.self).contains(">smoothed</text>"))
        #expect(try Image(path: workplace.path("found.lr-find.png")).width == 1440)
        // Nothing else is left.
        #expect(try workplace.names() == ["tiny.braid", "data", "found.lr-find.svg", "found.lr-find.png"])
        // What is recommended is a schedule of the language.
        let line = try #require(result.output.split(separator: "\n").first { $0.hasPrefix("recommended: ") }).dropFirst(
            "recommended: schedule ".count)
        try workplace.write(Workplace.tiny(rate: "", schedule: String(line)), to: "next.braid")
        #expect(try workplace.run("check", "next.braid").status == 0)
    }

    /// The same losses for any number of threads; more steps than an epoch has go on in the next one.
    @Test func isTheSameForThreads() throws {
        let records = try ["1", "2"].map { threads in
            try find("--json", "--threads", threads, "--steps", "70", "--to", "0.5", "--seed", "3").json() as NSDictionary
        }
        #expect(records[0] == records[1])
        let points = try #require(records[0]["points"] as? [[String: Any]])
        let rates = points.compactMap { $0["rate"] as? Double }
        #expect(points.count == records[0]["steps"] as? Int && points.count > 40 && rates == rates.sorted() && rates[0] == 1e-7)
        let recommended = try #require(records[0]["recommended"] as? Double)
        #expect((1e-7...0.5).contains(recommended) && records[0]["suggestions"] as? [String: Any] != nil)
    }

    /// A step of the test is an update, of as many batches as the recipe averages.
    @Test func countsUpdatesOfSeveralBatches() throws {
        func losses(_ clause: String) throws -> [Double] {
            let text = Workplace.tiny(rate: "0.05").replacing("dropout(0.1)", with: "relu").replacing(
                "batch 16", with: "batch 16\n\(clause)")
            try workplace.write(text, to: "tiny.braid")
            let record = try find("--json", "--steps", "30", "--from", "1e-3", "--to", "0.1").json()
            return try #require(record["points"] as? [[String: Any]]).compactMap { $0["loss"] as? Double }
        }
        let (single, double) = (try losses(""), try losses("accumulate 2"))
        #expect(single.count == 30 && double.count == 30)
        // The second batch of the first update sees the weights that the first one saw, not those of a step behind it.
        let expected = (single[0] + single[1]) / 2
        #expect(double[0] != expected && abs(double[0] - expected) < 0.2)
    }

    @Test func startsFromWeights() throws {
        #expect(try workplace.run("train", "tiny.braid", "--data", "mnist:data", "-o", "out", "--epochs", "6", "-q").status == 0)
        func first(_ more: String...) throws -> Double {
            let record = try workplace.run(
                ["lr-find", "tiny.braid", "--data", "mnist:data", "--json", "--steps", "30", "--to", "0.1"] + more
            ).json()
            return try #require((record["points"] as? [[String: Any]])?.first?["loss"] as? Double)
        }
        let (random, trained) = (try first(), try first("--weights", "out.safetensors"))
        #expect(trained < random / 2)
    }

    @Test func tellsWhereNothingFalls() throws {
        let result = try find("--from", "1e4", "--to", "1e5", "--steps", "30")
        #expect(result.status == 1 && result.output.contains("the loss falls at none of these rates"), "\(result.output)")
    }

    @Test(arguments: [
        (["--from", "0"], 2, "--from and --to take rates above 0"),
        (["--from", "1", "--to", "0.1"], 2, "the lower one first, not 1.0 and 0.1"),
        (["--to", "nan"], 2, "--from and --to"), (["--to", "1e7"], 2, "up to 1e6"),
        (["--steps", "29"], 2, "--steps must be from 30 to 100000, not 29"),
        (["--except", "fc.*"], 2, "give both"), (["--weights", "absent.safetensors"], 1, "there is no such file"),
        (["-o", "absent/x"], 1, "make its folder first"), (["--batch", "1000"], 1, "fewer than one batch of 1000"),
    ])
    func refuses(more: [String], status: Int, message: String) throws {
        let result = try workplace.run(["lr-find", "tiny.braid", "--data", "mnist:data"] + more)
        #expect(result.status == Int32(status) && result.errors.contains(message), "\(result.errors)")
        #expect(result.output.isEmpty)
    }
}
