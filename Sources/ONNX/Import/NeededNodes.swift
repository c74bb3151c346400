/// The nodes of a graph that its outputs need: what exporters leave behind besides is not read, whatever it is.
enum NeededNodes {
    /// The nodes in their order, without names for results that nothing needs.
    static func of(_ nodes: [WireNode], for outputs: [String]) -> [WireNode] {
        var needed = Set(outputs)
        var kept: [WireNode] = []
        for node in nodes.reversed() {
            let asked = node.output.map { !$0.isEmpty && needed.contains($0) }
            guard asked.contains(true) else { continue }
            var node = node
            for (index, isAsked) in asked.enumerated() where !isAsked { node.output[index] = "" }
            kept.append(node)
            // What a branch reads may be of the graph around it.
            needed.formUnion(node.allReads)
        }
        return kept.reversed()
    }
}
