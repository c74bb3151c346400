import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Operators
import Passes
import Testing

@testable import Compiler

/// Faults that are put into passes and kernels are found.
@Suite struct BisectionTests {
    private static let text = """
        network faulty {
            input image: f32[N, 12, 10, 10]
            let x = image |> a: conv(24, 3, pad: 1) |> an: batchnorm |> relu |> b: conv(16, 1) |> relu
            output y = x |> max_pool(2) |> c: conv(32, 3) |> relu |> flatten |> fc: linear(10)
        }
        """
    private static let compiler = Compiler(cache: nil, threads: 2)
    private static let options = BenchmarkOptions(batch: 2)

    @Test(arguments: [Precision.f32, .bf16]) func nothingIsFoundWhereNothingIs(precision: Precision) throws {
        var compiler = Self.compiler
        compiler.precision = precision
        let found = try compiler.bisect(try Network.load(written: Self.text), Self.options)
        #expect(found.pass == nil && found.kernel == nil && found.groups > 3 && found.passes.count > 5)
    }

    /// Turns the largest into the smallest, in the kernel of a layer.
    private static func breaking(_ label: String) -> (inout Plan) -> Void {
        { plan in
            for step in plan.steps where step.summary.hasPrefix(label + " ") {
                let text = plan.kernels[step.kernel].description
                guard let changed = try? KernelReader.read(text.replacing("maximum(", with: "minimum(")).first, changed.description != text
                else {
                    continue
                }
                plan.kernels[step.kernel] = changed
                return
            }
        }
    }

    /// The kernel is found, though all behind it are off, too; and so it is in the network that is written of it.
    @Test func brokenKernelsAreFound() throws {
        let found = try Self.compiler.bisect(try Network.load(written: Self.text), Self.options, change: Self.breaking("b"))
        let kernel = try #require(found.kernel)
        #expect(found.pass == nil && kernel.summary.hasPrefix("b conv") && kernel.error > 0.1)
        #expect(kernel.example.graph.nodes.count < 12 && !kernel.example.inputs.isEmpty)
        let folder = FileManager.default.temporaryDirectory.appending(path: "bisection-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let files = try kernel.example.write(to: folder)
        #expect(files.count == kernel.example.inputs.count + 1)
        let network = try Network.load(files[0])
        let input = try NumPy.read(files[1])
        #expect(input.shape == kernel.example.inputs[0].extents)
        #expect(try Self.compiler.bisect(network, BenchmarkOptions(batch: 1)).kernel == nil)
        let again = try Self.compiler.bisect(network, BenchmarkOptions(batch: 1), change: Self.breaking("b"))
        #expect(again.kernel?.summary.hasPrefix("b ") == true)
    }

    /// A pass that changes what an output is by a thousandth is found between the others.
    @Test(arguments: [0, 3, 6]) func brokenPassesAreFound(place: Int) throws {
        let broken = Pass("broken", "Makes a fault.") { graph, _ in
            let output = graph.outputs[0].value
            return graph.rebuilt { builder, value, node, operands in
                guard value == output else { return nil }
                return builder.map("faulty", [("x", builder.copy(node, operands: operands))], .argument(0) * 1.001)
            }
        }
        var passes = Pipeline.inference.passes
        passes.insert(broken, at: min(place, 3))
        let found = try Self.compiler.bisect(
            try Network.load(written: Self.text), Self.options, pipeline: Pipeline(name: "broken", passes: passes))
        #expect(found.pass?.pass == "broken" && found.pass?.output == "y" && found.kernel == nil)
    }

    /// A pass that makes no numbers of some elements, first ones and last ones, is as wrong as can be.
    @Test(arguments: [0, 19]) func numbersThatAreNoneAreFaults(place: Int) {
        let good = ReferenceTensor([20], [Double](repeating: 1, count: 20))
        var values = good.values
        values[place] = .nan
        let bad = ReferenceTensor([20], values)
        for (first, second) in [(good, bad), (bad, good)] {
            #expect(PassCheck.difference(["y": first], ["y": second])?.difference == .infinity)
        }
        #expect(PassCheck.difference(["y": bad], ["y": bad])?.difference == 0)
    }

    /// Of a training step updates are compared, too.
    @Test func passesThatBreakUpdatesAreFound() throws {
        let broken = Pass("broken", "Makes a fault.") { graph, _ in
            let update = graph.updates[0].value
            return graph.rebuilt { builder, value, node, operands in
                guard value == update else { return nil }
                return builder.map("faulty", [("x", builder.copy(node, operands: operands))], .argument(0) * 1.001)
            }
        }
        let text = Self.text + "\n\ntraining of faulty {\n    loss mean(y)\n    optimizer sgd\n    schedule constant(0.1)\n    batch 2\n}\n"
        var passes = Pipeline.training.passes
        passes.insert(broken, at: passes.firstIndex { $0.name == "simplify" }! + 1)
        let found = try Self.compiler.bisect(
            try Network.load(written: text), BenchmarkOptions(batch: 2, isTraining: true),
            pipeline: Pipeline(name: "broken", passes: passes))
        #expect(found.pass?.pass == "broken" && found.pass?.output.hasPrefix("update of ") == true)
    }

    /// Two runs with other arithmetic: within its rounding, and the first layer beyond a tolerance that is too narrow.
    @Test func runsAreCompared() throws {
        let network = try Network.load(written: Self.text)
        var other = Self.compiler
        other.numerics = .strict
        let same = try Self.compiler.compare(network, with: other, Self.options, tolerance: 1e-4)
        #expect(same.first == nil && same.rows.count >= 5 && same.unpaired == 0)
        other.precision = .bf16
        let narrow = try Self.compiler.compare(network, with: other, Self.options, tolerance: 1e-6)
        let first = try #require(narrow.first)
        #expect(first.name.hasPrefix("a ") && network.sources.location(of: first.span)?.line == 3)
        var threads = Self.compiler
        threads.threads = 5
        #expect(try Self.compiler.compare(network, with: threads, Self.options, tolerance: 0).first == nil)
    }

    /// Arrays of another program, by labels.
    @Test func savedArraysAreCompared() throws {
        let network = try Network.load(written: Self.text)
        let wrong = HostTensor(shape: [2, 10], floats: [Float](repeating: 3, count: 20))
        let comparison = try Self.compiler.compare(
            network, withSaved: [("fc", wrong), ("unknown", wrong)], path: "x.npz", Self.options, tolerance: 1e-3)
        #expect(comparison.rows.count == 1 && comparison.first?.name.hasPrefix("fc") == true && comparison.unpaired == 1)
        #expect(throws: CompilerError.self) {
            try Self.compiler.compare(network, withSaved: [("nothing", wrong)], path: "x.npz", Self.options, tolerance: 1e-3)
        }
    }
}
