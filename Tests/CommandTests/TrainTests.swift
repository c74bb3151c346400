import Foundation
import Interchange
import Testing
import Training

@Suite struct TrainTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.writeTinyTraining()
    }

    private func train(_ output: String, _ more: String...) throws -> CommandResult {
        try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output] + more)
    }

    @Test func trainsEvaluatesAndRuns() throws {
        let result = try train("out", "--epochs", "12", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        #expect(record["steps"] as? Int == 360 && record["weights"] as? String == "out.safetensors")
        for name in ["out.safetensors", "out.checkpoint.safetensors", "out.history.json", "out.curves.svg"] {
            #expect(FileManager.default.fileExists(atPath: workplace.path(name)), "\(name)")
        }
        let names = Set(try Safetensors(path: workplace.path("out.safetensors")).entries.map(\.name))
        #expect(
            names == ["first.weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "fc.weight", "fc.bias"])

        let evaluation = try workplace.run(
            "evaluate", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data", "--confusion", "c.png", "--json"
        ).json()
        #expect(evaluation["count"] as? Int == 90)
        // Chance is 0.1.
        #expect((evaluation["accuracy"] as? Double ?? 0) > 0.5)
        #expect(evaluation["accuracy"] as? Double == record["accuracy"] as? Double)
        #expect((evaluation["confusion"] as? [[Int]])?.joined().reduce(0, +) == 90)
        #expect(try Image(path: workplace.path("c.png")).width == 241)

        try SyntheticDigits(part: .heldOut).dataset(count: 10).image(3).writePNG(to: workplace.path("three.png"))
        let run = try workplace.run(
            "run", "tiny.braid", "--weights", "out.checkpoint.safetensors", "--input", "three.png", "--input", "three.png", "--top", "3",
            "--output-dir", "results", "--json")
        #expect(run.status == 0, "\(run.errors)")
        let top = try #require(try run.json()["top"] as? [[[String: Any]]])
        #expect(top.count == 2 && top[0].count == 3)
        #expect(try NumPy.read(workplace.path("results/logits.npy")).shape == [2, 10])
    }

    /// The same bits with any number of threads, from run to run, and from a run that was killed in mid-epoch and resumed.
    @Test func isTheSameForThreadsAndAfterAKill() throws {
        let more = ["--epochs", "20", "--seed", "7"]
        let one = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "one", "--threads", "1"] + more)
        #expect(one.status == 0, "\(one.errors)")
        let two = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "two", "--threads", "2"] + more)
        #expect(two.status == 0, "\(two.errors)")
        let weights = try workplace.bytes("one.safetensors")
        #expect(try workplace.bytes("two.safetensors") == weights)

        let (process, _, _) = workplace.process(
            ["train", "tiny.braid", "--data", "mnist:data", "-o", "killed", "--threads", "2", "--checkpoint-every", "7"] + more)
        try process.run()
        let path = workplace.path("killed.checkpoint.safetensors")
        var step = 0
        while process.isRunning {
            let checkpoint = (try? Safetensors(path: path)).flatMap { try? Checkpoint($0) }
            step = checkpoint?.state.step ?? 0
            // In the middle of an epoch of 30 steps.
            if step > 30, step % 30 != 0 { break }
            usleep(500)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && step > 0, "the training ended before it could be killed")

        let resumed = try workplace.run(
            ["train", "tiny.braid", "--data", "mnist:data", "-o", "resumed", "--resume", path, "--threads", "1"] + more)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try workplace.bytes("resumed.safetensors") == weights)
        #expect(try workplace.bytes("resumed.checkpoint.safetensors") == workplace.bytes("one.checkpoint.safetensors"))
        let other = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", "other", "--epochs", "20", "--seed", "8"])
        #expect(other.status == 0)
        #expect(try workplace.bytes("other.safetensors") != weights)
    }

    /// What every optimizer keeps is in the checkpoint: a training that ends after an epoch and goes on has the bits of one that did not.
    @Test(arguments: [
        "sgd(momentum: 0.9, dampening: 0.5)", "adam(weight_decay: 1e-4)", "adamw", "rmsprop(momentum: 0.9, centered: true)",
        "rmsprop(momentum: 0.9, epsilon: 0.1, tensorflow: true)",
    ])
    func goesOnWithAnyOptimizer(optimizer: String) throws {
        try workplace.write(Workplace.tiny(rate: "", optimizer: optimizer, schedule: "constant(0.003)"), to: "tiny.braid")
        let whole = try train("whole", "--epochs", "3", "--threads", "1")
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try train("part", "--epochs", "1", "--threads", "2").status == 0)
        let checkpoint = try workplace.bytes("part.checkpoint.safetensors")
        let resumed = try train("part", "--epochs", "3", "--resume", "part.checkpoint.safetensors", "--threads", "2")
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try workplace.bytes("part.safetensors") == workplace.bytes("whole.safetensors"))
        #expect(try workplace.bytes("part.checkpoint.safetensors") != checkpoint)
        let beyond = try train("beyond", "--epochs", "1", "--resume", "part.checkpoint.safetensors")
        #expect(beyond.status == 1)
        #expect(beyond.errors.contains("the checkpoint is of step 90, and 1 epoch has only 30 steps"), "\(beyond.errors)")
        #expect(beyond.errors.contains("ask for at least 3 with --epochs"), "\(beyond.errors)")
        let names = try Safetensors(path: workplace.path("part.safetensors")).entries.map(\.name)
        #expect(names.count == 7 && !names.contains { $0.hasPrefix("optimizer.") }, "\(names)")
        // A checkpoint serves as weights, too.
        let evaluation = try workplace.run(
            "evaluate", "tiny.braid", "--weights", "part.checkpoint.safetensors", "--data", "mnist:data", "--json")
        #expect(evaluation.status == 0, "\(evaluation.errors)")
    }

    /// A head that only the training has: its parameters are trained and kept in the checkpoint, and the weights are those of the plain
    /// network.
    @Test func trainsWithAnAuxiliaryHead() throws {
        let text = """
            network tiny(auxiliary = false) {
                input image: f32[N, 1, 28, 28]
                let features = image |> first: conv(8, 5, stride: 3) |> norm: batchnorm |> relu
                output logits = features |> flatten |> fc: linear(10)
                if auxiliary { output hint = features |> global_avg_pool |> flatten |> aux: linear(10) }
            }

            """
        let training = """
            training of tiny(auxiliary: true) {
                target label: i32[N]
                loss cross_entropy(logits, label, smoothing: 0.1) + 0.3 * cross_entropy(hint, label)
                optimizer adam
                schedule constant(0.003)
                augment crop(scale: 0.5)
                batch 16
            }
            """
        try workplace.write(text + training, to: "tiny.braid")
        try workplace.write(text, to: "plain.braid")
        let result = try train("out", "--epochs", "8", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let accuracy = try #require(try result.json()["accuracy"] as? Double)
        #expect(accuracy > 0.5)
        let names = { (file: String) in Set(try Safetensors(path: workplace.path(file)).entries.map(\.name)) }
        let weights = try names("out.safetensors"), kept = try names("out.checkpoint.safetensors")
        #expect(!weights.contains("aux.weight") && kept.isSuperset(of: ["aux.weight", "aux.bias", "aux.weight.first_moment"]))
        for (network, file) in [("plain", "out"), ("tiny", "out"), ("tiny", "out.checkpoint")] {
            let evaluation = try workplace.run(
                "evaluate", "\(network).braid", "--weights", "\(file).safetensors", "--data", "mnist:data", "--json")
            #expect(evaluation.status == 0, "\(network), \(file): \(evaluation.errors)")
            #expect(try evaluation.json()["accuracy"] as? Double == accuracy)
        }
        // The plain weights are enough to train on from; the head begins anew.
        let more = try train("more", "--epochs", "1", "--weights", "out.safetensors")
        #expect(more.status == 0, "\(more.errors)")
        let resumed = try train("resumed", "--epochs", "9", "--resume", "out.checkpoint.safetensors")
        #expect(resumed.status == 0, "\(resumed.errors)")
        // A network that knows of no auxiliary head refuses what it cannot place.
        let strange = try workplace.run(
            "evaluate", "plain.braid", "--weights", "out.checkpoint.safetensors", "--data", "mnist:data")
        #expect(strange.status == 1 && strange.errors.contains("aux.weight"), "\(strange.errors)")
    }

    /// A training must have all that the network predicts with, in the same shapes.
    @Test func refusesATrainingOfAnotherNetwork() throws {
        func check(_ parameter: String, _ body: String, _ expected: String) throws {
            let text = """
                network tiny(\(parameter)) {
                    input image: f32[N, 1, 28, 28]
                    let features = image |> first: conv(4, 5, stride: 4) |> relu |> flatten
                    \(body)
                }
                training of tiny(\(parameter.split(separator: " ")[0]): \(parameter.hasSuffix("true") ? "false" : "16")) {
                    target label: i32[N]
                    loss cross_entropy(logits, label)
                    optimizer sgd
                    schedule constant(0.01)
                }
                """
            try workplace.write(text, to: "tiny.braid")
            let result = try train("out")
            #expect(result.status == 1 && result.errors.contains(expected), "\(result.errors)")
        }
        try check(
            "width = 8", "output logits = features |> mid: linear(width) |> fc: linear(10)",
            "'mid.weight' is [8, 144] where 'tiny' predicts, but [16, 144] in its training")
        try check(
            "more = true", "output logits = (if more { features |> mid: linear(144) } else { features }) |> fc: linear(10)",
            "'tiny' predicts with 'mid.weight', which its training has not")
    }

    /// Ctrl-C leaves a checkpoint, says how to go on, and ends the process as the signal would have.
    @Test func endsInOrderWhenInterrupted() throws {
        let (process, _, errors) = workplace.process(["train", "tiny.braid", "--data", "mnist:data", "-o", "out", "--epochs", "2000"])
        try process.run()
        let path = workplace.path("out.checkpoint.safetensors")
        while process.isRunning, !FileManager.default.fileExists(atPath: path) { usleep(1000) }
        usleep(50_000)
        kill(process.processIdentifier, SIGINT)
        let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationReason == .uncaughtSignal && process.terminationStatus == SIGINT)
        #expect(text.contains("go on with --resume out.checkpoint.safetensors"), "\(text)")
        #expect(try Checkpoint(Safetensors(path: path)).state.step > 0)
    }

    /// As long as a training keeps its table of steps open, another one writes nothing there.
    @Test func refusesResultsThatAnotherTrainingWrites() throws {
        #expect(try train("out", "--epochs", "1", "-q").status == 0)
        let before = try workplace.bytes("out.history.json")
        do {
            let steps = try OutputFile(appendingTo: workplace.path("out.steps.csv"))
            let isLocked = steps.lock()
            #expect(isLocked)
            let result = try train("out", "--epochs", "1", "-q")
            #expect(
                result.status == 1 && result.errors.contains("out.steps.csv: another training is writing these results")
                    && result.errors.contains("another -o"), "\(result.errors)")
            #expect(try workplace.bytes("out.history.json") == before)
            #expect(try train("other", "--epochs", "1", "-q").status == 0)
        }
        #expect(try train("out", "--epochs", "1", "-q").status == 0)
    }

    @Test func refusesAnotherTrainingsCheckpoint() throws {
        #expect(try train("out", "--epochs", "1").status == 0)
        for (arguments, message) in [
            (["--epochs", "1", "--seed", "1"], "give --seed 0"), (["--epochs", "1", "--batch", "8"], "give --batch 16"),
            (["--epochs", "2"], "give --epochs 1: the learning rate depends on"),
            (["--epochs", "1", "-D", "classes=11"], "another shape"),
        ] {
            let result = try workplace.run(
                ["train", "tiny.braid", "--data", "mnist:data", "-o", "x", "--resume", "out.checkpoint.safetensors"] + arguments)
            #expect(result.status == 1 && result.errors.contains(message), "\(arguments): \(result.errors)")
        }
        let weights = try train("x", "--resume", "out.safetensors")
        #expect(weights.status == 1 && weights.errors.contains("no checkpoint of a training"))
        let evaluation = try workplace.run(
            "evaluate", "tiny.braid", "-D", "classes=11", "--weights", "out.safetensors", "--data", "mnist:data")
        #expect(evaluation.status == 1 && evaluation.errors.contains("fc.weight: [10, 512] in the file, [11, 512] in the network"))
    }

    @Test func stopsWhereTheLossIsNoNumber() throws {
        try workplace.write(Workplace.tiny(rate: "1e6"), to: "tiny.braid")
        let result = try train("out")
        #expect(result.status == 1)
        #expect(result.errors.contains("the loss became") && result.errors.contains("clip norm 1.0"), "\(result.errors)")
        // Where it begins: the step, the operator, its place in the source.
        #expect(result.errors.contains("begins here") && result.errors.contains("--> tiny.braid:4:"), "\(result.errors)")
        #expect(result.errors.contains("note: it begins in step ") && result.errors.contains(" of 'norm' (%"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: workplace.path("out.safetensors")))
        // The history says so, too.
        let run = try #require(try TrainingRecord(path: workplace.path("out.history.json")).run)
        #expect(run.status == .failed && run.message?.contains("the loss became") == true, "\(run)")
    }

    /// Events of a training in two parts lie in one folder, and tables go on.
    @Test func writesEventsAndTables() throws {
        try workplace.write(Workplace.tiny(rate: "", schedule: "constant(0.003)"), to: "tiny.braid")
        let first = try train("out", "--epochs", "1", "--tensorboard", "events/a", "-q")
        #expect(first.status == 0 && first.output.contains("  events      tensorboard --logdir events/a"), "\(first.errors)")
        let second = try train("out", "--epochs", "2", "--tensorboard", "events/a", "--resume", "out.checkpoint.safetensors", "--json")
        let record = try second.json()
        #expect(record["tensorboard"] as? String == "events/a" && record["steps_table"] as? String == "out.steps.csv")
        #expect(record["best_epoch"] as? Int != nil)
        #expect(try FileManager.default.contentsOfDirectory(atPath: workplace.path("events/a")).count == 2)
        let steps = String(decoding: try workplace.bytes("out.steps.csv"), as: UTF8.self).split(separator: "\n").dropFirst()
        #expect(steps.map { Int($0.prefix { $0 != "," }) } == Array(1...60))
        let refused = try train("x", "--tensorboard", "tiny.braid/events")
        #expect(refused.status == 1 && refused.errors.contains("tiny.braid is a file"), "\(refused.errors)")
    }

    @Test func refusesDataThatDoNotFit() throws {
        let few = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "-D", "classes=9")
        #expect(few.status == 1 && few.errors.contains("-D classes=10"), "\(few.errors)")
        let large = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "--batch", "481")
        #expect(large.status == 1 && large.errors.contains("fewer than one batch of 481"), "\(large.errors)")
    }
}
