import Graph

extension Graph {
    /// Random values for every input and parameter, by name; all can be held by f32.
    ///
    /// Weights and inputs are normal (weights smaller), what starts as ones (scales, variances) lies in 0.5...1.5, integers below `labels`.
    public func randomTensors(seed: Int, labels: Int = 2) -> [String: ReferenceTensor] {
        var random = SplitMix(seed: seed)
        var result: [String: ReferenceTensor] = [:]
        for node in nodes {
            guard let name = node.inputName ?? node.parameter?.name, let extents = node.type.shape.extents else { continue }
            let elements = (0..<extents.reduce(1, *)).map { _ -> Double in
                if node.type.element == .i32 { return Double(Int.random(in: 0..<labels, using: &random)) }
                switch node.parameter?.initializer {
                case nil: return random.normal()
                case .ones: return Double(Float.random(in: 0.5...1.5, using: &random))
                default: return 0.5 * random.normal()
                }
            }
            result[name] = ReferenceTensor(extents, elements)
        }
        return result
    }
}
