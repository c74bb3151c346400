import Foundation
import Interchange
import Testing

/// What networks, targets and data have to be for one another where a network is trained, and which output is judged.
@Suite struct FeedTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    /// Writes as many random pictures of 1 x 8 x 8 values for each part, with these labels, as arrays.
    private func writeArrays(_ labels: [(part: String, labels: HostTensor)], to folder: String = "arrays") throws {
        var state: UInt32 = 1
        try workplace.makeFolder(folder)
        for (part, labels) in labels {
            let pixels = (0..<labels.shape[0] * 64).map { _ -> UInt8 in
                state = state &* 1_664_525 &+ 1_013_904_223
                return UInt8(state >> 24)
            }
            let images = HostTensor(element: .u8, shape: [labels.shape[0], 8, 8], bytes: pixels)
            try AtomicFile.write(NumPy.encode(images), to: workplace.path("\(folder)/x_\(part).npy"))
            try AtomicFile.write(NumPy.encode(labels), to: workplace.path("\(folder)/y_\(part).npy"))
        }
    }

    /// Four classes in turn.
    private func writeClasses(training: Int = 32, heldOut: Int = 20) throws {
        try writeArrays(
            [("train", training), ("test", heldOut)].map { part, count in
                (part, HostTensor(element: .u8, shape: [count], bytes: (0..<count).map { UInt8($0 % 4) }))
            })
    }

    /// Two numbers a picture.
    private func writeNumbers() throws {
        try writeArrays(
            [("train", 16), ("test", 8)].map { part, count in
                (part, HostTensor(shape: [count, 2], floats: (0..<2 * count).map { Float($0 % 3) / 2 }))
            })
    }

    private func write(input: String = "image: f32[N, 1, 8, 8]", targets: [String], loss: String, batch: String = "batch 8") throws {
        let name = input.prefix { $0 != ":" }
        try workplace.write(
            """
            network n {
                input \(input)
                let features = \(name) |> c: conv(4, 3, pad: 1) |> relu
                output logits = features |> flatten |> fc: linear(4)
                output place = features |> flatten |> fc2: linear(2)
                output back = features |> d: conv(1, 1)
            }
            training of n {
                \(targets.map { "target \($0)" }.joined(separator: "\n    "))
                loss \(loss)
                optimizer sgd
                schedule constant(rate: 0.01)
                \(batch)
            }
            """, to: "n.braid")
    }

    private func train(_ more: String...) throws -> CommandResult {
        try workplace.run(["train", "n.braid", "--data", "numpy:arrays", "-o", "out", "-q"] + more)
    }

    /// What no batch can be fed to is found where the source is checked, at its place.
    @Test(arguments: [
        ("image: f32[N, 1, 8, 8]", "label: f32[4]", "mean(logits) + mean(label)", "the target `label` is not of a batch of pictures"),
        ("image: f32[N, 1, 8, 8]", "o: f32[8, 1, 8, 8]", "mean(back) + mean(o)", "declare it as f32[N, 1, 8, 8]"),
        ("image: f32[N, 1, 8, 8]", "seed: i32[N]", "cross_entropy(logits, seed)", "a target is called `seed`"),
        (
            "seed: f32[N, 1, 8, 8]", "label: i32[N]", "cross_entropy(logits, label)",
            "an input of the network is called `seed`, as a training calls the seed of random numbers"
        ),
        ("learning_rate: f32[N, 1, 8, 8]", "label: i32[N]", "cross_entropy(logits, label)", "is called `learning_rate`"),
        ("image: f32[4, 1, 8, 8]", "label: i32[4]", "cross_entropy(logits, label)", "takes batches of 4, not of 8"),
    ])
    func checksTargets(input: String, target: String, loss: String, message: String) throws {
        try write(input: input, targets: [target], loss: loss)
        for command in [["check", "n.braid"], ["train", "n.braid", "--data", "numpy:arrays", "-o", "out"], ["overfit", "n.braid"]] {
            let result = try workplace.run(command)
            #expect(result.status == 1 && result.errors.contains(message) && result.errors.contains("n.braid:"), "\(result.errors)")
        }
    }

    /// A batch has room for each kind of truth once.
    @Test(arguments: [
        (["a: f32[N, 4]", "b: f32[N, 5]"], "mean(a) + mean(b) + mean(logits)", "the targets 'a' and 'b' of 'n' take numbers of different"),
        (
            ["o: f32[N, 1, 8, 8]", "p: f32[N, 1, 16, 16]"], "mean(o) + mean(p) + mean(back)",
            "'o' and 'p' of 'n' take pictures of different"
        ),
    ])
    func refusesTargetsOfDifferentSizes(targets: [String], loss: String, message: String) throws {
        try write(targets: targets, loss: loss)
        try writeClasses()
        let result = try train()
        #expect(result.status == 1 && result.errors.contains(message), "\(result.errors)")
    }

    /// A label is fed where the data tell a class a picture, and not with 0 for want of one.
    @Test func refusesALabelBesideNumbers() throws {
        let loss = "cross_entropy(logits, label) + mean_squared_error(place, wanted)"
        try write(targets: ["label: i32[N]", "wanted: f32[N, 2]"], loss: loss)
        try writeNumbers()
        let result = try train()
        #expect(
            result.status == 1
                && result.errors.contains("have numbers for the target 'wanted', and no class each for the target 'label'"),
            "\(result.errors)")
        // Parts of classes follow from the class.
        try write(targets: ["label: i32[N]", "parts: f32[N, 4]"], loss: "cross_entropy(logits, label) + cross_entropy(logits, parts)")
        try writeClasses()
        #expect(try train().status == 0)
    }

    /// All held-out pictures are judged, or the training is refused.
    @Test func refusesHeldOutPicturesThatFillNoBatch() throws {
        try write(
            input: "image: f32[8, 1, 8, 8]", targets: ["original: f32[8, 1, 8, 8]"], loss: "mean_squared_error(back, original)", batch: "")
        for (heldOut, left) in [(10, 2), (5, 5)] {
            try writeClasses(heldOut: heldOut)
            let result = try train()
            #expect(result.status == 1 && result.errors.contains("\(left) would not be judged"), "\(result.errors)")
        }
        try writeClasses(heldOut: 16)
        #expect(try train().status == 0)
        try writeClasses(heldOut: 10)
        let evaluated = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.safetensors")
        #expect(evaluated.status == 1 && evaluated.errors.contains("are no whole batches of 8"), "\(evaluated.errors)")
    }

    /// A batch that an input fixes is the only one.
    @Test func refusesAnotherBatchThanAnInputHas() throws {
        try write(input: "image: f32[8, 1, 8, 8]", targets: ["label: i32[8]"], loss: "cross_entropy(logits, label)")
        try writeClasses()
        #expect(try train("--batch", "8").status == 0)
        for command in [
            ["train", "n.braid", "--data", "numpy:arrays", "-o", "out"], ["plan", "n.braid"], ["overfit", "n.braid"],
            ["lr-find", "n.braid", "--data", "numpy:arrays"],
            ["evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.safetensors"], ["bench", "n.braid"], ["tune", "n.braid"],
            ["dump", "n.braid", "--stage", "plan"], ["describe", "n.braid"], ["bisect", "n.braid"],
            ["diff", "n.braid", "--with", "threads=1"],
        ] {
            let result = try workplace.run(command + ["--batch", "2"])
            #expect(
                result.status == 1 && result.errors.contains("the input 'image' of 'n' takes batches of 8, not of 2"),
                "\(command): \(result.errors)")
        }
        let result = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.safetensors", "--json")
        let record = try result.json()
        #expect((record["classes"] as? [[String: Any]])?.reduce(0) { $0 + ($1["support"] as? Int ?? 0) } == 20)
    }

    /// Judged is what the loss compares with the label, whatever other outputs there are, in training and in evaluation.
    @Test func judgesWhatTheLossCompares() throws {
        try writeClasses()
        func found(_ outputs: String, _ scores: String) throws -> (loss: Double, accuracy: Double) {
            try workplace.write(
                """
                network n {
                    input image: f32[N, 1, 8, 8]
                    let e = image |> c: conv(4, 3, pad: 1) |> relu |> flatten |> fc0: linear(6)
                    \(outputs)
                }
                training of n {
                    target label: i32[N]
                    loss cross_entropy(\(scores), label)
                    optimizer adam
                    schedule constant(rate: 0.01, epochs: 20)
                    batch 8
                }
                """, to: "n.braid")
            let trained = try train()
            #expect(trained.status == 0, "\(trained.errors)")
            let table = try String(contentsOfFile: workplace.path("out.epochs.csv"), encoding: .utf8).split(separator: "\n")
            let row = try #require(table.last).split(separator: ",").map(String.init)
            let names = table[0].split(separator: ",").map(String.init)
            let values = try ["held_out_loss", "held_out_accuracy"].map { name in
                let column = try #require(names.firstIndex(of: name))
                return try #require(Double(row[column]))
            }
            let record = try workplace.run(
                "evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.safetensors", "--json"
            ).json()
            #expect(abs((record["loss"] as? Double ?? 100) - values[0]) < 1e-4 * values[0], "\(outputs): \(record["loss"] ?? "none")")
            #expect(abs((record["accuracy"] as? Double ?? 100) - values[1]) < 1e-6, "\(outputs): \(record["accuracy"] ?? "none")")
            return (values[0], values[1])
        }
        let plain = try found("output scores = e |> fc: linear(4)", "scores")
        let second = try found("output embedding = e\n    output scores = e |> fc: linear(4)", "scores")
        let named = try found("output logits = e\n    output scores = e |> fc: linear(4)", "scores")
        #expect(plain == second && plain == named)
        let probabilities = try found("output p = e |> fc: linear(4) |> softmax", "log(p)")
        #expect(abs(probabilities.loss - plain.loss) < 0.05 * plain.loss && abs(probabilities.accuracy - plain.accuracy) < 0.11)
    }

    /// A weight of the network is needed, though it is called as what an optimizer keeps.
    @Test func needsWeightsThatAreCalledAsStates() throws {
        try workplace.write(
            """
            block own(x) {
                parameter momentum: f32[4] = normal(1)
                x + momentum
            }
            network n {
                input image: f32[N, 1, 8, 8]
                output logits = image |> c: conv(4, 3) |> relu |> flatten |> fc: linear(4) |> own: own
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.01, epochs: 1)
                batch 8
            }
            """, to: "n.braid")
        try writeClasses()
        #expect(try train().status == 0)
        let file = try Safetensors(path: workplace.path("out.safetensors"))
        let rest = try file.tensors().filter { $0.name != "own.momentum" }
        try Safetensors.write(rest, metadata: file.metadata, to: workplace.path("cut.safetensors"))
        let result = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "cut.safetensors")
        #expect(
            result.status == 1 && result.errors.contains("missing in the file:") && result.errors.contains("own.momentum"),
            "\(result.errors)")
        // What the optimizer keeps may be missing, and in excess; its own parameter may begin anew.
        try FileManager.default.moveItem(atPath: workplace.path("out.safetensors"), toPath: workplace.path("known.safetensors"))
        #expect(try train("--weights", "known.safetensors", "--except", "own.*").status == 0)
        let resumed = try workplace.run("evaluate", "n.braid", "--data", "numpy:arrays", "--weights", "out.checkpoint.safetensors")
        #expect(resumed.status == 0, "\(resumed.errors)")
    }
}
