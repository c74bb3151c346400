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

    /// One picture alone and many on the way through a network see blue first, and a picture of its values is again what it was.
    @Test func channelsAreReversed() throws {
        try writePicture()
        func network(_ settings: String) -> String {
            "network n {\n    input image: f32[N, 3, 61, 40] prepare \(settings)\n    output y = image * 1.0\n}\n"
        }
        try workplace.write(network("mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 1]"), to: "rgb.braid")
        try workplace.write(network("channel_order: bgr, mean: [0.3, 0.2, 0.1], std: [1, 0.25, 0.5]"), to: "bgr.braid")
        for options in [["--input", "picture.png"], ["--input", "picture.png", "--batch", "1"]] {
            let values = try ["rgb", "bgr"].map { name in
                let run = try workplace.run(["run", "\(name).braid", "--output-dir", name] + options)
                #expect(run.status == 0, "\(run.errors)")
                return try NumPy.read(workplace.path(options.count == 2 ? "\(name)/y.npy" : "\(name)/picture.y.npy")).floats
            }
            let planes = [0..<2440, 2440..<4880, 4880..<7320]
            #expect(values[1] == planes.reversed().flatMap { values[0][$0] } && values[1] != values[0])
        }
        let drawn = try workplace.run("run", "bgr.braid", "--input", "picture.png", "--output-image", "again.png")
        #expect(drawn.status == 0, "\(drawn.errors)")
        #expect(try Image(path: workplace.path("again.png")) == Image(path: workplace.path("picture.png")))
    }

    /// Where pictures decide the size of an input, the shorter side is what `resize` says, and the longer one what is left of it.
    @Test func resizedPicturesDecideTheSize() throws {
        try writePicture()
        try workplace.write("network n { input image: f32[N, 3, H, W] prepare resize: 20; output y = image * 1.0 }\n", to: "net.braid")
        for options in [[], ["--batch", "1"]] {
            let run = try workplace.run(["run", "net.braid", "--input", "picture.png", "--output-dir", "out"] + options)
            #expect(run.status == 0, "\(run.errors)")
            let files = try FileManager.default.contentsOfDirectory(atPath: workplace.path("out"))
            let shape = try NumPy.read(workplace.path("out/\(try #require(files.first))")).shape
            #expect(shape.suffix(3) == [3, 30, 20], "\(shape)")
            try FileManager.default.removeItem(atPath: workplace.path("out"))
        }
        // Given otherwise, it is one that pictures may not fill.
        let given = try workplace.run("run", "net.braid", "-D", "H=30", "-D", "W=20", "--input", "picture.png")
        #expect(given.status == 1 && given.errors.contains("do not fill the input, 30 x 20"), "\(given.errors)")
    }

    /// A preparation stands in a source of its own, which it cannot end.
    @Test func preparationsAreSettingsOnly() throws {
        try writeTraining("")
        for text in ["resize: 9; output z = image", "resize: 9\nlet a = 1", "resize: 9 } network m {"] {
            let check = try workplace.run("check", "net.braid", "--prepare", text)
            #expect(check.status == 1 && check.errors.contains("is more than the settings of a preparation"), "\(check.errors)")
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

        // Weights remember how pictures were prepared, for a network that does not say it.
        try writeTraining("")
        let remembered = try workplace.run(
            "run", "net.braid", "--weights", "out.safetensors", "--input", "picture.png", "--output-dir", "again")
        #expect(remembered.status == 0, "\(remembered.errors)")
        #expect(try NumPy.read(workplace.path("again/logits.npy")).floats.map { Double($0) } == scores)
        let other = try workplace.run("evaluate", "net.braid", "--weights", "out.safetensors", "--data", "folder:data", "--json")
        #expect(try other.json()["loss"] as? Double == found, "\(other.errors)")
        let said = try workplace.run(
            "run", "net.braid", "--weights", "out.safetensors", "--input", "picture.png", "--output-dir", "again", "--prepare", "resize: 30"
        )
        #expect(said.status == 0, "\(said.errors)")
        #expect(try NumPy.read(workplace.path("again/logits.npy")).floats.map { Double($0) } != scores)
        let exported = try workplace.run("export", "net.braid", "--weights", "out.safetensors", "-o", "net.onnx")
        #expect(exported.status == 0, "\(exported.errors)")
        #expect(try workplace.run("dump", "net.onnx", "--stage", "graph").output.contains("prepare(resize: 9, mean: ["))

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
