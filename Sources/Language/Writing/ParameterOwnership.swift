import Graph

/// Which parameters of a graph operators own: the language makes them, and names them by the label of the step.
struct ParameterOwnership {
    /// Operations that own the same parameters: one, or several that share them.
    struct Owner {
        /// Tells owners apart.
        var key: String
        var operation: Operator
        /// The label that the names of the parameters have in front; nil where they have no such names.
        var label: String?
        /// The parameters, with the input that each is and how the operator says it begins.
        var parameters: [(value: Value, input: String, declared: Initializer)]
        var users: Int
        /// Whether one of the parameters is a matrix or kernel.
        var hasMatrix: Bool
    }

    private var owners: [Owner] = []
    private var ownerOfParameter: [Value: Int] = [:]
    private var ownerOfOperation: [Value: Int] = [:]

    func owner(of parameter: Value) -> Owner? { ownerOfParameter[parameter].map { owners[$0] } }

    func owned(by operation: Value) -> [Value] { ownerOfOperation[operation].map { owners[$0].parameters.map(\.value) } ?? [] }

    /// What an operation could own.
    private struct Candidate: Hashable {
        var operation: Operator
        var parameters: [Value]
    }

    init(_ graph: Graph, renamesParameters: Bool) {
        // Only live operations are written.
        let isLive = graph.liveNodes
        var candidates: [Value: Candidate] = [:]
        var uses: [Value: Int] = [:]
        for value in graph.values where isLive[value.index] {
            let node = graph[value]
            for operand in node.operands where graph[operand].parameter != nil { uses[operand, default: 0] += 1 }
            guard let operation = node.operation else { continue }
            let parameters = Self.candidates(graph, value).map(\.value)
            if !parameters.isEmpty { candidates[value] = Candidate(operation: operation, parameters: parameters) }
        }
        for output in graph.outputs where graph[output.value].parameter != nil { uses[output.value, default: 0] += 1 }
        var users: [Candidate: [Value]] = [:]
        for value in graph.values { if let candidate = candidates[value] { users[candidate, default: []].append(value) } }
        var taken: Set<String> = []
        for value in graph.values {
            guard let candidate = candidates[value], ownerOfOperation[value] == nil, let same = users[candidate] else { continue }
            // All that is left of those that belong together, by their names.
            let all = Self.candidates(graph, value).filter { uses[$0.value] == same.count }
            let names = all.map { graph[$0.value].parameter?.name ?? "" }
            var label: String?
            var owned = all
            let prefixes = zip(names, all).map { name, item in
                name.hasSuffix("." + item.input) ? String(name.dropLast(item.input.count + 1)) : nil
            }
            let own = graph[value].label.flatMap { prefixes.contains($0) ? $0 : nil } ?? prefixes.lazy.compactMap { $0 }.first
            if let own, LegalName.isLabel(own), !taken.contains(own) {
                label = own
                owned = zip(all, prefixes).filter { $0.1 == own }.map(\.0)
            }
            if label == nil || renamesParameters && owned.count < all.count {
                // Names that can be declared as they are stay, unless all may change.
                let isIllegal = names.contains {
                    !LegalName.isLabel($0) || $0.split(separator: ".").last.map { LegalName.isName(String($0)) } != true
                }
                guard renamesParameters || isIllegal else { continue }
                owned = all
            }
            guard !owned.isEmpty else { continue }
            if let label { taken.insert(label) }
            let hasMatrix = all.contains { graph[$0.value].type.rank >= 2 }
            let index = owners.count
            owners.append(
                Owner(
                    key: "\(index)", operation: candidate.operation, label: label, parameters: owned, users: same.count,
                    hasMatrix: hasMatrix))
            for item in owned { ownerOfParameter[item.value] = index }
            for user in same { ownerOfOperation[user] = index }
        }
    }

    /// The parameters that an operation could own, as far as its own rule goes: those that are what it declares.
    private static func candidates(_ graph: Graph, _ value: Value) -> [(value: Value, input: String, declared: Initializer)] {
        guard case .operation(let operation, let attributes) = graph[value].kind, operation.isInLanguage else { return [] }
        let operands = graph[value].operands
        let inputs = operation.presentInputs(attributes, count: operands.count)
        guard inputs.contains(where: { $0.role != .operand }) else { return [] }
        let types = zip(inputs, operands).filter { $0.0.role == .operand }.map { graph[$0.1].type }
        guard let declarations = try? operation.weights(Signature(types, attributes)) else { return [] }
        var found: [(value: Value, input: String, declared: Initializer)] = []
        for (input, operand) in zip(inputs, operands) where input.role != .operand {
            guard let parameter = graph[operand].parameter, let declaration = declarations.first(where: { $0.name == input.name }),
                declaration.type == graph[operand].type, parameter.role == (input.role == .state ? .state : .weight),
                case .form = parameter.initializer, !found.contains(where: { $0.value == operand })
            else { continue }
            found.append((operand, input.name, declaration.initializer))
        }
        return found
    }
}
