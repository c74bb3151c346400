import Foundation
import Graph
import Interchange
import Testing

@Suite struct IDXTests {
    private let images = HostTensor(element: .u8, shape: [3, 2, 2], bytes: (0..<12).map { $0 })

    @Test func readsPlainAndCompressedFiles() throws {
        let plain = try IDX.encode(images)
        #expect(plain == [0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 2] + images.bytes)
        #expect(try IDX.read(data: Data(plain), path: "plain") == images)
        #expect(try IDX.read(data: Data(Gzip.compress(plain)), path: "plain.gz") == images)
        // Two members one after the other are one content.
        let halves = Gzip.compress(Array(plain[..<9])) + Gzip.compress(Array(plain[9...]))
        #expect(try IDX.read(data: Data(halves), path: "halves.gz") == images)
        // Tapes and object stores fill up blocks with zeros; Python reads on behind them.
        for padding in [1, 64, 100_000] {
            let zeros = [UInt8](repeating: 0, count: padding)
            #expect(try IDX.read(data: Data(Gzip.compress(plain) + zeros), path: "padded.gz") == images)
            let padded = Gzip.compress(Array(plain[..<9])) + zeros + Gzip.compress(Array(plain[9...])) + zeros
            #expect(try IDX.read(data: Data(padded), path: "halves.gz") == images)
        }
        let numbers = HostTensor(shape: [2], int32s: [1, -2])
        #expect(try IDX.encode(numbers) == [0, 0, 12, 1, 0, 0, 0, 2, 0, 0, 0, 1, 255, 255, 255, 254])
        #expect(try IDX.read(data: Data(IDX.encode(numbers)), path: "numbers") == numbers)
    }

    @Test func refusesWhatDoesNotFit() throws {
        let plain = try IDX.encode(images)
        checkFailure("byte 27: the file ends before the last of u8 [3, 2, 2]") {
            _ = try IDX.read(data: Data(plain.dropLast()), path: "cut")
        }
        checkFailure("goes on after") { _ = try IDX.read(data: Data(plain + [0]), path: "long") }
        checkFailure("goes on after") { _ = try IDX.read(data: Data(Gzip.compress(plain + [0])), path: "long.gz") }
        checkFailure("ends before the last") { _ = try IDX.read(data: Data(Gzip.compress(plain.dropLast())), path: "cut.gz") }
        checkFailure("end too early") { _ = try IDX.read(data: Data(Gzip.compress(plain).dropLast(9)), path: "cut.gz") }
        checkFailure("damaged (incorrect header check)") {
            _ = try IDX.read(data: Data(Gzip.compress(plain) + [0, 0, 1, 0]), path: "junk.gz")
        }
        checkFailure("this is not an IDX file") { _ = try IDX.read(data: Data([1, 2, 3, 4, 5, 6, 7, 8]), path: "other") }
        let enormous: [UInt8] = [0, 0, 8, 3, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]
        checkFailure("too short for u8") { _ = try IDX.read(data: Data(enormous), path: "enormous") }
        checkFailure("too short for u8") { _ = try IDX.read(data: Data(Gzip.compress(enormous)), path: "enormous.gz") }
        checkFailure("cannot hold f16") { _ = try IDX.encode(HostTensor(element: .f16, shape: [1], bytes: [0, 0]), path: "half") }
        checkFailure("there is no such file") { _ = try IDX.read("/nowhere/at/all") }
        checkFailure("this is a folder") { _ = try IDX.read("/tmp") }
        checkFailure("not a regular file") { _ = try IDX.read("/dev/zero") }
    }

    /// A file that really could hold more than the machine's memory: refused by its header, before anything of it is expanded.
    @Test func refusesWhatMemoryCannotHold() throws {
        let extents = [UInt32(clamping: MachineMemory.limit >> 20), 1024, 1025].flatMap {
            withUnsafeBytes(of: $0.bigEndian) { [UInt8]($0) }
        }
        // So many compressed bytes may stand for it; they are never looked at.
        let rest = Data(repeating: 1, count: MachineMemory.limit / 1000)
        let data = Data(Gzip.compress([0, 0, 8, 3] + extents)) + rest
        checkFailure("of memory, and there are \(MachineMemory.text(MachineMemory.limit)); take fewer pictures") {
            _ = try IDX.read(data: data, path: "bomb.gz")
        }
    }

    @Test func survivesDamage() throws {
        let plain = try IDX.encode(images)
        checkSurvivesDamage(Data(plain)) { _ = try IDX.read(data: $0, path: "damaged") }
        let refused = checkSurvivesDamage(Data(Gzip.compress(plain))) { _ = try IDX.read(data: $0, path: "damaged") }
        #expect(refused > 1000)
    }

    @Test(
        .enabled(if: SharedData.isPresent, SharedData.whyNot),
        arguments: [
            ("train", 60000, "741c988805d008ac6e4c904b69001ba184c24b2c540a4ef403f4c71b676cf757", [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]),
            ("t10k", 10000, "6d87418db22cc8025d05968bec9bd5c3932904b23485740db143a061a2c9d161", [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]),
        ] as [(String, Int, String, [UInt8])])
    func readsMNIST(part: String, count: Int, digest: String, firstLabels: [UInt8]) throws {
        let images = try IDX.read("\(SharedData.path)/mnist/\(part)-images-idx3-ubyte.gz")
        #expect(images.shape == [count, 28, 28])
        #expect(SHA256.hexadecimal(images.bytes) == digest)
        let labels = try IDX.read("\(SharedData.path)/mnist/\(part)-labels-idx1-ubyte.gz")
        #expect(labels.shape == [count])
        #expect(Array(labels.bytes[..<10]) == firstLabels)
    }
}

@Suite struct GzipTests {
    @Test func compressesAndExpands() throws {
        for size in [0, 1, 70_000, 200_000] {
            let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
            #expect(try Gzip.expand(Data(Gzip.compress(bytes)), path: "", maximum: size) == bytes)
        }
        checkFailure("expands to more than 999 bytes") {
            _ = try Gzip.expand(Data(Gzip.compress([UInt8](repeating: 0, count: 1000))), path: "bomb.gz", maximum: 999)
        }
        checkFailure("damaged") { _ = try Gzip.expand(Data("not gzip at all".utf8), path: "text", maximum: 10) }
    }
}
