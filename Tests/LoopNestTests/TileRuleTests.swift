import Graph
import Testing

@testable import LoopNest

/// The rules of tiles, each broken once.
@Suite struct TileRuleTests {
    /// Expects the message for a kernel with buffers x (bf16, read), y (f32, readWrite) and z (f32, write).
    private func check(_ body: String, lanes: Int = 16, says expected: String, sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        #expect(sourceLocation: sourceLocation) {
            try read(body, lanes: lanes)
        } throws: {
            let isExpected = "\($0)" == "kernel k: \(expected)"
            if !isExpected { Issue.record("\($0)", sourceLocation: sourceLocation) }
            return isExpected
        }
    }

    @discardableResult
    private func read(_ body: String, lanes: Int = 16) throws -> Kernel {
        try KernelReader.read(
            "kernel k lanes \(lanes) tasks 2 (x: read bf16[1024], y: readWrite f32[512], z: write f32[256]) {\n\(body)\n}")[0]
    }

    private let start = "%0 = zeroTile %1 = pairTile x[0 stride 32] "

    @Test func registersHoldWhatIsTaken() {
        check("%0 = zeroTile", lanes: 8, says: "a kernel with tiles has 16 lanes, and this one has 8, in `%0 = zeroTile`")
        check(start + "%2 = negate(%0)", says: "%0 holds a tile of sums, not a vector, in `%2 = negate(%0)`")
        check(start + "%2 = dot(%1, %1, %0)", says: "%1 holds a tile of pairs, not pairs, in `%2 = dot(%1, %1, %0)`")
        check(
            start + "%2 = tileProduct(%1, %0, %0)", says: "%0 holds a tile of sums, not a tile of pairs, in `%2 = tileProduct(%1, %0, %0)`")
        check(
            start + "%2 = tileProduct(%1, %1, %1)", says: "%1 holds a tile of pairs, not a tile of sums, in `%2 = tileProduct(%1, %1, %1)`")
        check(
            start + "writeTile %1 to y[0 stride 16]",
            says: "%1 holds a tile of pairs, not a tile of sums, in `writeTile %1 to y[0 stride 16]`")
        check(start + "y[0] = %0", says: "%0 holds a tile of sums, not a vector, in `y[0] = %0`")
        check(
            "%0 = load y[0] %1 = tileProduct(%0, %0, %0)",
            says: "%0 holds a vector, not a tile of pairs, in `%1 = tileProduct(%0, %0, %0)`")
        check(
            start + "(%2) = for i in 0 ..< 2 carrying (%3 = %0) { next %1 }",
            says: "%1 holds a tile of pairs, not a tile of sums, in `(%2) = for i in 0 ..< 2 carrying (%3 = %0) {`")
    }

    @Test func buffersHoldWhatTilesAreOf() {
        check("%0 = sumTile x[0 stride 32]", says: "'x' holds bf16, and a tile of sums is of f32, in `%0 = sumTile x[0 stride 32]`")
        check("%0 = pairTile y[0 stride 16]", says: "'y' holds f32, and a tile of pairs is of bf16, in `%0 = pairTile y[0 stride 16]`")
        check("%0 = sumTile z[0 stride 16]", says: "'z' may only be written, in `%0 = sumTile z[0 stride 16]`")
        check(
            start + "writeTile %0 to x[0 stride 32]",
            says: "'x' may only be read, in `writeTile %0 to x[0 stride 32]`")
    }

    /// All rows count: 16 times 32 numbers of bf16, or 16 of f32, a distance apart.
    @Test func rowsLieWithinBuffers() throws {
        check(
            "%0 = pairTile x[task * 513 stride 32]",
            says: "elements 0 ... 1024 of 'x' may be touched, which has 1024, in `%0 = pairTile x[task * 513 stride 32]`")
        check(
            "%0 = pairTile x[0 stride 67]",
            says: "elements 0 ... 1036 of 'x' may be touched, which has 1024, in `%0 = pairTile x[0 stride 67]`")
        check(
            "%0 = pairTile x[479 stride -32]",
            says: "elements -1 ... 510 of 'x' may be touched, which has 1024, in `%0 = pairTile x[479 stride -32]`")
        check(
            "%0 = pairTile x[993 stride -32]",
            says: "elements 513 ... 1024 of 'x' may be touched, which has 1024, in `%0 = pairTile x[993 stride -32]`")
        check(
            "%0 = sumTile y[257 stride 16]",
            says: "elements 257 ... 512 of 'y' may be touched, which has 512, in `%0 = sumTile y[257 stride 16]`")
        check(
            "%0 = zeroTile for i in 0 ..< 2 { writeTile %0 to z[i stride 16] }",
            says: "elements 0 ... 256 of 'z' may be touched, which has 256, in `writeTile %0 to z[i stride 16]`")
        check(
            "%0 = pairTile x[0 stride 1152921504606846976]",
            says: "a number in an index is too large: all that is added up may reach \(1 << 48), in "
                + "`%0 = pairTile x[0 stride 1152921504606846976]`")
        for body in [
            "%0 = pairTile x[task * 512 stride 32]", "%0 = pairTile x[0 stride 66]", "%0 = pairTile x[992 stride -32]",
            "%0 = pairTile x[992 stride 0]", "%0 = sumTile y[256 stride 16]", "%0 = sumTile y[16 stride 32]",
            "%0 = zeroTile writeTile %0 to z[0 stride 16]",
        ] {
            try read(body)
        }
    }

    /// A product is written over its sum, and a loop over what it carries.
    @Test func whatIsWrittenOverIsNotNeeded() {
        let product = start + "%2 = tileProduct(%1, %1, %0) "
        check(
            product + "writeTile %0 to y[0 stride 16]",
            says: "the tile of %0 is needed after %2 was written over it, in `writeTile %0 to y[0 stride 16]`")
        check(
            product + "%3 = tileProduct(%1, %1, %0)",
            says: "the tile of %0 is needed after %2 was written over it, in `%3 = tileProduct(%1, %1, %0)`")
        check(
            start + "for i in 0 ..< 2 { %2 = tileProduct(%1, %1, %0) }",
            says: "the tile of %0 is needed in a further turn after %2 was written over it, in `for i in 0 ..< 2 {`")
        check(
            start + "for i in 0 ..< 2 { for j in 0 ..< 2 { when 0 <= i < 1 { %2 = tileProduct(%1, %1, %0) } } }",
            says: "the tile of %0 is needed in a further turn after %2 was written over it, in `for j in 0 ..< 2 {`")
        check(
            start + "when 0 <= task < 1 { %2 = tileProduct(%1, %1, %0) } writeTile %0 to y[0 stride 16]",
            says: "the tile of %0 is needed after %2 was written over it, in `writeTile %0 to y[0 stride 16]`")
        let loop = start + "(%2) = for i in 0 ..< 2 carrying (%3 = %0) { "
        check(
            loop + "%4 = tileProduct(%1, %1, %3) next %4 } writeTile %0 to y[0 stride 16]",
            says: "the tile of %0 is needed after %2 was written over it, in `writeTile %0 to y[0 stride 16]`")
        check(
            loop + "writeTile %0 to y[0 stride 16] next %3 }",
            says: "the tile of %0 is needed after %3 was written over it, in `writeTile %0 to y[0 stride 16]`")
        check(
            loop + "%4 = tileProduct(%1, %1, %3) next %3 }",
            says: "the tile of %3 is needed after %4 was written over it, in `(%2) = for i in 0 ..< 2 carrying (%3 = %0) {`")
        check(
            loop + "%4 = zeroTile writeTile %3 to y[0 stride 16] next %4 }",
            says: "the tile of %3 is needed after %4 was written over it, in `writeTile %3 to y[0 stride 16]`")
        check(
            "%0 = zeroTile %1 = zeroTile (%2, %3) = for i in 0 ..< 2 carrying (%4 = %0, %5 = %1) { next %5, %4 }",
            says: "the tile of %0 is needed after %1 was written over it, in "
                + "`(%2, %3) = for i in 0 ..< 2 carrying (%4 = %0, %5 = %1) {`")
        check(
            "%0 = zeroTile (%1, %2) = for i in 0 ..< 2 carrying (%3 = %0, %4 = %0) { next %3, %4 }",
            says: "the tile of %3 is needed after %4 was written over it, in `(%1, %2) = for i in 0 ..< 2 carrying (%3 = %0, %4 = %0) {`")
    }

    @Test func conditionsCarryNoTiles() {
        check(
            start + "(%2) = when 0 <= task < 1 carrying (%0) { next %0 }",
            says: "a condition carries no tiles; loops do, in `(%2) = when 0 <= task < 1 carrying (%0) {`")
    }

    /// Eight at once are all that a processor has, and one that is needed after a loop, or in each of its turns, is among them all the time.
    @Test func thereAreEightTiles() throws {
        func zeros(_ range: Range<Int>) -> String { range.map { "%\($0) = zeroTile " }.joined() }
        func writes(_ range: Range<Int>) -> String { range.map { "writeTile %\($0) to y[0 stride 16] " }.joined() }
        let all = try read(zeros(0..<8) + writes(0..<8)).tiles()
        #expect((0..<8).map { all[Register($0)] } == Array(0..<8))
        check(zeros(0..<9) + writes(0..<9), says: "more than 8 tiles are needed at once, in `%8 = zeroTile`")
        try read(zeros(0..<8) + writes(0..<8) + zeros(8..<16) + writes(8..<16))
        try read(zeros(0..<7) + "for i in 0 ..< 2 { " + writes(0..<7) + zeros(7..<8) + writes(7..<8) + zeros(8..<9) + writes(8..<9) + "}")
        check(
            zeros(0..<8) + "for i in 0 ..< 2 { " + writes(0..<8) + zeros(8..<9) + "}",
            says: "more than 8 tiles are needed at once, in `%8 = zeroTile`")
        check(
            zeros(0..<8) + "when 0 <= task < 1 { " + zeros(8..<9) + "} " + writes(0..<8),
            says: "more than 8 tiles are needed at once, in `%8 = zeroTile`")
        let carried = try read(
            start + "(%2) = for i in 0 ..< 2 carrying (%3 = %0) { %4 = tileProduct(%1, %1, %3) next %4 } writeTile %2 to y[0 stride 16] "
                + "%5 = zeroTile %6 = load y[0]"
        ).tiles()
        #expect((0..<7).map { carried[Register($0)] } == [0, 1, 0, 0, 0, 0, nil])
        #expect(try read("%0 = load y[0]").tiles().isEmpty)
    }
}
