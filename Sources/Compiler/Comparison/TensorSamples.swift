import Graph
import Kernels
import Runtime
import Source

/// Samples of a tensor that a run left in memory.
public struct TensorSamples: Sendable {
    /// The label of the last labelled node in its kernel, with the operation that made it: `stem relu`.
    public var name: String
    public var label: String?
    public var span: Span
    public var kernel: String
    public var extents: [Int]
    /// Where the samples lie, and what they are.
    public var positions: [[Int]]
    public var values: [Double]
}

extension Executable {
    /// Runs once, step by step, and takes samples of all that kernels leave for each other.
    ///
    /// - Parameter count: how many of a tensor, at most and about; the same of tensors of one size, whatever else differs.
    func tensorSamples(count: Int = 2048) -> [TensorSamples] {
        let ends = Dictionary(plan.groups.map { ($0.steps.upperBound - 1, $0) }) { first, _ in first }
        var found: [TensorSamples] = []
        run { _ in
        } after: { step in
            guard let planned = ends[step] else { return }
            let (group, graph) = (planned.group, planned.group.graph)
            for result in group.results {
                guard graph[result].type.element == .f32, let elements = elements(of: result, in: graph) else { continue }
                let extents = graph.extents(result)
                let positions = SamplePositions.of(extents, count: count, seed: extents.reduce(7) { ($0 &* 31 &+ $1) & 0xffff })
                let label = graph[result].label ?? group.members.filter { $0 <= result }.compactMap { graph[$0].label }.last
                found.append(
                    TensorSamples(
                        name: [label, graph.operationName(of: result)].compactMap { $0 }.joined(separator: " "), label: label,
                        span: graph[result].span, kernel: plan.kernels[plan.steps[step].kernel].name, extents: extents,
                        positions: positions, values: positions.map(elements.element(at:))))
            }
        }
        return found
    }
}

extension Graph {
    /// What made a value, for people: a formula by its name.
    func operationName(of value: Value) -> String {
        if case .function(let function)? = self[value].attributes["function"] { return function.name }
        return self[value].operation?.name ?? "\(value)"
    }
}
