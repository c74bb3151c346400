import Foundation
import Interchange
import Testing

/// Pictures on their way into a network.
@Suite struct PictureTests {
    private let workplace: Workplace

    init() throws { workplace = try Workplace() }

    private static let preparation =
        "prepare resize: 36, crop: 32, interpolation: bicubic, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]"

    private func writePicture() throws {
        let pixels = (0..<61 * 40 * 3).map { index in
            let (x, y, channel) = (index / 3 % 40, index / 120, index % 3)
            return UInt8(truncatingIfNeeded: x * 7 + y * 13 + channel * 29 + x * y * 3)
        }
        try Image(width: 40, height: 61, channels: 3, pixels: pixels).writePNG(to: workplace.path("picture.png"))
    }

    /// The values of torchvision 0.29: `Resize(36, BICUBIC)`, `CenterCrop(32)`, `ToTensor()` and `Normalize` of the same picture.
    @Test func preparesAsTorchvision() throws {
        try writePicture()
        try workplace.write(
            "network n {\n    input image: f32[N, 3, 32, 32] \(Self.preparation)\n    output y = image * 1.0\n}\n", to: "net.braid")
        let dump = try workplace.run("dump", "net.braid", "--stage", "graph", "-o", "net.graph")
        #expect(dump.status == 0, "\(dump.errors)")
        for file in ["net.braid", "net.graph"] {
            let run = try workplace.run("run", file, "--input", "picture.png", "--output-dir", "out")
            #expect(run.status == 0, "\(run.errors)")
            let values = try NumPy.read(workplace.path("out/y.npy")).floats
            func row(_ channel: Int, _ row: Int, _ columns: Range<Int>) -> [Float] {
                columns.map { values[(channel * 32 + row) * 32 + $0] }
            }
            let pieces = row(0, 0, 0..<4) + row(1, 15, 0..<4) + row(2, 31, 28..<32)
            let expected: [Float] = [
                -0.45680285, -1.2787911, -0.2855553, 0.5364329, 0.11764706, 0.01260505, -1.247899, 1.5882353, 0.18248373, 0.5833553,
                1.1759479, -0.41010883,
            ]
            for (value, known) in zip(pieces, expected) { #expect(abs(value - known) < 1e-6, "\(file)") }
            #expect(abs(values.reduce(0) { $0 + Double($1) } - 698.463307) < 1e-3)
        }
    }

    private func writeTraining(_ preparation: String, normalize: String = "") throws {
        try workplace.write(
            """
            network n {
                input image: f32[N, 3, 8, 8] \(preparation)
                output logits = image |> flatten |> fc: linear(2)
            }
            training of n {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(0.1)
                \(normalize)
                augment flip, crop(scale: 0.5)
                batch 2
            }

            """, to: "net.braid")
    }

    private func normalization(_ file: String) throws -> String? {
        try Safetensors(path: workplace.path(file)).metadata["normalization.mean"]
    }

    /// Training, evaluation and prediction see the same pictures, and what is declared is what the weights remember.
    @Test func trainsAndEvaluatesOnPreparedPictures() throws {
        try writePicture()
        for place in ["train/a/1.png", "train/b/1.png", "val/a/1.png", "val/b/1.png"] {
            let path = workplace.path("data/\(place)")
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try FileManager.default.copyItem(atPath: workplace.path("picture.png"), toPath: path)
        }
        try writeTraining("prepare resize: 9, mean: [0.4, 0.5, 0.6], std: [0.25, 0.25, 0.25]")
        let train = try workplace.run("train", "net.braid", "--data", "folder:data", "--epochs", "2", "-o", "out")
        #expect(train.status == 0, "\(train.errors)")
        #expect(try normalization("out.safetensors") == "0.4 0.5 0.6")
        let evaluate = try workplace.run("evaluate", "net.braid", "--weights", "out.safetensors", "--data", "folder:data", "--json")
        let run = try workplace.run(
            "run", "net.braid", "--weights", "out.safetensors", "--input", "picture.png", "--output-dir", "out")
        #expect(evaluate.status == 0 && run.status == 0, "\(evaluate.errors)\(run.errors)")
        // The same picture in both classes: the mean of the two losses follows from the scores that `run` writes.
        let scores = try NumPy.read(workplace.path("out/logits.npy")).floats.map { Double($0) }
        let loss = log(exp(scores[0]) + exp(scores[1])) - (scores[0] + scores[1]) / 2
        let found = try #require(try evaluate.json()["loss"] as? Double)
        #expect(abs(found - loss) < 1e-5, "\(found) \(loss)")

        // Another preparation is another training.
        try writeTraining("prepare resize: 10, mean: [0.4, 0.5, 0.6], std: [0.25, 0.25, 0.25]")
        let resume = try workplace.run(
            "train", "net.braid", "--data", "folder:data", "--epochs", "2", "-o", "other", "--resume", "out.checkpoint.safetensors")
        #expect(resume.status == 1, "\(resume.output)")
    }

    @Test func refusesTwoNormalizations() throws {
        try writeTraining("prepare mean: 0.5, std: 0.5", normalize: "normalize mean: 0.5, std: 0.5")
        let check = try workplace.run("check", "net.braid")
        #expect(check.status == 1 && (check.output + check.errors).contains("mean and deviation are given twice"))
    }
}
