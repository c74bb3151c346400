import Compiler
import Foundation
import Machine
import Runtime
import Testing

/// What the compiler says of networks that it cannot make or that the machine cannot hold.
@Suite struct DiagnosticTests {
    private static let source = """
        network wide(size = 64) {
            input image: f32[N, 3, size, size]
            output logits = image |> a: conv(64, 3, pad: 1) |> b: conv(64, 3, pad: 1) |> global_avg_pool |> flatten |> fc: linear(10)
        }
        """

    private func message(_ body: () throws(CompilerError) -> Void) -> String {
        do {
            try body()
            return "nothing"
        } catch {
            return error.text()
        }
    }

    private func network(_ text: String = Self.source, size: Int = 64) throws -> Network {
        try Network.read(text, path: "wide.braid", definitions: text == Self.source ? ["size": "\(size)"] : [:])
    }

    @Test func refusesWhatMemoryCannotHold() throws {
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1, memoryLimit: 16 << 20)
        let network = try network()
        let text = message { () throws(CompilerError) in
            _ = try compiler.executable(network, batch: 64, pool: ThreadPool(threads: 1))
        }
        let need = MemoryNeed(try compiler.plan(network, batch: 64), threads: 1)
        #expect(need.inputs == 64 * 3 * 64 * 64 * 4 && need.activations >= 2 * 64 * 64 * 64 * 64 * 4)
        let mebibytes = String(format: "%.1f", Double(need.total) / 1_048_576)
        #expect(text.hasPrefix("error: 'wide' at batch 64 needs \(mebibytes) MiB of memory, and there are 16.0 MiB\n"))
        #expect(text.contains("inputs 3.0 MiB, activations 128.0 MiB, scratch "))
        #expect(text.contains("note: the most takes 'b': 64.") && text.hasSuffix("  = help: a batch of 7 fits\n"))
        #expect(MemoryNeed(try compiler.plan(network, batch: 7), threads: 1).total <= compiler.memoryLimit)
        #expect(MemoryNeed(try compiler.plan(network, batch: 8), threads: 1).total > compiler.memoryLimit)
        let larger = try self.network(size: 4096)
        let none = message { () throws(CompilerError) in
            _ = try compiler.executable(larger, batch: 1, pool: ThreadPool(threads: 1))
        }
        #expect(none.contains("help: not even one image fits: use a smaller network or image"))
    }

    @Test func refusesWhatCannotBeAddressed() throws {
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        let network = try network(size: 4096)
        #expect(
            message { () throws(CompilerError) in _ = try compiler.plan(network, batch: 4) }.hasPrefix(
                "error: f32[N, 64, 4096, 4096] at batch 4 has more than 2147483648 elements\n"))
        #expect(message { () throws(CompilerError) in _ = try compiler.plan(network, batch: 4) }.contains("help: a batch of 2 would do"))
        #expect(
            message { () throws(CompilerError) in _ = try compiler.plan(network, batch: 0) }
                == "error: a batch of 0 has no images\n  = help: give a batch of 1 or more\n")
        let huge = try self.network(size: 65536)
        #expect(
            message { () throws(CompilerError) in _ = try compiler.plan(huge, batch: 1) }.contains("help: use a smaller network or image"))
    }

    /// One value a channel is its own mean: batch 1 with rows, or with maps that have shrunk to a pixel. Larger maps train with one image.
    @Test func refusesToTrainOnSingleValues() throws {
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        func source(_ layers: String, size: Int) -> String {
            """
            network small {
                input image: f32[N, 4, \(size), \(size)]
                output logits = image |> \(layers) |> flatten |> fc: linear(10)
            }
            training of small {
                target label: i32[N]
                loss cross_entropy(logits, label)
                optimizer sgd
                schedule constant(rate: 0.05, epochs: 1)
            }
            """
        }
        func text(_ layers: String, size: Int = 8, batch: Int) throws -> String {
            let network = try network(source(layers, size: size))
            return message { () throws(CompilerError) in
                _ = try compiler.executable(network, training: true, batch: batch, pool: ThreadPool(threads: 1))
            }
        }
        let rows = try text("flatten |> hidden: linear(12) |> bn: batchnorm", batch: 1)
        #expect(
            rows.hasPrefix(
                "error: bn: 'batchnorm' needs more than one value a channel to train, and f32[1, 12] has one, which is its own mean\n"))
        #expect(rows.contains(" --> wide.braid:3:") && rows.hasSuffix("  = help: give a larger batch\n"))
        #expect(try text("conv: conv(6, 8) |> bn: batchnorm", batch: 1).contains("f32[1, 6, 1, 1] has one"))
        for layers in ["conv: conv(6, 8) |> bn: batchnorm", "flatten |> hidden: linear(12) |> bn: batchnorm"] {
            #expect(try text(layers, batch: 2) == "nothing")
        }
        #expect(try text("conv: conv(6, 7) |> bn: batchnorm", batch: 1) == "nothing")
        // What predicts has its own statistics.
        let predicting = try network(source("flatten |> hidden: linear(12) |> bn: batchnorm", size: 8))
        #expect(
            message { () throws(CompilerError) in _ = try compiler.executable(predicting, batch: 1, pool: ThreadPool(threads: 1)) }
                == "nothing")
        // A step on one image says so before it begins.
        #expect(
            message { () throws(CompilerError) in _ = try compiler.overfit(predicting, OverfitOptions(batch: 1, steps: 2)) }
                .contains("give a larger batch"))
    }

    @Test func refusesWhatIsNotThere() throws {
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        let network = try network()
        #expect(
            message { () throws(CompilerError) in _ = try compiler.optimize(network, training: true) }
                == "error: 'wide' has no training\n  = help: add a `training of wide { loss … }` definition\n")
        let small = try self.network("network n { input x: f32[N, 4]; output y = x |> relu }")
        let kernels = try compiler.plan(small, batch: 1).kernels.map(\.description).joined(separator: "\n")
        let read = try Network.read(kernels, path: "printed")
        #expect(
            message { () throws(CompilerError) in _ = try compiler.optimize(read) }
                == "error: 'printed' is a text of kernels; the graph they came from is not in it\n"
                + "  = help: give the .braid file, or the text of an earlier stage; kernels can be checked, and dumped as machine code\n")
        #expect(
            message { () throws(CompilerError) in _ = try Network.read("graph n {\n  %0 = input x : f32[N, 3]\n}\n", path: "printed") }
                == "error: 'n' has no output, so that there is nothing to compute\n  = help: end it with 'output logits = %3'\n")
        let optimized = try compiler.optimize(network).text()
        let edited = try Network.read(optimized.replacing(" group 1", with: " group 0"), path: "edited")
        #expect(
            message { () throws(CompilerError) in _ = try compiler.optimize(edited) }
                .hasPrefix("error: the layouts, groups and precision of 'wide' are not those of f32 for x86-64-avx2"))
    }
}
