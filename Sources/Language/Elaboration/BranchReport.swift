import Graph
import Source

/// Explains why two branches of a network do not fit together: where they parted, what each did since, where they first differ, and
/// which change of one parameter would mend it.
struct BranchReport {
    private(set) var notes: [String] = []
    private(set) var labels: [Diagnostic.Label] = []
    private(set) var help: String?

    /// What a report looks at.
    struct Context {
        var graph: Graph
        var map: SourceMap
        /// Which parameters of an operation its author wrote.
        var written: [Value: Set<String>]
        /// The labels around the operation that failed: left out of the names of its branches' steps.
        var path: [String]
    }

    private let context: Context
    private var graph: Graph { context.graph }
    private var map: SourceMap { context.map }

    /// A step of a branch that changed the extent in question.
    private struct Change {
        let extent: Dimension
        let value: Value?
    }

    private struct Branch {
        /// The operations since the branches parted, in order.
        var steps: [Value]
        var result: Value
        var changes: [Change] = []
        /// The first operation that made the branches differ, if it lies in this one.
        var culprit: Value?
    }

    /// Nil where there are no two operands that disagree on an extent.
    init?(_ context: Context, of operation: Operator, _ operands: [Value], _ attributes: Attributes) {
        self.context = context
        let graph = context.graph
        guard let complete = try? operation.completing(attributes) else { return nil }
        func fits(_ a: TensorType, _ b: TensorType) -> Bool { (try? operation.inferType(Signature([a, b], complete))) != nil }
        let first = operands[0]
        guard let second = operands.dropFirst().first(where: { !fits(graph[first].type, graph[$0].type) }) else { return nil }
        let (a, b) = (graph[first].type, graph[second].type)
        guard a.rank == b.rank else { return nil }
        let differing = (0..<a.rank).filter { a.shape[$0] != b.shape[$0] }
        // An axis is at fault if the operands do not fit although they agree in all others.
        let axis = differing.first { axis in
            var other = b
            for fine in differing where fine != axis { other.shape[fine] = a.shape[fine] }
            return !fits(a, other)
        }
        guard let axis else { return nil }

        let fork = Self.fork(of: first, second, in: graph)
        var branches = [first, second].map { Branch(steps: steps(from: fork, to: $0), result: $0) }
        for index in branches.indices { branches[index].changes = changes(branches[index], from: fork, along: axis, rank: a.rank) }
        mark(&branches)
        describe(branches, fork: fork, axis: axis)
        help = repair(branches, axis: axis) { fits($0, $1) }
    }

    /// The last value that both depend on.
    private static func fork(of a: Value, _ b: Value, in graph: Graph) -> Value? {
        func ancestors(_ value: Value) -> [Bool] {
            var marks = [Bool](repeating: false, count: value.index + 1)
            marks[value.index] = true
            for index in (0...value.index).reversed() where marks[index] {
                for operand in graph[Value(index)].operands { marks[operand.index] = true }
            }
            return marks
        }
        let (left, right) = (ancestors(a), ancestors(b))
        return (0..<min(left.count, right.count)).reversed().map(Value.init).first {
            left[$0.index] && right[$0.index] && graph[$0].parameter == nil && graph[$0].constant == nil
        }
    }

    /// The operations on the way from `fork` to `value`, along the first operand that leads back.
    private func steps(from fork: Value?, to value: Value) -> [Value] {
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

    private func changes(_ branch: Branch, from fork: Value?, along axis: Int, rank: Int) -> [Change] {
        var changes: [Change] = []
        if let fork, graph[fork].type.rank == rank { changes.append(Change(extent: graph[fork].type.shape[axis], value: nil)) }
        for step in branch.steps where graph[step].type.rank == rank {
            let extent = graph[step].type.shape[axis]
            if changes.last?.extent != extent { changes.append(Change(extent: extent, value: step)) }
        }
        return changes
    }

    private func mark(_ branches: inout [Branch]) {
        let count = max(branches[0].changes.count, branches[1].changes.count)
        for index in 0..<count {
            let pair = branches.map { index < $0.changes.count ? $0.changes[index] : nil }
            if let a = pair[0], let b = pair[1], a.extent == b.extent { continue }
            for side in 0..<2 { branches[side].culprit = pair[side]?.value }
            return
        }
    }
}

// MARK: - Words

extension BranchReport {
    private static let longestBranch = 12

    private func axisName(_ axis: Int, rank: Int) -> String {
        switch (axis, rank) {
        case (0, _): "batch"
        case (1, 2...): "channels"
        case (2, 4): "height"
        case (3, 4): "width"
        default: "extent \(axis)"
        }
    }

    private mutating func describe(_ branches: [Branch], fork: Value?, axis: Int) {
        let name = axisName(axis, rank: graph[branches[0].result].type.rank)
        var lines: [String] = []
        if let fork {
            lines.append("the branches part after \(place(fork))\(words(fork)), \(graph[fork].type)")
        } else {
            lines.append("the branches have nothing in common")
        }
        for (index, branch) in branches.enumerated() {
            let other = graph[branches[1 - index].result].type.shape[axis]
            lines.append(index == 0 ? "first branch:" : "second branch:")
            if branch.steps.isEmpty { lines.append("  \(words(branch.result))  \(graph[branch.result].type)") }
            let hidden = max(0, branch.steps.count - Self.longestBranch)
            let shown = branch.steps.filter { $0 == branch.culprit } + branch.steps.suffix(Self.longestBranch)
            let rows = Set(shown).sorted().map { step -> (String, String) in
                let type = graph[step].type
                let extent = axis < type.rank ? "\(type.shape[axis])" : ""
                let remark = step == branch.culprit ? "  <- \(name) \(extent), \(other) in the other" : ""
                return ("  \(place(step))\(words(step))", "\(type)\(remark)")
            }
            let width = rows.map(\.0.count).max() ?? 0
            if hidden > 0 { lines.append("  … \(branch.steps.count - rows.count) more") }
            lines += rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
            if let culprit = branch.culprit, !graph[culprit].span.isNone {
                let extent = graph[culprit].type.shape[axis]
                labels.append(Diagnostic.Label(graph[culprit].span, "\(name) \(extent) from here on, \(other) in the other branch"))
            }
        }
        notes = [lines.joined(separator: "\n")]
    }

    /// `line 12: `, and "" for what has no line.
    private func place(_ value: Value) -> String { map.location(of: graph[value].span).map { "line \($0.line): " } ?? "" }

    /// The operation under its label and as its author wrote it, if that is short.
    private func words(_ value: Value) -> String {
        let node = graph[value]
        if let input = node.inputName { return "input \(input)" }
        let functions = node.operation?.parameters.filter { $0.kind == .function }.map { node.attributes.function($0.name).name }
        let name = functions?.first ?? node.operation?.name ?? "\(value)"
        let prefix = context.path.map { $0 + "." }.joined()
        let label = node.label.map { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 } ?? ""
        let text = map.text(of: node.span).map { $0.contains("\n") || $0.count > 64 ? name : $0 } ?? name
        if label.isEmpty || text == label { return text }
        return label.hasSuffix("." + name) ? label : "\(label): \(text)"
    }
}

// MARK: - Repair

extension BranchReport {
    /// Tries other values for each parameter of the culprits: first those that the author left to their defaults, last those without
    /// one, for a kernel is not chosen by its border.
    private func repair(_ branches: [Branch], axis: Int, fits: (TensorType, TensorType) -> Bool) -> String? {
        var trials: [(branch: Int, step: Value, parameter: OperatorParameter, rank: Int)] = []
        for (index, branch) in branches.enumerated() {
            guard let step = branch.culprit, let operation = graph[step].operation else { continue }
            for parameter in operation.parameters where [.integer, .pair, .integers, .padding].contains(parameter.kind) {
                let isWritten = context.written[step]?.contains(parameter.name) ?? false
                trials.append((index, step, parameter, parameter.defaultValue == nil ? 2 : isWritten ? 1 : 0))
            }
        }
        for trial in (0...2).flatMap({ rank in trials.filter { $0.rank == rank } }) {
            let other = graph[branches[1 - trial.branch].result].type
            let wanted = other.shape[axis].value
            for candidate in Array(0...8) + (wanted.map { [$0] } ?? []) {
                guard let value = trial.parameter.kind.convert(.integer(candidate)),
                    value != graph[trial.step].attributes[trial.parameter.name],
                    let type = retype(branches[trial.branch], at: trial.step, setting: trial.parameter.name, to: value)
                else { continue }
                let pair = trial.branch == 0 ? (type, other) : (other, type)
                guard type.rank == other.rank, type.shape[axis] == other.shape[axis], fits(pair.0, pair.1) else { continue }
                let name = axisName(axis, rank: type.rank)
                return
                    "`\(trial.parameter.name): \(candidate)` gives \(name) \(type.shape[axis]) (\(place(trial.step))\(words(trial.step)))"
            }
        }
        return nil
    }

    /// The branch's type if one parameter of one of its steps had another value, nil if a step then did not fit.
    private func retype(_ branch: Branch, at culprit: Value, setting parameter: String, to value: Attribute) -> TensorType? {
        guard let start = branch.steps.firstIndex(of: culprit) else { return nil }
        var types: [Value: TensorType] = [:]
        for step in branch.steps[start...] {
            let node = graph[step]
            guard let operation = node.operation else { return nil }
            var attributes = node.attributes
            if step == culprit { attributes[parameter] = value }
            let operands = node.operands.filter { graph[$0].parameter == nil }.map { types[$0] ?? graph[$0].type }
            guard let declarations = try? operation.weights(Signature(operands, attributes)),
                let type = try? operation.inferType(Signature(operation.arranged(operands, declarations), attributes))
            else { return nil }
            types[step] = type
        }
        return types[branch.result]
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
