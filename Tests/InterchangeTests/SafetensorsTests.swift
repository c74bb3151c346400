import Foundation
import Interchange
import Testing

@Suite struct SafetensorsTests {
    private let reference = Data(reference: Reference.safetensors)

    @Test func readsAReferenceFile() throws {
        let file = try Safetensors(data: reference, path: "reference.safetensors")
        #expect(file.entries.map(\.name) == ["steps", "fc.weight", "half", "u8"])
        #expect(file.metadata == ["epoch": "3", "note": "café \"x\"\n"])
        #expect(try file.tensor("fc.weight") == HostTensor(name: "fc.weight", shape: [2, 3], floats: [-2.5, -1.5, -0.5, 0.5, 1.5, 2.5]))
        #expect(try file.tensor("steps") == HostTensor(name: "steps", shape: [], int64s: [7]))
        let half = try file.tensor("half").floats
        #expect(half == [1.5, -0.0, 65504, 0x1p-24, .infinity] && half[1].sign == .minus)
        #expect(try file.tensor("u8").floats == [1, 255])
    }

    @Test func givesPiecesOfWholeGranules() throws {
        let folder = TemporaryFolder()
        let floats = (0..<3_000_001).map(Float.init)
        let tensors = [HostTensor(name: "a", shape: [floats.count], floats: floats), HostTensor(name: "b", shape: [1], doubles: [0.5])]
        try Safetensors.write(tensors, to: folder("file"))
        let file = try Safetensors(path: folder("file"))
        // The second pass reads again what was given back.
        for _ in 0..<2 {
            var (values, pieces) = ([Float](), [Int]())
            try file.readFloats("a", granule: 1000) {
                values += $0; pieces.append($0.count)
            }
            #expect(values == floats)
            #expect(pieces.count > 1 && pieces.dropLast().allSatisfy { $0 % 1000 == 0 })
        }
        try file.readFloats("b") { #expect(Array($0) == [0.5]) }
        checkFailure("the nearest name there is \"a\"") { try file.readFloats("aa") { _ in } }
    }

    @Test func aFileThatBecomesShorterIsAnError() throws {
        let folder = TemporaryFolder()
        let tensors = [HostTensor(name: "a", shape: [1 << 20], floats: [Float](repeating: 1, count: 1 << 20))]
        try Safetensors.write(tensors, to: folder("file"))
        let file = try Safetensors(path: folder("file"))
        try file.readFloats("a") { #expect($0.allSatisfy { $0 == 1 }) }
        #expect(truncate(folder("file"), 5000) == 0)
        checkFailure("became shorter while it was read") { try file.readFloats("a") { _ = $0.reduce(0, +) } }
        checkFailure("became shorter while it was read") { _ = try file.tensor("a") }
        // Other files are not concerned.
        try Safetensors.write(tensors, to: folder("other"))
        #expect(try Safetensors(path: folder("other")).tensor("a").floats.allSatisfy { $0 == 1 })
    }

    @Test func writesWhatItReads() throws {
        let folder = TemporaryFolder()
        let tensors = [
            HostTensor(name: "b", shape: [3], floats: [1, 2, 3]), HostTensor(name: "a", shape: [2, 0], floats: []),
            HostTensor(name: "é \"\\\u{1}", shape: [1], doubles: [.pi]), HostTensor(name: "n", shape: [2], int32s: [-1, .max]),
        ]
        let metadata = ["b": "2", "a": "line\nline", "π": "\t"]
        try Safetensors.write(tensors, metadata: metadata, to: folder("one"))
        try Safetensors.write(tensors.reversed(), metadata: metadata, to: folder("two"))
        let file = try Safetensors(path: folder("one"))
        #expect(file.metadata == metadata)
        for tensor in tensors { #expect(try file.tensor(tensor.name) == tensor) }
        #expect(try file.tensors().map(\.name) == ["é \"\\\u{1}", "a", "b", "n"])
        #expect(try InputFile.read(folder("one")) == InputFile.read(folder("two")))
        #expect(folder.names == ["one", "two"])
    }

    /// Wraps a header and `size` zero bytes.
    private static func file(_ header: String, size: Int) -> Data {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: size)
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "its last byte would be 70, but the file has 66"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "4 bytes belong to no tensor"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "do not fit F32 [2], 8 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "leaves a gap"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4, "no whole number"),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, "no whole number"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, "is too large"),
        (#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, 1, "the element type F8_E4M3 is not known"),
        (#"{"a":{"dtype":"F32","shape":[1]}}"#, 4, "lacks one of"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"color":[]}}"#, 4, "\"color\" is not a property"),
        (#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}"#, 2, "stands twice"),
        (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3, "overlaps"),
        (#"{"\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, 1, "half a surrogate pair"),
        (#"{"__metadata__":{"a":1}}"#, 0, "no '\"' here"),
        (#"{} {}"#, 0, "follows the header's closing brace"),
        (#"{"a"#, 0, "does not end"),
        ("", 0, "no '{' here"),
    ])
    func refuses(header: String, size: Int, message: String) {
        checkFailure(message) { _ = try Safetensors(data: Self.file(header, size: size), path: "bad.safetensors") }
    }

    @Test func refusesImpossibleHeaderSizes() {
        for size in [UInt64.max, UInt64(Int.max), 100_000_001, 9] {
            let data = withUnsafeBytes(of: size.littleEndian) { Data($0) } + Data("{}".utf8)
            checkFailure("the header should have \(size) bytes") { _ = try Safetensors(data: data, path: "bad.safetensors") }
        }
        checkFailure("too short") { _ = try Safetensors(data: Data([1, 2, 3]), path: "bad.safetensors") }
    }

    @Test func readsSurrogatePairs() throws {
        let header = #"{"\ud83d\ude00":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}  "#
        #expect(try Safetensors(data: Self.file(header, size: 1), path: "").entries.map(\.name) == ["😀"])
    }

    @Test func survivesDamage() {
        let refused = checkSurvivesDamage(reference) { _ = try Safetensors(data: $0, path: "damaged").tensors().map(\.floats) }
        #expect(refused > 1000)
    }
}
