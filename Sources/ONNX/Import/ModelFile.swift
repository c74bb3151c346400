import Foundation
import Interchange
import SwiftProtobuf

/// An ONNX file as it was read: its messages, and where tensors lie that are kept beside it.
struct ModelFile {
    let path: String
    /// Its bytes, without those of tensors that are kept beside it.
    let size: Int
    let wire: WireModel
    /// The places of the model's own functions among them, by domain, name and overload.
    let functions: [[String]: Int]
    /// The newest operator sets that the model goes by, by domain; the standard one is "".
    let operatorSets: [String: Int]

    /// The operator sets that the rules here were written for: in older ones some operators repeat operands and take shapes in other ways, and
    /// what newer ones mean nobody knows yet.
    static let knownOperatorSets = 6...ImportRule.newestSet

    /// The operators that meant something else, or said it otherwise, in sets before 6 (ONNX's Changelog.md).
    private static let changedBefore6: Set = [
        "Abs", "Add", "BatchNormalization", "Cast", "Ceil", "Clip", "Concat", "Div", "Dropout", "Elu", "Exp", "Floor", "Gemm",
        "GlobalLpPool", "HardSigmoid", "InstanceNormalization", "LeakyRelu", "Log", "LpPool", "Max", "Mean", "Min", "Mul", "Neg", "PRelu",
        "Pad", "Reciprocal", "Relu", "Reshape", "Selu", "Sigmoid", "Split", "Sqrt", "Sub", "Sum", "Tanh", "Tile",
    ]

    /// Whether the name of a file says that it is one.
    static func isName(_ path: String) -> Bool { path.lowercased().hasSuffix(".onnx") }

    init(path: String) throws(ONNXError) {
        let data: Data
        do {
            data = try InputFile.read(path, maximum: 1 << 31)
        } catch {
            throw ONNXError(path, error.message, repair: error.repair)
        }
        try self.init(data: data, path: path)
    }

    /// Reads a file that is in memory; `path` names it in errors, and the folder of tensors that are kept beside it.
    init(data: Data, path: String) throws(ONNXError) {
        self.path = path
        size = data.count
        do {
            wire = try WireModel(serializedBytes: data)
        } catch {
            throw ONNXError(
                path, "this is no ONNX model: its bytes cannot be read as one",
                repair: "check that the file is complete and was exported as ONNX")
        }
        guard wire.hasGraph, !wire.opsetImport.isEmpty else {
            throw ONNXError(
                path, "this is no ONNX model: it has \(wire.hasGraph ? "no operator set" : "no graph")",
                repair: "check that the file is complete and was exported as ONNX")
        }
        var sets: [String: Int] = [:]
        for set in wire.opsetImport {
            let domain = set.domain == "ai.onnx" ? "" : set.domain
            sets[domain] = max(sets[domain] ?? 0, Int(set.version))
        }
        operatorSets = sets
        functions = Dictionary(wire.functions.enumerated().map { ([$1.domain, $1.name, $1.overload], $0) }) { first, _ in first }
        for set in wire.opsetImport + wire.functions.flatMap(\.opsetImport) where set.domain.isEmpty || set.domain == "ai.onnx" {
            let known = Self.knownOperatorSets
            if known.contains(Int(clamping: set.version)) { continue }
            if set.version < known.lowerBound, set.version > 0 {
                let nodes = Self.nodes(of: wire.graph, wire.functions)
                guard let node = nodes.first(where: { Self.changedBefore6.contains($0.opType) }) else { continue }
                throw ONNXError(
                    path,
                    "the model is of operator set \(set.version), in which \(node.opType) was not what it is from \(known.lowerBound) on",
                    repair: "export it for a newer one, or convert it with onnx.version_converter")
            }
            let target = set.version < known.lowerBound ? "a newer one" : "operator set \(known.upperBound) or an older one"
            throw ONNXError(
                path, "the model is of operator set \(set.version), and those from \(known.lowerBound) to \(known.upperBound) are read",
                repair: "export it for \(target), or convert it with onnx.version_converter")
        }
    }

    /// All nodes, those of branches and functions too.
    private static func nodes(of graph: WireNetwork, _ functions: [WireFunction]) -> [WireNode] {
        var (found, rest): ([WireNode], [WireNode]) = ([], graph.node + functions.flatMap(\.node))
        while let node = rest.popLast() {
            found.append(node)
            for attribute in node.attribute where attribute.hasG { rest += attribute.g.node }
        }
        return found
    }

    /// The files beside the model that its weights name.
    var externalFiles: [String] {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        // Constants and the graphs of branches have tensors of their own.
        let attributes = Self.nodes(of: wire.graph, Array(wire.functions)).flatMap(\.attribute)
        let tensors = wire.graph.initializer + attributes.flatMap { [$0.t] + $0.g.initializer }
        let locations = Set(tensors.flatMap(\.externalData).filter { $0.key == "location" }.map(\.value))
        return locations.sorted().map { folder.appendingPathComponent($0).path }
    }

    /// Domain and name of an operator as errors write them.
    static func fullName(_ node: WireNode) -> String {
        node.domain.isEmpty || node.domain == "ai.onnx" ? node.opType : "\(node.domain).\(node.opType)"
    }
}
