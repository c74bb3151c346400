import Foundation
import Graph
import Language
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Networks whose inputs' sizes are symbols.
@Suite struct SizeTests {
    /// Networks of the package that take pictures of any size, with their input's size in the file.
    private static let networks: [(file: String, name: String)] = [
        ("resnet", "resnet18"), ("resnet", "resnet50"), ("googlenet", "googlenet"), ("inception_v3", "inception_v3"),
        ("densenet", "densenet121"), ("mobilenet_v2", "mobilenet_v2"), ("squeezenet", "squeezenet1_0"), ("inception_v4", "inception_v4"),
    ]

    /// What is inferred with symbols is, at any size, what is inferred with numbers: node by node, in inference and training.
    @Test(arguments: networks) func symbolsAgreeWithNumbers(_ file: String, _ name: String) throws {
        let path = Golden.root.appending(path: "graphs/\(file).braid").path
        let text = try Network.readText(path)
        // Without preparations, whose crop says the size again.
        let sizes = /\[N, 3, (224, 224|299, 299)\]( prepare[^\n]*)?/
        let symbolic = try Network.read(text.replacing(sizes, with: "[N, 3, H, W]"), path: path, name: name)
        try #require(symbolic.sizeSymbols == ["H", "W"])
        for (height, width) in [(320, 299), (299, 331), (347, 303)] {
            let numbers = try Network.read(text.replacing(sizes, with: "[N, 3, \(height), \(width)]"), path: path, name: name)
            let sized = try symbolic.sized(["H": height, "W": width])
            #expect(sized.graph.withoutSpans == numbers.graph.withoutSpans)
            #expect(sized.training?.graph.withoutSpans == numbers.training?.graph.withoutSpans)
            let given = try Network.read(
                text.replacing(sizes, with: "[N, 3, H, W]"), path: path, name: name, definitions: ["H": "\(height)", "W": "\(width)"])
            #expect(given.graph.withoutSpans == numbers.graph.withoutSpans)
        }
        let printed = symbolic.graph.description
        #expect(try Network.read(printed, path: "printed").graph.description == printed)
    }

    private static let everything = """
        network everything {
            input image: f32[N, 4, H, W] where H % 2 == 0, W >= 8
            let a = image |> c1: conv(8, 3, stride: 2, pad: 1) |> b1: batchnorm |> relu
            let b = image |> avg_pool((4, 2), stride: (2, 3), pad: (1, 0), ceil: true) |> instance_norm
            output pooled = a |> max_pool((3, 2), stride: 2, ceil: true) |> local_response_norm(3)
            output same = b |> c2: conv(6, (2, 5), stride: 3, pad: "same")
            output transposed = b |> up: conv_transpose(4, (3, 4), stride: (2, 3), pad: 1, output_pad: (1, 0)) |> upsample((1, 2))
            output grouped = a |> g: conv(8, 3, groups: 4, dilation: 2, pad: (2, 1, 3, 2)) |> gn: group_norm(2)
            output adaptive = b |> adaptive_avg_pool((3, 5)) |> flatten |> fc: linear(3) |> softmax
            output joined = concat(image, image |> max_pool(3, stride: 1, pad: 1) |> elu, axis: -2) |> flatten
            output rows = image |> reshape((2, H, 2 * W)) |> slice(2, -4, 4) |> reshape((-1, W))
            output turned = image |> flip([2, 3]) |> permute((0, 3, 2, 1)) |> cumulative_sum(axis: 1)
            output product = image |> product([-1, 1], keep: true)
            output padded = image |> pad((1, W % 4, floor(H / 4), 0), mode: "replicate") |> resize((H, 2 * W))
            output inner = image |> slice(3, 1, W - 2) |> slice(2, 0, -1, step: 2)
            let (front, back) = image |> chunk(2, axis: 2)
            let (first, rest) = concat(front, back, axis: 0) |> split((2, W - 2), axis: -1)
            let (one, other) = rest |> chunk(2, axis: 0)
            output parts = one + other
            output narrow = first
            output exact = image + (image |> avg_pool((2, 1)) |> upsample((2, 1))) * (image |> global_max_pool |> sigmoid)
        }
        """

    @Test func allKindsOfLayersAgree() throws {
        let symbolic = try Network.read(Self.everything, path: "everything.braid")
        for height in [8, 10, 14, 32, 98] {
            for width in [8, 9, 13, 16, 51] {
                let numbers = try Network.read(
                    Self.everything, path: "everything.braid", definitions: ["H": "\(height)", "W": "\(width)"])
                try #require(try symbolic.sized(["H": height, "W": width]).graph.withoutSpans == numbers.graph.withoutSpans)
            }
        }
    }

    private func message(_ body: () throws -> Void) -> String? {
        do { try body() } catch { return "\(error)" }
        return nil
    }

    /// A size that does not fit is an error with the expressions and the numbers, at the step's place.
    @Test func sizesThatDoNotFitAreRefused() throws {
        let network = try Network.read(
            """
            network n {
                input image: f32[N, 3, H, W] where H % 2 == 0
                output out = image |> c1: conv(8, 3, stride: 2) |> max_pool(4)
            }
            """, path: "n.braid")
        #expect(
            message { _ = try network.sized(["H": 8, "W": 64]) } == """
                error: with H = 8, W = 64, 'max_pool' has a kernel of 4x4, larger than the image of 3x31
                 --> n.braid:3:56
                  |
                3 |     output out = image |> c1: conv(8, 3, stride: 2) |> max_pool(4)
                  |                                                        ^^^^^^^^^^^
                  |
                  = note: c1: f32[N, 8, H / 2 - 1, floor((W + 1) / 2) - 1] is f32[N, 8, 3, 31]
                  = help: take a smaller kernel, or pad by 1 more on each side

                """)
        #expect(
            message { _ = try network.sized(["H": 9, "W": 64]) } == """
                error: the network takes sizes with H % 2 == 0 only, and H = 9, W = 64
                 --> n.braid:2:40
                  |
                2 |     input image: f32[N, 3, H, W] where H % 2 == 0
                  |                                        ^^^^^^^^^^
                  |
                  = help: H of 8 or 10 would do: resize or pad the input

                """)
        #expect(message { _ = try network.sized(["D": 9]) }?.hasPrefix("error: 'n' has no size 'D'\n  = help: it has H, W\n") == true)
        #expect(
            message { _ = try network.sized(["H": 1 << 40, "W": 64]) }?.hasPrefix("error: the size H cannot be 1099511627776\n") == true)
        #expect(message { _ = try network.sized(["H": 1 << 30, "W": 1 << 30]) }?.contains("is no tensor") == true)
    }

    /// What needs numbers says which, and where they stand.
    @Test func plansNeedNumbers() throws {
        let network = try Network.read(Self.everything, path: "everything.braid")
        for stage in [Stage.training, .optimized, .plan, .kernels, .assembly] {
            let error = message { _ = try Compiler(cache: nil, threads: 1).dump(network, stage) }
            #expect(error?.hasPrefix("error: the sizes H and W of 'everything' are not known\n --> everything.braid:2:11\n") == true)
        }
        #expect(network.typicalSizes == ["H": 224, "W": 224])
        let large = try Network.read("network n { input x: f32[N, 3, H, 4] where H > 1048576; output x }", path: "n.braid")
        #expect(large.typicalSizes == nil)
    }

    /// What is taken of the batch must be there, whatever the number of images.
    @Test func batchesThatAreTooSmallAreRefused() throws {
        let network = try Network.read("network n { input x: f32[N, 3]; output third = x |> slice(0, 2, 1) }", path: "n.braid")
        let compiler = Compiler(cache: nil, threads: 1)
        #expect(
            message { _ = try compiler.plan(network, batch: 2) }?.hasPrefix(
                "error: with N = 2, 'slice' cannot take 1 positions from 2 on: axis 0 has 2\n --> n.braid:1:") == true)
        #expect(try compiler.plan(network, batch: 3).steps.count <= 1)
    }

    /// A training whose batch is joined and cut learns what one learns that shares its layers instead, the same bits with any threads.
    @Test func movedBatchesAreTrained() throws {
        let recipe = """
            training of n {
                target goal: f32[N, 3]
                loss mean_squared_error(distance, goal)
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.1)
            }
            """
        let inputs =
            "block tower(x) { x |> c1: conv(4, 3, pad: 1) |> relu |> c2: conv(3, 3) |> global_avg_pool |> flatten }\n"
            + "network n {\n input x: f32[N, 2, 6, 5]\n input y: f32[N, 2, 6, 5]\n"
        let joined =
            inputs + "let (p, q) = concat(x, y, axis: 0) |> t: tower |> chunk(2, axis: 0)\n"
            + "output distance = p - q * 0.5\n}\n" + recipe
        let shared = inputs + "output distance = (x |> t: tower) - (y |> share t: tower) * 0.5\n}\n" + recipe
        func learned(_ text: String, threads: Int) throws -> [[Float]] {
            let network = try Network.read(text, path: "n.braid")
            let executable = try Compiler(cache: nil, threads: threads).executable(
                network, training: true, batch: 3, pool: ThreadPool(threads: threads))
            for (seed, name) in ["x", "y", "goal"].enumerated() {
                let count = name == "goal" ? 9 : 180
                try executable.setInput(name, to: KnownNumbers.ofSeed(seed, count: count).map(Float.init))
            }
            try executable.setInput("learning_rate", to: [Float(0.1)])
            let owned = [("t.c1.weight", [4, 2, 3, 3]), ("t.c1.bias", [4]), ("t.c2.weight", [3, 4, 3, 3]), ("t.c2.bias", [3])]
            for (seed, (name, extents)) in owned.enumerated() {
                let values = KnownNumbers.ofParameter(name, extents: extents, seed: seed).map(Float.init)
                try executable.setParameter(name, to: values)
                try executable.setParameter(OptimizerState.momentum.name(of: name), to: values.map { _ in Float(0) })
            }
            executable.run()
            return try owned.map { try executable.parameter(OptimizerState.momentum.name(of: $0.0), as: Float.self) }
        }
        #expect(try Network.read(joined, path: "n.braid").graph.movesBatch && !Network.read(shared, path: "n.braid").graph.movesBatch)
        let (own, expected) = (try learned(joined, threads: 1), try learned(shared, threads: 1))
        for (gradient, other) in zip(own, expected) {
            let largest = other.map(abs).max() ?? 0
            #expect(largest > 1e-3)
            for (a, b) in zip(gradient, other) { #expect(abs(a - b) <= 1e-5 * largest) }
        }
        #expect(try learned(joined, threads: 3) == own)
    }

    /// An array decides the sizes that its input's type names.
    @Test func arraysDecideSizes() throws {
        let type = TensorType(.f32, [.symbol("N"), 3, .symbol("H"), .symbol("H")])
        #expect(try InputSizes(of: [2, 3, 5, 5], for: "x", type, isBatched: true, path: "x.npy").sizes == ["H": 5])
        #expect(try InputSizes(of: [3, 5, 5], for: "x", type, isBatched: true, path: "x.npy").sizes == ["H": 5])
        for shape in [[3, 3, 5, 6], [5, 5], [1, 1, 3, 5, 5]] {
            #expect(throws: (any Error).self) { _ = try InputSizes(of: shape, for: "x", type, isBatched: true, path: "x.npy") }
        }
    }
}
