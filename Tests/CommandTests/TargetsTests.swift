import Foundation
import Interchange
import TestSupport
import Testing

/// Trainings of more than one class a picture: `graphs/shapes.braid` on the synthetic shapes, and arrays of one's own.
@Suite struct TargetsTests {
    private let workplace: Workplace
    private static let shapes = Golden.root.appending(path: "graphs/shapes.braid").path

    init() throws { workplace = try Workplace() }

    /// What an epoch reaches, far from what guessing does: F1 0.67 where all kinds are always said, 0.2 the mean distance from the middle,
    /// 0.75 the share of background.
    @Test(arguments: [
        ("shape_kinds", "f1", 0.8...1.0), ("shape_place", "mean_absolute_error", 0.0...0.12), ("shape_map", "accuracy", 0.9...1.0),
    ])
    func reportsWhatGoesWithTheLoss(network: String, metric: String, range: ClosedRange<Double>) throws {
        let result = try workplace.run(
            "train", "\(Self.shapes):\(network)", "--data", "builtin:shapes", "--epochs", "1", "-o", "out", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        #expect(record["metric"] as? String == metric)
        let value = try #require(record["value"] as? Double)
        #expect(range.contains(value), "\(network): \(value)")
        let table = try String(contentsOfFile: workplace.path("out.epochs.csv"), encoding: .utf8)
        #expect(table.hasPrefix("epoch,step,loss,\(metric),held_out_loss,held_out_\(metric),rate,seconds\n"))
    }

    /// The picture itself is the target, also where the network reads it smaller; guessing the mean is 0.8 (in deviations of pixels).
    @Test(arguments: ["shape_autoencoder", "shape_enlarged"]) func restoresPictures(network: String) throws {
        let result = try workplace.run(
            "train", "\(Self.shapes):\(network)", "--data", "builtin:shapes", "--epochs", "1", "-o", "out", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let value = try #require(try result.json()["value"] as? Double)
        #expect(value < 0.6, "\(network): \(value)")
    }

    /// Where the pictures are all that is learned from, nothing else need be known of them: photos in no folders of classes, arrays without
    /// labels; with labels they are the same.
    @Test func picturesAloneNeedNoLabels() throws {
        try workplace.write(
            """
            network n { input image: f32[N, 1, 4, 4]; output restored = image |> out: conv(1, 3, pad: 1) }
            training of n {
                target original: f32[N, 1, 4, 4]
                loss mean_squared_error(restored, original)
                optimizer adamw
                schedule constant(rate: 0.01)
                batch 2
            }
            """, to: "n.braid")
        for folder in ["bare/train", "bare/val", "sorted/train/a", "sorted/val/a", "arrays", "labelled"] {
            try workplace.makeFolder(folder)
        }
        let pixels = (0..<4).map { picture in (0..<16).map { UInt8(picture * 40 + $0 * 5) } }
        for (number, picture) in pixels.enumerated() {
            let file = Data("P5 4 4 255\n".utf8) + Data(picture)
            for folder in ["bare/train", "sorted/train/a"] + (number < 2 ? ["bare/val", "sorted/val/a"] : []) {
                try file.write(to: URL(filePath: workplace.path("\(folder)/\(number).pgm")))
            }
        }
        for folder in ["arrays", "labelled"] {
            for (part, count) in [("train", 4), ("test", 2)] {
                try NumPy.write(
                    HostTensor(element: .u8, shape: [count, 4, 4], bytes: Array(pixels.prefix(count).joined())),
                    to: workplace.path("\(folder)/x_\(part).npy"))
                if folder == "arrays" { continue }
                try NumPy.write(
                    HostTensor(element: .u8, shape: [count], bytes: (0..<count).map { UInt8($0) }),
                    to: workplace.path("\(folder)/y_\(part).npy"))
            }
        }
        var losses: [Double] = []
        for data in ["folder:bare", "folder:sorted", "numpy:arrays", "numpy:labelled"] {
            let trained = try workplace.run("train", "n.braid", "--data", data, "--epochs", "1", "-o", "out", "--json", "--seed", "3")
            #expect(trained.status == 0, "\(data): \(trained.errors)")
            losses.append(try #require(try trained.json()["loss"] as? Double))
            let judged = try workplace.run("evaluate", "n.braid", "--weights", "out.safetensors", "--data", "folder:bare", "--json")
            #expect(judged.status == 0, "\(data): \(judged.errors)")
        }
        #expect(losses.allSatisfy { $0 == losses[0] }, "\(losses)")
        let classes = try workplace.run("data", "describe", "numpy:arrays")
        #expect(classes.status == 1 && classes.errors.contains("there is 'x_train', but no 'y_train'"), "\(classes.errors)")
    }

    /// Data are shown, and their loading is measured, as they are trained on.
    @Test func showsPicturesOfATarget() throws {
        for command in [["show", "-o", "sheet.png"], ["bench", "--json"]] {
            let result = try workplace.run(
                ["data", command[0], "builtin:shapes", "--for", "\(Self.shapes):shape_enlarged"] + command.dropFirst())
            #expect(result.status == 0, "\(result.errors)")
        }
        #expect(try workplace.bytes("sheet.png").count > 1000)
    }

    /// Pictures have the size of the target that they are, not that of the input.
    @Test func refusesPicturesOfAnotherSizeThanTheirTarget() throws {
        try workplace.write(
            """
            network n {
                input image: f32[N, 1, 4, 4]
                output enlarged = image |> out: conv(4, 3, pad: 1) |> pixel_shuffle(2)
            }
            training of n {
                target original: f32[N, 1, 8, 8]
                loss mean_absolute_error(enlarged, original)
                optimizer adamw
                schedule constant(rate: 0.01)
            }
            """, to: "enlarged.braid")
        let result = try workplace.run("train", "enlarged.braid", "--data", "builtin:shapes", "-o", "out")
        #expect(
            result.status == 1
                && result.errors.contains("the training pictures have 1 x 32 x 32 values, but the target 'original' 1 x 8 x 8")
                && result.errors.contains("declare the target 'original' as f32[N, 1, 32, 32]"), "\(result.errors)")
    }

    /// A loss that compares outputs with the input needs no target.
    @Test func trainsWithoutTarget() throws {
        try workplace.write(
            """
            network n {
                input image: f32[N, 1, 32, 32]
                output restored = image |> c: conv(8, 3, stride: 2, pad: 1) |> relu |> d: conv_transpose(1, 2, stride: 2)
            }
            training of n { loss mean_squared_error(restored, image); optimizer adam; schedule constant(rate: 0.01); batch 50 }
            """, to: "n.braid")
        let result = try workplace.run("train", "n.braid", "--data", "builtin:shapes", "--epochs", "1", "-o", "out", "--json")
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        // Guessing the mean has a loss of 1.
        #expect(record["metric"] == nil && record["loss"] as? Double ?? 1 < 0.6, "\(record)")
        let evaluated = try workplace.run("evaluate", "n.braid", "--weights", "out.safetensors", "--data", "builtin:shapes", "--json")
        #expect((try evaluated.json()["loss"] as? Double ?? 1) < 0.6, "\(evaluated.errors)")
    }

    /// Classes of pixels move as pixels do, and a training that is resumed goes on with the same bits.
    @Test func resumesWithMaps() throws {
        try workplace.write(
            """
            network n { input image: f32[N, 1, 32, 32]; output logits = image |> c: conv(4, 3, pad: 1) |> relu |> d: conv(5, 1) }
            training of n {
                target kinds: i32[N, 32, 32]
                loss cross_entropy(logits, kinds, class_weights: [0.5, 1, 1, 1, 1], ignored_label: 0)
                optimizer adam
                schedule constant(rate: 0.01)
                augment shift(4), flip, rotation(20)
                batch 50
            }
            """, to: "n.braid")
        func train(_ output: String, _ more: [String]) throws {
            let result = try workplace.run(["train", "n.braid", "--data", "builtin:shapes", "-o", output, "--quiet"] + more)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("whole", ["--epochs", "2"])
        try train("parts", ["--epochs", "1", "--threads", "1"])
        try train("parts", ["--epochs", "2", "--resume", "parts.checkpoint.safetensors"])
        let bytes = try ["whole", "parts"].map { try Data(contentsOf: URL(filePath: workplace.path("\($0).safetensors"))) }
        #expect(bytes[0] == bytes[1])
    }

    @Test func saysWhatDoesNotFit() throws {
        func errors(_ target: String, _ loss: String, _ data: String = "builtin:shapes") throws -> String {
            try workplace.write(
                """
                network n { input image: f32[N, 1, 32, 32]; output logits = image |> c: conv(3, 3, pad: 1) |> global_avg_pool |> flatten }
                training of n { target wanted: \(target); loss \(loss); optimizer adam; schedule constant(rate: 0.01); batch 50 }
                """, to: "n.braid")
            let result = try workplace.run("train", "n.braid", "--data", data, "-o", "out")
            #expect(result.status == 1)
            return result.errors
        }
        #expect(try errors("f32[N, 3]", "mean_squared_error(logits, wanted)").contains("has 4 classes or numbers a picture"))
        #expect(try errors("i32[N, 3, 3]", "mean(logits) + mean(one_hot(wanted, 3))").contains("has no classes of pixels, 3 x 3"))
        #expect(
            try errors("i32[N, 3]", "mean(logits) + mean(one_hot(wanted, 3))").contains(
                "nothing is known to feed the target 'wanted: i32[N, 3]' with"))
        #expect(try errors("f32[N, 1, 8, 8]", "mean(wanted) + mean(logits)").contains("its target is one of 1 x 8 x 8"))
    }
}
