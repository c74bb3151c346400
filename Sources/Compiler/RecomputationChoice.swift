import Graph
import Kernels
import Passes

/// Chooses what a training step computes again so that less is alive at once: greedily, by the bytes that are not kept where most is alive, for the
/// work that they cost.
struct RecomputationChoice {
    private let recomputation: Recomputation
    private let bytes: [Value: Int]
    private let work: [Value: Double]
    /// The position of the last group before the loss that reads each result.
    private var lastForwardRead: [Value: Int] = [:]
    private(set) var again: Set<Value> = []
    private var rejected: Set<Value> = []

    /// A result, first or second.
    private struct Instance: Hashable {
        var value: Value
        var isAgain: Bool
    }

    private struct Liveness {
        var peak = 0
        var position = 0
        var spans: [Instance: ClosedRange<Int>] = [:]
        /// The position behind the loss at which each result is first read.
        var firstLateRead: [Value: Int] = [:]
    }

    /// - Parameter graph: a training step after all passes, its symbols bound.
    init(_ graph: Graph) {
        recomputation = Recomputation(graph)
        let facts = recomputation.facts
        var (bytes, work): ([Value: Int], [Value: Double]) = ([:], [:])
        for value in graph.values where graph[value].group != nil {
            bytes[value] = (graph.storedBytes(value) + MemoryPlan.alignment - 1) / MemoryPlan.alignment * MemoryPlan.alignment
        }
        for value in recomputation.candidates {
            // A multiply-accumulate counts as much as an element that is written.
            work[value] = recomputation.members(of: value).reduce(Double(graph.storedBytes(value)) / 4) { sum, member in
                sum + (facts.contraction(of: member).map { Double($0.termCount) / 16 } ?? 0)
            }
        }
        (self.bytes, self.work) = (bytes, work)
        for (position, entry) in recomputation.entries([]).enumerated() {
            guard case .first(let group) = entry, group <= recomputation.lastForwardGroup else { continue }
            for value in recomputation.reads(entry) { lastForwardRead[value] = position }
        }
    }

    /// The step that computes again what was chosen.
    var step: Graph { recomputation.step(again) }

    /// Chooses more until no more than `target` bytes of results are alive at once; false where nothing further helps.
    mutating func reduce(to target: Int) -> Bool {
        var now = liveness(again)
        while now.peak > target {
            let idle = recomputation.candidates.filter { value in
                guard !again.contains(value), !rejected.contains(value), let last = lastForwardRead[value],
                    let next = now.firstLateRead[value]
                else { return false }
                return last < now.position && now.position < next
            }
            guard let best = idle.max(by: { gain($0) < gain($1) }) else { return false }
            let changed = liveness(again.union([best]))
            if changed.peak <= now.peak {
                again.insert(best)
                now = changed
            } else {
                rejected.insert(best)
            }
        }
        return true
    }

    private func gain(_ value: Value) -> Double { Double(bytes[value]!) / max(1, work[value]!) }

    /// What is alive when, workspaces aside, and as if nothing were written over what it is computed from.
    private func liveness(_ again: Set<Value>) -> Liveness {
        let entries = recomputation.entries(again)
        var result = Liveness()
        for (position, entry) in entries.enumerated() {
            let isLate: Bool
            if case .first(let group) = entry { isLate = group > recomputation.lastForwardGroup } else { isLate = true }
            for value in recomputation.reads(entry) {
                let instance = Instance(value: value, isAgain: isLate && again.contains(value))
                if let span = result.spans[instance] { result.spans[instance] = span.lowerBound...position }
                if isLate, !again.contains(value), result.firstLateRead[value] == nil { result.firstLateRead[value] = position }
            }
            for value in recomputation.results(entry) {
                let isAgain = if case .again = entry { true } else { false }
                let instance = Instance(value: value, isAgain: isAgain)
                if result.spans[instance] == nil { result.spans[instance] = position...position }
            }
        }
        for output in recomputation.facts.graph.outputs {
            let instance = Instance(value: output.value, isAgain: false)
            if let span = result.spans[instance] { result.spans[instance] = span.lowerBound...max(span.upperBound, entries.count - 1) }
        }
        var changes = [Int](repeating: 0, count: entries.count + 1)
        for (instance, span) in result.spans {
            changes[span.lowerBound] += bytes[instance.value] ?? 0
            changes[span.upperBound + 1] -= bytes[instance.value] ?? 0
        }
        var live = 0
        for position in entries.indices {
            live += changes[position]
            if live > result.peak { (result.peak, result.position) = (live, position) }
        }
        return result
    }
}
