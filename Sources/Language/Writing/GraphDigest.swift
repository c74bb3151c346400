import Graph
import Operators

/// A graph whatever the order of its nodes: each node by what it is and what it is made of.
struct GraphDigest {
    /// How often each node is there.
    private(set) var nodes: [Int: Int] = [:]
    private var outputs: [String: Int] = [:]
    private var others: Set<String> = []
    private var texts: [Int: String] = [:]

    /// - Parameter written: a source of the graph, whose names the nodes get; parameters for which it could not say how they begin are alike.
    init(_ graph: Graph, as written: WrittenSource, isOriginal: Bool) {
        func name(_ name: String, in names: [String: String]) -> String { isOriginal ? names[name] ?? name : name }
        func sized(_ text: String) -> String {
            guard isOriginal else { return text }
            return written.sizes.filter { $0.key != $0.value }.reduce(text) {
                $0.replacing(TextScanner.text(ofName: $1.key), with: $1.value)
            }
        }
        var isNeeded = graph.nodes.map { $0.parameter != nil || $0.inputName != nil }
        for output in graph.outputs { isNeeded[output.value.index] = true }
        for index in graph.nodes.indices.reversed() where isNeeded[index] {
            for operand in graph.nodes[index].operands { isNeeded[operand.index] = true }
        }
        var digests: [Int] = []
        for (index, node) in graph.nodes.enumerated() {
            var text: String
            switch node.kind {
            case .input(let own): text = "input \(name(own, in: written.inputs)) \(node.preparation?.text ?? "")"
            case .parameter(let parameter):
                let own = name(parameter.name, in: written.parameters)
                text = "\(parameter.role) \(own) " + (written.initializers[own] == nil ? parameter.initializer.text : "")
            case .constant(let value): text = "constant \(value)"
            case .tensor(let tensor):
                var values = Hasher()
                for value in tensor.values { values.combine(value.bitPattern) }
                text = "tensor of \(tensor.values.count) values, \(values.finalize())"
            case .operation(let operation, let attributes):
                text = operation.name
                // What a reshape does its types say, in whichever of its forms.
                for parameter in operation == .reshape ? [] : operation.parameters {
                    guard let value = attributes[parameter.name] else { continue }
                    // The name of a function is no part of what it computes.
                    if case .function(let function) = value { text += " " + function.body.text() } else { text += " \(value)" }
                }
            }
            text += " : " + sized(node.type.text)
            var hasher = Hasher()
            hasher.combine(text)
            for operand in node.operands { hasher.combine(digests[operand.index]) }
            digests.append(hasher.finalize())
            texts[digests[index]] = text
            if isNeeded[index] { nodes[digests[index], default: 0] += 1 }
        }
        for output in graph.outputs { outputs[name(output.name, in: written.outputs)] = digests[output.value.index] }
        others = Set(
            graph.constraints.map { sized("\($0)") + " " + $0.message } + graph.precisions.sorted.map { "\($0.path) \($0.precision)" })
    }

    /// What one graph has and the other has not, in words; empty where they are equal.
    func differences(to other: GraphDigest) -> [String] {
        var found: [String] = []
        for (digest, count) in nodes where other.nodes[digest] != count { found.append("lost: \(texts[digest] ?? "")") }
        for (digest, count) in other.nodes where nodes[digest] != count { found.append("new: \(other.texts[digest] ?? "")") }
        if outputs != other.outputs { found.append("the outputs differ") }
        found += others.symmetricDifference(other.others).sorted()
        return found
    }
}

extension WrittenSource {
    /// What the text, read again, gives other than the graph that it was written from, in words: why it is refused, or what is lost or new.
    ///
    /// Empty where it gives an equal graph, as it should; whoever keeps the text in place of the graph may want to be sure.
    public func differences(from graph: Graph) -> [String] {
        let tensors = Dictionary(uniqueKeysWithValues: files.map { ($0.path, FileTensor(extents: $0.extents, values: $0.values)) })
        let program = Program.load(
            path: network + ".braid", text: text,
            readTensor: { (path) throws(TensorFileError) in
                guard let tensor = tensors[path] else { throw TensorFileError("there is no '\(path)'", repair: "write it beside the text") }
                return tensor
            }
        ) { _ in nil }
        let (made, diagnostics) = program.elaborate(network)
        guard let made else {
            return diagnostics.filter { $0.severity == .error }.map { diagnostic in
                let place = program.map.location(of: diagnostic.primary.span).map { "line \($0.line): " } ?? ""
                return place + diagnostic.message
            }
        }
        return GraphDigest(graph, as: self, isOriginal: true).differences(to: GraphDigest(made.graph, as: self, isOriginal: false))
    }
}
