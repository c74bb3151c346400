import Foundation
import Testing

@testable import Interchange

@Suite struct EventFileTests {
    private static let folder = NSTemporaryDirectory() + "/braid-events-\(UUID().uuidString)"

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = Array(hexadecimal.filter { !$0.isWhitespace })
        return stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(digits[$0...$0 + 1]), radix: 16) }
    }

    /// RFC 3720, appendix B.4, and the check value of the catalogue of CRCs.
    @Test func checksums() {
        #expect(CRC32C.checksum([UInt8]("123456789".utf8)) == 0xe306_9283)
        #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        #expect(CRC32C.checksum([UInt8](repeating: 0xff, count: 32)) == 0x62a8_ab43)
        #expect(CRC32C.checksum([UInt8](0..<32)) == 0x46dd_794e)
        #expect(CRC32C.checksum([]) == 0)
    }

    /// The bytes that TensorBoard's own writer makes of the same events:
    ///
    ///     from tensorboard.compat.proto import event_pb2, summary_pb2
    ///     from tensorboard.summary.writer.record_writer import RecordWriter
    ///     summary = summary_pb2.Summary(); summary.value.add(tag="rate", simple_value=1e-7)
    ///     RecordWriter(file).write(event_pb2.Event(wall_time=2.5, step=300, summary=summary).SerializeToString())
    @Test func writesWhatTensorBoardWrites() throws {
        let folder = "\(Self.folder)/whole"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let file = try EventFile(folder: folder, from: 0, time: 1.5)
        var expected = Self.bytes(
            "1800000000000000a37f4b2209000000000000f83f1a0d627261696e2e4576656e743a322a28646c")
        #expect(try Data(contentsOf: URL(filePath: file.path)) == Data(expected))
        try file.write([.number(tag: "loss/training", 0.625), .number(tag: "rate", 1e-7)], step: 300, time: 2.5)
        expected += Self.bytes(
            "31000000000000009d8383e909000000000000044010ac022a230a140a0d6c6f73732f747261696e696e67150000203f"
                + "0a0b0a04726174651595bfd633dfa0c672")
        let histogram = EventValue.Histogram([-1, 1, .nan, 1, 3, .infinity], bins: 2)
        try file.write([.histogram(tag: "w", histogram)], step: 7, time: 2.5)
        expected += Self.bytes(
            "6500000000000000ebd05a6909000000000000044010072a580a560a01772a5109000000000000f0bf11000000000000"
                + "08401900000000000010402100000000000010402900000000000028403210000000000000f03f00000000000008403a"
                + "10000000000000f03f0000000000000840adabc8e1")
        try file.write([.text(tag: "recipe", "    optimizer sgd")], step: 0, time: 2.5)
        expected += Self.bytes(
            "3800000000000000a3797d570900000000000004402a2d0a2b0a067265636970654217080712004211202020206f7074"
                + "696d697a6572207367644a080a060a04746578746e48c135")
        #expect(try Data(contentsOf: URL(filePath: file.path)) == Data(expected))
    }

    /// A training that goes on begins a file that is read behind the others, and says which steps of theirs no longer count.
    @Test func goesOnInAFurtherFile() throws {
        let folder = "\(Self.folder)/parts/of/it"
        defer { try? FileManager.default.removeItem(atPath: "\(Self.folder)/parts") }
        let first = try EventFile(folder: folder, from: 0, time: 3)
        // As of another machine, whose clock is ahead, and what is no such file.
        for name in ["events.out.tfevents.0000000300.other.1.0", "events.out.tfevents.99999999999999999999.x", "events.out.tfevents.x"] {
            try AtomicFile.write(Data(), to: "\(folder)/\(name)")
        }
        let second = try EventFile(folder: folder, from: 301, time: 3)
        #expect(second.path.hasPrefix("\(folder)/events.out.tfevents.0000000301.") && first.path < second.path)
        let bytes = [UInt8](try Data(contentsOf: URL(filePath: second.path)))
        let start = Self.bytes("100000000000000095fbfe1809000000000000084010ad023a02080195f4cd0e")
        #expect(Array(bytes.suffix(start.count)) == start && bytes.count == start.count + 43)
    }

    @Test func countsValues() {
        let histogram = EventValue.Histogram((0..<640).map(Float.init))
        #expect(histogram.counts == [Int](repeating: 10, count: 64) && histogram.limits.first == 639.0 / 64 && histogram.limits.last == 639)
        #expect(histogram.count == 640 && histogram.sum == 204_480 && histogram.low == 0 && histogram.high == 639)
        let single = EventValue.Histogram([2, 2, 2])
        #expect(single.limits == [2] && single.counts == [3] && EventValue.Histogram([.nan]).count == 0)
        #expect(EventValue.Histogram([-.greatestFiniteMagnitude, .greatestFiniteMagnitude, 0]).counts.reduce(0, +) == 3)
    }

    @Test func tellsOfFoldersThatCannotBe() throws {
        try AtomicFile.write(Data(), to: NSTemporaryDirectory() + "/braid-events-file")
        defer { unlink(NSTemporaryDirectory() + "/braid-events-file") }
        let error = #expect(throws: InterchangeError.self) {
            try EventFile(folder: NSTemporaryDirectory() + "/braid-events-file/x", from: 0)
        }
        #expect(error?.message.contains("is a file") == true)
    }
}
