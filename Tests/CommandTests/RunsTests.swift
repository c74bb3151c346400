import Foundation
import Interchange
import Testing
import Training

/// `braid runs`, by the histories of two short trainings.
@Suite struct RunsTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
        try workplace.makeFolder("results")
        for (name, optimizer, seed) in [("a", "sgd(momentum: 0.9)", "0"), ("b", "adam", "1")] {
            try workplace.write(Workplace.tiny(rate: "", optimizer: optimizer, schedule: "constant(0.003)"), to: "tiny.braid")
            let result = try workplace.run(
                "train", "tiny.braid", "--data", "mnist:data", "-o", "results/\(name)", "--epochs", name == "a" ? "2" : "3", "--seed", seed,
                "-q")
            #expect(result.status == 0, "\(result.errors)")
        }
    }

    @Test func lists() throws {
        for arguments in [["runs", "results"], ["runs", "list", "results"], ["runs", "results/"]] {
            let result = try workplace.run(arguments)
            #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            let lines = result.output.split(separator: "\n")
            #expect(lines.count == 4 && lines[0].hasPrefix("training"), "\(result.output)")
            for (line, part) in zip(lines.dropFirst(2), ["2 of 2", "3 of 3"]) {
                #expect(
                    line.hasPrefix("results/") && line.contains(" tiny ") && line.contains(part) && line.hasSuffix("finished"), "\(line)")
            }
        }
        #expect(try workplace.run("runs").output.contains("results/a "))
        let record = try workplace.run("runs", "results", "--sort", "accuracy", "--json").json()
        let runs = try #require(record["runs"] as? [[String: Any]])
        let best = runs.compactMap { ($0["best"] as? [String: Any])?["held_out_metric"] as? Double }
        #expect(best.count == 2 && best[0] >= best[1])
        let run = try #require(runs.first { $0["path"] as? String == "results/b.history.json" }?["run"] as? [String: Any])
        #expect(
            run["network"] as? String == "tiny" && run["seed"] as? Int == 1 && run["epochs"] as? Int == 3
                && run["status"] as? String == "finished")
        #expect((run["recipe"] as? [String])?.first == "optimizer adam")
        try workplace.makeFolder("empty")
        #expect(try workplace.run("runs", "empty").output == "no trainings in empty\n")
    }

    @Test func compares() throws {
        let result = try workplace.run("runs", "compare", "results/a", "results/b.history.json")
        #expect(result.status == 0, "\(result.errors)")
        for part in [
            "- optimizer sgd(momentum: 0.9)", "+ optimizer adam", "seed", "best held-out accuracy", "last loss",
            "- schedule constant(rate: 0.003, epochs: 2)",
        ] {
            #expect(result.output.contains(part), "\(part): \(result.output)")
        }
        #expect(!result.output.contains("batch"), "what is alike is left out")
        let record = try workplace.run("runs", "compare", "results/a", "results/b", "--json").json()
        let settings = try #require(record["settings"] as? [[String: Any]])
        #expect(settings.contains { $0["name"] as? String == "seed" && $0["first"] as? String == "0" && $0["second"] as? String == "1" })
        let same = try workplace.run("runs", "compare", "results/a", "results/a.safetensors")
        #expect(same.output.contains("the same network, data and settings") && same.output.contains("the same recipe"), "\(same.output)")
    }

    @Test func plots() throws {
        let result = try workplace.run("runs", "plot", "results", "-o", "both.svg")
        #expect(result.status == 0 && result.output == "wrote both.svg: 2 trainings\n", "\(result.errors)")
        let svg = String(decoding: try workplace.bytes("both.svg"), as: UTF8.self)
        #expect(svg.contains(">results/a</text>") && svg.contains(">results/b</text>") && svg.contains("held-out accuracy, %"))
        #expect(try workplace.run("runs", "plot", "results/a", "-o", "one.png").status == 0)
        #expect(try Image(path: workplace.path("one.png")).width == 1440)
    }

    /// A file that is none is told of and left out of the list; where it is named, it is an error.
    @Test func tellsOfDamage() throws {
        try workplace.write("{\"epochs\": 3}", to: "results/bad.history.json")
        // As earlier versions wrote it.
        try workplace.write("{\"epochs\": [], \"points\": []}", to: "results/old.history.json")
        let listed = try workplace.run("runs", "results")
        #expect(
            listed.status == 0 && listed.errors.contains("results/bad.history.json: this is no history of a training"), "\(listed.errors)")
        #expect(listed.output.split(separator: "\n").count == 5)
        let old = try workplace.run("runs", "compare", "results/old", "results/a")
        #expect(old.status == 0 && old.output.contains("a history of an earlier version does not tell it"), "\(old.errors)\(old.output)")
        for (arguments, status, message) in [
            (["runs", "absent"], 1, "there is no such folder"), (["runs", "tiny.braid"], 1, "this is a file"),
            (["runs", "compare", "results/a", "absent"], 1, "there is no history of this training"),
            (["runs", "compare", "results/a", "results"], 1, "there are 4 trainings in this folder"),
            (["runs", "compare", "results/a", "results/bad"], 1, "this is no history of a training"),
            (["runs", "compare", "results/a", "tiny.braid"], 1, "this is no history of a training"),
            (["runs", "plot", "results/a", "-o", "x.pdf"], 2, "-o takes a path that ends in .svg or .png, not 'x.pdf'"),
            (["runs", "plot", "results/a", "-o", "absent/x.svg"], 1, "make its folder first"),
            (["runs", "plot", "data", "-o", "x.svg"], 1, "there are no trainings in this folder"),
        ] as [([String], Int32, String)] {
            let result = try workplace.run(arguments)
            #expect(result.status == status && result.errors.contains(message), "\(arguments): \(result.errors)")
            #expect(result.output.isEmpty)
        }
    }
}
