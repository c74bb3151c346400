import Foundation
import Interchange
import Testing
import Training

/// What clauses of a training do to its files: groups, averages, accumulated gradients, the best epoch.
@Suite struct TrainingClausesTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func write(_ clauses: String, optimizer: String = "sgd(momentum: 0.9)") throws {
        let text = Workplace.tiny(rate: "", optimizer: optimizer, schedule: "constant(0.01)")
        try workplace.write(text.replacing("    batch 16\n", with: "    batch 16\n    \(clauses)\n"), to: "tiny.braid")
    }

    private func train(_ output: String, _ more: String...) throws -> CommandResult {
        try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
    }

    private func values(_ file: String, _ name: String) throws -> [Float] {
        try Safetensors(path: workplace.path(file)).tensor(name).floats
    }

    @Test func frozenWeightsStayAsTheyAre() throws {
        #expect(try train("before", "--epochs", "1").status == 0)
        let freeze = ["--weights", "before.safetensors", "--freeze", "first.*", "--freeze", "norm.w*", "--epochs", "1"]
        let result = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "after"] + freeze)
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.output.contains(#"group "first.*", rate: 0"#), "\(result.output)")
        for name in ["first.weight", "norm.weight", "norm.bias", "norm.running_mean", "fc.weight"] {
            let isSame = try values("before.safetensors", name) == values("after.safetensors", name)
            #expect(isSame == ["first.weight", "norm.weight"].contains(name), "\(name)")
        }
        let kept = try Safetensors(path: workplace.path("after.checkpoint.safetensors")).entries.map(\.name)
        #expect(kept.contains("fc.weight.momentum") && !kept.contains("first.weight.momentum"))

        let other = try train("after", "--epochs", "2", "--resume", "after.checkpoint.safetensors")
        #expect(other.status == 1 && other.errors.contains("the recipe"), "\(other.errors)")
        let wrong = try train("wrong", "--freeze", "frist.*")
        #expect(wrong.status == 1 && wrong.errors.contains("'tiny' has no weight --freeze 'frist.*'"), "\(wrong.errors)")
    }

    /// A training that is killed between the batches of an update goes on with the same bits; 30 batches are 7 updates of 4, and one of 2.
    @Test func goesOnBetweenTheBatchesOfAnUpdate() throws {
        try write("accumulate 4\n    average exponential(0.9)\n    clip norm 1.0", optimizer: "adamw")
        let more = ["--epochs", "12", "--seed", "7"]
        #expect(try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "one", "--threads", "1"] + more).status == 0)
        let (process, _, _) = workplace.process(
            ["train", "tiny.braid", "--data", "mnist:data", "-o", "killed", "--threads", "2", "--checkpoint-every", "7"] + more)
        try process.run()
        let path = workplace.path("killed.checkpoint.safetensors")
        var step = 0
        while process.isRunning {
            step = (try? Safetensors(path: path)).flatMap { try? Checkpoint($0) }?.state.step ?? 0
            if step > 30, step % 30 % 4 != 0 { break }
            usleep(500)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && step > 0, "the training ended before it could be killed")
        let resumed = try workplace.run(
            ["train", "tiny.braid", "--data", "mnist:data", "-o", "resumed", "--resume", path, "--threads", "1"] + more)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try workplace.bytes("resumed.safetensors") == workplace.bytes("one.safetensors"))
        #expect(try workplace.bytes("resumed.checkpoint.safetensors") == workplace.bytes("one.checkpoint.safetensors"))
        let updates = try values("one.checkpoint.safetensors", "optimizer.average_count")
        #expect(updates == [12 * 8])
    }

    /// The result has the averages and the statistics as they are; epochs are evaluated with them.
    @Test func averagesAreTheResult() throws {
        try write("average exponential(decay: 0.95)")
        let result = try train("out", "--epochs", "3", "--json")
        #expect(result.status == 0, "\(result.errors)")
        for name in ["first.weight", "norm.weight", "norm.bias", "fc.weight", "fc.bias"] {
            #expect(try values("out.safetensors", name) == values("out.checkpoint.safetensors", "\(name).moving_average"), "\(name)")
            #expect(try values("out.safetensors", name) != values("out.checkpoint.safetensors", name), "\(name)")
        }
        #expect(try values("out.safetensors", "norm.running_var") == values("out.checkpoint.safetensors", "norm.running_var"))
        let evaluation = try workplace.run(
            "evaluate", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data", "--json"
        ).json()
        #expect(try evaluation["accuracy"] as? Double == result.json()["accuracy"] as? Double)
        let names = Set(try Safetensors(path: workplace.path("out.safetensors")).entries.map(\.name))
        #expect(names.count == 7, "\(names)")
    }

    /// No epoch behind the first is better by so much: the training ends after as many as it bears, and its result is the first.
    @Test func stopsAndKeepsTheBestEpoch() throws {
        try write("stop patience: 2, minimum_change: 1000")
        let stopped = try train("stopped", "--epochs", "6", "--json", "--threads", "1")
        #expect(stopped.status == 0, "\(stopped.errors)")
        #expect(try stopped.json()["steps"] as? Int == 90 && stopped.json()["kept_epoch"] as? Int == 1)
        let history = String(decoding: try workplace.bytes("stopped.history.json"), as: UTF8.self)
        #expect(history.contains("\"kept_epoch\" : 1"), "\(history)")
        #expect(try train("first", "--epochs", "1", "--threads", "2").status == 0)
        for name in ["first.weight", "norm.running_mean", "fc.bias"] {
            #expect(try values("stopped.safetensors", name) == values("first.safetensors", name), "\(name)")
            #expect(try values("stopped.checkpoint.safetensors", name) != values("first.safetensors", name), "\(name)")
        }
        // Going on: it has ended, unless it may bear more.
        let again = try train("again", "--epochs", "6", "--resume", "stopped.checkpoint.safetensors")
        #expect(again.status == 0 && again.errors.contains("stopped after epoch 3"), "\(again.errors)")
        #expect(try workplace.bytes("again.safetensors") == workplace.bytes("stopped.safetensors"))
        try write("stop patience: 4, minimum_change: 1000")
        let longer = try train("longer", "--epochs", "6", "--resume", "stopped.checkpoint.safetensors", "--json")
        #expect(try longer.json()["steps"] as? Int == 150, "\(longer.errors)")
        #expect(try workplace.bytes("longer.safetensors") == workplace.bytes("stopped.safetensors"))
        // A checkpoint serves as weights as it is.
        #expect(try train("anew", "--epochs", "1", "--weights", "stopped.checkpoint.safetensors").status == 0)
        try write("stop patience: 4")
        let other = try train("other", "--epochs", "6", "--resume", "stopped.checkpoint.safetensors")
        #expect(other.status == 1 && other.errors.contains("the checkpoint keeps the weights of epoch 1"), "\(other.errors)")
    }

    /// The best epoch is kept without stopping, too, also over an interruption.
    @Test func keepsTheBestEpoch() throws {
        try write("keep best")
        #expect(try train("whole", "--epochs", "4", "--threads", "1").status == 0)
        #expect(try train("part", "--epochs", "2", "--threads", "2").status == 0)
        #expect(try train("part", "--epochs", "4", "--resume", "part.checkpoint.safetensors").status == 0)
        #expect(try workplace.bytes("part.safetensors") == workplace.bytes("whole.safetensors"))
        let history = try JSONSerialization.jsonObject(with: workplace.bytes("whole.history.json")) as? [String: Any]
        let losses = (history?["epochs"] as? [[String: Any]] ?? []).compactMap { $0["held_out_loss"] as? Double }
        let best = try #require(losses.indices.min { losses[$0] < losses[$1] })
        #expect(losses.count == 4 && history?["kept_epoch"] as? Int == best + 1)
    }
}
