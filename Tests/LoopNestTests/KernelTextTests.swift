import Foundation
import Graph
import TestSupport
import Testing

@testable import LoopNest

/// Kernels as text: what they look like, that they read back, and what is said about bad text.
@Suite struct KernelTextTests {
    /// A row of a 3x3 convolution with one register of output channels, a guarded load, a masked tail, and names that need care.
    static func convolution() -> Kernel {
        let builder = KernelBuilder(name: "conv1.forward", lanes: 16, taskCount: 4)
        let x = builder.parameter("x", count: 16 * 28 * 28, .read)
        let w = builder.parameter("conv1.weight", count: 9 * 16 * 16, .read)
        let y = builder.parameter("y", count: 16 * 28 * 28, .write)
        let label = builder.parameter("label", .i32, count: 4, .readWrite)
        let rows = builder.scratch("rows", count: 30 * 16)
        builder.loop("x", to: 28) { column in
            let zero = builder.constant(0)
            let sum = builder.loop("ky", to: 3, carrying: [zero]) { ky, sums in
                builder.when([IndexRange(builder.task + ky - 1, 0, 28)], carrying: sums) {
                    builder.loop("i", to: 16, unroll: 4, carrying: sums) { i, sums in
                        let weight = builder.load(w, ky * 256 + i * 16)
                        let pixel = builder.broadcast(x, (builder.task + ky - 1) * 448 + column * 16 + i)
                        return [builder.multiplyAdd(pixel, weight, sums[0])]
                    }
                }
            }
            builder.prefetch(w, column * 16)
            builder.store(y, builder.task * 448 + column * 16, sum[0])
            builder.store(rows, column * 16, sum[0], active: Index.least(16, column + 1))
            builder.scatter(rows, column, stride: 30, sum[0], active: 8)
        }
        builder.loop("x", to: 2) { outer in
            builder.loop("x", to: 3) { inner in
                let value = builder.define(.gather(rows, (outer + inner) % 7, stride: 3, active: inner + 1))
                let seed = builder.define(.position(outer, stride: 2))
                let random = builder.define(.uniform(seed: seed, stream: 3, inner, stride: 1))
                let chosen = builder.define(.select(.lessOrEqual, value, random, then: seed, otherwise: builder.constant(-0.5)))
                let sum = builder.define(.acrossLanes(.add, builder.define(.keep(chosen, active: 5))))
                builder.store(label, builder.task, builder.define(.unary(.squareRoot, sum)), active: 1)
            }
        }
        return builder.finish()
    }

    @Test func printsLikeALoopNest() throws {
        try Golden.check(Self.convolution().description, Golden.folder("Cases/convolution.kernel", beside: #filePath))
    }

    @Test func readsItsOwnText() throws {
        let kernel = Self.convolution()
        #expect(try KernelReader.read(kernel.description) == [kernel])
    }

    @Test(arguments: 0..<300) func randomKernelsRoundTrip(seed: Int) throws {
        let kernel = RandomKernel.make(seed: seed)
        try kernel.verify(accesses: false)
        let text = kernel.description
        let again = try KernelReader.read(text, checksAccesses: false)
        let twice = try KernelReader.read(text + "# and once more\n" + text, checksAccesses: false)
        #expect(again == [kernel])
        #expect(twice == [kernel, kernel])
    }

    /// Expects a message for a text whose `^` marks the place.
    func check(_ marked: String, says expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        let before = marked.prefix { $0 != "^" }
        let line = before.split(separator: "\n", omittingEmptySubsequences: false).count
        let column = before.split(separator: "\n", omittingEmptySubsequences: false).last!.count + 1
        do {
            _ = try KernelReader.read(marked.replacingOccurrences(of: "^", with: ""))
            Issue.record("the text was read", sourceLocation: sourceLocation)
        } catch {
            #expect(error.description == "\(line):\(column): \(expected)", sourceLocation: sourceLocation)
        }
    }

    @Test func badTextIsRefusedWithPlaceAndRepair() {
        check("^kernal k", says: "expected 'kernel', found 'kernal'")
        check("kernel ^for lanes 8", says: "'for' is a word of the language, not the name of a kernel; write it as \"for\"")
        check("kernel k lanes ^32 tasks 1 () {}", says: "the number of lanes must lie in 0 ... 16")
        check("kernel k lanes 8 tasks ^99999999999999999999 () {}", says: "'99999999999999999999' is no 64-bit integer")
        check(
            "kernel k lanes 8 tasks 1 (x: ^reads f32[4]) {}",
            says: "expected how the buffer is accessed, found 'reads'; one of read, write, readWrite")
        check("kernel k lanes 8 tasks 1 (x: read f32[^9999999999999]) {}", says: "the number of elements must lie in 0 ... 1099511627776")
        check("kernel k lanes 8 tasks 1 (x: write f32[8]) {\n  ^z[0] = %0\n}", says: "there is no buffer 'z'; the kernel has 'x'")
        check("kernel k lanes 8 tasks 1 () {\n  %0 = ^sine(%1)\n}", says: "there is no operation 'sine'")
        check("kernel k lanes 8 tasks 1 () {\n  %0 = add^(%1)\n}", says: "expected 2 registers, found 1")
        check("kernel k lanes 8 tasks 1 () {\n  %0 = position ^i stride 1\n}", says: "no loop around this place has the variable 'i'")
        check(
            "kernel k lanes 8 tasks 1 () {\n  %0 = position 1 - ^task stride 1\n}",
            says: "only a number can be subtracted; write `+ name * -1`")
        check("kernel k lanes 8 tasks 1 () {\n  ^%9999999 = constant 0\n}", says: "a register's number must be below 1048576")
        check(
            "kernel k lanes 8 tasks 1 () {\n  for i in 0 ..< 4 {\n    ^next %0\n  }\n}",
            says: "the block carries 0 registers and ends with 1 for the next turn")
        check("kernel k lanes 8 tasks 1 () {\n  (%0) = for i in 0 ..< 4 ^{\n  }\n}", says: "1 registers are assigned and 0 carried")
        check("kernel k lanes 8 tasks 1 () {\n  %0 = constant ^many\n}", says: "'many' is no number")
        check("kernel k lanes 8 tasks 1 (x: read ^f64[8]) {}", says: "expected an element type, found 'f64'; one of f32, i32, bf16")
        check("kernel k lanes 8 tasks 1 () {^", says: "expected the name of a buffer, found the end of the text")
        check("kernel ^\"k\nlanes", says: "this quote is not closed; add '\"'")
        check("kernel \"k\\^t\" lanes", says: "unknown escape in a quoted text; write '\\\\' for a backslash")
        check("kernel k ^; lanes", says: "a kernel's text has no use for this character")
    }

    @Test func deepNestingAndLongIndicesAreRefused() {
        let loops = (0..<5000).map { "for i\($0) in 0 ..< 1 {" }.joined()
        let parentheses = String(repeating: "(", count: 5000)
        let sum = String(repeating: "task + ", count: 5000)
        for body in [loops, "%0 = position \(parentheses)", "%0 = position \(sum)"] {
            #expect(throws: KernelError.self) { try KernelReader.read("kernel k lanes 8 tasks 1 () {\n\(body)") }
        }
    }

    @Test(arguments: 0..<60) func damagedTextNeverTraps(seed: Int) {
        var random = SeededGenerator(seed: seed)
        let text = Array(RandomKernel.make(seed: seed).description.utf8)
        for _ in 0..<20 {
            var damaged = text
            for _ in 0..<random.number(1..<4) {
                let place = random.number(0..<damaged.count)
                switch random.number(0..<3) {
                case 0: damaged[place] = UInt8(random.number(0..<256))
                case 1: damaged.remove(at: place)
                default: damaged.insert(damaged[random.number(0..<damaged.count)], at: place)
                }
            }
            if let kernels = try? KernelReader.read(String(decoding: damaged, as: UTF8.self)) {
                for kernel in kernels { #expect(throws: Never.self) { try kernel.verify() } }
            }
        }
    }
}
