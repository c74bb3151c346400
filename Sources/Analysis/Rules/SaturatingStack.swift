import Graph
import Source

extension LintRule {
    /// A sigmoid's slope is a quarter at most: three of them leave 1/64 of a gradient, whatever the weights are.
    static let saturatingStack = LintRule(
        "saturating_stack", "Layers with sigmoids or tanhs follow each other without normalization between.",
        source: "Glorot & Bengio 2010; Glorot et al. 2011"
    ) { subject in
        let made = subject.propagation.graph
        let users = made.users()
        // Those that a layer reads, not gates, which are multiplied with something.
        let stacked = subject.activations.filter { activation in
            activation.saturates && made.isBetweenLayers(activation, users)
        }
        guard let first = stacked.first, let steepest = stacked.map(\.steepest).max() else { return [] }
        let isSteep = steepest >= 0.9
        guard stacked.count >= (isSteep ? 8 : 3) else { return [] }
        let slope = stacked.reduce(1.0) { $0 * $1.steepest }
        let name = made[first.value].operation.map { made[first.value].name(of: $0) } ?? "this"
        return [
            Diagnostic(
                "\(stacked.count) layers follow each other with `\(name)`, which saturates", severity: .warning, at: made[first.value].span,
                label: isSteep ? "flat outside of about -2...2" : "its slope is \(brief(steepest)) at most",
                notes: [
                    isSteep
                        ? "its slope is 1 at most, and less for all inputs but 0: gradients shrink a little in each layer, and more as weights grow"
                        : "together their slopes leave \(brief(slope)) of a gradient at most, and weights would have to make up for it"
                ],
                help: "use `relu` or `gelu` with `initialize conv: he_normal, linear: he_normal`, or put `batchnorm` before each `\(name)`")
        ]
    }
}

extension Graph {
    /// Whether an activation's operand comes from a layer without a normalization between, and layers alone read its result.
    fileprivate func isBetweenLayers(_ activation: LintSubject.Activation, _ users: [[Value]]) -> Bool {
        func comesFromLayer(_ value: Value) -> Bool {
            if isWeighted(value) { return true }
            guard let lowering = lowering(of: value), self[value].operation.map({ !LintSubject.normalizations.contains($0) }) ?? false
            else { return false }
            switch lowering {
            case .elementwise, .view, .window: break
            default: return false
            }
            let operands = self[value].operands.filter { !isParameter($0) }
            return operands.count == 1 && comesFromLayer(operands[0])
        }
        func leadsToLayer(_ value: Value) -> Bool {
            users[value.index].contains { user in
                if isWeighted(user) { return true }
                let operands = self[user].operands.filter { !isParameter($0) }
                guard operands.count == 1, let operation = self[user].operation, !LintSubject.normalizations.contains(operation) else {
                    return false
                }
                return leadsToLayer(user)
            }
        }
        return comesFromLayer(activation.operand) && leadsToLayer(activation.value)
    }
}
