import Graph
import Kernels
import LoopNest
import Passes

/// What becomes of some nodes of a network, from the source to machine code and time.
public struct Explanation: Sendable {
    public var network: String
    public var isTraining: Bool
    public var batch: Int
    public var target: String
    /// The line that was asked for, if one was.
    public var line: SourceLine?
    public var history: GraphHistory
    /// In the order in which they run.
    public var kernels: [KernelExplanation]
    /// The steps of the whole plan.
    public var stepCount: Int
    /// The whole network, as it was measured.
    public var measured: Benchmark?

    /// The part of the sum of all kernels' times that these take; nil where they were not measured.
    public var share: Double? {
        guard let measured else { return nil }
        let all = measured.steps.reduce(0) { $0 + $1.fastestSeconds }
        return all > 0 ? kernels.reduce(0) { $0 + ($1.measured?.fastestSeconds ?? 0) } / all : nil
    }
}

/// What is to be explained.
public enum ExplanationSubject: Sendable {
    case line(SourceLine)
    /// Nodes whose label is this, or begins with it and a period.
    case label(String)
    /// The kernel of this name.
    case kernel(String)
}

extension Compiler {
    /// Explains nodes of a network.
    ///
    /// - Parameter measured: times of this network's steps, measured with this compiler at this batch.
    public func explain(
        _ subject: ExplanationSubject, of network: Network, training: Bool, batch: Int, measured: Benchmark? = nil
    ) throws(CompilerError) -> Explanation {
        let bound = try network.bindingMovedBatch(to: batch)
        let start = training ? bound.training?.graph ?? bound.graph : bound.graph
        var graphs: [(pass: String, graph: Graph)] = []
        let optimized = try optimize(bound, training: training) { report, graph in graphs.append((report.pass, graph)) }
        let plan = try plan(optimized, of: bound, batch: batch)
        let first = try nodes(subject, of: start, plan: plan, after: graphs)
        var history = GraphHistory(of: first, in: start)
        for (pass, graph) in graphs { history.follow(pass, to: graph) }
        let asked = Set(history.results)
        var kernels: [KernelExplanation] = []
        for planned in plan.groups {
            let group = planned.group
            // What is computed within the kernels that read it belongs to them.
            let within = asked.filter { group.graph[$0].group == nil && group.graph[$0].operation != nil }
            let isAsked = group.members.contains(where: asked.contains) || !within.isEmpty && !group.computedWithin.isDisjoint(with: within)
            guard isAsked else { continue }
            for step in planned.steps {
                if case .kernel(let name) = subject, plan.kernels[plan.steps[step].kernel].name != name { continue }
                var kernel = try KernelExplanation(step, of: plan, group, asked: asked, target)
                kernel.measured = measured.flatMap { $0.steps.indices.contains(step) ? $0.steps[step] : nil }
                kernels.append(kernel)
            }
        }
        var line: SourceLine?
        if case .line(let found) = subject { line = found }
        return Explanation(
            network: network.name, isTraining: training, batch: batch, target: target.name, line: line, history: history,
            kernels: kernels, stepCount: plan.steps.count, measured: measured)
    }

    /// The nodes of the first graph that are asked for.
    private func nodes(
        _ subject: ExplanationSubject, of graph: Graph, plan: Plan, after passes: [(pass: String, graph: Graph)]
    ) throws(CompilerError) -> [Value] {
        switch subject {
        case .line(let line): return line.nodes(of: graph)
        case .label(let label):
            let found = graph.values.filter { value in
                graph[value].label.map { $0 == label || $0.hasPrefix(label + ".") } ?? false
                    || graph[value].parameter.map { $0.name.hasPrefix(label + ".") } ?? false
            }
            if !found.isEmpty { return found }
            let labels = Set(graph.nodes.compactMap(\.label)).sorted()
            throw CompilerError("no node of '\(graph.name)' is labelled '\(label)'", help: labels.nearest(to: label))
        case .kernel(let name):
            guard let group = plan.groups.first(where: { $0.steps.contains { plan.kernels[plan.steps[$0].kernel].name == name } }) else {
                let names = Set(plan.steps.map { plan.kernels[$0.kernel].name }).sorted()
                throw CompilerError("no step of '\(graph.name)' has a kernel called '\(name)'", help: names.nearest(to: name))
            }
            // Back through the passes.
            var wanted = Set(group.group.members)
            for (_, graph) in passes.reversed() {
                wanted = Set(wanted.flatMap { graph[$0].provenance.origins })
            }
            return wanted.sorted()
        }
    }
}

extension [String] {
    /// Which of these was perhaps meant.
    fileprivate func nearest(to name: String) -> String {
        let near = filter { $0.contains(name) || name.contains($0) }.prefix(5)
        return near.isEmpty
            ? "there are \(prefix(5).joined(separator: ", "))\(count > 5 ? ", …" : "")" : "did you mean \(near.joined(separator: ", "))?"
    }
}

extension Group {
    /// The values of no group that are computed within the group's kernel.
    var computedWithin: Set<Value> {
        var pending = members
        var seen: Set<Value> = []
        while let next = pending.popLast() {
            for operand in facts.readOperands(of: next) where graph[operand].group == nil && seen.insert(operand).inserted {
                pending.append(operand)
            }
        }
        return seen
    }
}
