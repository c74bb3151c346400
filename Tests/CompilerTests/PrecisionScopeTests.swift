import Graph
import Testing

@testable import Compiler

/// Which clause of precision holds for which step: that of the longest path, and of blocks without a label the innermost.
@Suite struct PrecisionScopeTests {
    /// The labels of the convolutions that multiply bf16 by what the file says.
    private static func narrow(_ source: String) throws -> [String] {
        let network = try Network.load(written: source)
        let graph = try Compiler(target: .x86AVX512BF16, cache: nil, precision: nil).optimize(network)
        return graph.nodes.filter { $0.factors == .bf16 }.compactMap(\.label)
    }

    private static func network(_ body: String) -> String {
        """
        network scopes {
            input image: f32[N, 3, 8, 8]
            \(body)
        }
        """
    }

    /// What a block without a label says of all in it gives way to every clause of a longer path, of its own, of blocks within it and of
    /// those around it.
    @Test func longerPathsHoldInBlocksWithoutLabels() throws {
        let own = """
            block outer(x) {
                precision bf16
                precision down: f32
                x |> k: conv(32, 1) |> down.0: conv(32, 1) |> down.1: conv(32, 1) |> k2: conv(32, 1)
            }

            """
        let call = Self.network("output y = image |> stem: conv(32, 3) |> outer |> last: conv(10, 1)")
        #expect(try Self.narrow(own + call) == ["k", "k2"])
        let within = """
            block leaf(x) { x |> conv: conv(32, 1) }
            block inner(x) {
                precision layer: f32
                x |> layer.0: leaf |> layer.1: leaf |> free: leaf
            }
            block outer(x) {
                precision bf16
                x |> k: conv(32, 1) |> inner |> k2: conv(32, 1)
            }

            """
        #expect(try Self.narrow(within + call) == ["k", "free.conv", "k2"])
        let around = """
            block outer(x) {
                precision bf16
                x |> down.0: conv(32, 1) |> down.1: conv(32, 1) |> k: conv(32, 1)
            }

            """
        for place in ["precision down: f32\n", "precision down.0, down.1: f32\n"] {
            #expect(try Self.narrow(around + Self.network(place + "output y = image |> stem: conv(32, 3) |> outer")) == ["k"])
            #expect(try Self.narrow(around + Self.network("output y = image |> stem: conv(32, 3) |> outer\n" + place)) == ["k"])
        }
        // As long a path as that around the block is less specific than the block.
        let f32 = Self.network("precision f32\noutput y = image |> stem: conv(32, 3) |> outer")
        #expect(try Self.narrow(around + f32) == ["down.0", "down.1", "k"])
        let labelled = "block pair(x) { x |> outer }\n" + Self.network("precision p: f32\noutput y = image |> stem: conv(32, 3) |> p: pair")
        #expect(try Self.narrow(around + labelled) == ["p.down.0", "p.down.1", "p.k"])
    }

    /// Of blocks within each other and without labels, the innermost decides.
    @Test func innermostBlocksDecide() throws {
        let blocks = """
            block inner(x) {
                precision f32
                x |> a: conv(32, 1)
            }
            block outer(x) {
                precision bf16
                x |> inner |> b: conv(32, 1) |> c: inner
            }

            """
        #expect(try Self.narrow(blocks + Self.network("output y = image |> outer |> last: conv(10, 1)")) == ["b"])
        #expect(try Self.narrow(blocks + Self.network("output y = image |> o: outer |> last: conv(10, 1)")) == ["o.b"])
    }

    /// What a block says of a label within it says nothing of steps elsewhere whose labels begin alike.
    @Test func labelsElsewhereAreOthers() throws {
        let blocks = """
            block pair(x) { x |> a: conv(32, 1) |> b: conv(32, 1) }
            block outer(x) {
                precision bf16
                x |> conv: pair
            }

            """
        let steps = "var x = image\nfor i in 0..<2 { x = x |> conv.{i}: conv(32, 1) }\noutput y = x |> outer |> last: conv(10, 1)"
        #expect(try Self.narrow(blocks + Self.network(steps)) == ["conv.a", "conv.b"])
    }

    /// A clause in a loop is the same clause however often the loop runs, with labels and without; two clauses are two.
    @Test func clausesInLoopsAreOne() throws {
        let steps = "var x = image\nfor i in 0..<3 { CLAUSE; x = x |> l{i}: conv(32, 1) }\noutput y = x"
        func loop(_ clause: String) -> String { Self.network(steps.replacing("CLAUSE", with: clause)) }
        #expect(try Self.narrow(loop("precision bf16")) == ["l1"])
        #expect(try Self.narrow(loop("precision l{i}: bf16")) == ["l0", "l1", "l2"])
        #expect(try Self.narrow(loop("precision l: bf16").replacing("l{i}", with: "l.{i}")) == ["l.0", "l.1", "l.2"])
        #expect(throws: (any Error).self) { try Self.narrow(loop("precision bf16; precision bf16")) }
    }

    /// As many clauses as steps take no more than the steps do.
    @Test func clausesOfEveryStepAreFew() throws {
        let steps = "var x = image |> stem: conv(4, 1)\nfor i in 0..<2000 { x = x |> l{i}: relu; precision l{i}: bf16 }\noutput y = x"
        let graph = try Network.load(written: Self.network(steps)).graph
        #expect(graph.precisions.byPath.count == 2000)
    }

    /// As many blocks without a label as steps, too.
    @Test func clausesOfManyBlocksAreFew() throws {
        let block = "block active(x) {\n    precision bf16\n    x |> act: relu\n}\n"
        let steps = """
            var x = image |> stem: conv(4, 1)
            for i in 0..<1500 { x = x |> active }
            for i in 0..<1500 { x = x |> l{i}: relu }
            output y = x
            """
        #expect(try Network.load(written: block + Self.network(steps)).graph.precisions.byPath == ["act": .bf16])
    }
}
