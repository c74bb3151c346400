import Analysis
import Compiler
import Foundation
import Graph
import Interchange
import ONNX
import Operators
import Source

/// Models in ONNX: refused with all that is wrong with them, or sound for all that comes after, also written again.
extension FuzzChecks {
    /// Larger graphs are imported, and not computed.
    private static let largestValue = 1 << 12
    private static let largestWork = 1 << 23
    /// What is added to scores that are not to count is this large.
    private static let smallestMask = 1e30

    func model(_ bytes: [UInt8]) throws(FuzzFinding) -> Bool {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-model-\(ProcessInfo.processInfo.processIdentifier)")
        let path = folder.appending(path: "fuzz.onnx").path
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(bytes).write(to: URL(filePath: path))
        } catch {
            throw FuzzFinding(description: "\(error)")
        }
        defer { try? FileManager.default.removeItem(at: folder) }
        let memory = measuresMemory ? PeakMemory() : nil
        let network: Network
        do {
            network = try Network.load(path)
        } catch {
            try check(error.diagnostics, error.sources)
            try require(error.diagnostics.allSatisfy { $0.message.hasPrefix(path) }, "an error that names no file: \(error)")
            try memory?.require(atMost: bytes.count, "refusing a model")
            return false
        }
        guard let model = network.model else { throw FuzzFinding(description: "the model is lost") }
        try memory?.require(atMost: bytes.count + model.weights.reduce(0) { $0 + $1.bytes.count }, "importing")
        try parameters(model)
        try roundTrip(network.graph)
        guard isSmall(network.graph) else { return true }
        try written(network.graph)
        try described(network)
        let bound: Network
        do {
            bound = try network.sized(Dictionary(uniqueKeysWithValues: network.sizeSymbols.enumerated().map { ($1, 6 + 2 * $0) }))
        } catch {
            try check(error.diagnostics, error.sources)
            return true
        }
        try roundTrip(bound.graph)
        try road(bound)
        try computed(bound, model)
        return true
    }

    /// Every parameter has one tensor of its shape.
    private func parameters(_ model: ImportedNetwork) throws(FuzzFinding) {
        var shapes: [String: [Int]] = [:]
        for weight in model.weights {
            try require(shapes.updateValue(weight.shape, forKey: weight.name) == nil, "two tensors called \(weight.name)")
        }
        for node in model.graph.nodes {
            guard let parameter = node.parameter else { continue }
            let shape = shapes[parameter.name]
            try require(shape != nil && shape == node.type.shape.extents, "\(parameter.name): \(node.type) has the tensor \(shape ?? [])")
        }
    }

    /// The model in fp64, and written and read again.
    private func computed(_ network: Network, _ model: ImportedNetwork) throws(FuzzFinding) {
        var graph = network.graph
        if let batch = graph.batchSymbol {
            do {
                graph = try graph.bound(sizes: [batch: Self.batch])
            } catch {
                return try check([error.diagnostic], SourceMap())
            }
        }
        guard graph.nodes.allSatisfy({ $0.type.shape.elementCount.map { $0 <= Self.largestValue } ?? false }) else { return }
        let weights = Dictionary(model.weights.map { ($0.name, $0) }) { first, _ in first }
        // What operators are made of may be larger than what they give.
        guard graph.decomposed(mode: .inference).nodes.allSatisfy({ ($0.type.shape.elementCount ?? 0) <= 1 << 20 }) else { return }
        // Windows may be wider than what they read.
        guard ReferenceEvaluator().work(of: graph) <= Self.largestWork else { return }
        let whole = Set(model.inputs.filter { ![.f64, .f32, .f16, .bf16].contains($0.element.stored) }.map(\.graphName))
        // What f32 does not hold is another number where it is a constant of what is written.
        guard let (results, intermediate) = outputs(graph, weights, whole) else { return }
        let data: Data
        do {
            let writer = ModelWriter(graph) { (parameter, _) throws(InterchangeError) in
                guard let weight = weights[parameter.name] else {
                    throw InterchangeError("fuzz", "no tensor \(parameter.name)", repair: "none")
                }
                return weight
            }
            data = try writer.data(path: "fuzz.onnx")
        } catch let error as ONNXError {
            return try require(!error.message.isEmpty && !error.repair.isEmpty, "an error that says nothing: \(error)")
        } catch {
            throw FuzzFinding(description: "writing fails with an error of another kind: \(error)")
        }
        let again: ImportedNetwork
        do {
            again = try ImportedNetwork(data: data, path: "fuzz.onnx")
        } catch {
            throw FuzzFinding(description: "what was written is refused: \(error.message) \(error.notes)\n\(graph.text())")
        }
        guard again.graph.symbols.isEmpty else { throw FuzzFinding(description: "what was written has other sizes\n\(again.graph.text())") }
        let weightsAgain = Dictionary(again.weights.map { ($0.name, $0) }) { first, _ in first }
        guard let (repeated, _) = outputs(again.graph, weightsAgain, whole) else { return }
        for (name, expected) in results {
            if again.knownOutputs[name] != nil { continue }
            guard let found = repeated[name] else { throw FuzzFinding(description: "what was written lacks \(name)\n\(graph.text())") }
            try require(
                found.extents == expected.extents,
                "\(name) is \(expected.extents), and \(found.extents) where it is written\n\(graph.text())")
            let largest = expected.values.lazy.map(abs).filter(\.isFinite).max() ?? 0
            // Of numbers that cancel, f32 leaves what it rounds off of a constant.
            let tolerance = max(1e-3 * max(largest, 1e-6), 1e-6 * intermediate)
            for (a, b) in zip(expected.values, found.values) where a.isFinite && b.isFinite && abs(a - b) > tolerance {
                throw FuzzFinding(
                    description: "\(name) has \(a), and \(b) where it is written\n\(graph.text())\n-- is --\n\(again.graph.text())")
            }
        }
    }

    /// - Parameter whole: the inputs that are integers in the model, whatever the graph computes them as.
    /// - Returns: also the largest number on the way, but for those that mask others; nil where some value lies beyond what f32 holds, and
    ///   where an element is taken that is none: what comes of it is not defined.
    private func outputs(
        _ graph: Graph, _ weights: [String: HostTensor], _ whole: Set<String>
    ) -> (values: [String: ReferenceTensor], intermediate: Double)? {
        var inputs: [String: ReferenceTensor] = [:]
        for node in graph.nodes {
            guard let name = node.inputName, let extents = node.type.shape.extents else { continue }
            let count = extents.reduce(1, *)
            let values =
                node.type.element == .f32 && !whole.contains(name)
                ? (0..<count).map { Double($0 * 37 % 17 - 8) / 8 } : [Double](repeating: 0, count: count)
            inputs[name] = ReferenceTensor(extents, values)
        }
        // As a graph computes with them, whatever they are stored as.
        let parameters = weights.mapValues { ReferenceTensor($0.shape, $0.floats.map(Double.init)) }
        let plain = graph.decomposed(mode: .inference)
        let values = ReferenceEvaluator().values(of: plain, inputs: inputs, parameters: parameters)
        let largest = Double(Float.greatestFiniteMagnitude)
        guard values.allSatisfy({ $0.values.allSatisfy { !$0.isFinite || $0.magnitude <= largest } }) else { return nil }
        for node in plain.nodes where node.operation == .gather {
            let axis = node.attributes.integer("axis")
            let extents = values[node.operands[0].index].extents
            let extent = Double(extents[axis < 0 ? axis + extents.count : axis])
            guard values[node.operands[1].index].values.allSatisfy({ 0..<extent ~= $0 }) else { return nil }
        }
        let intermediate = values.lazy.flatMap(\.values).map(\.magnitude).filter { $0 < Self.smallestMask }.max() ?? 0
        return (Dictionary(plain.outputs.map { ($0.name, values[$0.value.index]) }) { first, _ in first }, intermediate)
    }
}
