import Graph
import Source

extension LintRule {
    static let skippedPixels = LintRule(
        "skipped_pixels", "A window moves further than it reaches, so that pixels between are read by nobody."
    ) { subject in
        subject.graph.values.compactMap { value in
            guard let geometry = subject.graph.windowReach(value), let input = subject.inputs(of: value).first,
                subject.graph[input].inputName != nil || subject.users(of: input).count == 1
            else { return nil }
            let read = geometry.reduce(1.0) { $0 * min(1, Double($1.reach) / Double($1.stride)) }
            guard read < 1 else { return nil }
            let wide = geometry.map { max($0.reach, $0.stride) }
            return Diagnostic(
                "\(subject.name(value)) reads \(percent(read)) of its input: its stride is larger than its kernel", severity: .warning,
                at: subject.graph[value].span,
                label: "moves by \(geometry.map { String($0.stride) }.joined(separator: "x")), reaches over "
                    + geometry.map { String($0.reach) }.joined(separator: "x"),
                help: "take a kernel of \(wide.map(String.init).joined(separator: "x")), or pool first: `avg_pool(\(geometry[0].stride))`")
        }
    }
}

extension Graph {
    /// How far a window reaches and moves, axis by axis; nil for what is no window.
    fileprivate func windowReach(_ value: Value) -> [(reach: Int, stride: Int)]? {
        let node = self[value]
        guard node.operation != nil, let kernel = node.attributes["kernel"], let stride = node.attributes["stride"],
            node.operation?.name.contains("transpose") == false
        else { return nil }
        func pair(_ attribute: Attribute) -> [Int]? {
            switch attribute {
            case .integer(let one): [one, one]
            case .integers(let several): several.isEmpty ? nil : several
            default: nil
            }
        }
        guard let kernel = pair(kernel), var stride = pair(stride) else { return nil }
        if stride.count == 1 { stride = kernel.map { _ in stride[0] } }
        guard kernel.count == stride.count else { return nil }
        guard node.attributes["dilation"].flatMap(pair)?.allSatisfy({ $0 == 1 }) ?? true else { return nil }
        // Along an axis of one position nothing is skipped.
        return zip(zip(kernel, stride), node.type.shape.dimensions.suffix(kernel.count)).map {
            ($0.0.0, $0.1 == 1 ? min($0.0.0, $0.0.1) : $0.0.1)
        }
    }
}
