import Foundation
import Testing

@testable import Interchange

@Suite struct NumPyCollectionTests {
    private static let labels = HostTensor(shape: [2], int64s: [1, 0])
    private static let grey = HostTensor(element: .u8, shape: [2, 2, 2], bytes: [0, 30, 60, 90, 120, 150, 180, 210])
    private static let colour = HostTensor(
        element: .u8, shape: [2, 2, 2, 3], bytes: (0..<24).map { UInt8(10 * $0) })

    private func collection(_ data: Data) throws -> NumPyCollection { try NumPyCollection(data: data, path: "data.npz") }

    private let stored = Data(reference: Reference.npzStored)
    private let compressed = Data(reference: Reference.npzCompressed)

    @Test func readsArchives() throws {
        for (data, images) in [(stored, Self.grey), (compressed, Self.colour)] {
            let arrays = try collection(data)
            #expect(arrays.names == ["x_train", "y_train"])
            #expect(try arrays.read("x_train") == images)
            #expect(try arrays.read("y_train") == Self.labels)
            checkFailure("data.npz, z: there is no such array; it has x_train, y_train") { _ = try arrays.read("z") }
        }
    }

    @Test func readsFilesAndFolders() throws {
        let folder = TemporaryFolder()
        try AtomicFile.write(compressed, to: folder("data.npz"))
        #expect(try NumPyCollection(path: folder("data.npz")).read("x_train") == Self.colour)
        try NumPy.write(Self.labels, to: folder("y.npy"))
        let arrays = try NumPyCollection(path: folder.path)
        #expect(arrays.names == ["y"])
        #expect(try arrays.read("y") == Self.labels)
        checkFailure("name an .npz archive or the folder") { _ = try NumPyCollection(path: folder("y.npy")) }
        checkFailure("there is no such file") { _ = try NumPyCollection(path: folder("absent.npz")) }
    }

    /// An archive of more entries or larger ones than 16 and 32 bits count has a second record at its end, which this one has without need.
    @Test func readsRecordsOf64Bits() throws {
        let end = stored.count - 22
        let start = Int(try #require(stored.littleEndian(UInt32.self, at: end + 16)))
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
        let record =
            bytes(UInt32(0x0606_4b50)) + bytes(UInt64(44)) + bytes(UInt16(45)) + bytes(UInt16(45)) + [UInt8](repeating: 0, count: 8)
            + bytes(UInt64(2)) + bytes(UInt64(2)) + bytes(UInt64(end - start)) + bytes(UInt64(start))
        let locator = bytes(UInt32(0x0706_4b50)) + bytes(UInt32(0)) + bytes(UInt64(end)) + bytes(UInt32(1))
        let last = bytes(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + [UInt8](repeating: 0xff, count: 12) + [0, 0]
        let wide = stored.prefix(end) + Data(record) + Data(locator) + Data(last)
        #expect(try collection(wide).read("y_train") == Self.labels)
        checkFailure("no directory at its end") { _ = try collection(stored.prefix(end) + Data(locator) + Data(last)) }
    }

    private func changed(_ data: Data, at place: Int, to bytes: [UInt8]) -> Data {
        var data = data
        data.replaceSubrange(place..<place + bytes.count, with: bytes)
        return data
    }

    @Test func refusesDamage() throws {
        checkFailure("this is not a ZIP archive") { _ = try collection(Data("PK? no".utf8)) }
        checkFailure("this is not a ZIP archive") { _ = try collection(Data()) }
        checkFailure("no directory at its end: it was cut off") { _ = try collection(stored.dropLast()) }
        // The first entry's content begins behind a header of 30 bytes, a name of 11 and an extra field of 20.
        checkFailure("x_train.npy: the archive's entry is damaged") {
            _ = try collection(changed(stored, at: 61 + 130, to: [7])).read("x_train")
        }
        checkFailure("damaged") { _ = try collection(changed(compressed, at: 61, to: [0xff])).read("x_train") }
        let first = try #require(stored.firstRange(of: Data([0x50, 0x4b, 1, 2]))).lowerBound
        for (place, bytes, message) in [
            (8, [1], "x_train.npy: the entry is encrypted"), (10, [12], "compressed with method 12, not stored or deflated"),
            (24, [9], "entry is damaged"), (42, [1], "entry is damaged"),
            (42, [0xff, 0xff, 0xff, 0x7f], "the directory of the archive is damaged"),
            (20, [0xff, 0xff, 0xff, 0x7f], "the directory of the archive is damaged"),
            (28, [0xff, 0xff], "the directory of the archive is damaged"),
        ] as [(Int, [UInt8], String)] {
            checkFailure(message) { _ = try collection(changed(stored, at: first + place, to: bytes)).read("x_train") }
        }
        // 4 GiB out of a hundred bytes, and a size that the content does not have.
        let entry = try #require(compressed.firstRange(of: Data([0x50, 0x4b, 1, 2]))).lowerBound
        checkFailure("entry is damaged") {
            _ = try collection(changed(compressed, at: entry + 24, to: [0xfe, 0xff, 0xff, 0xff])).read("x_train")
        }
        for size in [0x97, 0x99] as [UInt8] {
            checkFailure("entry is damaged") { _ = try collection(changed(compressed, at: entry + 24, to: [size])).read("x_train") }
        }
        let count = stored.count - 12
        checkFailure("damaged") { _ = try collection(changed(stored, at: count, to: [0xfe, 0xff])) }
    }

    /// A few hundred bytes that stand for a megabyte of zeros are read up to the size that the directory has, and no further.
    @Test func boundsWhatIsInflated() throws {
        var arrays = try collection(compressed)
        #expect(arrays.names.count == 2)
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 1 << 20), level: 9)
        // Gzip's content without its header and checksum is the deflated stream.
        let deflated = Data(bomb.dropFirst(10).dropLast(8))
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
        func archive(size: UInt32) -> Data {
            let sizes = bytes(UInt32(0)) + bytes(UInt32(deflated.count)) + bytes(size) + bytes(UInt16(5))
            let local = bytes(UInt32(0x0403_4b50)) + [20, 0, 0, 0, 8, 0, 0, 0, 0, 0] + sizes + [0, 0] + Array("x.npy".utf8)
            let central = bytes(UInt32(0x0201_4b50)) + [20, 0, 20, 0, 0, 0, 8, 0, 0, 0, 0, 0] + sizes + [UInt8](repeating: 0, count: 16)
            let start = local.count + deflated.count
            let end =
                bytes(UInt32(0x0605_4b50)) + [0, 0, 0, 0, 1, 0, 1, 0] + bytes(UInt32(central.count + 5)) + bytes(UInt32(start)) + [0, 0]
            return Data(local) + deflated + Data(central) + Data("x.npy".utf8) + Data(end)
        }
        for size in [0, 100, 1 << 19, 1 << 20, 1 << 21] as [UInt32] {
            arrays = try collection(archive(size: size))
            checkFailure("x.npy: the archive's entry is damaged") { _ = try arrays.read("x") }
        }
        checkFailure("x.npy: the archive's entry is damaged") { _ = try collection(archive(size: .max - 1)).read("x") }
    }

    /// Entries that share bytes would make a small archive stand for much.
    @Test func refusesEntriesThatOverlap() throws {
        func bytes(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) } }
        let content = NumPy.encode(HostTensor(element: .u8, shape: [8], bytes: [UInt8](repeating: 3, count: 8)))
        /// An archive of one content, and of entries that begin at `offsets`.
        func archive(_ offsets: [Int], content: [UInt8], size: Int? = nil) -> Data {
            let sum = content.withUnsafeBytes { ZipArchive.checksum($0) }
            let sizes = bytes(sum) + bytes(UInt32(size ?? content.count)) + bytes(UInt32(size ?? content.count)) + bytes(UInt16(5))
            let local = bytes(UInt32(0x0403_4b50)) + [20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes + [0, 0] + Array("x.npy".utf8) + content
            var directory: [UInt8] = []
            for (number, offset) in offsets.enumerated() {
                directory += bytes(UInt32(0x0201_4b50)) + [20, 0, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0] + sizes
                directory += [UInt8](repeating: 0, count: 12) + bytes(UInt32(offset)) + Array("\(number).npy".utf8)
            }
            let end = bytes(UInt32(0x0605_4b50)) + [0, 0, 0, 0] + bytes(UInt16(offsets.count)) + bytes(UInt16(offsets.count))
            return Data(local + directory + end + bytes(UInt32(directory.count)) + bytes(UInt32(local.count)) + [0, 0])
        }
        #expect(try collection(archive([0], content: content)).read("0").floats == [Float](repeating: 3, count: 8))
        checkFailure("the archive's entry overlaps") { _ = try collection(archive([0, 0], content: content)) }
        checkFailure("overlaps the directory") { _ = try collection(archive([0], content: content, size: content.count + 1)) }
        // An entry within the content of another.
        let nested = bytes(UInt32(0x0403_4b50)) + [UInt8](repeating: 0, count: 26) + [1, 2, 3]
        checkFailure("0.npy: the archive's entry overlaps 1.npy") { _ = try collection(archive([35, 0], content: nested)) }
    }

    /// Headers longer than nearly all are read from the beginning of a compressed array, too.
    @Test(arguments: [100, 400, 600, 40_000]) func describesLongHeaders(blanks: Int) throws {
        let header = Array("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }".utf8) + [UInt8](repeating: 0x20, count: blanks)
        let array = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 0xff), UInt8(header.count >> 8)] + header + [4, 5, 6]
        for compresses in [false, true] {
            let archive = try ZipArchiveWriter.encode([ZipArchiveWriter.Entry(name: "x.npy") { array }], compresses: compresses)
            let file = try WeightsFile(data: Data(archive), path: "x.npz")
            #expect(try file["x"]?.shape == [3] && file.tensor("x").floats == [4, 5, 6])
        }
    }

    @Test func survivesDamage() throws {
        for data in [stored, compressed] {
            let refused = checkSurvivesDamage(data) { bytes in
                let arrays = try collection(bytes)
                for name in arrays.names { _ = try arrays.read(name) }
            }
            #expect(refused > 1000)
        }
    }
}
