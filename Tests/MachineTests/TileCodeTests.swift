import Graph
import LoopNest
import Testing
import TileSupport

@testable import Machine

/// Machine code of kernels on tiles, for a processor that has them; what it computes is the interpreter's business.
@Suite struct TileCodeTests {
    private static let (rows, channels, outputs) = (64, 96, 64)

    /// `y = a b`: a task makes a block of 32 x 32 in four tiles. a is [rows][channels], b is [outputs / 16][channels / 2][16][2].
    private func matrixProduct(unroll: Int = 1) -> Kernel {
        let (rows, channels, outputs) = (Self.rows, Self.channels, Self.outputs)
        let builder = KernelBuilder(name: "matrix_product", lanes: 16, taskCount: rows / 32 * outputs / 32)
        let a = builder.parameter("a", .bf16, count: rows * channels, .read)
        let b = builder.parameter("b", .bf16, count: channels * outputs, .read)
        let y = builder.parameter("y", count: rows * outputs, .write)
        let (row, output) = (builder.task / (outputs / 32) * 32, builder.task % (outputs / 32) * 32)
        let zeros = (0..<4).map { _ in builder.define(.zeroTile) }
        let sums = builder.loop("channel", to: .constant(channels), step: 32, unroll: unroll, carrying: zeros) { channel, sums in
            var (pixels, weights): ([Register], [Register]) = ([], [])
            for side in [0, 16] {
                let pixel: Index = (row + .constant(side)) * channels + channel
                pixels.append(builder.define(.loadTile(.pairs, a, pixel, stride: channels)))
            }
            for side in [0, 16] {
                let weight: Index = (output + .constant(side)) * channels + channel * 16
                weights.append(builder.define(.loadTile(.pairs, b, weight, stride: 32)))
            }
            return (0..<4).map { builder.define(.tileProduct(pixels[$0 / 2], weights[$0 % 2], sum: sums[$0])) }
        }
        for (index, sum) in sums.enumerated() {
            let place: Index = (row + .constant(index / 2 * 16)) * outputs + output + .constant(index % 2 * 16)
            builder.perform(.storeTile(y, place, stride: outputs, sum))
        }
        return builder.finish()
    }

    @Test(arguments: [1, 3]) func matrixProductsAreRight(unroll: Int) throws {
        let (rows, channels, outputs) = (Self.rows, Self.channels, Self.outputs)
        let kernel = matrixProduct(unroll: unroll)
        try kernel.verify()
        #expect(try KernelReader.read(kernel.description) == [kernel])
        var buffers = [
            KernelArray(.bf16, numbers: numbers(rows * channels, seed: 1).map(Double.init)),
            KernelArray(.bf16, numbers: numbers(channels * outputs, seed: 2).map(Double.init)),
            KernelArray(.f32, numbers: Array(repeating: 9, count: rows * outputs)),
        ]
        try KernelInterpreter(order: .shuffled(seed: 2)).run(kernel, &buffers)
        let (a, b, y) = (buffers[0].numbers, buffers[1].numbers, buffers[2].numbers)
        for row in 0..<rows {
            for output in 0..<outputs {
                var (exact, sum) = (0.0, Float(0))
                for first in stride(from: 0, to: channels, by: 32) {
                    var parts: [Float] = [0, 0]
                    for channel in first..<first + 32 {
                        let pair = output / 16 * channels / 2 + channel / 2
                        let factor = b[pair * 32 + output % 16 * 2 + channel % 2]
                        exact += a[row * channels + channel] * factor
                        parts[channel % 2].addProduct(Float(a[row * channels + channel]), Float(factor))
                    }
                    sum += parts[0] + parts[1]
                }
                #expect(y[row * outputs + output] == Double(sum) && abs(Double(sum) - exact) < 1e-3)
            }
        }
    }

    /// On tiles, or as each of their instructions is carried out when it traps: bit for bit what the interpreter computes.
    @Test(.enabled(if: TileMachine.runsTiles, "needs x86-64 with AVX-512 and dot products of bf16"), arguments: [1, 3])
    func codeComputesAsInterpreted(unroll: Int) throws {
        let (a, b) = (Self.rows * Self.channels, Self.channels * Self.outputs)
        for scale: Float in [1, 0x1p-64, 0x1p62] {
            let factors = [numbers(a, seed: 1), numbers(b, seed: 2)].map { $0.map { Double($0 * scale) } }
            try check(
                matrixProduct(unroll: unroll),
                factors.map { KernelArray(.bf16, numbers: $0) }
                    + [KernelArray(.f32, numbers: Array(repeating: 9, count: Self.rows * Self.outputs))],
                on: .x86AMX)
        }
    }

    private func mnemonics(_ instructions: some Sequence<String>) -> [String: Int] {
        var counts: [String: Int] = [:]
        for instruction in instructions { counts[String(instruction.prefix { $0 != " " && $0 != "\t" }), default: 0] += 1 }
        return counts
    }

    /// Four products and four loads a step, and nothing of sums through memory before the end.
    @Test func matrixProductsKeepTheirSums() throws {
        let object = try CodeGenerator(for: .x86AMX).object([(matrixProduct(), "kernel")])
        let functions = try Disassembly.functions(of: object, for: .x86AMX)
        let task = try #require(functions.first { $0.name == "kernel.task" })
        let loops = task.innermostLoops
        #expect(loops.count == 1)
        let loop = mnemonics(task.instructions[try #require(loops.first)])
        #expect(loop["tdpbf16ps"] == 4 && loop["tileloadd"] == 4)
        #expect(loop["tilestored"] == nil && loop["tilezero"] == nil && loop["ldtilecfg"] == nil)
        let whole = mnemonics(task.instructions)
        #expect(whole["tilezero"] == 4 && whole["tilestored"] == 4 && whole["tdpbf16ps"] == 4 && whole["tileloadd"] == 4)
        #expect(whole["ldtilecfg"] == nil && whole["sttilecfg"] == nil && whole["tilerelease"] == nil)
        let entry = mnemonics(try #require(functions.first { $0.name == "kernel" }).instructions)
        #expect(entry["ldtilecfg"] == 1 && entry["tilerelease"] == 1)
        // The sums lie in four tiles, the factors in the four others.
        let products = task.instructions.filter { $0.hasPrefix("tdpbf16ps") }
        let used = products.map { $0.matches(of: /%tmm(\d)/).map { Int($0.1)! } }
        #expect(used.map { $0[2] } == [0, 1, 2, 3])
        #expect(Set(used.flatMap { $0.prefix(2) }) == [4, 5, 6, 7])
    }

    /// Turns that are written out keep their order: each has its loads before its products.
    @Test func unrolledLoopsKeepTheirOrder() throws {
        let text = try CodeGenerator(for: .x86AMX).assembly([(matrixProduct(unroll: 3), "kernel")])
        let found = text.matches(of: /\t(tileloadd|tdpbf16ps|tilezero|tilestored|ldtilecfg|tilerelease)\t?/).map { String($0.1) }
        let turn = Array(repeating: "tileloadd", count: 4) + Array(repeating: "tdpbf16ps", count: 4)
        #expect(
            found == Array(repeating: "tilezero", count: 4) + turn + turn + turn + Array(repeating: "tilestored", count: 4)
                + ["ldtilecfg", "tilerelease"])
    }

    /// Palette 1, and 16 rows of 64 bytes for each of eight tiles.
    @Test func allTilesAreWhole() throws {
        let configuration = KernelEmitter.tileConfiguration
        #expect(configuration.count == 64 && configuration[0] == 1)
        #expect(configuration[1..<16].allSatisfy { $0 == 0 } && configuration[32..<48].allSatisfy { $0 == 0 })
        #expect((0..<16).allSatisfy { configuration[16 + $0] == ($0 % 2 == 0 ? 64 : 0) })
        #expect((0..<16).allSatisfy { configuration[48 + $0] == ($0 < 8 ? 16 : 0) })
        let text = try CodeGenerator(for: .x86AMX).text([(matrixProduct(), "kernel")])
        #expect(text.contains("@kernel.tiles = private constant [64 x i8]"))
        #expect(text.contains("call void @llvm.x86.tdpbf16ps(i8 3, i8 5, i8 7)"))
        let plain = try CodeGenerator(for: .x86AMX).text([(BoundedKernel.make(seed: 5, lanes: 16), "kernel")])
        #expect(!plain.contains("llvm.x86.tile") && !plain.contains("tilecfg"))
    }

    /// A constant in the object file is placed by the linker; the code is not run.
    @Test func codeIsLinked() throws {
        guard Target.host.triple.hasPrefix("x86_64") else { return }
        #expect(try KernelCompiler(target: .x86AMX, cache: nil, threads: 1).compile([matrixProduct()]).entries.count == 1)
    }

    @Test func kernelsWithTilesNeedThem() throws {
        var other = Target.x86AMX
        other.tiles?.numbers = [.int8]
        for target in Target.presets.filter({ $0.tiles == nil }) + [.x86AMX.withoutTiles, other] {
            let kernels: [CodeGenerator.NamedKernel] = [(BoundedKernel.make(seed: 5, lanes: 16), "a"), (matrixProduct(), "b")]
            let generator = try CodeGenerator(for: target)
            let expected = "kernel 'matrix_product' needs tiles of bf16, which \(target.name) has not"
            #expect { _ = try generator.text(kernels) } throws: { "\($0)" == expected && $0 is MachineError }
            #expect { _ = try generator.object(kernels) } throws: { "\($0)" == expected }
            #expect {
                try KernelCompiler(target: target, cache: nil, threads: 1).compile(kernels.map(\.kernel))
            } throws: { "\($0)" == expected }
        }
    }
}
