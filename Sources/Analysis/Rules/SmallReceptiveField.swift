import Graph
import Source

extension LintRule {
    static let smallReceptiveField = LintRule(
        "small_receptive_field", "What is averaged for the answer saw small parts of the picture alone.",
        source: "Araujo et al., Distill 2019"
    ) { subject in
        var fields: [Value: ReceptiveField] = [:]
        let operations = subject.graph.values.filter { subject.graph[$0].operation != nil }
        for (value, layer) in zip(operations, subject.description.layers) { fields[value] = layer.receptiveField }
        guard let image = subject.graph.values.first(where: { subject.graph[$0].inputName != nil && subject.graph[$0].type.rank == 4 }),
            let extents = subject.graph[image].type.shape.extents, !subject.attends
        else { return [] }
        return operations.compactMap { value in
            // A pooling that leaves one position, of features that still know where they are.
            guard let features = subject.inputs(of: value).first, let field = fields[features], !field.isWhole,
                fields[value]?.isWhole ?? true, !subject.isView(value), !subject.isWeighted(value), subject.isPooled(value, features),
                let seen = field.extents[0]?.size, let height = extents.dropFirst(2).first
            else { return nil }
            let share = seen / Double(height)
            guard share < 1, subject.leadsToLoss(value) else { return nil }
            return Diagnostic(
                "the features that are averaged saw \(brief(seen)) of \(height) rows of the picture",
                severity: share < 0.5 ? .warning : .note,
                at: subject.graph[features].span, label: "a receptive field of \(brief(seen)) pixels",
                notes: ["what is larger than that is told by its parts alone"],
                help: "add layers, let one of them stride by 2 (which doubles what those behind it add), or use `dilation: 2`")
        }
    }
}

extension LintSubject {
    /// Whether a value has one position where the features had several.
    fileprivate func isPooled(_ value: Value, _ features: Value) -> Bool {
        let (before, after) = (graph[features].type.shape.extents ?? [], graph[value].type.shape.extents ?? [])
        guard before.count == 4, before[2] * before[3] > 1, after.count >= 2, after.prefix(2) == before.prefix(2) else { return false }
        return after.dropFirst(2).allSatisfy { $0 == 1 }
    }

    /// Whether positions look at each other whole: squeeze and excitation, attention.
    fileprivate var attends: Bool {
        graph.values.contains { value in
            guard case .elementwise(let expression)? = lowering(value), case .binary(.multiply, _, _) = expression else { return false }
            let operands = inputs(of: value)
            return operands.count == 2 && graph[operands[0]].type.shape != graph[operands[1]].type.shape
        }
    }

    /// Whether no value that a pooled one leads to has positions again.
    fileprivate func leadsToLoss(_ value: Value) -> Bool {
        var reached: Set<Value> = [value]
        for place in graph.values[(value.index + 1)...] where graph[place].operands.contains(where: reached.contains) {
            if graph[place].type.rank == 4, graph[place].type.shape.dimensions.suffix(2).contains(where: { $0 != 1 }) { return false }
            reached.insert(place)
        }
        return true
    }
}
