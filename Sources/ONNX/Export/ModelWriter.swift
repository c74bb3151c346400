import Foundation
import Graph
import Interchange
import Operators
import SwiftProtobuf

/// Writes a network as an ONNX model: a node an operator where ONNX has it, else the operators that it is written with.
public struct ModelWriter {
    /// The operator set that models are written for.
    public static let operatorSet = 20
    /// The newest format of files that goes with it, which older programs read, too.
    static let version = 9

    /// How much batch normalizations keep of themselves.
    public enum Normalizations: Sendable {
        case kept
        /// Their scales are part of the weights before them, their shifts of the biases.
        case folded
    }

    let graph: Graph
    let documentation: String
    let metadata: [String: String]
    let weights: (Parameter, [Int]) throws(InterchangeError) -> HostTensor

    /// - Parameters:
    ///   - graph: a network that predicts; its batch may be a symbol.
    ///   - normalizations: whether batch normalizations stay, or become part of the layers before them.
    ///   - documentation: what the model says of itself.
    ///   - metadata: what else it says, by name, such as what weights remember of the pictures that they were trained with.
    ///   - weights: the tensor of a parameter, of these extents.
    public init(
        _ graph: Graph, documentation: String = "", metadata: [String: String] = [:], normalizations: Normalizations = .kept,
        weights: @escaping (Parameter, [Int]) throws(InterchangeError) -> HostTensor
    ) {
        self.documentation = documentation
        self.metadata = metadata
        switch normalizations {
        case .kept: (self.graph, self.weights) = (graph, weights)
        case .folded:
            let folded = FoldedNormalizations(graph, weights)
            self.graph = folded.graph
            self.weights = folded.weights
        }
    }

    /// The bytes of the model's file.
    ///
    /// Throws all operators that ONNX does not have, at once.
    public func data(path: String) throws -> Data {
        guard graph.sizeSymbols.isEmpty, !graph.movesBatch else {
            let batch = graph.movesBatch ? [graph.batchSymbol].compactMap(\.self) : []
            let repairs = graph.sizeSymbols.map { "-D \($0)=NUMBER" } + batch.map { _ in "--batch 1" }
            throw ONNXError(
                path, "'\(graph.name)' has sizes that are no numbers yet: \((graph.sizeSymbols + batch).joined(separator: ", "))",
                repair: "give them as numbers: \(repairs.joined(separator: " "))")
        }
        let whole = graph.decomposed(mode: .inference) { ExportRule.rule(for: $0, $1) != nil }
        let scope = ExportScope(whole)
        for value in whole.values { try scope.write(value, weights) }
        try scope.require(path)
        var wire = WireModel()
        wire.irVersion = Int64(Self.version)
        wire.producerName = "braid"
        wire.producerVersion = "0.1"
        if !documentation.isEmpty { wire.docString = documentation }
        wire.metadataProps = metadata.sorted { $0.key < $1.key }.map { entry in
            .with { ($0.key, $0.value) = entry }
        }
        wire.opsetImport = [.with { $0.version = Int64(Self.operatorSet) }]
        wire.graph = scope.finish(name: graph.name)
        let data: Data = try wire.serializedBytes()
        // A message of protobuf is smaller.
        guard data.count < 1 << 31 else {
            throw ONNXError(path, "the model has \(data.count) bytes, more than an ONNX file can", repair: "export it without its weights")
        }
        return data
    }

    /// Writes the model's file, whole or not at all.
    public func write(to path: String) throws { try AtomicFile.write(data(path: path), to: path) }
}
