import Foundation
import Interchange
import Testing
import Training

/// `braid fine-tune`: a small network that knows the digits 0 to 4 is tuned for 5 to 8.
@Suite struct FineTuneTests {
    private let workplace: Workplace

    init() throws {
        workplace = try Workplace()
        try workplace.write(Workplace.tiny(rate: "0.05"), to: "tiny.braid")
        try workplace.writeDigits([0, 1, 2, 3, 4], to: "low")
        try workplace.writeDigits([5, 6, 7, 8], to: "high")
        let result = try workplace.run(
            "train", "tiny.braid", "-D", "classes=5", "--data", "mnist:low", "-o", "pre", "--epochs", "3", "--quiet")
        #expect(result.status == 0, "\(result.errors)")
    }

    private func tune(_ output: String, _ more: String...) throws -> CommandResult {
        try workplace.run(Self.arguments(output) + more)
    }

    private static func arguments(_ output: String) -> [String] {
        ["fine-tune", "tiny.braid", "--weights", "pre.safetensors", "--data", "mnist:high", "--rate", "0.02", "-o", output]
    }

    private func values(_ file: String, _ name: String) throws -> [Float] {
        try Safetensors(path: workplace.path(file)).tensor(name).floats
    }

    private func history(_ name: String) throws -> [String: Any] {
        let object = try JSONSerialization.jsonObject(with: workplace.bytes("\(name).history.json")) as? [String: Any]
        return try #require(object?["run"] as? [String: Any])
    }

    /// The head begins anew and alone, then all weights are trained, from the first part's on.
    @Test func tunesTheHeadAndThenAll() throws {
        let result = try tune("out", "--epochs", "6", "--tensorboard", "events")
        #expect(result.status == 0, "\(result.errors)")
        for part in [
            "tuning tiny from pre.safetensors for 4 classes (-D classes=4)", "begins anew    fc.weight, fc.bias",
            "1 of 2: the head, with 3 weights frozen: first.weight, norm.weight, norm.bias", "2 of 2: all weights",
            "weights     out.frozen.safetensors", "weights     out.safetensors",
        ] {
            #expect(result.output.contains(part), "\(part): \(result.output)")
        }
        for name in ["first.weight", "norm.weight", "norm.bias"] {
            let before = try values("pre.safetensors", name)
            #expect(try values("out.frozen.safetensors", name) == before, "\(name)")
            #expect(try values("out.safetensors", name) != before, "\(name)")
        }
        #expect(try values("out.frozen.safetensors", "norm.running_mean") != values("pre.safetensors", "norm.running_mean"))
        #expect(try Safetensors(path: workplace.path("out.safetensors"))["fc.weight"]?.shape == [4, 512])
        let kept = try Safetensors(path: workplace.path("out.frozen.checkpoint.safetensors")).entries.map(\.name)
        #expect(kept.contains("fc.weight.momentum") && !kept.contains("first.weight.momentum"))

        let (first, second) = (try history("out.frozen"), try history("out"))
        #expect(first["definitions"] as? [String: String] == ["classes": "4"] && first["epochs"] as? Int == 1)
        #expect(second["weights"] as? String == "out.frozen.safetensors" && second["epochs"] as? Int == 6)
        let recipes = [first, second].map { ($0["recipe"] as? [String] ?? []).filter { !$0.hasPrefix("optimizer") } }
        #expect(
            recipes[0].prefix(3) == [
                "schedule one_cycle(peak: 0.02, epochs: 1, rise: 0.99, end_divisor: 4000)", #"group "*", rate: 0"#,
                #"group "fc.*", rate: 1"#,
            ], "\(recipes[0])")
        #expect(
            recipes[1].prefix(3) == [
                "schedule one_cycle(peak: 0.01, epochs: 6, start_divisor: 5, end_divisor: 20000)", #"group "first.*", rate: 0.3333"#,
                #"group "norm.*", rate: 0.5774"#,
            ], "\(recipes[1])")
        for folder in ["events", "events.frozen"] {
            #expect(try FileManager.default.contentsOfDirectory(atPath: workplace.path(folder)).count == 1)
        }

        // What it learned: chance is 0.25.
        let evaluation = try workplace.run(
            "evaluate", "tiny.braid", "-D", "classes=4", "--weights", "out.safetensors", "--data", "mnist:high", "--json"
        ).json()
        #expect(evaluation["accuracy"] as? Double ?? 0 > 0.6, "\(evaluation["accuracy"] ?? "")")
    }

    /// The second part begins where the first ended, and each goes on from a checkpoint, with the same bits and any number of threads.
    @Test func goesOnInEitherPart() throws {
        let more = ["--epochs", "12", "--frozen-epochs", "8"]
        let whole = try workplace.run(Self.arguments("whole") + more + ["--threads", "1", "--json"])
        #expect(whole.status == 0, "\(whole.errors)")
        let record = try whole.json()
        #expect(record["anew"] as? [String] == ["fc.weight", "fc.bias"] && record["classes"] as? Int == 4)
        #expect(record["body"] as? [String] == ["first.weight", "norm.weight", "norm.bias"])
        #expect((record["frozen"] as? [String: Any])?["weights"] as? String == "whole.frozen.safetensors")
        #expect((record["unfrozen"] as? [String: Any])?["weights"] as? String == "whole.safetensors")
        for part in ["killed.frozen", "killed"] {
            let (process, _, _) = workplace.process(Self.arguments("killed") + more + ["--threads", "2", "--checkpoint-every", "5"])
            try process.run()
            let path = workplace.path("\(part).checkpoint.safetensors")
            var step = 0
            while process.isRunning {
                step = (try? Safetensors(path: path)).flatMap { try? Checkpoint($0) }?.state.step ?? 0
                if step > 10, step % 20 != 0 { break }
                usleep(500)
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(process.terminationReason == .uncaughtSignal && step > 0, "\(part): the tuning ended before it could be killed")
            let resumed = try workplace.run(Self.arguments("killed") + more + ["--resume", "\(part).checkpoint.safetensors", "--json"])
            #expect(resumed.status == 0, "\(part): \(resumed.errors)")
            #expect((try resumed.json()["frozen"] is [String: Any]) == (part == "killed.frozen"))
            for file in ["safetensors", "checkpoint.safetensors", "frozen.safetensors", "frozen.checkpoint.safetensors"] {
                #expect(try workplace.bytes("killed.\(file)") == workplace.bytes("whole.\(file)"), "\(part): \(file)")
            }
            for name in try workplace.names() where name.hasPrefix("killed") {
                try FileManager.default.removeItem(atPath: workplace.path(name))
            }
        }
        let other = try workplace.run(Self.arguments("other") + more + ["--rate", "0.01", "--resume", "whole.checkpoint.safetensors"])
        #expect(other.status == 1 && other.errors.contains("is of neither part of this tuning"), "\(other.errors)")
        let longer = try workplace.run(Self.arguments("longer") + ["--epochs", "13", "--resume", "whole.checkpoint.safetensors"])
        #expect(longer.status == 1 && longer.errors.contains("give --epochs 12"), "\(longer.errors)")
    }

    /// Without a first part; the recipe's own groups stay, with lower rates where they are before the head.
    @Test func keepsTheGroupsOfTheRecipe() throws {
        let text = Workplace.tiny(rate: "0.05").replacing(
            "    batch 16\n",
            with: "    batch 16\n    group \"*.bias\", weight_decay: 0\n    group \"norm.*\", rate: 0.5, weight_decay: 0\n")
        try workplace.write(text, to: "tiny.braid")
        let result = try tune("out", "--epochs", "1", "--frozen-epochs", "0", "--rate-ratio", "100")
        #expect(result.status == 0 && !result.output.contains("1 of 2"), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: workplace.path("out.frozen.safetensors")))
        let groups = (try history("out")["recipe"] as? [String] ?? []).filter { $0.hasPrefix("group") }
        #expect(
            groups == [
                #"group "*.bias", weight_decay: 0"#, #"group "norm.*", rate: 0.5, weight_decay: 0"#, #"group "first.*", rate: 0.01"#,
                #"group "norm.weight", rate: 0.05, weight_decay: 0"#, #"group "norm.bias", rate: 0.05, weight_decay: 0"#,
            ], "\(groups)")
        #expect(try tune("out", "--epochs", "1").status == 0)
        let frozen = (try history("out.frozen")["recipe"] as? [String] ?? []).filter { $0.hasPrefix("group") }
        #expect(
            frozen == [#"group "*", rate: 0"#, #"group "fc.weight", rate: 1"#, #"group "fc.bias", weight_decay: 0"#], "\(frozen)")
    }

    /// A head that only the training has is in no file of weights, begins anew and is carried on into the second part; averages, accumulated
    /// gradients and the best epoch are each part's own.
    @Test func carriesAllIntoTheSecondPart() throws {
        let text = """
            network tiny(classes, auxiliary = false) {
                input image: f32[N, 1, 28, 28]
                let features = image |> first: conv(8, 5, stride: 3) |> norm: batchnorm |> relu
                output logits = features |> flatten |> fc: linear(classes)
                if auxiliary { output hint = features |> global_avg_pool |> flatten |> aux: linear(classes) }
            }
            training of tiny(auxiliary: true) {
                target label: i32[N]
                loss cross_entropy(logits, label) + 0.3 * cross_entropy(hint, label)
                optimizer adamw
                schedule constant(0.003)
                accumulate 2
                average exponential(0.9)
                keep best
                batch 16
            }
            """
        try workplace.write(text, to: "tiny.braid")
        let trained = try workplace.run("train", "tiny.braid", "-D", "classes=5", "--data", "mnist:low", "-o", "pre", "--quiet")
        #expect(trained.status == 0, "\(trained.errors)")
        let whole = try tune("whole", "--epochs", "2", "--frozen-epochs", "2", "--json", "--threads", "1")
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try whole.json()["head"] as? [String] == ["fc.weight", "fc.bias", "aux.weight", "aux.bias"])
        #expect(try Safetensors(path: workplace.path("whole.safetensors"))["aux.weight"] == nil)
        let resumed = try tune(
            "resumed", "--epochs", "2", "--frozen-epochs", "2", "--resume", "whole.frozen.checkpoint.safetensors", "--threads", "2")
        #expect(resumed.status == 0, "\(resumed.errors)")
        for file in ["safetensors", "checkpoint.safetensors", "frozen.safetensors"] {
            #expect(try workplace.bytes("resumed.\(file)") == workplace.bytes("whole.\(file)"), "\(file)")
        }
    }

    /// Where targets are no classes, none are counted: `classes` stays what it is.
    @Test func countsNoClassesOfNumbers() throws {
        let text = """
            network scale(classes = 3) {
                input image: f32[N, 1, 28, 28]
                output values = image |> first: conv(classes, 5, stride: 3) |> relu |> flatten |> fc: linear(2)
            }
            training of scale {
                target size: f32[N, 2]
                loss mean((values - size) * (values - size))
                optimizer sgd
                schedule constant(0.01)
                batch 16
            }
            """
        try workplace.write(text, to: "scale.braid")
        try workplace.makeFolder("sizes")
        for part in ["train", "test"] {
            let digits = SyntheticDigits(part: .training).dataset(count: 32)
            try NumPy.write(
                HostTensor(element: .u8, shape: [32, 28, 28], bytes: digits.pixels), to: workplace.path("sizes/x_\(part).npy"))
            let numbers = (0..<64).map { Float($0 % 7) / 7 }
            try NumPy.write(HostTensor(name: "y", shape: [32, 2], floats: numbers), to: workplace.path("sizes/y_\(part).npy"))
        }
        let trained = try workplace.run("train", "scale.braid", "--data", "numpy:sizes", "-o", "scale", "--quiet")
        #expect(trained.status == 0, "\(trained.errors)")
        let result = try workplace.run(
            "fine-tune", "scale.braid", "--weights", "scale.safetensors", "--data", "numpy:sizes", "-o", "tuned", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        #expect(record["classes"] as? Int == 0 && record["anew"] as? [String] == [])
        #expect(record["head"] as? [String] == ["fc.weight", "fc.bias"] && record["body"] as? [String] == ["first.weight", "first.bias"])
    }

    /// Where all fits, the last layer is the head: from the file if the classes have the same names, anew if they are named or called otherwise.
    @Test func findsTheHead() throws {
        func anew(_ more: String...) throws -> [String]? {
            let arguments = ["fine-tune", "tiny.braid", "--weights", "pre.safetensors", "--epochs", "1", "--frozen-epochs", "0", "--json"]
            let result = try workplace.run(arguments + more)
            #expect(result.status == 0, "\(result.errors)")
            let record = try result.json()
            return record["anew"] as? [String]
        }
        #expect(try anew("--data", "mnist:low") == [])
        #expect(try anew("--data", "mnist:low", "--head", "fc.*") == ["fc.weight", "fc.bias"])
        #expect(
            try anew("--data", "mnist:low", "--head", "norm.*") == ["norm.weight", "norm.bias", "norm.running_mean", "norm.running_var"])
        // Fewer classes than the network tells apart are no reason to begin anew.
        #expect(try anew("--data", "mnist:high", "-D", "classes=5") == ["fc.weight", "fc.bias"])
        for name in ["ant", "bee", "cat", "dog", "elk"] {
            try workplace.makeFolder("photos/train/\(name)")
            for index in 0..<4 {
                try SyntheticDigits(part: .training).dataset(count: 4).image(index).writePNG(
                    to: workplace.path("photos/train/\(name)/\(index).png"))
            }
        }
        #expect(try anew("--data", "folder:photos", "--held-out", "0.5", "--batch", "4") == ["fc.weight", "fc.bias"])
    }

    @Test(arguments: [
        (["--head", "frist.*"], 1, "'tiny' has no weight --head 'frist.*'"), (["--rate", "0"], 2, "--rate must be above 0"),
        (["--frozen-epochs", "-1"], 2, "--frozen-epochs must be from 0"), (["--epochs", "0"], 2, "--epochs must be from 1"),
        (["--head", "*"], 1, "all its weights would begin anew"), (["--resume", "pre.safetensors"], 1, "is no checkpoint of a training"),
        (["--resume", "pre.checkpoint.safetensors"], 1, "is of neither part of this tuning"),
        (["-D", "classes=3"], 1, "high has 4 classes, but the network tells 3 apart"),
    ])
    func refuses(more: [String], status: Int, message: String) throws {
        let result = try workplace.run(Self.arguments("out") + more)
        #expect(result.status == Int32(status) && result.errors.contains(message), "\(more): \(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: workplace.path("out.safetensors")))
    }

    /// Weights of another network.
    @Test func refusesOtherWeights() throws {
        let text = Workplace.tiny(rate: "0.05").replacing("first: conv", with: "stem: conv")
        try workplace.write(text, to: "tiny.braid")
        let result = try tune("out")
        #expect(result.status == 1 && result.errors.contains("these weights are not of this network"), "\(result.errors)")
        #expect(result.errors.contains("first.weight") && result.errors.contains("stem.weight"), "\(result.errors)")
    }
}

extension Workplace {
    /// Writes some hundred synthetic digits of some classes in the format of MNIST, numbered from 0.
    fileprivate func writeDigits(_ digits: [Int32], to folder: String) throws {
        try makeFolder(folder)
        for (part, prefix, count) in [(SyntheticDigits.Part.training, "train", 800), (.heldOut, "t10k", 160)] {
            let data = SyntheticDigits(part: part).dataset(count: count)
            let places = data.labels.indices.filter { digits.contains(data.labels[$0]) }
            let area = data.extents.count
            let pixels = places.flatMap { data.pixels[$0 * area..<($0 + 1) * area] }
            let labels = places.map { UInt8(digits.firstIndex(of: data.labels[$0])!) }
            try AtomicFile.write(
                IDX.encode(HostTensor(element: .u8, shape: [places.count, 28, 28], bytes: pixels)),
                to: path("\(folder)/\(prefix)-images-idx3-ubyte"))
            try AtomicFile.write(
                IDX.encode(HostTensor(element: .u8, shape: [places.count], bytes: labels)),
                to: path("\(folder)/\(prefix)-labels-idx1-ubyte"))
        }
    }
}
