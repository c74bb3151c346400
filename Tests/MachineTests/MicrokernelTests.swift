import LoopNest
import Machine
import Testing

/// Register blocks must stay in registers: no vector goes to the stack.
@Suite struct MicrokernelTests {
    struct Block: CustomStringConvertible, Sendable {
        var target: Target
        var pixels: Int
        var outputs: Int
        var description: String { "\(target): \(pixels) x \(outputs)" }
    }

    /// The blocks that fill the registers of each target: accumulators, one vector an output block, one broadcast.
    static let blocks: [Block] = [
        Block(target: .x86AVX512, pixels: 14, outputs: 2), Block(target: .x86AVX512, pixels: 28, outputs: 1),
        Block(target: .x86AVX512, pixels: 9, outputs: 3), Block(target: .x86AVX512, pixels: 6, outputs: 4),
        Block(target: .x86AVX2, pixels: 6, outputs: 2), Block(target: .x86AVX2, pixels: 4, outputs: 3),
        Block(target: .aarch64NEON, pixels: 8, outputs: 2), Block(target: .aarch64NEON, pixels: 5, outputs: 4),
    ]

    /// A direct 3x3 convolution of 4 channel blocks over blocked layouts: nested loops around one register block.
    static func convolution(_ block: Block, unrollColumns: Int, unrollChannels: Int) -> Kernel {
        let (lanes, pixels, outputs) = (block.target.lanes, block.pixels, block.outputs)
        let builder = KernelBuilder(name: "convolution", lanes: lanes, taskCount: 2)
        let width = pixels * 4 + 2
        let input = builder.parameter("input", count: 4 * 4 * width * lanes, .read)
        let weight = builder.parameter("weight", count: 4 * 9 * lanes * outputs * lanes, .read)
        let output = builder.parameter("output", count: outputs * 2 * pixels * 4 * lanes, .write)
        builder.loop("tile", to: 4) { tile in
            let start = (0..<pixels * outputs).map { _ in builder.constant(0) }
            let sums = builder.loop("block", to: 4, carrying: start) { channels, sums in
                builder.loop("row", to: 3, carrying: sums) { row, sums in
                    builder.loop("column", to: 3, unroll: unrollColumns, carrying: sums) { column, sums in
                        builder.loop("channel", to: .constant(lanes), unroll: unrollChannels, carrying: sums) { channel, sums in
                            var sums = sums
                            let tap = ((channels * 3 + row) * 3 + column) * lanes + channel
                            let weights = (0..<outputs).map { builder.load(weight, tap * (outputs * lanes) + .constant($0 * lanes)) }
                            for pixel in 0..<pixels {
                                let place = (channels * 4 + builder.task + row) * width + tile * pixels + column + .constant(pixel)
                                let value = builder.broadcast(input, place * lanes + channel)
                                for (index, weight) in weights.enumerated() {
                                    sums[pixel * outputs + index] = builder.multiplyAdd(value, weight, sums[pixel * outputs + index])
                                }
                            }
                            return sums
                        }
                    }
                }
            }
            for (index, sum) in sums.enumerated() {
                let place = (builder.task * 4 + tile) * pixels + .constant(index / outputs + index % outputs * 2 * 4 * pixels)
                builder.store(output, place * lanes, sum)
            }
        }
        return builder.finish()
    }

    @Test(arguments: blocks) func doNotSpill(block: Block) throws {
        for (columns, channels) in [(1, 1), (1, 4), (3, 4), (1, 16)] {
            let kernel = Self.convolution(block, unrollColumns: columns, unrollChannels: channels)
            let found = try spills(in: kernel, for: block.target)
            #expect(found.isEmpty, "columns unrolled by \(columns), channels by \(channels): \(found.count) accesses")
        }
    }

    /// A single output block leaves every broadcast one use, which LLVM moves about when turns are written out; rolled it fits.
    @Test func singleOutputBlockFitsWhenRolled() throws {
        let block = Block(target: .x86AVX2, pixels: 12, outputs: 1)
        #expect(try spills(in: Self.convolution(block, unrollColumns: 1, unrollChannels: 1), for: block.target).isEmpty)
    }

    /// `doNotSpill` can fail: a block that needs 37 registers of 32 is seen to spill.
    @Test(arguments: [
        Block(target: .x86AVX512, pixels: 16, outputs: 2), Block(target: .x86AVX2, pixels: 8, outputs: 2),
        Block(target: .aarch64NEON, pixels: 8, outputs: 4),
    ]) func spillsAreFound(block: Block) throws {
        #expect(try spills(in: Self.convolution(block, unrollColumns: 1, unrollChannels: 4), for: block.target).count > 4)
    }

    /// Sums over three channels, written out, in a loop over tiles that stores them: `pixels * outputs` accumulators, and weights that are
    /// the same in every turn.
    private static func writtenOut(_ block: Block) -> Kernel {
        let (lanes, pixels, outputs) = (block.target.lanes, block.pixels, block.outputs)
        let builder = KernelBuilder(name: "written_out", lanes: lanes, taskCount: 1)
        let input = builder.parameter("input", count: 8 * pixels * lanes, .read)
        let weight = builder.parameter("weight", count: 3 * outputs * lanes, .read)
        let output = builder.parameter("output", count: 8 * pixels * outputs * lanes, .write)
        builder.loop("tile", to: 8) { tile in
            let start = (0..<pixels * outputs).map { _ in builder.constant(0) }
            let sums = builder.loop("channel", to: 3, unroll: 4, carrying: start) { channel, sums in
                let weights = (0..<outputs).map { builder.load(weight, channel * (outputs * lanes) + .constant($0 * lanes)) }
                return sums.indices.map { index in
                    let value = builder.broadcast(input, (tile * pixels + .constant(index / outputs)) * lanes + channel)
                    return builder.multiplyAdd(value, weights[index % outputs], sums[index])
                }
            }
            for (index, sum) in sums.enumerated() { builder.store(output, (tile * sums.count + .constant(index)) * lanes, sum) }
        }
        return builder.finish()
    }

    /// What the tests of whole networks look at: the inner loop that sums, with the loops around it, or with its stores where the sum is
    /// written out; and that blocks too large for the registers are seen to spill there.
    @Test(arguments: [
        (Block(target: .x86AVX512, pixels: 14, outputs: 2), Block(target: .x86AVX512, pixels: 18, outputs: 2)),
        (Block(target: .x86AVX2, pixels: 4, outputs: 3), Block(target: .x86AVX2, pixels: 6, outputs: 3)),
    ]) func spillsOfMicrokernelsAreFound(fitting: Block, large: Block) throws {
        func functions(_ kernel: Kernel, _ target: Target) throws -> [Disassembly] {
            try Disassembly.functions(of: CodeGenerator(for: target).object([(kernel, "kernel")]), for: target)
        }
        let target = fitting.target
        for (block, fits) in [(fitting, true), (large, false)] {
            let summing = try functions(Self.convolution(block, unrollColumns: 1, unrollChannels: 4), target)
            #expect(summing.reduce(0) { $0 + $1.microkernels.count } == 1, "\(block)")
            #expect(summing.allSatisfy { $0.microkernelSpills.isEmpty && $0.multiplyingLoopSaves.isEmpty } == fits, "\(block)")
        }
        let written = try functions(Self.writtenOut(large), target)
        #expect(written.reduce(0) { $0 + $1.microkernels.count } == 1)
        #expect(written.contains { !$0.microkernelSpills.isEmpty && !$0.multiplyingLoopSaves.isEmpty })
    }

    /// Every tile that fits the registers, with as many steps written out as lowerings do.
    @Test(arguments: [Target.x86AVX512, .x86AVX2]) func allTilesFit(target: Target) throws {
        for outputs in 1...6 {
            for pixels in 1...28 where pixels * outputs + outputs + 1 <= target.vectors.registers {
                let unroll = outputs == 1 && target.vectors.registers == 16 ? 1 : 4
                let block = Block(target: target, pixels: pixels, outputs: outputs)
                let kernel = Self.convolution(block, unrollColumns: 1, unrollChannels: unroll)
                let functions = try Disassembly.functions(of: CodeGenerator(for: target).object([(kernel, "kernel")]), for: target)
                #expect(functions.reduce(0) { $0 + $1.microkernels.count } == 1 && functions.flatMap(\.microkernelSpills) == [], "\(block)")
            }
        }
    }

    @Test(arguments: runnable) func computeTheConvolution(target: Target) throws {
        for block in Self.blocks where block.target.lanes == target.lanes {
            let kernel = Self.convolution(block, unrollColumns: 3, unrollChannels: 4)
            try check(kernel, kernel.parameters.map { .f32(numbers($0.count)) }, on: target, "\(block)")
        }
    }
}
