import CPixels
import Testing

/// Values of a channel looked up by vectors are those of a plain loop; nothing is read behind the picture, and nothing written behind the result.
@Suite struct ChannelLookupTests {
    @Test(arguments: [(1, 0), (3, 0), (3, 1), (3, 2)]) func values(channels: Int, channel: Int) {
        var random = TestGenerator(state: 31)
        // All bits of the table's numbers, those of a NaN, too.
        let table = (0..<256).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &random)) }
        for count in Array(0..<300) + [1_000, 4_097] {
            let pixels = (0..<count * channels).map { _ in UInt8.random(in: 0...255, using: &random) }
            let expected = (0..<count).map { table[Int(pixels[$0 * channels + channel])] }
            var result = [Float](repeating: 7, count: count + 20)
            atTheEndOfMemory(pixels) { braid_lookup_channel($0, count, channels, channel, table, &result) }
            #expect(result.map(\.bitPattern) == (expected + [Float](repeating: 7, count: 20)).map(\.bitPattern), "\(count) pixels")
        }
    }

    @Test func allValues() {
        let table = (0..<256).map { Float($0) / 255 }
        let pixels = (0..<256).map { UInt8($0) }
        var result = [Float](repeating: 7, count: 256)
        braid_lookup_channel(pixels, 256, 1, 0, table, &result)
        #expect(result == table)
    }
}
