import Graph
import Source

/// Explains why two branches of a network do not fit together: where they parted, what each did since, where they first differ, and
/// which change of one parameter would mend it.
struct BranchReport {
    private(set) var notes: [String] = []
    private(set) var labels: [Diagnostic.Label] = []
    private(set) var help: String?

    private let trace: GraphTrace
    private var graph: Graph { trace.graph }

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
    init?(_ trace: GraphTrace, of operation: Operator, _ operands: [Value], _ attributes: Attributes) {
        self.trace = trace
        let graph = trace.graph
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
        var branches = [first, second].map { Branch(steps: trace.steps(from: fork, to: $0), result: $0) }
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
        // What is computed from parameters alone is part of no branch.
        var isFixed: [Bool] = []
        for node in graph.nodes { isFixed.append(node.inputName == nil && node.operands.allSatisfy { isFixed[$0.index] }) }
        return (0..<min(left.count, right.count)).reversed().map(Value.init).first {
            left[$0.index] && right[$0.index] && !isFixed[$0.index]
        }
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
    /// Branches stand side by side where both fit.
    private static let widest = 112

    private mutating func describe(_ branches: [Branch], fork: Value?, axis: Int) {
        let name = GraphTrace.axisName(axis, rank: graph[branches[0].result].type.rank)
        var lines: [String] = []
        if let fork {
            lines.append("the branches part after \(trace.place(fork))\(trace.words(fork)), \(graph[fork].type)")
        } else {
            lines.append("the branches have nothing in common")
        }
        func described(isNarrow: Bool) -> [[String]] {
            zip(branches, ["first branch:", "second branch:"]).map { column($0, title: $1, name, axis, isNarrow: isNarrow) }
        }
        let columns = described(isNarrow: true)
        let widths = columns.map { $0.map(\.count).max() ?? 0 }
        if widths[0] + widths[1] + 3 <= Self.widest, columns.allSatisfy({ $0.count > 1 }) {
            for row in 0..<max(columns[0].count, columns[1].count) {
                let left = row < columns[0].count ? columns[0][row] : ""
                let right = row < columns[1].count ? " " + columns[1][row] : ""
                lines.append(left + String(repeating: " ", count: widths[0] - left.count + 1) + "|" + right)
            }
        } else {
            lines += described(isNarrow: false).flatMap { $0 }
        }
        for (index, branch) in branches.enumerated() {
            guard let culprit = branch.culprit, !graph[culprit].span.isNone else { continue }
            let other = graph[branches[1 - index].result].type.shape[axis]
            let extent = graph[culprit].type.shape[axis]
            labels.append(Diagnostic.Label(graph[culprit].span, "\(name) \(extent) from here on, \(other) in the other branch"))
        }
        notes = [lines.joined(separator: "\n")]
    }

    /// The lines of one branch: its steps with their types, the first that differs marked; narrow ones leave out what the eye supplies.
    private func column(_ branch: Branch, title: String, _ name: String, _ axis: Int, isNarrow: Bool) -> [String] {
        func text(_ value: Value) -> String { isNarrow ? "\(graph[value].type.shape)" : "\(graph[value].type)" }
        guard !branch.steps.isEmpty else { return [title, "  \(trace.words(branch.result))  \(text(branch.result))"] }
        let shown = branch.steps.filter { $0 == branch.culprit } + branch.steps.suffix(Self.longestBranch)
        let rows = Set(shown).sorted().map { step -> (String, String) in
            let type = graph[step].type
            let extent = axis < type.rank ? "\(type.shape[axis])" : ""
            let place = trace.place(step).dropFirst(isNarrow ? "line ".count : 0)
            return ("  \(place)\(trace.words(step))", "\(text(step))\(step == branch.culprit ? "  <- \(name) \(extent)" : "")")
        }
        let width = rows.map(\.0.count).max() ?? 0
        let hidden = branch.steps.count - rows.count
        return [title] + (hidden > 0 ? ["  … \(hidden) more"] : [])
            + rows.map { $0.0 + String(repeating: " ", count: width - $0.0.count + 2) + $0.1 }
    }
}

// MARK: - Repair

extension BranchReport {
    /// Changes in the step at fault come first; then those of the shorter branch, where a shortcut is.
    private func repair(_ branches: [Branch], axis: Int, fits: (TensorType, TensorType) -> Bool) -> String? {
        var best: GraphTrace.Repair?
        let shorter = branches[0].steps.count <= branches[1].steps.count ? 0 : 1
        for (index, branch) in branches.enumerated() {
            let other = graph[branches[1 - index].result].type
            let found = trace.repair(of: branch.steps, axis: axis, wanted: other.shape[axis].value) { step in
                // A wrong number of channels is put right where it was last chosen, which need not be where the branches first differ.
                axis == 1 ? (index == shorter ? 0 : 5) : step == branch.culprit ? 0 : 10
            } fits: { type in
                type.rank == other.rank && type.shape[axis] == other.shape[axis] && (index == 0 ? fits(type, other) : fits(other, type))
            }
            if let found, best.map({ found.cost < $0.cost }) ?? true { best = found }
        }
        if axis == 1 { return channelRepair(branches, best, shorter) }
        return best.map { trace.text(of: $0, axis: axis) }
    }

    /// A branch that is only a shortcut gets a convolution; others get their number of channels changed.
    private func channelRepair(_ branches: [Branch], _ best: GraphTrace.Repair?, _ shorter: Int) -> String? {
        let wanted = graph[branches[1 - shorter].result].type.shape[1]
        if branches[shorter].steps.isEmpty, graph[branches[shorter].result].type.rank == 4 {
            let name = trace.words(branches[shorter].result)
            return "a 1x1 convolution gives the shortcut as many channels: `|> shortcut: conv(\(wanted), 1)` (after \(name))"
        }
        return best.map { trace.text(of: $0, axis: 1) }
    }
}
