import Foundation
import Interchange
import Testing

/// `braid train --watch`: what it tells, and that the training is the same with it.
@Suite struct WatchTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func train(_ output: String, _ more: String...) throws -> CommandResult {
        try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
    }

    private func rows(_ name: String) throws -> [[String]] {
        String(decoding: try workplace.bytes(name), as: UTF8.self).split(separator: "\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// The same weights and the same history with it and without it; the same table for any number of threads.
    @Test func changesNothing() throws {
        let plain = try train("plain", "--epochs", "2", "--threads", "1")
        #expect(plain.status == 0, "\(plain.errors)")
        let watched = try train(
            "watched", "--epochs", "2", "--threads", "2", "--watch", "gradients", "--watch-every", "7", "--tensorboard", "events", "--json")
        #expect(watched.status == 0, "\(watched.errors)")
        let more = try train("more", "--epochs", "2", "--threads", "1", "--watch", "gradients", "--watch-every", "7")
        #expect(more.status == 0, "\(more.errors)")
        for ending in ["safetensors", "checkpoint.safetensors"] {
            let expected = try workplace.bytes("plain.\(ending)")
            #expect(try workplace.bytes("watched.\(ending)") == expected && workplace.bytes("more.\(ending)") == expected, "\(ending)")
        }
        for name in ["layers.csv", "gradients.svg", "gradients.png"] {
            #expect(try workplace.bytes("watched.\(name)") == workplace.bytes("more.\(name)"), "\(name)")
        }
        #expect(try !workplace.names().contains("plain.layers.csv"))

        let record = try watched.json()
        // 1, 2, 5, and every seventh of 60.
        #expect(record["watched_steps"] as? Int == 11 && record["watch_seconds"] as? Double ?? 0 > 0)
        #expect(record["layers_table"] as? String == "watched.layers.csv" && record["gradients"] as? String == "watched.gradients.svg")
        #expect(more.output.contains("  watched 11 steps in ") && more.output.contains(" % of the time of all steps"), "\(more.output)")
        #expect(more.output.contains("  layers      more.layers.csv, more.gradients.svg"))
        let table = try rows("watched.layers.csv")
        #expect(
            table[0].joined(separator: ",") == "step,epoch,layer,line,gradient,weight,update,mean,deviation,dead,saturated,singular")
        #expect(table.count == 1 + 11 * 3)
        #expect(table[1...3].map { $0[..<4].joined(separator: " ") } == ["1 1 first 4", "1 1 norm 4", "1 1 fc 5"])
        #expect(table.last?[0] == "56" && table.last?[1] == "2")
        // Only behind the normalization there is an activation function, and it has no upper bound.
        #expect(table[1][9].isEmpty && !table[2][9].isEmpty && table.allSatisfy { $0[10].isEmpty || $0[10] == "saturated" })
        let svg = String(decoding: try workplace.bytes("watched.gradients.svg"), as: UTF8.self)
        #expect(svg.contains("tiny: gradient norm") && svg.contains(">norm</text>"))
        let files = try FileManager.default.contentsOfDirectory(atPath: workplace.path("events"))
        let events = try files.map { try workplace.bytes("events/\($0)") }
        for tag in ["gradient norm/first", "dead units/norm", "activation deviation/fc"] {
            #expect(events.contains { $0.range(of: Data(tag.utf8)) != nil }, "\(tag)")
        }
    }

    /// Stopped behind a checkpoint in the middle of an epoch and resumed, table and picture are those of a training in one go.
    @Test func goesOnWhereItWasKilled() throws {
        let options = ["--epochs", "3", "--watch", "gradients,singular", "--watch-every", "4"]
        let start = ["train", "tiny.braid", "--data", "mnist:data"]
        let whole = try workplace.run(start + ["-o", "whole"] + options)
        #expect(whole.status == 0, "\(whole.errors)")
        let (process, _, _) = workplace.process(start + ["-o", "killed", "--checkpoint-every", "7"] + options)
        try process.run()
        while process.isRunning {
            let table = (try? rows("killed.layers.csv")) ?? []
            if let step = table.last.flatMap({ Int($0[0]) }), step > 36 { break }
            usleep(500)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal, "the training ended before it could be killed")
        let resumed = try workplace.run(start + ["-o", "killed", "--resume", "killed.checkpoint.safetensors", "--threads", "1"] + options)
        #expect(resumed.status == 0, "\(resumed.errors)")
        for name in ["safetensors", "layers.csv", "gradients.svg", "gradients.png"] {
            #expect(try workplace.bytes("killed.\(name)") == workplace.bytes("whole.\(name)"), "\(name)")
        }
        // The first weight is a matrix of 8 rows, the last of 10.
        let table = try rows("whole.layers.csv")
        #expect(table.dropFirst().allSatisfy { ($0[2] == "norm") == $0[11].isEmpty })
    }

    /// What meets a condition ends the training with status 1, at the layer's place, behind a checkpoint that it can go on from.
    @Test func endsWhereAConditionIsMet() throws {
        let whole = try train("whole", "--epochs", "2", "--watch", "gradients", "--watch-every", "7")
        #expect(whole.status == 0)
        let result = try train(
            "stopped", "--epochs", "2", "--watch", "gradients", "--watch-every", "7", "--stop-if", "update > 1e9", "--stop-if",
            "deviation in fc > 0.1")
        #expect(result.status == 1, "\(result.output)")
        let deviation = try #require(try rows("stopped.layers.csv").last.flatMap { Double($0[8]) })
        #expect(
            result.errors.contains("error: 'fc' met the condition deviation in fc > 0.1 in step 1 (epoch 1), with \(Float(deviation))"),
            "\(result.errors)")
        #expect(result.errors.contains(" --> tiny.braid:5:"), "\(result.errors)")
        #expect(
            result.errors.contains(
                "to go on all the same, leave the condition out and give --resume stopped.checkpoint.safetensors"), "\(result.errors)")
        let history = String(decoding: try workplace.bytes("stopped.history.json"), as: UTF8.self)
        #expect(history.contains("\"status\" : \"failed\"") && history.contains("met the condition"))
        let resumed = try train(
            "stopped", "--epochs", "2", "--watch", "gradients", "--watch-every", "7", "--resume", "stopped.checkpoint.safetensors")
        #expect(resumed.status == 0, "\(resumed.errors)")
        for name in ["safetensors", "layers.csv"] {
            #expect(try workplace.bytes("stopped.\(name)") == workplace.bytes("whole.\(name)"), "\(name)")
        }
    }

    /// Where gradients of several batches make one update, the last of them is watched, with their average.
    @Test func watchesUpdatesOfSeveralBatches() throws {
        let text = Workplace.tiny(rate: "0.05").replacing("batch 16", with: "batch 16\n    accumulate 4\n    clip norm 0.5")
        try workplace.write(text, to: "tiny.braid")
        let result = try train("sums", "--epochs", "2", "--watch", "gradients", "--watch-every", "10")
        #expect(result.status == 0, "\(result.errors)")
        let table = try rows("sums.layers.csv")
        // Of 30 batches an epoch the last two are an update, too.
        #expect(table.dropFirst().filter { $0[2] == "fc" }.map { $0[0] } == ["4", "8", "12", "20", "30", "42", "50", "60"])
        #expect(table.dropFirst().allSatisfy { Double($0[4]) ?? 0 > 0 && Double($0[6]) ?? 0 > 0 })
        #expect(try train("plain", "--epochs", "2").status == 0)
        #expect(try workplace.bytes("plain.safetensors") == workplace.bytes("sums.safetensors"))
    }

    /// In bf16, with weights that are not trained, and with less memory than keeping everything takes.
    @Test func watchesOtherTrainings() throws {
        let narrow = try train("narrow", "--epochs", "1", "--precision", "bf16", "--freeze", "first*", "--watch", "gradients")
        #expect(narrow.status == 0, "\(narrow.errors)")
        let first = try #require(try rows("narrow.layers.csv").first { $0[2] == "first" })
        #expect(first[4].isEmpty && first[6].isEmpty && !first[5].isEmpty && !first[7].isEmpty)
        #expect(try train("plain", "--epochs", "1", "--precision", "bf16", "--freeze", "first*").status == 0)
        #expect(try workplace.bytes("plain.safetensors") == workplace.bytes("narrow.safetensors"))
        let small = try train("small", "--epochs", "1", "--memory", "1KB", "--watch", "gradients")
        #expect(small.status == 1 && small.errors.contains("needs"), "\(small.errors)")
    }

    @Test func isPlanned() throws {
        let plain = try workplace.run("plan", "tiny.braid", "--json").json()
        let watched = try workplace.run("plan", "tiny.braid", "--json", "--watch", "gradients").json()
        let watching = try #require(watched["watching_bytes"] as? Int)
        #expect(plain["watching_bytes"] as? Int == 0 && watching > 0)
        #expect(watched["total_bytes"] as? Int == (plain["total_bytes"] as? Int ?? 0) + watching)
        #expect(watched["evaluating_bytes"] as? Int == plain["evaluating_bytes"] as? Int)
        #expect(try workplace.run("plan", "tiny.braid", "--watch", "gradients").output.contains("watching "))
        let refused = try workplace.run("plan", "tiny.braid", "--watch", "gradients", "--memory", "1KB", "--batch", "4")
        #expect(refused.status == 1, "\(refused.output)")
    }

    @Test(arguments: [
        (["--watch", "weights"], 2, "'weights' cannot be watched; there are gradients and singular"),
        (["--watch-every", "3"], 2, "give --watch gradients, too"), (["--stop-if", "gradient < 1"], 2, "give --watch gradients, too"),
        (["--watch", "gradients", "--watch-every", "0"], 2, "--watch-every must be from 1 to 1000000, not 0"),
        (["--watch", "gradients", "--stop-if", "gradient"], 2, "compares nothing"),
        (["--watch", "gradients", "--stop-if", "saturated > 0.5"], 1, "no layer of this network has that"),
        (["--watch", "gradients", "--stop-if", "singular > 5"], 1, "give --watch gradients,singular"),
    ]) func saysWhatIsWrong(options: [String], status: Int, message: String) throws {
        let result = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "out"] + options)
        #expect(result.status == Int32(status) && result.errors.contains(message), "\(result.status): \(result.errors)")
    }
}
