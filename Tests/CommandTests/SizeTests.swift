import Foundation
import Interchange
import TestSupport
import Testing

/// Networks that take pictures of any size.
@Suite struct SizeTests {
    private let workplace: Workplace

    private static let network = """
        network n {
            input image: f32[N, 3, H, W] where H % 4 == 0, W % 4 == 0
            let y = image |> avg_pool(2) |> avg_pool(2) |> upsample(4)
            output out = image - y
        }

        """

    init() throws {
        workplace = try Workplace()
        try workplace.write(Self.network, to: "net.braid")
        for (name, width, height) in [("a", 17, 20), ("b", 12, 8), ("c", 16, 21)] {
            let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / width * 13) }
            try Image(width: width, height: height, channels: 3, pixels: pixels).writePNG(to: workplace.path("\(name).png"))
        }
    }

    /// Pictures keep their size, but for edges that are cut, and those of one size are run together.
    @Test func runsPicturesOfSeveralSizes() throws {
        let run = try workplace.run(
            "run", "net.braid", "--input", "a.png", "--input", "b.png", "--input", "c.png", "--output-dir", "out")
        #expect(run.status == 0, "\(run.errors)")
        #expect(run.output.contains("out [2, 3, 20, 16]: ") && run.output.contains("out [1, 3, 8, 12]: "), "\(run.output)")
        let both = try NumPy.read(workplace.path("out/out-H20-W16.npy"))
        let alone = try NumPy.read(workplace.path("out/out-H8-W12.npy"))
        #expect(both.shape == [2, 3, 20, 16] && alone.shape == [1, 3, 8, 12])
        // The same as with the sizes given, where a picture of that size is taken as it is.
        let given = try workplace.run(
            "run", "net.braid", "-D", "H=8", "-D", "W=12", "--input", "b.png", "--output-dir", "given")
        #expect(given.status == 0, "\(given.errors)")
        #expect(try NumPy.read(workplace.path("given/out.npy")).floats == alone.floats)
    }

    @Test func takesArraysAndRefusesOthers() throws {
        try NumPy.write(HostTensor(name: "x", shape: [1, 3, 6, 8], floats: [Float](repeating: 1, count: 144)), to: workplace.path("x.npy"))
        let odd = try workplace.run("run", "net.braid", "--input", "x.npy")
        #expect(odd.status == 1)
        #expect(
            odd.errors.hasPrefix(
                "error: the network takes sizes with H % 4 == 0 only, and H = 6, W = 8\n --> net.braid:2:40\n"
            ),
            "\(odd.errors)")
        try NumPy.write(HostTensor(name: "x", shape: [3, 4, 8], floats: [Float](repeating: 1, count: 96)), to: workplace.path("x.npy"))
        let run = try workplace.run("run", "net.braid", "--input", "x.npy", "--json")
        #expect(run.status == 0 && run.output.filter { !$0.isWhitespace }.contains("[1,3,4,8]"), "\(run.output)\(run.errors)")
        let unknown = try workplace.run("bench", "net.braid")
        #expect(unknown.status == 1 && unknown.errors.contains("give them: -D H=224 -D W=224"))
        let printed = try workplace.run("dump", "net.braid", "--stage", "graph", "-o", "net.graph")
        #expect(printed.status == 0)
        let plan = try workplace.run("dump", "net.graph", "--stage", "plan", "-D", "H=8", "-D", "W=12")
        #expect(plan.status == 0, "\(plan.errors)")
        let foreign = try workplace.run("dump", "net.graph", "--stage", "plan", "-D", "H=eight")
        #expect(foreign.status == 1 && foreign.errors.hasPrefix("error: the size 'H' must be an integer, not 'eight'"))
    }

    /// Operators take sizes, and the batch is joined and cut as any other axis is.
    @Test func cutsAndJoinsBySizes() throws {
        try workplace.write(
            """
            network n {
                input x: f32[N, 2, H, W]
                let (left, right) = x |> split((1, W - 1), axis: -1)
                let (first, second) = concat(right, right * 2, axis: 0) |> chunk(2, axis: 0)
                output sum = first + second
                output rows = x |> reshape((H, 2 * W)) |> slice(1, H - 1, 1)
                output both = concat(left, left + 1, axis: 0) |> relu
                output turned = x |> flip(-1) |> slice(1, 0, 1) |> cumulative_sum(axis: 3)
                output edge = x |> slice(2, 0, 1) |> pad((0, 0, 0, 2 - W % 3), mode: "replicate") |> resize((1, 2 * W), mode: "nearest")
            }

            """, to: "cut.braid")
        let values = (0..<2 * 2 * 3 * 4).map(Float.init)
        try NumPy.write(HostTensor(name: "x", shape: [2, 2, 3, 4], floats: values), to: workplace.path("x.npy"))
        let run = try workplace.run("run", "cut.braid", "--input", "x.npy", "--output-dir", "out")
        #expect(run.status == 0, "\(run.errors)")
        let sum = try NumPy.read(workplace.path("out/sum.npy"))
        #expect(sum.shape == [2, 2, 3, 3])
        #expect(sum.floats == values.enumerated().filter { $0.offset % 4 > 0 }.map { $0.element * 3 })
        let rows = try NumPy.read(workplace.path("out/rows.npy"))
        #expect(rows.shape == [2, 1, 8] && rows.floats == values.enumerated().filter { $0.offset % 24 >= 16 }.map(\.element))
        let both = try NumPy.read(workplace.path("out/both.npy"))
        let left = values.enumerated().filter { $0.offset % 4 == 0 }.map(\.element)
        #expect(both.shape == [4, 2, 3, 1] && both.floats == left + left.map { $0 + 1 })
        // A row of each picture's first channel backwards, summed up.
        let turned = try NumPy.read(workplace.path("out/turned.npy"))
        let starts: [Int] = [0, 4, 8, 24, 28, 32]
        var summed: [Float] = []
        for start in starts {
            for count in 1...4 { summed.append(values[start + 4 - count..<start + 4].reduce(0, +)) }
        }
        #expect(turned.shape == [2, 1, 3, 4] && turned.floats == summed)
        // 0 1 2 3 3, of five 8: positions 0, 0, 1, 1, 2, 3, 3, 4.
        let edge = try NumPy.read(workplace.path("out/edge.npy"))
        #expect(edge.shape == [2, 2, 1, 8])
        let columns: [Float] = [0, 0, 1, 1, 2, 3, 3, 3]
        let firsts: [Float] = [0, 12, 24, 36]
        #expect(edge.floats == firsts.flatMap { first in columns.map { first + $0 } })
        let described = try workplace.run("describe", "cut.braid")
        #expect(described.status == 0 && described.output.contains("f32[2 * N, 2, H, 1]"), "\(described.output)\(described.errors)")
    }

    /// Shapes are told as expressions, costs at sizes that fit.
    @Test func describesExpressions() throws {
        let text = try workplace.run("describe", "net.braid")
        #expect(text.status == 0)
        for part in [
            "where H % 4 == 0", "f32[N, 3, H / 4, W / 4]", "MACs and bytes are those at H = 224, W = 224; others with -D H=… -D W=…",
        ] {
            #expect(text.output.contains(part), "\(part)\n\(text.output)")
        }
        let json = try workplace.run("describe", "net.braid", "--json")
        #expect(json.output.contains("\"H / 4\"") && json.output.contains("\"sizes\""), "\(json.output)")
    }
}

/// A network of the package that takes pictures of any size, with weights, beside PyTorch's.
@Suite struct StyleTransferTests {
    private static let network = Golden.root.appending(path: "graphs/style_transfer.braid").path

    /// Pictures of three sizes, and some elements of what PyTorch makes of each.
    ///
    /// Made with `modules.TransformerNet(2)` of Tests/CompilerTests/Cases in f64, its `state_dict` as networks.py fills it:
    /// `i = torch.arange(w * h * 3); x = ((i * 7 + i // w * 13) % 256).double().reshape(1, h, w, 3).permute(0, 3, 1, 2)`, and of
    /// `y = m(x).flatten()` the elements `y[:: y.numel() // 7][:7]`.
    private static let pictures: [(width: Int, height: Int, styled: [Float])] = [
        (16, 24, [-0.687477, -0.881208, -1.493448, -0.072063, 0.061141, 0.420156, -0.563804]),
        (20, 16, [-0.110134, -0.962231, -0.150083, -0.359561, 0.531037, 0.40506, -2.016632]),
        (28, 32, [-0.587589, -0.409433, -0.158545, -1.596004, 0.206855, -1.06673, 0.46675]),
    ]

    /// The names and shapes of PyTorch's `state_dict` for a width of 2.
    private static let parameters: [String: [Int]] = {
        var shapes: [String: [Int]] = [:]
        func layer(_ name: String, _ inputs: Int, _ outputs: Int, _ kernel: Int) {
            shapes["\(name).conv2d.weight"] = [outputs, inputs, kernel, kernel]
            shapes["\(name).conv2d.bias"] = [outputs]
        }
        func normalization(_ name: String, _ channels: Int) {
            for part in ["weight", "bias"] { shapes["\(name).\(part)"] = [channels] }
        }
        for (number, (inputs, outputs, kernel)) in [(3, 2, 9), (2, 4, 3), (4, 8, 3)].enumerated() {
            layer("conv\(number + 1)", inputs, outputs, kernel)
            normalization("in\(number + 1)", outputs)
        }
        for unit in (1...5).map({ "res\($0)" }) {
            for number in 1...2 {
                layer("\(unit).conv\(number)", 8, 8, 3)
                normalization("\(unit).in\(number)", 8)
            }
        }
        for (number, (inputs, outputs, kernel)) in [(8, 4, 3), (4, 2, 3), (2, 3, 9)].enumerated() {
            layer("deconv\(number + 1)", inputs, outputs, kernel)
        }
        normalization("in4", 4)
        normalization("in5", 2)
        return shapes
    }()

    /// One command runs pictures of all sizes, each beside PyTorch's.
    @Test func paintsPicturesOfThreeSizes() throws {
        let workplace = try Workplace()
        let weights = Self.parameters.sorted { $0.key < $1.key }.enumerated().map { seed, owned in
            HostTensor(
                name: owned.key, shape: owned.value,
                floats: KnownNumbers.ofParameter(owned.key, extents: owned.value, seed: seed).map(Float.init))
        }
        try Safetensors.write(weights, to: workplace.path("weights.safetensors"))
        var arguments = ["run", Self.network, "-D", "width=2", "--weights", "weights.safetensors", "--output-dir", "out"]
        for (number, picture) in Self.pictures.enumerated() {
            let pixels = (0..<picture.width * picture.height * 3).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / picture.width * 13) }
            try Image(width: picture.width, height: picture.height, channels: 3, pixels: pixels).writePNG(
                to: workplace.path("\(number).png"))
            arguments += ["--input", "\(number).png"]
        }
        let run = try workplace.run(arguments)
        #expect(run.status == 0, "\(run.errors)")
        for picture in Self.pictures {
            let styled = try NumPy.read(workplace.path("out/styled-H\(picture.height)-W\(picture.width).npy"))
            try #require(styled.shape == [1, 3, picture.height, picture.width])
            let some = stride(from: 0, to: styled.floats.count, by: styled.floats.count / 7).prefix(7).map { styled.floats[$0] }
            for (own, expected) in zip(some, picture.styled) { #expect(abs(own - expected) <= 5e-5, "\(own), not \(expected)") }
        }
    }

    /// Its shapes are expressions of the picture's.
    @Test func isDescribedInExpressions() throws {
        let text = try Workplace().run("describe", Self.network)
        #expect(text.status == 0, "\(text.errors)")
        try Golden.check(text.output, Golden.folder("Cases", beside: #filePath).appending(path: "describe-style-transfer.expected"))
    }
}
