import Foundation
import Graph
import Interchange
import ONNX
import Operators
import TestSupport

/// Small valid files of every format that is read, which mutations start from.
enum FileCorpus {
    /// - Parameters:
    ///   - root: the package's folder, with the tests' cases.
    ///   - models: a folder of further models in ONNX, at any depth.
    static func files(root: URL, models: URL?) throws -> [FuzzInput.Kind: [[UInt8]]] {
        let cases = root.appending(path: "Tests/InterchangeTests/Cases")
        var files = try pictures(cases.appending(path: "picture_files.json"))
        let pickles = cases.appending(path: "pytorch")
        files[.pth] = try FileManager.default.contentsOfDirectory(atPath: pickles.path).sorted().map {
            [UInt8](try Data(contentsOf: pickles.appending(path: $0)))
        }
        files[.npy] = tensors.map { NumPy.encode($0) }
        files[.idx] = try [tensors[0], tensors[3], HostTensor(shape: [2, 3], int32s: [1, 2, 3, 4, 5, 6])].flatMap { tensor in
            let plain = try IDX.encode(tensor)
            return [plain, Gzip.compress(plain)]
        }
        let place = FileManager.default.temporaryDirectory.appending(path: "braid-corpus-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: place) }
        func written(_ write: (String) throws -> Void) throws -> [UInt8] {
            try write(place)
            return [UInt8](try Data(contentsOf: URL(filePath: place)))
        }
        // What is made by others has no checksums, which would refuse most changes.
        files[.safetensors] = [try written { try Safetensors.write(tensors, metadata: ["network": "n"], to: $0) }, plainSafetensors]
        let outputs = tensors.map { tensor in TensorOutput(name: tensor.name, element: tensor.element, shape: tensor.shape) { tensor.bytes }
        }
        files[.npz] = try [false, true].map { compresses in
            try written { try NumPy.writeArchive(outputs, compresses: compresses, to: $0) }
        }
        files[.onnx] = try exported() + further(models)
        return files
    }

    private static let tensors = [
        HostTensor(name: "conv.weight", shape: [2, 1, 3, 3], floats: (0..<18).map(Float.init)),
        HostTensor(name: "b", shape: [], int64s: [7]),
        HostTensor(name: "half", element: .f16, shape: [0, 3], bytes: []),
        HostTensor(name: "u", element: .u8, shape: [3], bytes: [1, 2, 3]),
    ]

    private static let plainSafetensors: [UInt8] = {
        let header =
            #"{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},"b":{"dtype":"I64","shape":[],"data_offsets":[8,16]},"c":{"dtype":"F8_E4M3","shape":[3],"data_offsets":[16,19]}}"#
        return withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { [UInt8]($0) } + Array(header.utf8) + [UInt8](0..<19)
    }()

    private struct Picture: Decodable {
        var what: String
        var file: Data
    }

    private static func pictures(_ list: URL) throws -> [FuzzInput.Kind: [[UInt8]]] {
        var files: [FuzzInput.Kind: [[UInt8]]] = [:]
        for picture in try JSONDecoder().decode([Picture].self, from: Data(contentsOf: list)) {
            let name = picture.what.prefix { $0.isLetter }.lowercased()
            files[FuzzInput.Kind(rawValue: name) ?? .pnm, default: []].append([UInt8](picture.file))
        }
        return files
    }

    /// Every operator that can be written, as a model of its own, and small random networks.
    private static func exported() throws -> [[UInt8]] {
        var graphs: [Graph] = (0..<8).map { RandomNetwork.make(seed: $0, batch: $0 % 2 == 0 ? nil : 2, operations: 5) }
        for operation in OperatorCatalog.standard.operators where operation.isInLanguage {
            for example in operation.examples {
                let builder = GraphBuilder(name: "example")
                let operands = example.signature.operands.enumerated().map { builder.input("x\($0)", $1) }
                guard let result = try? builder.append(operation, operands, example.signature.attributes, label: "layer") else { continue }
                builder.output("y", result)
                graphs.append(builder.finish())
            }
        }
        var models: [[UInt8]] = []
        for graph in graphs {
            let writer = ModelWriter(graph) { (parameter, extents) throws(InterchangeError) in
                let count = extents.reduce(1, *)
                return HostTensor(name: parameter.name, shape: extents, floats: (0..<count).map { Float(($0 * 37) % 17 - 8) / 16 })
            }
            // What ONNX cannot express is refused.
            if let data = try? writer.data(path: "corpus.onnx"), data.count <= largestModel { models.append([UInt8](data)) }
        }
        return models
    }

    private static let largestModel = 16_000

    private static func further(_ folder: URL?) -> [[UInt8]] {
        guard let folder else { return [] }
        let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
        let paths = (files?.compactMap { $0 as? URL } ?? []).filter { $0.pathExtension == "onnx" }
        return paths.sorted { $0.path < $1.path }.flatMap { path -> [[UInt8]] in
            guard let data = try? Data(contentsOf: path), data.count <= largestModel else { return [] }
            let model = [UInt8](data)
            // Cases of conformance have tensors for their inputs beside them.
            let tensors = (0..<8).map { path.deletingLastPathComponent().appending(path: "test_data_set_0/input_\($0).pb") }
                .prefix { FileManager.default.fileExists(atPath: $0.path) }.compactMap { try? [UInt8](Data(contentsOf: $0)) }
            guard tensors.count > 1, let held = ProtobufTree(model)?.holding(tensors).bytes else { return [model] }
            return [model, held].filter { $0.count <= largestModel }
        }
    }
}
