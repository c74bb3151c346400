import Graph
import Source

/// Reads an unfinished graph for reports: which steps made a value, how their author wrote them, and what would be if one of their
/// parameters had another value.
struct GraphTrace {
    var graph: Graph
    var map: SourceMap
    /// The labels around the operation that failed: left out of the names of the steps.
    var path: [String]

    /// The operations on the way from `fork` (or the network's input) to `value`, along the first operand that leads back, in order.
    func steps(from fork: Value?, to value: Value) -> [Value] {
        let start = fork?.index ?? -1
        guard value.index > start else { return [] }
        var leads = [Bool](repeating: fork == nil, count: value.index + 1)
        if let fork { leads[fork.index] = true }
        for index in (start + 1)..<(value.index + 1) where fork != nil {
            leads[index] = graph[Value(index)].operands.contains { leads[$0.index] }
        }
        var steps: [Value] = []
        var current = value
        while current != fork, graph[current].operation != nil {
            steps.append(current)
            guard let next = graph[current].operands.first(where: { leads[$0.index] && graph[$0].parameter == nil }) else { break }
            current = next
        }
        return steps.reversed()
    }

    /// The type that the last of `steps` has if a parameter of one of them has another value, nil if a step then does not fit.
    func retype(_ steps: [Value], at changed: Value, setting parameter: String, to value: Attribute) -> TensorType? {
        guard let start = steps.firstIndex(of: changed), let last = steps.last else { return nil }
        var types: [Value: TensorType] = [:]
        for step in steps[start...] {
            let node = graph[step]
            guard let operation = node.operation else { return nil }
            var attributes = node.attributes
            if step == changed { attributes[parameter] = value }
            let isVariadic = operation.inputs.contains(where: \.isVariadic)
            let count = isVariadic ? node.operands.count : operation.inputs.count { $0.role == .operand }
            let operands = node.operands.prefix(count).map { types[$0] ?? graph[$0].type }
            guard var declarations = try? operation.weights(Signature(operands, attributes)),
                declarations.count == node.operands.count - count
            else { return nil }
            // Weights that are given stay as they are.
            for (index, weight) in node.operands.dropFirst(count).enumerated() where graph[weight].parameter == nil {
                declarations[index].type = graph[weight].type
            }
            guard
                let type = try? operation.inferType(Signature(operation.arranged(operands, declarations), attributes))
            else { return nil }
            types[step] = type
        }
        return types[last]
    }

    // MARK: Words

    static func axisName(_ axis: Int, rank: Int) -> String {
        switch (axis, rank) {
        case (0, _): "batch"
        case (1, 2...): "channels"
        case (2, 3): "length"
        case (2, 5): "depth"
        case (2, 4), (3, 5): "height"
        case (3, 4), (4, 5): "width"
        default: "extent \(axis)"
        }
    }

    /// `line 12: `, and "" for what has no line.
    func place(_ value: Value) -> String { map.location(of: graph[value].span).map { "line \($0.line): " } ?? "" }

    /// The operation under its label and as its author wrote it, if that is short.
    func words(_ value: Value) -> String {
        let node = graph[value]
        if let input = node.inputName { return "input \(input)" }
        let functions = node.operation?.parameters.filter { $0.kind == .function }.map { node.attributes.function($0.name).name }
        let name = functions?.first ?? node.operation?.name ?? "\(value)"
        let prefix = path.map { $0 + "." }.joined()
        let label = node.label.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 } ?? ""
        let text = map.text(of: node.span).map { $0.contains("\n") || $0.count > 64 ? name : $0 } ?? name
        if label.isEmpty || text == label { return text }
        return label.hasSuffix("." + name) ? label : "\(label): \(text)"
    }
}

// MARK: - Histories and repairs

extension GraphTrace {
    private static let longestHistory = 10

    /// How an extent came to be what it is: the steps that changed it, and it after each. Nil where none did.
    func history(of value: Value, axis: Int) -> String? {
        let rank = graph[value].type.rank
        let steps = steps(from: nil, to: value)
        guard let first = steps.first, let input = graph[first].operands.first(where: { graph[$0].parameter == nil }) else { return nil }
        var rows: [(what: String, extent: Dimension)] = []
        for step in [input] + steps where graph[step].type.rank == rank {
            let extent = graph[step].type.shape[axis]
            if rows.last?.extent != extent { rows.append(("  \(place(step))\(words(step))", extent)) }
        }
        guard rows.count > 1 else { return nil }
        let hidden = max(0, rows.count - Self.longestHistory)
        rows.removeSubrange(1..<(1 + hidden))
        let width = rows.map(\.what.count).max() ?? 0
        let name = Self.axisName(axis, rank: rank)
        var lines = rows.map { $0.what + String(repeating: " ", count: width - $0.what.count + 2) + "\(name) \($0.extent)" }
        if hidden > 0 { lines.insert("  … \(hidden) more", at: 1) }
        return "how the \(name) came to be \(rows[rows.count - 1].extent):\n" + lines.joined(separator: "\n")
    }

    /// A change of one parameter of one step that mends a fault.
    struct Repair {
        var step: Value
        var parameter: String
        var value: Int
        /// The type of the branch's end after it.
        var result: TensorType
        /// Less is more like what a person would do.
        var cost: Int
    }

    /// The repair by the least change, as a person would weigh it: pads before strides, strides before dilations, and a kernel, which
    /// is not chosen by its border, last; channels only where channels are wrong.
    ///
    /// - Parameters:
    ///   - wanted: a value that the fault suggests, such as the other branch's channels.
    ///   - surcharge: added to the cost of a change of a step.
    ///   - fits: whether a type of the last step mends it.
    func repair(
        of steps: [Value], axis: Int, wanted: Int?, surcharge: (Value) -> Int = { _ in 0 }, fits: (TensorType) -> Bool
    ) -> Repair? {
        var best: Repair?
        for step in steps.suffix(Self.longestHistory * 2) {
            guard let operation = graph[step].operation else { continue }
            let kernel = extent(of: "kernel", step) ?? 1
            for parameter in operation.parameters where [.integer, .pair, .integers, .padding].contains(parameter.kind) {
                guard let weight = Self.weight(of: parameter.name, axis: axis) else { continue }
                let present = extent(of: parameter.name, step)
                // A window is not taken away by way of a repair.
                let low = parameter.name == "pad" ? 0 : parameter.name == "kernel" ? 2 : 1
                for candidate in Array(low...8) + (wanted.map { $0 > 8 ? [$0] : [] } ?? []) where candidate != present {
                    var cost = weight + surcharge(step) + (axis == 1 && candidate == wanted ? 0 : abs(candidate - (present ?? 0)))
                    if parameter.name == "pad", candidate > kernel / 2 { cost += 20 }
                    // Padding is forgotten rather than superfluous.
                    if parameter.name == "pad", candidate < present ?? 0 { cost += 2 }
                    if best.map({ $0.cost <= cost }) == true { continue }
                    guard let value = parameter.kind.convert(.integer(candidate)), value != graph[step].attributes[parameter.name],
                        let type = retype(steps, at: step, setting: parameter.name, to: value), fits(type)
                    else { continue }
                    best = Repair(step: step, parameter: parameter.name, value: candidate, result: type, cost: cost)
                }
            }
        }
        return best
    }

    private static func weight(of parameter: String, axis: Int) -> Int? {
        if axis == 1 { return ["channels", "features"].contains(parameter) ? 0 : nil }
        return ["pad": 0, "stride": 4, "dilation": 12, "kernel": 30][parameter]
    }

    /// The larger of a parameter's numbers, nil where it has none.
    private func extent(of parameter: String, _ step: Value) -> Int? {
        switch graph[step].attributes[parameter] {
        case .integer(let value): value
        case .integers(let values): values.max()
        default: nil
        }
    }

    /// `` `pad: 1` gives height 28 (line 4: conv1: conv(16, 3)) ``
    func text(of repair: Repair, axis: Int) -> String {
        let name = Self.axisName(axis, rank: repair.result.rank)
        if axis == 1 { return "write `\(repair.parameter): \(repair.value)` (\(place(repair.step))\(words(repair.step)))" }
        return
            "`\(repair.parameter): \(repair.value)` gives \(name) \(repair.result.shape[axis]) (\(place(repair.step))\(words(repair.step)))"
    }
}

extension Operator {
    /// The types of operands and declared weights in the order of the inputs.
    fileprivate func arranged(_ operands: [TensorType], _ declarations: [WeightDeclaration]) -> [TensorType] {
        var rest = operands[...]
        var result: [TensorType] = []
        for input in inputs {
            if input.role == .operand {
                let count = input.isVariadic ? rest.count : min(1, rest.count)
                result += rest.prefix(count)
                rest = rest.dropFirst(count)
            } else if let declaration = declarations.first(where: { $0.name == input.name }) {
                result.append(declaration.type)
            }
        }
        return result
    }
}
