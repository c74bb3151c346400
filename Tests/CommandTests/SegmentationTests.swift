import Foundation
import Interchange
import TestSupport
import Testing

/// Networks that give each pixel a class: `graphs/unet.braid` and its like on arrays of one's own.
@Suite struct SegmentationTests {
    private let workplace: Workplace
    private static let unet = Golden.root.appending(path: "graphs/unet.braid").path

    init() throws { workplace = try Workplace() }

    /// Writes colour pictures of 32 x 32 with a bright rectangle each, and 1 for its pixels, 0 for all others.
    ///
    /// - Parameter label: the class of the first pixel of the last training picture.
    private func writeRectangles(count: Int = 48, label: UInt8? = nil, in folder: String = "arrays") throws {
        try workplace.makeFolder(folder)
        for (part, count) in [("train", count), ("test", 8)] {
            var (pixels, maps): ([UInt8], [UInt8]) = ([], [])
            for picture in 0..<count {
                let number = part == "train" ? picture : 1000 + picture
                let (left, top, width, height) = (number * 7 % 16, number * 11 % 16, 6 + number * 5 % 10, 6 + number * 3 % 10)
                for row in 0..<32 {
                    for column in 0..<32 {
                        let isInside = (left..<left + width).contains(column) && (top..<top + height).contains(row)
                        let noise = (number * 31 + row * 17 + column * 13) % 60
                        maps.append(isInside ? 1 : 0)
                        pixels += (0..<3).map { UInt8((isInside ? 150 : 40) + noise + 10 * $0) }
                    }
                }
            }
            if part == "train", let label { maps[(count - 1) * 1024] = label }
            try NumPy.write(
                HostTensor(element: .u8, shape: [count, 32, 32, 3], bytes: pixels), to: workplace.path("\(folder)/x_\(part).npy"))
            try NumPy.write(HostTensor(element: .u8, shape: [count, 32, 32], bytes: maps), to: workplace.path("\(folder)/y_\(part).npy"))
        }
    }

    /// The loss falls within an epoch, and pixels are told apart; its network may be tuned further.
    @Test(arguments: ["2", "3"]) func trainsUNet(classes: String) throws {
        try writeRectangles()
        // As many classes as the pictures have channels, too: the loss says which of the two the target is.
        let sizes = ["-D", "width=4", "-D", "H=32", "-D", "W=32"]
        let result = try workplace.run(
            ["train", Self.unet, "--data", "numpy:arrays", "--epochs", "1", "-o", "out", "--json", "-D", "classes=\(classes)"] + sizes)
        #expect(result.status == 0, "\(result.errors)")
        let record = try result.json()
        #expect(record["metric"] as? String == "accuracy")
        let value = try #require(record["value"] as? Double)
        #expect(value > 0.9, "\(value)")
        let steps = try String(contentsOfFile: workplace.path("out.steps.csv"), encoding: .utf8).split(separator: "\n").dropFirst()
        let losses = steps.compactMap { Double($0.split(separator: ",")[2]) }
        #expect(losses.count == 48)
        let (first, last) = (losses.prefix(8).reduce(0, +) / 8, losses.suffix(8).reduce(0, +) / 8)
        #expect(last < 0.7 * first, "\(first) to \(last)")
        let tuned = try workplace.run(
            ["fine-tune", Self.unet, "--data", "numpy:arrays", "--weights", "out.safetensors", "--epochs", "1", "-o", "tuned", "-q"] + sizes
        )
        #expect(tuned.status == 0, "\(tuned.errors)")
    }

    /// Maps of classes are mixed as the pictures are, and a training that is resumed goes on with the same bits.
    @Test(arguments: ["mixup", "cutmix"]) func mixesMaps(mixer: String) throws {
        try writeRectangles()
        try workplace.write(
            """
            network n { input image: f32[N, 3, 32, 32]; output logits = image |> c: conv(4, 3, pad: 1) |> relu |> d: conv(2, 1) }
            training of n {
                target mask: f32[N, 2, 32, 32]
                loss cross_entropy(logits, mask) + dice_loss(softmax(logits), mask)
                optimizer adam
                schedule constant(rate: 0.01)
                augment shift(4), flip, \(mixer)
                batch 12
            }
            """, to: "n.braid")
        func train(_ output: String, _ more: [String]) throws {
            let result = try workplace.run(["train", "n.braid", "--data", "numpy:arrays", "-o", output, "--quiet"] + more)
            #expect(result.status == 0, "\(result.errors)")
        }
        try train("whole", ["--epochs", "2"])
        try train("parts", ["--epochs", "1", "--threads", "1"])
        try train("parts", ["--epochs", "2", "--resume", "parts.checkpoint.safetensors"])
        #expect(try workplace.bytes("whole.safetensors") == workplace.bytes("parts.safetensors"))
    }

    /// A label that no score is for would count as no loss.
    @Test func refusesLabelsWithoutScores() throws {
        try writeRectangles(count: 4, label: 7)
        func train(_ target: String, _ loss: String) throws -> CommandResult {
            try workplace.write(
                """
                network n(classes = 2) { input image: f32[N, 3, 32, 32]; output logits = image |> d: conv(classes, 1) }
                training of n { target mask: \(target); loss \(loss); optimizer adam; schedule constant(rate: 0.01); batch 4 }
                """, to: "n.braid")
            return try workplace.run("train", "n.braid", "--data", "numpy:arrays", "-o", "out", "--epochs", "1")
        }
        let found = "training picture 3 of numpy:arrays has pixels of class 7, but the network tells 2 apart: 0 to 1"
        let labels = try train("i32[N, 32, 32]", "cross_entropy(logits, mask)")
        #expect(
            labels.status == 1 && labels.errors.contains(found)
                && labels.errors.contains(
                    "-D classes=8; or, where these pixels are not to count, write `cross_entropy(…, ignored_label: 7)` as the loss"),
            "\(labels.errors)")
        let areas = try train("i32[N, 32, 32]", "dice_loss(softmax(logits), mask)")
        #expect(areas.status == 1 && areas.errors.contains(found), "\(areas.errors)")
        let maps = try train("f32[N, 2, 32, 32]", "cross_entropy(logits, mask)")
        #expect(
            maps.status == 1 && maps.errors.contains(found)
                && maps.errors.contains("declare the target as i32[N, H, W] and write `cross_entropy(…, ignored_label: 7)`"),
            "\(maps.errors)")
        let other = try train("i32[N, 32, 32]", "cross_entropy(logits, mask, ignored_label: 3)")
        #expect(other.status == 1 && other.errors.contains(found) && !other.errors.contains("ignored_label"), "\(other.errors)")
        let ignored = try train("i32[N, 32, 32]", "cross_entropy(logits, mask, ignored_label: 7)")
        #expect(ignored.status == 0, "\(ignored.errors)")
    }

    /// Batches of which much or little counts are averaged by what counts: the held-out loss is the same for any batch.
    @Test(arguments: ["ignored_label: 0", "class_weights: [0.5, 4]", "class_weights: [1, 3], ignored_label: 0, smoothing: 0.1"])
    func heldOutLossesDoNotDependOnTheBatch(options: String) throws {
        try writeRectangles(count: 4)
        try workplace.write(
            """
            network n { input image: f32[N, 3, 32, 32]; output logits = image |> d: conv(2, 1) }
            training of n {
                target mask: i32[N, 32, 32]; loss cross_entropy(logits, mask, \(options)); optimizer adam; schedule constant(rate: 0.01); batch 4
            }
            """, to: "n.braid")
        let trained = try workplace.run("train", "n.braid", "--data", "numpy:arrays", "-o", "out", "--epochs", "1", "--json")
        #expect(trained.status == 0, "\(trained.errors)")
        let losses = try ["1", "3", "8"].map { batch in
            let result = try workplace.run(
                "evaluate", "n.braid", "--weights", "out.safetensors", "--data", "numpy:arrays", "--batch", batch, "--json")
            return try #require(result.json()["loss"] as? Double, "\(result.errors)")
        }
        #expect(losses.allSatisfy { abs($0 - losses[0]) < 1e-6 }, "\(losses)")
    }

    /// What does not count is no class: a network that is tuned for other data gets no score for it.
    @Test func ignoredLabelsAreNoClasses() throws {
        try writeRectangles(count: 4, label: 255)
        try workplace.write(
            """
            network n(classes = 3) { input image: f32[N, 3, 32, 32]; output logits = image |> c: conv(4, 3, pad: 1) |> relu |> d: conv(classes, 1) }
            training of n {
                target kinds: i32[N, 32, 32]
                loss cross_entropy(logits, kinds, ignored_label: 255)
                optimizer adam; schedule constant(rate: 0.01); batch 4
            }
            """, to: "n.braid")
        let trained = try workplace.run("train", "n.braid", "--data", "numpy:arrays", "-o", "out", "--epochs", "1", "-q")
        #expect(trained.status == 0, "\(trained.errors)")
        let tuned = try workplace.run(
            "fine-tune", "n.braid", "--data", "numpy:arrays", "--weights", "out.safetensors", "-o", "tuned", "--epochs", "1", "--json")
        #expect(tuned.status == 0, "\(tuned.errors)")
        #expect(try tuned.json()["classes"] as? Int == 2)
        let evaluated = try workplace.run(
            "evaluate", "n.braid", "-D", "classes=2", "--data", "numpy:arrays", "--weights", "tuned.safetensors", "--json")
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        #expect((try #require(try evaluated.json()["classes"] as? [Any])).count == 2)
    }

    @Test func saysWhatDoesNotFit() throws {
        try writeRectangles(count: 4)
        func errors(_ target: String, _ loss: String, data: String = "numpy:arrays") throws -> String {
            try workplace.write(
                """
                network n { input image: f32[N, 3, 32, 32]; output logits = image |> d: conv(2, 1) }
                training of n { target mask: \(target); loss \(loss); optimizer adam; schedule constant(rate: 0.01); batch 4 }
                """, to: "n.braid")
            let result = try workplace.run("train", "n.braid", "--data", data, "-o", "out", "--epochs", "1")
            #expect(result.status == 1)
            return result.errors
        }
        // Maps have the size of the pictures.
        #expect(
            try errors("f32[N, 2, 16, 16]", "mean(mask) + mean(logits)").contains(
                "numpy:arrays has no classes of pixels, 16 x 16, for the target 'mask'"))
        // Maps of which nothing counts teach nothing, and judge nothing.
        let name = workplace.path("arrays/y_test.npy")
        try NumPy.write(HostTensor(element: .u8, shape: [8, 32, 32], bytes: [UInt8](repeating: 255, count: 8 * 1024)), to: name)
        #expect(
            try errors("i32[N, 32, 32]", "cross_entropy(logits, mask, ignored_label: 255)").contains(
                "all pixels of the held-out pictures of numpy:arrays are of class 255, which the loss does not count"))
        // Pictures of one class each have no maps.
        try workplace.makeFolder("labels")
        for part in ["train", "test"] {
            for name in ["x", "y"] {
                let tensor =
                    name == "x"
                    ? HostTensor(element: .u8, shape: [4, 32, 32, 3], bytes: [UInt8](repeating: 7, count: 4 * 3072))
                    : HostTensor(element: .u8, shape: [4], bytes: [0, 1, 0, 1])
                try NumPy.write(tensor, to: workplace.path("labels/\(name)_\(part).npy"))
            }
        }
        #expect(
            try errors("f32[N, 2, 32, 32]", "cross_entropy(logits, mask)", data: "numpy:labels").contains(
                "the array is u8 [4], not the class of each pixel [N, H, W]"))
    }
}
