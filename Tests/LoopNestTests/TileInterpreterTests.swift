import Graph
import TestSupport
import Testing

@testable import LoopNest

/// What products of tiles are in the interpreter.
@Suite struct TileInterpreterTests {
    private func pair(_ low: Float, _ high: Float) -> BFloat16Pair { BFloat16Pair(low: low, high: high) }

    private func check(
        _ a: [BFloat16Pair], _ b: [BFloat16Pair], sum: Float, gives expected: Float,
        sourceLocation: Testing.SourceLocation = #_sourceLocation
    ) {
        func whole(_ pairs: [BFloat16Pair]) -> [BFloat16Pair] { pairs + Array(repeating: pair(0, 0), count: 16 - pairs.count) }
        for (a, b) in [(whole(a), whole(b)), (whole(b), whole(a))] {
            #expect(BFloat16Pair.tileProduct(a, b, sum: sum).bitPattern == expected.bitPattern, sourceLocation: sourceLocation)
        }
    }

    @Test func halvesAreSummedApart() {
        // Both halves are added to each other, and that to the sum: 2^24 swallows a one, and would not have swallowed two ones together.
        for large in [pair(0x1p24, 1), pair(1, 0x1p24)] { check([large], [pair(1, 1)], sum: 1, gives: 0x1p24) }
        check([pair(1, 1)], [pair(1, 1)], sum: 0x1p24, gives: 0x1.000002p24)
        check([pair(1, 0), pair(0, 1)], [pair(1, 1), pair(1, 1)], sum: 0x1p24, gives: 0x1.000002p24)
        // Numbers of one half are added one after the other, from zero on.
        check([pair(1, 0), pair(1, 0), pair(0x1p24, 0)], [pair(1, 0), pair(1, 0), pair(1, 0)], sum: 0, gives: 0x1.000002p24)
        check([pair(0x1p24, 0), pair(1, 0), pair(1, 0)], [pair(1, 0), pair(1, 0), pair(1, 0)], sum: 0, gives: 0x1p24)
        check([pair(0, 1), pair(0, 1), pair(0, 0x1p24)], [pair(0, 1), pair(0, 1), pair(0, 1)], sum: 0, gives: 0x1.000002p24)
        #expect(BFloat16Pair.dot(pair(1, 1), pair(1, 1), sum: 0x1p24) == 0x1p24, "vectors add each product to the sum")
    }

    @Test func sumsAreRoundedToNearest() {
        // (1 + 2^-7)^2 has 15 bits behind the point, and a sum takes away the first.
        check([pair(0x1.02p0, 0)], [pair(0x1.02p0, 0)], sum: -0x1.04p0, gives: 0x1p-14)
        check([pair(0x1.02p0, 0x1.02p0)], [pair(0x1.02p0, -0x1.02p0)], sum: 0x1p-30, gives: 0x1p-30)
        // A tie goes to the even neighbour.
        check([pair(0x1p-24, 0)], [pair(1, 0)], sum: 1, gives: 1)
        check([pair(0x1p-24, 0)], [pair(1, 0)], sum: 0x1.000002p0, gives: 0x1.000004p0)
    }

    @Test func denormalNumbersAreZero() {
        let (tiny, zero) = (BFloat16Pair(bitPattern: 0x0040_0040), pair(0, 0))
        // Of operands, of sums, and of results.
        check([tiny], [pair(0x1p120, 0x1p120)], sum: 0, gives: 0)
        check([tiny], [pair(0x1p120, 0x1p120)], sum: 3, gives: 3)
        check([zero], [zero], sum: 0x1p-130, gives: 0)
        check([pair(-1, -1)], [pair(0, 0)], sum: -0x1p-130, gives: 0)
        check([pair(0x1p-64, 0)], [pair(0x1p-63, 0)], sum: 0, gives: 0)
        check([pair(-0x1p-64, 0)], [pair(0x1p-63, -0.0)], sum: 0, gives: 0)
        // Not at the end alone: what both halves leave is lost to the sum.
        check([pair(-0x1.fep-64, 0x1p-64)], [pair(0x1p-62, 0x1p-61)], sum: 0x1p-125, gives: 0x1p-125)
        check([pair(0x1p-64, 0x1p-64)], [pair(0x1p-63, 0x1p-63)], sum: 0, gives: 0)
        check([pair(.infinity, 1)], [pair(1, 1)], sum: 0, gives: .infinity)
        let (infinite, zeros) = (Array(repeating: pair(.infinity, 1), count: 16), Array(repeating: pair(0, 1), count: 16))
        #expect(BFloat16Pair.tileProduct(infinite, zeros, sum: 0).isNaN)
    }

    /// Two products on a tile of sums: rows and columns are where they belong, and the numbers are those of fp64, nearly.
    @Test func kernelsMultiplyMatrices() throws {
        let text = """
            kernel product lanes 16 tasks 1 (x: read bf16[1100], w: read bf16[1024], y: readWrite f32[400]) {
              %0 = sumTile y[3 stride 20]
              (%1) = for i in 0 ..< 2 carrying (%2 = %0) {
                %3 = pairTile x[i * 32 stride 68]
                %4 = pairTile w[i * 512 stride 32]
                %5 = tileProduct(%3, %4, %2)
                next %5
              }
              writeTile %1 to y[3 stride 20]
            }
            """
        let kernel = try KernelReader.read(text)[0]
        #expect(try KernelReader.read(kernel.description) == [kernel])
        var random = SeededGenerator(seed: 3)
        func numbers(_ count: Int) -> [Double] { (0..<count).map { _ in Double(random.number(-1000..<1000)) / 256 } }
        let start = [
            KernelArray(.bf16, numbers: numbers(1100)), KernelArray(.bf16, numbers: numbers(1024)),
            KernelArray(.f32, numbers: numbers(400)),
        ]
        var buffers = start
        try KernelInterpreter().run(kernel, &buffers)
        #expect(buffers[0] == start[0] && buffers[1] == start[1])
        let (x, w, before, after) = (start[0].numbers, start[1].numbers, start[2].numbers, buffers[2].numbers)
        var touched: Set<Int> = []
        for row in 0..<16 {
            for column in 0..<16 {
                let place = 3 + row * 20 + column
                touched.insert(place)
                var (exact, sum) = (before[place], Float(before[place]))
                for half in 0..<2 {
                    var parts: [Float] = [0, 0]
                    for channel in half * 32..<half * 32 + 32 {
                        let (a, b) = (x[row * 68 + channel], w[channel / 2 * 32 + column * 2 + channel % 2])
                        exact += a * b
                        parts[channel % 2].addProduct(Float(a), Float(b))
                    }
                    sum += parts[0] + parts[1]
                }
                #expect(after[place] == Double(sum))
                #expect(abs(after[place] - exact) < 1e-3)
            }
        }
        for place in 0..<400 where !touched.contains(place) { #expect(after[place] == before[place]) }
    }

    /// Sums go through a tile as they are, and rows may lie in any order.
    @Test func tilesKeepBits() throws {
        let text = """
            kernel copy lanes 16 tasks 2 (x: read f32[512], y: write f32[512]) {
              %0 = sumTile x[task * 256 stride 16]
              writeTile %0 to y[task * 256 + 240 stride -16]
              %1 = zeroTile
            }
            """
        var bits = (0..<512).map { UInt32($0) &* 0x9e37_79b9 }
        bits[0...3] = [1, 0x8000_0000, 0x7f80_0001, 0x807f_ffff]
        var buffers: [KernelArray] = [
            .f32(bits.map { Float(bitPattern: $0) }), .f32(Array(repeating: 0, count: 512)),
        ]
        try KernelInterpreter(order: .shuffled(seed: 1)).run(KernelReader.read(text)[0], &buffers)
        guard case .f32(let result) = buffers[1] else { return }
        for (place, value) in result.enumerated() {
            let from = place / 256 * 256 + (15 - place % 256 / 16) * 16 + place % 16
            #expect(value.bitPattern == bits[from])
        }
    }

    private func failure(_ body: String, tasks: Int = 1) throws -> String {
        let text = "kernel k lanes 16 tasks \(tasks) (x: read bf16[512], y: readWrite f32[256]) {\n\(body)\n}"
        var buffers = [
            KernelArray(.bf16, numbers: Array(repeating: 1, count: 512)), KernelArray(.f32, numbers: Array(repeating: 1, count: 256)),
        ]
        let before = buffers
        let kernel = try KernelReader.read(text, checksAccesses: false)[0]
        let error = #expect(throws: KernelError.self) { try KernelInterpreter().run(kernel, &buffers) }
        #expect(buffers == before)
        return error?.description ?? ""
    }

    @Test func accessesAreChecked() throws {
        #expect(
            try failure("%0 = pairTile x[1 stride 32]")
                == "kernel k: element 512 of 'x', which has 512, in `%0 = pairTile x[1 stride 32]` where task = 0")
        #expect(try failure("%0 = pairTile x[0 stride -32]").hasPrefix("kernel k: element -32 of 'x'"))
        #expect(try failure("%0 = zeroTile writeTile %0 to y[0 stride 17]").hasPrefix("kernel k: element 256 of 'y'"))
        for huge in [Int.max, Int.min, 1 << 62] {
            #expect(try failure("%0 = sumTile y[0 stride \(huge)]").hasPrefix("kernel k: element "))
            #expect(try failure("%0 = sumTile y[\(huge) stride 16]").hasPrefix("kernel k: element "))
        }
        #expect(try failure("%0 = zeroTile writeTile %0 to y[0 stride 16]", tasks: 2).contains("tasks 0 and 1 both touch element 0 of 'y'"))
        #expect(
            try failure("%0 = zeroTile when 1 <= task < 2 { writeTile %0 to y[0 stride 16] } %1 = sumTile y[0 stride 16]", tasks: 2)
                .contains("tasks 0 and 1 both touch element 0 of 'y'"))
    }
}
