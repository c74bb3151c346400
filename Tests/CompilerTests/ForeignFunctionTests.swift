import Foreign
import Foundation
import Graph
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Compiler

/// Functions of C files are what activations of the language are: the same kernels, for inference and training.
@Suite(.enabled(if: CLoader().isAvailable, "libclang is not installed: apt-get install libclang-19-dev"))
struct ForeignFunctionTests {
    private static let c = """
        #include <math.h>
        #include <braid.h>

        /// x * sigmoid(beta * x).
        /// @param beta = 1.0 How steep.
        float steep(float x, float beta) { return x * braid_sigmoid(beta * x); }

        /// A quotient of polynomials.
        float rational(float x) {
            static const float numerator[] = {0.0218f, 0.5f, 1.5957f, 1.1915f}, denominator[] = {1, 0, 2.383f};
            float p = 0, q = 0;
            for (int i = 3; i >= 0; i--) p = p * x + numerator[i];
            for (int i = 2; i >= 0; i--) q = q * x + denominator[i];
            return p / q;
        }

        static const float heights[8] = {-1, -0.75f, -0.25f, 0, 0.5f, 0.75f, 1, 1.125f};

        /// A staircase with ramps between its steps.
        float stairs(float x) {
            float position = fminf(fmaxf(2 * x + 4, 0), 6.5f);
            int i = (int)floorf(position);
            float part = position - i;
            return heights[i] + part * (heights[i + 1] - heights[i]);
        }

        """

    private static let native = """
        activation steep(x, beta = 1.0) = x * sigmoid(beta * x)

        activation rational(x) = (((1.1915 * x + 1.5957) * x + 0.5) * x + 0.0218) / (2.383 * x * x + 1)

        activation height(i) = if i < 4 {
            if i < 2 { if i < 1 { -1 } else { -0.75 } } else if i < 3 { -0.25 } else { 0 }
        } else if i < 6 { if i < 5 { 0.5 } else { 0.75 } } else if i < 7 { 1 } else { if 7 <= i { 1.125 } else { i } }
        activation between(x, i) = height(i) + (x - i) * (height(i + 1) - height(i))
        activation position(x) = minimum(maximum(2 * x + 4, 0), 6.5)
        activation stairs(x) = between(position(x), floor(position(x)))

        """

    private func network(_ activation: String, isForeign: Bool) throws -> Network {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-foreign-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Self.c.write(to: folder.appending(path: "ops.c"), atomically: true, encoding: .utf8)
        let text =
            (isForeign ? "extern \"ops.c\"\n" : Self.native) + """
                block stage(x, width) { x |> conv: conv(width, 3, pad: 1, bias: false) |> bn: batchnorm |> \(activation) }
                network n {
                    input image: f32[N, 3, 16, 16]
                    let a = image |> one: stage(16) |> two: stage(16)
                    output logits = (a + (a |> three: stage(16))) |> \(activation) |> global_avg_pool |> flatten |> fc: linear(10)
                }
                training of n { target label: i32[N]; loss cross_entropy(logits, label); optimizer sgd; schedule constant(rate: 0.1, epochs: 1) }
                """
        return try Network.read(text, path: folder.appending(path: "net.braid").path)
    }

    /// The kernels have the same texts, so the values, the gradients and the time are the same.
    @Test(arguments: ["steep", "rational", "stairs"], [false, true])
    func makesTheKernelsOfTheLanguage(activation: String, training: Bool) throws {
        let compiler = Compiler(target: .x86AVX512, cache: nil, threads: 2)
        func kernels(isForeign: Bool) throws -> String {
            let network = try network(activation, isForeign: isForeign)
            return String(decoding: try compiler.dump(network, .kernels, training: training, batch: training ? 4 : 1), as: UTF8.self)
        }
        let (foreign, native) = (try kernels(isForeign: true), try kernels(isForeign: false))
        #expect(foreign.utf8.count > 1000 && foreign == native)
    }

    /// Value and gradient: fp64 reference = interpreter = machine code, and finite differences.
    @Test(arguments: ["steep", "rational", "stairs"]) func machineCodeAgrees(activation: String) throws {
        let node = try #require(try network(activation, isForeign: true).graph.nodes.first { $0.attributes["function"] != nil })
        let points = stride(from: -3.87, through: 3.9, by: 0.3).map { $0 }
        let builder = GraphBuilder(name: activation)
        let x = builder.input("x", .f32(1, .fixed(points.count)))
        let y = builder.apply(try #require(node.operation), [x], node.attributes)
        builder.output("y", y)
        let total = builder.apply(.sum, y, attributes: ["axes": .integers([0, 1])])
        builder.output("gradient", builder.gradients(of: total, withRespectTo: [x])[0])
        var given = GivenTensors()
        given.inputs["x"] = ReferenceTensor([1, points.count], points)
        for target in [Target.host, .x86AVX2] {
            try expectAgreement(of: builder.finish(), given: given, seed: 1, training: false, batch: 1, target: target)
        }
        guard case .function(let function)? = node.attributes["function"] else { return }
        for x in points {
            let (slope, step) = (function.body.derivative(0).evaluate([x]), 1e-6)
            let difference = (function.body.evaluate([x + step]) - function.body.evaluate([x - step])) / (2 * step)
            #expect(abs(slope - difference) < 1e-5 * max(1, abs(slope)), "\(activation) at \(x)")
        }
    }
}
