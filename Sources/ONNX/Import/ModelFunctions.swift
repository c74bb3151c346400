import Graph

/// Calls of the model's own functions, whose nodes go in their place.
extension Importer {
    /// Functions call each other no deeper.
    private static let largestDepth = 16

    /// Puts the nodes of one of the model's own functions in the place of a call.
    func call(_ function: WireFunction, _ node: WireNode) throws(ImportFault) {
        guard depth < Self.largestDepth else { throw .unsupported("functions that call each other more than \(Self.largestDepth) deep") }
        guard node.input.count <= function.input.count, node.output.count <= function.output.count else {
            throw .malformed("\(node.opType) takes \(function.input.count) inputs and makes \(function.output.count) outputs")
        }
        remainingCalls -= size(of: function, node)
        guard remainingCalls >= 0 else {
            throw .unsupported("functions that have more nodes, each call counted, than 65,536 and 100 for each node of the file")
        }
        let outside = (values, initializers)
        var inner: [String: ImportedValue] = [:]
        var innerInitializers: [String: String] = [:]
        for (index, name) in function.input.enumerated() {
            let given = index < node.input.count ? node.input[index] : ""
            guard given.isEmpty || values[given] != nil else { throw .malformed("'\(given)' is read before anything makes it") }
            inner[name] = given.isEmpty ? .absent : values[given]
            innerInitializers[name] = initializers[given]
        }
        var sets: [String: Int] = [:]
        for set in function.opsetImport { sets[set.domain == "ai.onnx" ? "" : set.domain] = Int(set.version) }
        (values, initializers) = (inner, innerInitializers)
        depth += 1
        let asked = zip(node.output, function.output).filter { !$0.0.isEmpty }.map(\.1)
        let attributes = Dictionary((node.attribute + function.attributeProto).map { ($0.name, $0) }) { first, _ in first }
        run(function.node.map { $0.resolvingReferences(to: attributes) }, sets, for: asked)
        depth -= 1
        let made = values
        (values, initializers) = outside
        for (name, output) in zip(node.output, function.output) where !name.isEmpty {
            guard let value = made[output] else { throw .malformed("the function \(node.opType) does not make '\(output)'") }
            values[name] = value
        }
    }

    /// How much a call goes through: the function's nodes, those of branches too, and what they read.
    private func size(of function: WireFunction, _ call: WireNode) -> Int {
        let key = [call.domain, call.opType, call.overload]
        if let known = functionSizes[key] { return known }
        var (size, rest) = (function.input.count + function.output.count, Array(function.node))
        while let node = rest.popLast() {
            size += 1 + node.input.count / 4
            for attribute in node.attribute where attribute.hasG { rest += attribute.g.node }
        }
        functionSizes[key] = size
        return size
    }
}

extension ModelFile {
    /// The model's own function that a node calls.
    func function(_ node: WireNode) -> WireFunction? {
        wire.functions.isEmpty ? nil : functions[[node.domain, node.opType, node.overload]].map { wire.functions[$0] }
    }
}

extension WireNode {
    /// The node with the attributes that refer to those of a call.
    func resolvingReferences(to values: [String: WireAttribute]) -> WireNode {
        guard attribute.contains(where: { !$0.refAttrName.isEmpty }) else { return self }
        var node = self
        node.attribute = attribute.compactMap { attribute in
            guard !attribute.refAttrName.isEmpty else { return attribute }
            guard var value = values[attribute.refAttrName] else { return nil }
            value.name = attribute.name
            return value
        }
        return node
    }
}
