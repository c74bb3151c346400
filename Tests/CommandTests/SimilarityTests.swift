import Foundation
import Interchange
import TestSupport
import Testing

/// Networks that compare pictures: `graphs/similarity.braid` on the synthetic digits, and what other commands make of them.
@Suite struct SimilarityTests {
    private let workplace: Workplace
    private static let similarity = Golden.root.appending(path: "graphs/similarity.braid").path

    init() throws { workplace = try Workplace() }

    /// Two epochs tell nearly all held-out pairs apart, half of which are of one digit. Where always the same is said,
    /// F1 is 0.67.
    @Test func tellsWhetherDigitsAreTheSame() throws {
        let result = try workplace.run(
            "train", "\(Self.similarity):digit_siamese", "--data", "builtin:digits", "--epochs", "2", "-o", "out", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        #expect(record["metric"] as? String == "f1")
        let value = try #require(record["value"] as? Double)
        #expect(value >= 0.95, "\(value)")
    }

    /// A triplet in the wrong order has a loss of at least the margin, 0.2: a mean below 0.01 says that 95 % are in the right one.
    @Test func bringsDigitsTogether() throws {
        let result = try workplace.run(
            "train", "\(Self.similarity):digit_triplet", "--data", "builtin:digits", "--epochs", "1", "-o", "out", "--json")
        #expect(result.status == 0, "\(result.errors)")
        #expect(try result.json()["metric"] == nil)
        let table = try String(contentsOfFile: workplace.path("out.epochs.csv"), encoding: .utf8).split(separator: "\n")
        #expect(table[0] == "epoch,step,loss,held_out_loss,rate,seconds")
        let heldOut = try #require(Double(table[1].split(separator: ",")[3]))
        #expect(heldOut < 0.01, "\(heldOut)")
    }

    private func writeTiny(target: String = "target same: f32[N];", loss: String, more: String = "") throws {
        try workplace.writeTinyTraining()
        try workplace.write(
            """
            block tower(x) { x |> c: conv(4, 5, stride: 3) |> relu |> dropout(0.1) |> flatten |> fc: linear(4) }
            network tiny {
                input a: f32[N, 1, 28, 28]
                input b: f32[N, 1, 28, 28]
                let near = a |> tower: tower
                let far = b |> share tower: tower
                output score = sum(abs(near - far), [1])
            }
            training of tiny {
                \(target) loss \(loss)
                optimizer adam
                schedule constant(rate: 0.01)
                augment shift(2), flip\(more)
                batch 64
            }
            """, to: "tiny.braid")
    }

    private static let loss = "mean_squared_error(score, 4 - 4 * same)"

    /// The same bits whole or in two parts, with any number of threads.
    @Test func resumesWithPairs() throws {
        try writeTiny(loss: Self.loss)
        func train(_ output: String, _ more: [String]) throws {
            let result = try workplace.run(["train", "tiny.braid", "--data", "mnist:data", "-o", output, "--quiet"] + more)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("whole", ["--epochs", "2"])
        try train("parts", ["--epochs", "1", "--threads", "1"])
        try train("parts", ["--epochs", "2", "--resume", "parts.checkpoint.safetensors"])
        try train("other", ["--epochs", "2", "--seed", "1"])
        let bytes = try ["whole", "parts", "other"].map { try workplace.bytes("\($0).safetensors") }
        #expect(bytes[0] == bytes[1] && bytes[0] != bytes[2])
        let losses = try ["whole", "parts"].map { name in
            try String(contentsOfFile: workplace.path("\(name).epochs.csv"), encoding: .utf8).split(separator: "\n").map {
                $0.split(separator: ",").dropLast()
            }
        }
        #expect(losses[0] == losses[1])
    }

    /// Other commands take such a network, or say why they do not.
    @Test func otherCommandsKnowPairs() throws {
        try writeTiny(loss: Self.loss)
        let trained = try workplace.run("train", "tiny.braid", "--data", "mnist:data", "-o", "out", "-q", "--epochs", "1")
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(try workplace.run("plan", "tiny.braid").output.contains("Training tiny at a batch of 64 takes "))
        let rates = try workplace.run("lr-find", "tiny.braid", "--data", "mnist:data", "--steps", "40", "-q", "--json")
        #expect(rates.errors.isEmpty)
        #expect(try #require(try rates.json()["points"] as? [Any]).count >= 10)
        let tuned = try workplace.run(
            "fine-tune", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data", "-o", "tuned", "--epochs", "1", "-q")
        #expect(tuned.status == 0, "\(tuned.errors)")
        let evaluated = try workplace.run("evaluate", "tiny.braid", "--weights", "out.safetensors", "--data", "mnist:data")
        #expect(
            evaluated.status == 0 && evaluated.output.contains("the loss is all that is told"), "\(evaluated.errors)\(evaluated.output)")
        // Without a training nothing says how it is to be judged.
        let text = try String(contentsOfFile: workplace.path("tiny.braid"), encoding: .utf8)
        try workplace.write(String(text[..<(try #require(text.range(of: "training of"))).lowerBound]), to: "untrained.braid")
        let refused = try workplace.run("evaluate", "untrained.braid", "--weights", "out.safetensors", "--data", "mnist:data")
        #expect(
            refused.status == 1
                && refused.errors.contains("'tiny' compares pairs of pictures, and tells no class of one: its inputs are a, b"),
            "\(refused.errors)")
        let benched = try workplace.run("data", "bench", "mnist:data", "--for", "tiny.braid", "--seconds", "0")
        #expect(benched.status == 0, "\(benched.errors)")
        for part in ["training", "held-out"] {
            let shown = try workplace.run(
                "data", "show", "mnist:data", "--for", "tiny.braid", "--part", part, "--count", "20", "-o", "sheet.png")
            #expect(shown.status == 0 && shown.output.contains("|"), "\(shown.errors)")
            // Both pictures of a pair side by side, ten pairs in a row.
            #expect(try Image(path: workplace.path("sheet.png")).width == 10 * (2 * 28 + 2))
        }
        let events = try workplace.run(
            "train", "tiny.braid", "--data", "mnist:data", "-o", "out", "-q", "--epochs", "1", "--tensorboard", "events")
        #expect(events.status == 0, "\(events.errors)")
        #expect(try workplace.run("data", "show", "mnist:data", "--index", "7", "-o", "seven.png").status == 0)
        let predicted = try workplace.run(
            "run", "tiny.braid", "--weights", "out.safetensors", "--input", "a=seven.png", "--input", "b=seven.png")
        #expect(predicted.status == 0, "\(predicted.errors)")
    }

    @Test func saysWhatDoesNotFit() throws {
        func errors(_ target: String, _ loss: String, more: String = "", data: String = "mnist:data") throws -> String {
            try writeTiny(target: target, loss: loss, more: more)
            let result = try workplace.run("train", "tiny.braid", "--data", data, "-o", "out")
            #expect(result.status == 1)
            return result.errors
        }
        for (target, loss) in [
            ("target same: i32[N];", "mean(score) + mean(one_hot(same, 2))"), ("target same: f32[N, 3];", "mean(score) + mean(same)"),
            ("target same: f32[N, 1, 28, 28];", "mean(score) + mean(same)"),
            ("target same: i32[N, 28, 28];", "mean(score) + mean(one_hot(same, 2))"),
        ] {
            #expect(
                try errors(target, loss).contains(
                    "'tiny' takes pairs of pictures, of which only one number is known, which the target 'same' is not"), "\(target)")
        }
        #expect(try errors("", "mean(score)").contains("nothing tells its loss which are of the same class"))
        #expect(
            try errors("target same: f32[N];", Self.loss, more: ", mixup").contains(
                "`mixup` mixes pictures, and the network compares pairs of pictures"))
        // One class, and no two pictures of one.
        for (labels, message) in [
            ([Int](repeating: 7, count: 64), "all training pictures of numpy:arrays are of the class '7'"),
            (Array(0..<64), "no class of numpy:arrays has two training pictures"),
        ] {
            let pictures = HostTensor(element: .u8, shape: [64, 28, 28], bytes: [UInt8](repeating: 9, count: 64 * 784))
            try workplace.makeFolder("arrays")
            for part in ["train", "test"] {
                try NumPy.write(pictures, to: workplace.path("arrays/x_\(part).npy"))
                try NumPy.write(
                    HostTensor(element: .u8, shape: [64], bytes: labels.map { UInt8($0) }), to: workplace.path("arrays/y_\(part).npy"))
            }
            let found = try errors("target same: f32[N];", Self.loss, data: "numpy:arrays")
            #expect(found.contains(message), "\(found)")
        }
        // Triplets have nothing to be told of them, and inputs are of one type.
        func ofInputs(_ inputs: [String], _ target: String, _ loss: String) throws -> String {
            let declared = inputs.enumerated().map { "input x\($0): \($1)" }.joined(separator: "\n")
            let sum = inputs.indices.map { "mean(x\($0), [1, 2, 3])" }.joined(separator: " + ")
            try workplace.write(
                """
                network n {
                    \(declared)
                    parameter scale: f32[] = 1
                    output score = scale * (\(sum))
                }
                training of n { \(target) loss \(loss); optimizer adam; schedule constant(rate: 0.01); batch 50 }
                """, to: "n.braid")
            let result = try workplace.run("train", "n.braid", "--data", "builtin:digits", "-o", "out")
            #expect(result.status == 1)
            return result.errors
        }
        let picture = "f32[N, 1, 28, 28]"
        #expect(
            try ofInputs([picture, picture, picture], "target same: f32[N];", "mean(score * same)").contains(
                "'n' takes triplets of pictures, and nothing is known to feed the target 'same' with"))
        #expect(
            try ofInputs([picture, "f32[N, 1, 14, 14]"], "target same: f32[N];", "mean(score * same)").contains(
                "'n' does not take pictures: its inputs are x0 [50, 1, 28, 28], x1 [50, 1, 14, 14]"))
        #expect(
            try ofInputs([picture, "\(picture) prepare mean: 0.5, std: 0.5"], "target same: f32[N];", "mean(score * same)").contains(
                "the inputs 'x0' and 'x1' of 'n' are prepared differently"))
    }
}
