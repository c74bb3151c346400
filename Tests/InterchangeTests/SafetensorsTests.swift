import Foundation
import Graph
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

    /// Wherever a bit of a written file is another, reading says so; only in the blanks behind the header does it not matter.
    @Test func noticesEveryFlippedBit() throws {
        let folder = TemporaryFolder()
        let tensors = [
            HostTensor(name: "fc.weight", shape: [3, 2], floats: [1, 2, 3, 4, 5, 6]),
            HostTensor(name: "fc.bias", shape: [2], doubles: [1, 2]),
            HostTensor(name: "none", shape: [0, 4], floats: []), HostTensor(name: "other", shape: [0], doubles: []),
        ]
        try Safetensors.write(tensors, metadata: ["normalization.mean": "0.5", "network": "n"], to: folder("file"))
        let good = try InputFile.read(folder("file"))
        func read(_ data: Data) throws -> ([HostTensor], [[Float]], [String: String]) {
            let file = try Safetensors(data: data, path: "flipped")
            var floats: [[Float]] = []
            for entry in file.entries {
                var values: [Float] = []
                try file.readFloats(entry.name) { values += $0 }
                floats.append(values)
            }
            return (try file.tensors(), floats, file.metadata)
        }
        let expected = try read(good)
        #expect(expected.2 == ["normalization.mean": "0.5", "network": "n"] && expected.0.count == 4)
        for bit in 0..<good.count * 8 {
            var data = good
            data[bit / 8] ^= 1 << UInt8(bit % 8)
            let result = try? read(data)
            if let result { #expect(result == expected && [0x20, 0x0a, 0x0d, 0x09].contains(data[bit / 8]), "bit \(bit)") }
        }
        var data = good
        data[data.count - 1] ^= 1
        checkFailure("flipped, tensor \"fc.weight\": the file is damaged: its checksum is another than when it was written; copy it again")
        {
            _ = try Safetensors(data: data, path: "flipped").tensor("fc.weight")
        }
        checkFailure("tensor \"fc.weight\": the file is damaged") {
            try Safetensors(data: data, path: "flipped").readFloats("fc.weight") { _ in }
        }
        // What is not read is not checked, and other libraries see the checksums as metadata.
        #expect(try Safetensors(data: data, path: "flipped").tensor("fc.bias") == tensors[1])
        #expect(
            String(decoding: good.prefix(400), as: UTF8.self).contains(
                "\"braid.sha256.fc.bias\":\"\(SHA256.hexadecimal(tensors[1].bytes))\""))
    }

    /// Large tensors are digested beside being used, in pieces.
    @Test func noticesAFlippedBitInAnyPiece() throws {
        let folder = TemporaryFolder()
        try Safetensors.write([HostTensor(name: "a", shape: [3_000_001], floats: (0..<3_000_001).map(Float.init))], to: folder("file"))
        let good = try InputFile.read(folder("file"))
        for place in [good.count - 1, good.count - 5_000_000, good.count - 12_000_000] {
            var data = good
            data[place] ^= 0x40
            let file = try Safetensors(data: data, path: "flipped")
            checkFailure("tensor \"a\": the file is damaged") { try file.readFloats("a", granule: 1000) { _ in } }
        }
    }

    /// Well-known files that are no safetensors: said what they are, and how to convert them.
    @Test(
        arguments: [
            (
                [0x50, 0x4b, 3, 4] + Array("net/data.pkl".utf8),
                "this is a PyTorch file, not safetensors; convert it: braid weights convert /w/net.x /w/net.safetensors"
            ),
            ([0x50, 0x4b, 3, 4] + Array("net/data.pkl net/constants.pkl".utf8), "this is a TorchScript file"),
            ([0x50, 0x4b, 3, 4] + Array("arr_0.npy".utf8), "this is an .npz archive of arrays, not safetensors; convert it"),
            ([0x50, 0x4b, 3, 4] + Array("model.weights.h5".utf8), "this is a Keras model"),
            ([0x50, 0x4b, 3, 4, 0, 0, 0, 0], "this is a zip archive, not safetensors; unpack it"),
            ([0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20], "braid weights convert /w/net.x /w/net.safetensors"),
            ([0x80, 4, 0x95, 0, 0, 0, 0, 0], "a Python pickle"),
            ([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], "this is an HDF5 file"),
            (Array("GGUF\u{3}\0\0\0".utf8), "this is a GGUF file"),
            ([0x1c, 0, 0, 0] + Array("TFL3".utf8), "this is a TensorFlow Lite model"),
            (
                [8, 7, 0x12, 7] + Array("pytorch 2.4 graph".utf8),
                "this is an ONNX model, not safetensors; take its weights with it: braid import /w/net.x"
            ),
            ([0x93] + Array("NUMPY\u{1}\0".utf8), "this is a NumPy array, not safetensors; give it with --input"),
            ([0x1f, 0x8b, 8, 0, 0, 0, 0, 0], "compressed with gzip, not safetensors; unpack it: gunzip"),
            (Array("{\"metadata\": {\"total_size\": 9}, \"weight_map\": {}}".utf8), "the index of weights in several files"),
            (
                Array("version https://git-lfs.github.com/spec/v1\noid".utf8),
                "a pointer of Git LFS, which stands for the file, not safetensors"
            ),
            (Array("\n<!DOCTYPE html><html>".utf8), "this is a web page"), ([0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0], "this is a picture"),
            ([UInt8](repeating: 0, count: 257) + Array("ustar\0".utf8), "this is a tar archive"),
            (Array("network n { }".utf8), "check that the file is complete and really is safetensors"),
        ] as [([UInt8], String)])
    func recognizesOtherFormats(bytes: [UInt8], message: String) {
        checkFailure(message) { _ = try Safetensors(data: Data(bytes), path: "/w/net.x") }
        checkFailure("/w/net.x") { _ = try NumPy.read(data: Data(bytes), path: "/w/net.x") }
    }

    @Test func recognizesWhatIsNoArray() throws {
        let folder = TemporaryFolder()
        try Safetensors.write([HostTensor(name: "a", shape: [1], floats: [1])], to: folder("w"))
        checkFailure("this is a file of weights (safetensors), not a NumPy array (.npy); save the array with numpy.save") {
            _ = try NumPy.read(folder("w"))
        }
        let archive = Data([0x50, 0x4b, 3, 4] + Array("arr_0.npy".utf8))
        checkFailure("numpy.save('x.npy', numpy.load('x.npz')['NAME'])") { _ = try NumPy.read(data: archive, path: "x.npz") }
        // Nothing of a path is written into a line for a shell.
        checkFailure("numpy.load('FILE')['NAME']") { _ = try NumPy.read(data: archive, path: "x'); import os; (\".npz") }
    }

    /// Wraps a header and `size` zero bytes.
    private static func file(_ header: String, size: Int) -> Data {
        withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(count: size)
    }

    @Test(arguments: [
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 4, "its last byte would be 70, but the file has 66"),
        (
            #"{"a":{"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,9223372036854775807]}}"#, 0,
            "but the file has 97; the file is cut off: copy it again"
        ),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,8]}}"#, 4, "the place of tensor \"a\" has more than 2 numbers"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 12, "4 bytes belong to no tensor"),
        (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4, "do not fit F32 [2], 8 bytes"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, 4, "leaves a gap"),
        (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, 4, "no whole number"),
        (#"{"a":{"dtype":"F32","shape":[99999999999999999999],"data_offsets":[0,4]}}"#, 4, "no whole number"),
        (#"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, 4, "is too large"),
        (#"{"a":{"dtype":"F4","shape":[1],"data_offsets":[0,1]}}"#, 1, "the element type F4 is not known"),
        (#"{"a":{"dtype":"C64","shape":[1],"data_offsets":[0,8]}}"#, 8, "the element type C64 is not known; save the tensor as F32"),
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

    @Test func readsAsManyDimensionsAsOthersWrite() throws {
        let folder = TemporaryFolder()
        let shape = [Int](repeating: 1, count: 64)
        try Safetensors.write([HostTensor(name: "a", shape: shape, floats: [5])], to: folder("file"))
        #expect(try Safetensors(path: folder("file")).tensor("a") == HostTensor(name: "a", shape: shape, floats: [5]))
        checkFailure("tensor \"a\": it has 65 dimensions, and tensors of safetensors have 64 at most") {
            try Safetensors.write([HostTensor(name: "a", shape: shape + [1], floats: [5])], to: folder("other"))
        }
        #expect(folder.names == ["file"])
        let extents = String(repeating: "1,", count: 500_000) + "1"
        let header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[\(extents)],\"data_offsets\":[0,4]}}"
        checkFailure("the shape of tensor \"a\" has more than 64 numbers") {
            _ = try Safetensors(data: Self.file(header, size: 4), path: "bad.safetensors")
        }
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
