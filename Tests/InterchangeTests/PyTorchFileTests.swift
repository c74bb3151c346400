import Foundation
import Graph
import Testing

@testable import Interchange

/// Files that PyTorch itself wrote, see Cases/pytorch_files.py.
@Suite struct PyTorchFileTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Cases")

    private struct Expected: Decodable {
        struct Tensor: Decodable {
            var name: String
            var type: String
            var shape: [Int]
            var values: [Value]
        }

        /// A number, or a text where JSON has no such number.
        struct Value: Decodable {
            var number: Double

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Double.self) {
                    self.number = number
                } else {
                    number = try #require(Double(try container.decode(String.self)))
                }
            }
        }

        var found: String?
        var tensors: [Tensor]
    }

    private static let expected = Result {
        try JSONDecoder().decode(
            [String: Expected].self, from: Data(contentsOf: folder.appendingPathComponent("pytorch_files.json")))
    }

    static func data(_ name: String) throws -> Data { try Data(contentsOf: folder.appendingPathComponent("pytorch/\(name)")) }

    @Test func readsWhatPyTorchWrites() throws {
        let files = try Self.expected.get()
        #expect(files.count >= 17)
        for (name, expected) in files.sorted(by: { $0.key < $1.key }) {
            let torch = try PyTorchFile(data: try Self.data(name), path: name)
            #expect(torch.found == expected.found, "\(name)")
            let file = try WeightsFile(data: try Self.data(name), path: name)
            #expect(file.format == .torch && file.entries.map(\.name) == expected.tensors.map(\.name), "\(name)")
            for tensor in expected.tensors {
                let entry = try #require(file[tensor.name])
                let element = try #require(PyTorchElement(type: tensor.type)?.element)
                #expect(entry.element == element && entry.shape == tensor.shape, "\(name) \(tensor.name)")
                let values = tensor.values.map(\.number)
                func same(_ one: [Double], _ other: [Double]) -> Bool {
                    one.count == other.count && zip(one, other).allSatisfy { $0 == $1 || $0.isNaN && $1.isNaN }
                }
                let read = try file.tensor(tensor.name)
                #expect(same(read.doubles, values), "\(name) \(tensor.name): \(read.doubles) \(values)")
                var floats: [Float] = []
                try file.readFloats(tensor.name, granule: 3) { floats += $0 }
                #expect(same(floats.map(Double.init), values.map { Double(Float($0)) }), "\(name) \(tensor.name): \(floats)")
            }
        }
    }

    @Test func tellsWhereTheWeightsAre() throws {
        func notes(_ name: String) throws -> [String] { try WeightsFile(data: try Self.data(name), path: name).notes }
        #expect(try notes("state_dict.pth") == [])
        #expect(try notes("nested.pth") == ["nested.pth: the weights are those under 'model.state_dict'"])
        #expect(try notes("several.pth").first?.contains("all its tensors are taken") == true)
    }

    @Test(arguments: [
        (
            "model",
            "refused_model/data.pkl, byte 2: it holds a whole model, an object of the Python class torch.nn.modules.container.Sequential, "
                + "not weights alone; save those: torch.save(model.state_dict(), 'weights.pth')"
        ),
        ("quantized", "it holds a tensor that is quantized, sparse or on no device: it asks for torch._utils._rebuild_qtensor"),
        ("sparse", "it asks for torch._utils._rebuild_sparse_tensor"),
        ("complex", "tensor \"weight\": its elements are of type complex64, which is not read; convert it first"),
        ("tensor", "the file holds a tensor without a name, not a dictionary of tensors by name"),
        ("list", "the file holds a list, not a dictionary of tensors by name"), ("nothing", "the file holds no tensors by name"),
        ("array", "it asks Python for numpy._core.multiarray._reconstruct, which tensors do not need; nothing of a file is ever run"),
    ])
    func refuses(name: String, message: String) throws {
        let data = try Self.data("refused_\(name).pth")
        checkFailure(message) { _ = try WeightsFile(data: data, path: "x.pth") }
    }

    /// Shards of PyTorch and safetensors files behind one index, and what is wrong with indices.
    @Test func readsIndices() throws {
        let folder = TemporaryFolder()
        try Safetensors.write(
            [HostTensor(name: "a", shape: [2], floats: [1, 2]), HostTensor(name: "unlisted", shape: [1], floats: [0])],
            metadata: ["format": "pt"], to: folder("one.safetensors"))
        try AtomicFile.write(try Self.data("parameters.pth"), to: folder("two.bin"))
        func index(_ map: String) throws -> WeightsFile {
            let text = "{\"metadata\": {\"total_size\": 9}, \"weight_map\": {\(map)}}"
            try AtomicFile.write(Data(text.utf8), to: folder("model.safetensors.index.json"))
            return try WeightsFile(path: folder("model.safetensors.index.json"))
        }
        let file = try index(#""bias": "two.bin", "a": "one.safetensors", "weight": "two.bin""#)
        #expect(file.format == .index && file.entries.map(\.name) == ["a", "weight", "bias"] && file.metadata == ["format": "pt"])
        let paths = ["model.safetensors.index.json", "one.safetensors", "two.bin"].map { folder($0) }
        #expect(file.paths == paths && WeightsFile.paths(of: paths[0]) == paths)
        // A part of the tensors under other names is still of these files.
        #expect(file.keeping { $0 == "a" }.renamed(["a": "b"]).paths == paths)
        #expect(WeightsFile.paths(of: paths[1]) == [paths[1]] && WeightsFile.paths(of: folder("none.json")) == [folder("none.json")])
        #expect(try file.tensor("a").floats == [1, 2] && file.tensor("weight").floats == [0, 1, 2, 3])
        checkFailure("there is no tensor \"unlisted\" in the file; the nearest name there is") { _ = try file.tensor("unlisted") }
        checkFailure("of its 3 files 2 are missing; download it again") {
            _ = try index(#""a": "one.safetensors", "b": "three.bin", "c": "four.bin""#)
        }
        checkFailure("three.bin") { _ = try index(#""b": "three.bin""#) }
        checkFailure("tensor \"b\": one.safetensors should have it, and has it not") { _ = try index(#""b": "one.safetensors""#) }
        for outside in ["../one.safetensors", "/etc/passwd", "..", ""] {
            checkFailure("names a file outside of its folder: '\(outside)'") { _ = try index("\"a\": \"\(outside)\"") }
        }
        checkFailure("names a file with a zero byte in its name") { _ = try index(#""a": "one.safetensors\u0000.bin""#) }
        checkFailure("no index of weights") {
            try AtomicFile.write(Data("{\"weight_map\": [1]}".utf8), to: folder("x.json"))
            _ = try WeightsFile(path: folder("x.json"))
        }
        // An index may not name itself, or another one.
        try AtomicFile.write(Data("{\"weight_map\": {\"a\": \"x.json\"}}".utf8), to: folder("x.json"))
        checkFailure("x.json") { _ = try WeightsFile(path: folder("x.json")) }
    }

    /// Big-endian storages, which PyTorch writes on such machines.
    @Test func readsBigEndianArchives() throws {
        let archive = try ZipArchive(data: try Self.data("parameters.pth"), path: "")
        let entries = archive.entries.map { entry in
            ZipArchiveWriter.Entry(name: entry.name) { () throws(InterchangeError) in
                let bytes = [UInt8](try archive.read(entry))
                if entry.name.hasSuffix("/byteorder") { return Array("big".utf8) }
                return entry.name.contains("/data/") && !entry.name.contains("/.data") ? swappingBytes(bytes, size: 4) : bytes
            }
        }
        let file = try WeightsFile(data: Data(try ZipArchiveWriter.encode(entries)), path: "")
        var floats: [Float] = []
        try file.readFloats("weight") { floats += $0 }
        #expect(try file.tensor("weight").floats == [0, 1, 2, 3] && floats == [0, 1, 2, 3])
        checkFailure("compressed or encrypted, and is wanted as it is") {
            _ = try WeightsFile(data: Data(try ZipArchiveWriter.encode(entries, compresses: true)), path: "")
        }
    }

    /// Archives of more than 4 GiB have numbers of 64 bits, as these have where they need none.
    @Test func readsNumbersOf64Bits() throws {
        let archive = try ZipArchive(data: try Self.data("parameters.pth"), path: "")
        let entries = archive.entries.map { entry in
            ZipArchiveWriter.Entry(name: entry.name) { () throws(InterchangeError) in [UInt8](try archive.read(entry)) }
        }
        let plain = try ZipArchiveWriter.encode(entries)
        for widest in [0, 4, 100, plain.count] {
            let wide = try ZipArchiveWriter.encode(entries, widest: widest)
            #expect((wide.count > plain.count) == (widest < plain.count))
            let file = try WeightsFile(data: Data(wide), path: "")
            #expect(try file.tensor("weight").floats == [0, 1, 2, 3] && file.tensor("bias").floats == [0, 1])
        }
    }

    @Test(arguments: ["checkpoint.pth", "views_legacy.pth", "protocol4.pth"])
    func survivesDamage(name: String) throws {
        let refused = checkSurvivesDamage(try Self.data(name), changes: 400) { bytes in
            let file = try WeightsFile(data: bytes, path: "damaged")
            for entry in file.entries { _ = try file.tensor(entry.name).floats }
        }
        #expect(refused > 300)
    }

    @Test func noticesDamagedStorages() throws {
        var data = try Self.data("unchecked.pth")
        let place = try #require(data.firstRange(of: Data([0, 0, 0x40, 0x40]))).lowerBound
        data[place] = 1
        _ = try WeightsFile(data: data, path: "").tensor("weight")
        data = try Self.data("parameters.pth")
        data[try #require(data.firstRange(of: Data([0, 0, 0x40, 0x40]))).lowerBound] = 1
        let file = try WeightsFile(data: data, path: "x.pth")
        checkFailure("the archive's entry is damaged") { _ = try file.tensor("weight") }
        checkFailure("the archive's entry is damaged") { try file.readFloats("weight") { _ in } }
    }
}
