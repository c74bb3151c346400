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
        #expect(text.hasSuffix("  = help: a batch of 7 fits\n"))
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
                == "error: 'printed' is a text of kernels; the graph they came from is not in it\n")
        let optimized = try compiler.optimize(network).text()
        let edited = try Network.read(optimized.replacing(" group 1", with: " group 0"), path: "edited")
        #expect(
            message { () throws(CompilerError) in _ = try compiler.optimize(edited) }
                .hasPrefix("error: the layouts and groups of 'wide' are not those for x86-64-avx2"))
    }
}
