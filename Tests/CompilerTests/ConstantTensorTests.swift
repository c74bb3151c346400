import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Tensors that the program itself gives: in kernels they lie beside the parameters, and in no file.
@Suite struct ConstantTensorTests {
    private static let blocks = """
        block blur_pool(x, stride = 2) {
            let row = [1, 3, 3, 1]
            let kernel = [for a in row { [for b in row { a * b / 64 }] }]
            x |> conv(x.channels, 4, stride: stride, pad: 1, groups: x.channels, weight: [for _ in 0..<x.channels { [kernel] }], bias: false)
        }

        /// Filters for directions (Gabor 1946).
        block gabor(x, count, size = 5) {
            let half = (size - 1) / 2
            let kernels = [for k in 0..<count {
                let angle = pi * k / count
                let plane = [for i in -half...half { [for j in -half...half {
                    exp(-(i * i + j * j) / 8) * cos(2 * (i * sin(angle) + j * cos(angle)))
                }] }]
                [for _ in 0..<x.channels { plane }]
            }]
            x |> conv(count, size, pad: half, weight: kernels, bias: false)
        }

        """

    @Test(arguments: ["gabor(16)", "gabor(5, size: 3)", "first: conv(20, 1) |> blur_pool", "first: conv(16, 1) |> blur_pool(stride: 1)"])
    func machineCodeAgrees(layers: String) throws {
        let text =
            Self.blocks + """
                network n {
                    input image: f32[2, 3, 12, 12]
                    let features = image |> \(layers) |> bn: batchnorm |> relu
                    let c = features.channels
                    let place = [[for i in 0..<features.height { [for j in 0..<features.width { sin(i) * cos(2 * j) }] }]]
                    let placed = features + tensor([place]) * [for i in 0..<c { i / c }]
                    let last = placed |> c1: conv(18, 3, pad: 1) |> relu
                    output plane = tensor([[[0.5, 1]]]) * 2 + tensor([[[[1, 2]]]])
                    let rows = last |> global_avg_pool |> flatten
                    output logits = rows |> linear(2, weight: [[for i in 0..<18 { i / 18 }], [for i in 0..<18 { cos(i) }]], bias: [0.5, -1])
                }
                training of n {
                    target label: i32[2]
                    loss cross_entropy(logits, label)
                    optimizer sgd
                    schedule constant(rate: 0.1)
                }
                """
        let network = try Network.read(text, path: "n.braid")
        let training = try #require(network.training)
        for graph in [network.graph, training.graph] {
            #expect(graph.violations() == [])
            #expect(try Graph(reading: graph.text(), catalog: .standard) == graph.withoutSpans)
        }
        for target in [.host, .x86AVX2] as [Target] {
            let plan = try expectAgreement(of: network.graph, seed: 4, training: false, batch: 2, target: target)
            #expect(!plan.tensors.isEmpty && !plan.parameters.contains { $0.parameter.name.contains("tensor") })
            try expectAgreement(of: training.graph, seed: 5, training: true, batch: 2, target: target)
        }
    }

    /// `scipy.ndimage`-like numbers: Sobel's response to a ramp is 8 times its slope.
    @Test func sobelOfARampIsItsSlope() throws {
        let text = """
            network sobel {
                input image: f32[1, 1, 4, 5]
                output across = image |> conv(1, 3, weight: [[[[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]]]], bias: false)
                output mirrored = [1, 2]
            }
            """.replacing("[1, 2]", with: "tensor([1, 2])")
        let network = try Network.read(text, path: "sobel.braid")
        let executable = try Compiler(cache: nil, threads: 1).executable(
            network, training: false, batch: 1, pool: ThreadPool(threads: 1))
        try executable.setInput("image", to: (0..<20).map { Float(3 * ($0 % 5)) })
        executable.run()
        #expect(try executable.output("across", as: Float.self) == [Float](repeating: 24, count: 6))
        #expect(try executable.output("mirrored", as: Float.self) == [1, 2])
    }

    /// A file beside the source, of any type that NumPy writes; not of the folder that is current.
    @Test func filesLieBesideTheSource() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-tensors-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder.appending(path: "blocks"), withIntermediateDirectories: true)
        try NumPy.write(HostTensor(shape: [1, 2, 1, 1], doubles: [0.5, -2]), to: folder.appending(path: "blocks/kernel.npy").path)
        try NumPy.write(HostTensor(shape: [2], int64s: [3, 4]), to: folder.appending(path: "shift.npy").path)
        try "block mixed(x) { x |> conv(1, 1, weight: tensor(\"kernel.npy\"), bias: false) }".write(
            to: folder.appending(path: "blocks/mixed.braid"), atomically: true, encoding: .utf8)
        let file = folder.appending(path: "n.braid")
        try """
        import "blocks/mixed.braid"
        network n {
            input image: f32[1, 2, 1, 1]
            output mixed = image + tensor("shift.npy") |> mixed
        }
        """.write(to: file, atomically: true, encoding: .utf8)
        let graph = try Network.load(file.path).graph
        let result = ReferenceEvaluator().run(graph, inputs: ["image": ReferenceTensor([1, 2, 1, 1], [1, 2])], parameters: [:])
        #expect(result.outputs["mixed"]?.values == [0.5 * 4 - 2 * 6])

        try Data("no array".utf8).write(to: folder.appending(path: "shift.npy"))
        let message = try #require(#expect(throws: CompilerError.self) { try Network.load(file.path) }).description
        #expect(message.contains("cannot read `shift.npy`: this is not a NumPy array file"))
        #expect(message.contains("n.braid:4:35"))
        try FileManager.default.removeItem(at: folder.appending(path: "shift.npy"))
        let missing = try #require(#expect(throws: CompilerError.self) { try Network.load(file.path) }).description
        #expect(missing.contains("cannot read `shift.npy`: there is no such file"))
    }

    @Test func damagedTextsAreRefused() {
        for (line, message) in [
            ("tensor [1, 2] : f32[3]", "2 values do not fill f32[3]"), ("tensor [1] : i32[1]", "1 values do not fill i32[1]"),
            ("tensor [1, 2] : f32[N]", "2 values do not fill f32[N]"), ("tensor 1 : f32[1]", "expected '['"),
            ("tensor [1", "expected ','"),
        ] {
            let error = #expect(throws: TextError.self) {
                try Graph(reading: "graph g {\n  %0 = \(line)\n  output y = %0\n}\n", catalog: .standard)
            }
            #expect(error.map { "\($0)".contains(message) } == true, "\(line): \(error.map { "\($0)" } ?? "")")
        }
    }
}
