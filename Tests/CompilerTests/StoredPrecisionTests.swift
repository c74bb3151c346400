import Graph
import Testing

@testable import Compiler

/// What kernels store as bf16 for others: by who makes it, who reads it, and what it is.
@Suite struct StoredPrecisionTests {
    private static func graph(_ body: String, _ asked: Precision?) throws -> Graph {
        let source = "network stored {\n    input image: f32[N, 16, 8, 8]\n    \(body)\n}\n"
        return try Compiler(target: .x86AVX512BF16, cache: nil, precision: asked).optimize(try Network.load(written: source))
    }

    /// The labels of what is stored as bf16.
    private static func labels(_ body: String, _ asked: Precision? = nil) throws -> [String] {
        try graph(body, asked).nodes.filter { $0.stored == .bf16 }.map { $0.label ?? "-" }
    }

    /// The value that stands for a step is that step's, also where it is folded into the convolution before.
    @Test func foldedStepsKeepTheirClauses() throws {
        func body(_ clauses: String, _ steps: String = "bn2: batchnorm") -> String {
            "\(clauses)\nlet h = image |> stem: conv(32, 3, pad: 1) |> mid: conv(32, 3, pad: 1) |> \(steps)\n"
                + "output y = h |> d: conv(32, 1) |> last: conv(16, 1)"
        }
        #expect(try Self.labels(body("precision bf16")) == ["stem", "mid", "d"])
        #expect(try Self.labels(body("precision bf16; precision bn2: f32")) == ["stem", "d"])
        #expect(try Self.labels(body("precision bf16; precision bn2: f32"), .bf16) == ["stem", "d"])
        #expect(try Self.labels(body("precision mid, d: bf16")) == [])
        #expect(try Self.labels(body("precision mid, bn2, d: bf16")) == ["mid"])
        // The convolution's own sum stays in registers.
        #expect(try Self.labels(body("precision bn2, d: bf16")) == ["bn2"])
        let factors = try Self.graph(body("precision bf16; precision bn2: f32"), nil).nodes.filter { $0.factors == .bf16 }
        #expect(factors.map(\.label) == ["mid", "d"])
        // Nothing but a scale, which leaves no value of its own.
        let scaled = body("activation halved(x) = x * 0.5", "half: halved").replacing("activation halved(x) = x * 0.5\n", with: "CLAUSES\n")
        func scale(_ clauses: String) throws -> [String] {
            let source = "activation halved(x) = x * 0.5\nnetwork stored {\n    input image: f32[N, 16, 8, 8]\n    \(scaled)\n}\n"
            let network = try Network.load(written: source.replacing("CLAUSES", with: clauses))
            let graph = try Compiler(target: .x86AVX512BF16, cache: nil, precision: nil).optimize(network)
            return graph.nodes.filter { $0.stored == .bf16 }.map { $0.label ?? "-" }
        }
        #expect(try scale("precision bf16") == ["stem", "mid", "d"])
        #expect(try scale("precision bf16; precision half: f32") == ["stem", "d"])
        // A chain of maps stands for the last of them.
        let chain = body("precision bf16; precision first: f32", "first: batchnorm |> second: batchnorm")
        #expect(try Self.labels(chain) == ["stem", "mid", "d"])
        #expect(try Self.labels(chain.replacing("first: f32", with: "second: f32")) == ["stem", "d"])
    }

    /// What is asked for before all clauses, and clauses that say nothing else, leave no trace.
    @Test func foldsAreThoseOfFilesWithoutClauses() throws {
        func kernels(_ clauses: String, _ asked: Precision?) throws -> String {
            let body = "let h = image |> stem: conv(32, 3) |> norm: batchnorm\n    output y = h |> last: conv(16, 1)"
            let source = "network stored {\n    \(clauses)\n    input image: f32[N, 16, 8, 8]\n    \(body)\n}\n"
            let compiler = Compiler(target: .x86AVX512BF16, cache: nil, precision: asked)
            return String(decoding: try compiler.dump(try Network.load(written: source), .kernels), as: UTF8.self)
        }
        let plain = try kernels("", nil)
        #expect(try kernels("precision norm: bf16", .f32) == plain)
        #expect(try kernels("precision norm: f32", nil) == plain)
    }

    /// Statistics are few, and every number of a map is computed with them.
    @Test(arguments: ["group_norm(4)", "instance_norm", "layer_norm", "softmax", "log_softmax"]) func statisticsStayExact(step: String)
        throws
    {
        let body =
            "let h = image |> stem: conv(32, 3, pad: 1) |> mid: conv(32, 3, pad: 1)\n"
            + "output y = h |> x: \(step) |> d: conv(32, 1) |> last: conv(16, 1)"
        let graph = try Self.graph(body, .bf16)
        let stored = graph.nodes.filter { $0.stored == .bf16 }
        #expect(stored.allSatisfy { $0.type.shape.dimensions.map(\.value) == [nil, 32, 8, 8] })
        #expect(stored.compactMap(\.label).filter { $0 != "x" } == ["stem", "mid", "d"])
    }

    /// What a convolution multiplies is a map, however it came about, also behind a concatenation.
    @Test func whatConvolutionsReadIsRounded() throws {
        let attention = """
            let h = image |> stem: conv(32, 3, pad: 1) |> mid: conv(32, 3, pad: 1)
            let middle = h |> across: mean(axes: [1], keep: true)
            let gate = (middle, h) |> both: concat |> gate: conv(32, 3, pad: 1)
            output y = gate |> d: conv(32, 1) |> last: conv(16, 1)
            """
        #expect(try Self.labels(attention, .bf16).contains("across"))
    }

    /// What is computed in the registers of the kernels that read it reads on their behalf: a layer in f32 multiplies nothing rounded.
    @Test func nothingHidesReaders() throws {
        func body(_ clauses: String) -> String {
            "\(clauses)\nlet h = image |> stem: conv(32, 3, pad: 1) |> mid: conv(32, 3, pad: 1)\n"
                + "output y = h |> x: conv(32, 3, groups: 4) |> d: conv(32, 1) |> last: conv(16, 1)"
        }
        // The groups of channels that the convolution multiplies; its sums only if who adds the bias to them on the way may round.
        #expect(try Self.labels(body("precision x: bf16")) == ["x"])
        #expect(try Self.labels(body("precision x, d: bf16")) == ["x", "x", "x"])
        #expect(try Self.labels(body("precision mid, x: bf16")) == ["mid", "x"])
    }
}
