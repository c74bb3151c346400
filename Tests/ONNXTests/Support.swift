import Foundation
import Graph
import Interchange
@testable import ONNX
import Operators
import Testing

/// What is handed out beside the package; tests that need it are skipped where it is absent.
enum SharedCases {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../../shared/conformance").standardizedFileURL
    static let isPresent = FileManager.default.fileExists(atPath: folder.path)
    static let whyNot: Comment = "../shared/conformance is not there"
}

/// Makes models of nodes, as exporters write them.
struct ModelText {
    var wire = WireModel()

    init(set: Int = 20) {
        wire.irVersion = 9
        wire.opsetImport = [.with { $0.version = Int64(set) }]
        wire.graph.name = "test"
    }

    mutating func input(_ name: String, _ shape: [Int?], _ type: Int32 = 1) {
        wire.graph.input.append(Self.declared(name, shape, type))
    }

    mutating func output(_ name: String) { wire.graph.output.append(.with { $0.name = name }) }

    mutating func weight(_ name: String, _ shape: [Int], _ values: [Float]) {
        wire.graph.initializer.append(
            .with {
                $0.name = name
                $0.dims = shape.map(Int64.init)
                $0.dataType = 1
                $0.floatData = values
            })
    }

    mutating func integers(_ name: String, _ values: [Int64]) {
        wire.graph.initializer.append(
            .with {
                $0.name = name
                $0.dims = [Int64(values.count)]
                $0.dataType = 7
                $0.int64Data = values
            })
    }

    mutating func node(_ operation: String, _ inputs: [String], _ outputs: [String], _ attributes: [WireAttribute] = [], name: String = "")
    {
        wire.graph.node.append(
            .with {
                $0.opType = operation
                $0.name = name
                $0.input = inputs
                $0.output = outputs
                $0.attribute = attributes
            })
    }

    private static func declared(_ name: String, _ shape: [Int?], _ type: Int32) -> WireNamedValue {
        .with {
            $0.name = name
            $0.type.tensorType.elemType = type
            $0.type.tensorType.shape.dim = shape.map { extent in
                .with { if let extent { $0.dimValue = Int64(extent) } else { $0.dimParam = "batch" } }
            }
        }
    }

    var data: Data {
        get throws { try wire.serializedBytes() }
    }

    func network(given: [String: HostTensor] = [:]) throws -> ImportedNetwork {
        try ImportedNetwork(data: data, path: "model.onnx", given: given)
    }
}

extension ImportedNetwork {
    /// The outputs for some inputs, by the model's names, in fp64.
    func run(_ inputs: [String: HostTensor]) -> [String: HostTensor] {
        var values: [String: ReferenceTensor] = [:]
        var batch = 1
        for input in self.inputs {
            guard let tensor = inputs[input.name] else { continue }
            values[input.graphName] = ReferenceTensor(tensor.shape, tensor.doubles)
            batch = tensor.shape.first ?? 1
        }
        let parameters = Dictionary(uniqueKeysWithValues: weights.map { ($0.name, ReferenceTensor($0.shape, $0.doubles)) })
        let bound = graph.batchSymbol.map { graph.bound([$0: batch]) } ?? graph
        let computed = ReferenceEvaluator().run(bound, inputs: values, parameters: parameters).outputs
        var results: [String: HostTensor] = [:]
        for output in outputs {
            if let known = knownOutputs[output.graphName] { results[output.name] = known }
            guard let tensor = computed[output.graphName] else { continue }
            results[output.name] = self.tensor(of: output, shape: tensor.extents, values: tensor.values.map(Float.init))
        }
        return results
    }
}
