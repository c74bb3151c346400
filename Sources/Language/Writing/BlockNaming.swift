/// Names for blocks: what the labels of their calls have in common, or what they do.
enum BlockNaming {
    /// - Parameter types: the innermost first, so that names of blocks within are known.
    static func name(_ types: [BlockType], _ functions: FunctionNames) {
        var counts: [String: Int] = [:]
        for type in types {
            type.name = base(of: type, withDigits: false)
            counts[type.name, default: 0] += 1
        }
        for type in types {
            // Of several that would be called alike, what tells them apart.
            let wanted = base(of: type, withDigits: counts[type.name] != 1)
            type.name = functions.taken.distinct(functions.taken.has(wanted) ? wanted + "_block" : wanted, separator: "_")
        }
    }

    /// Words of labels that say nothing of what stands under them.
    private static let vague: Set<String> = [
        "layer", "layers", "block", "blocks", "feature", "features", "module", "modules", "stage", "stages", "net", "model", "body",
    ]

    /// What all labels of the calls begin with, as far as they are words; else what the body does.
    private static func base(of type: BlockType, withDigits: Bool) -> String {
        let words = Set(type.instances.compactMap { word($0.path) })
        let stems = Set(words.map { stem($0) })
        if words.count == 1 || stems.count == 1 || type.size > 4, let first = words.first {
            let common = words.reduce(first) { $0.commonPrefix(with: $1) }
            let name = withDigits ? common : stem(common)
            if name.count >= 2, !isVague(name) { return LegalName.name(from: name.lowercased(), or: "block") }
        }
        let steps = type.model.body.steps
        if steps.contains(where: { isArithmetic($0, .add) }) { return "residual" }
        // What all labels in it begin with.
        let inner = Set(steps.filter(\.needsLabel).map { $0.label.dropFirst(type.model.depth).first ?? "" })
        if inner.count == 1, let name = inner.first, name.count >= 3, !name.allSatisfy(\.isNumber), !isVague(name) {
            return LegalName.name(from: stem(name).lowercased(), or: "block")
        }
        let joins = steps.contains { step in
            if case .operation(let operation) = step.callee {
                operation.inputs.contains(where: \.isVariadic) && step.operands.count > 1
            } else {
                false
            }
        }
        if joins, steps.filter(\.isBlock).count > 1 || steps.filter(\.hasMatrix).count > 1 { return "branches" }
        if steps.last.map({ isArithmetic($0, .multiply) }) == true { return "gated" }
        if steps.allSatisfy(\.isBlock) { return "stage" }
        let names = steps.compactMap { step -> String? in
            switch step.callee {
            case .operation(let operation): operation.name
            case .function: step.defaultLabel
            case .block(let block): block.type?.name
            case .parameter: step.label.last
            case .constant, .loop, .optional: nil
            }
        }
        // A word for what would be too many.
        let name = names.count <= 4 ? names.joined(separator: "_") : (names.first ?? "") + "_unit"
        return LegalName.name(from: names.isEmpty ? "unit" : name, or: "unit")
    }

    /// Whether a step adds or multiplies two tensors, as shortcuts and gates do.
    private static func isArithmetic(_ step: OutlineStep, _ mark: BinaryOperator) -> Bool {
        guard case .operation(let operation) = step.callee, operation == mark.tensorOperator else { return false }
        return step.operands.allSatisfy { $0.wire != nil }
    }

    private static func isVague(_ name: String) -> Bool { vague.contains(name.lowercased().filter(\.isLetter)) }

    /// A word without the numbers behind it.
    private static func stem(_ word: String) -> String {
        String(word.reversed().drop { $0.isNumber || $0 == "_" }.reversed())
    }

    /// The last part of a path that is a word, without numbers around it.
    private static func word(_ path: String) -> String? {
        let parts = path.split(separator: ".").map { $0.prefix { $0 != SharedTowers.mark } }
        return parts.last { !$0.allSatisfy(\.isNumber) }.map(String.init)
    }
}
