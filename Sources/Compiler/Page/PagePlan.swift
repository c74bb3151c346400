import Graph
import Kernels
import LoopNest
import Machine

/// The plan of a network: its steps, what they compute, and the memory over them.
struct PagePlan: Encodable, Sendable {
    struct Algorithm: Encodable, Sendable {
        var name: String
        /// What the cost model says of it with one thread.
        var predictedMs: Double?
        /// The root mean square error that is stated for it.
        var error: Double?
        /// Why it may not be taken.
        var reason: String?

        init(_ candidate: AlgorithmChoice.Candidate) {
            name = candidate.algorithm
            predictedMs = candidate.predictedSeconds.map { $0 * 1e3 }
            (error, reason) = (candidate.error, candidate.reason)
        }
    }

    /// How a step was measured.
    struct Time: Encodable, Sendable {
        var fastestMs: Double
        var medianMs: Double
        /// The least that the machine's peak allows, and what sets it.
        var leastMs: Double
        var bound: String
        /// Why it takes longer, as far as that is known.
        var reasons: [String]
    }

    struct Step: Encodable, Sendable {
        /// By index into the texts of kernels.
        var kernel: Int
        var name: String
        var summary: String
        /// The nodes of the last graph that it computes and leaves in memory or in registers, and those that it computes on the way.
        var nodes: [Int]
        var within: [Int]
        /// By index into `buffers`.
        var buffers: [Int]
        var access: [String]
        var tasks: Int
        var scratchBytes: Int
        var macs: Int
        var bytes: Int
        /// What multiplies: `FMA`, `dot` or `tile`; nil without products.
        var unit: String?
        var algorithm: Algorithm?
        var rejected: [Algorithm]
        var time: Time?
    }

    struct Buffer: Encodable, Sendable {
        var type: String
        var bytes: Int
        var storage: String
        /// What it is kept for, such as `activation`; nil for what only the preparation needs.
        var kind: String?
        var layer: String
        var operation: String
        /// The place in the arena; nil for what does not lie there.
        var offset: Int?
        /// The first step and the last that need it; nil for what is kept.
        var first: Int?
        var last: Int?
        /// The nodes of the last graph that it holds.
        var nodes: [Int]
    }

    var steps: [Step]
    var buffers: [Buffer]
    var arenaBytes: Int
    var arenaLowerBound: Int
    /// What is kept from run to run, by kind.
    var kept: [String: Int]
    var scratchBytes: Int
    /// Steps that are run once, whenever parameters are set.
    var preparation: [String]

    init(_ plan: Plan, _ forecast: MemoryForecast, _ measured: Benchmark?, _ advice: [KernelAdvice]) {
        var groups = [Plan.PlannedGroup?](repeating: nil, count: plan.steps.count)
        for planned in plan.groups { for step in planned.steps { groups[step] = planned } }
        let reasons = Dictionary(advice.map { ($0.step, $0.reasons) }) { first, _ in first }
        var values = [[Int]](repeating: [], count: plan.buffers.count)
        for (value, buffer) in plan.bufferOf { values[buffer].append(value.index) }
        steps = plan.steps.enumerated().map { index, step in
            let kernel = plan.kernels[step.kernel]
            let group = groups[index]?.group
            let time = measured.flatMap { $0.steps.indices.contains(index) ? $0.steps[index] : nil }
            return Step(
                kernel: step.kernel, name: kernel.name, summary: step.summary,
                // What belongs to no group copies a tensor.
                nodes: group?.members.map(\.index) ?? Set(step.buffers.flatMap { values[$0] }).sorted(),
                within: group?.computedWithin.filter { group?.graph[$0].operation != nil }.map(\.index).sorted() ?? [],
                buffers: step.buffers, access: kernel.parameters.map(\.access.rawValue), tasks: kernel.taskCount,
                scratchBytes: kernel.scratchBytes, macs: step.multiplyAccumulates, bytes: step.bytes, unit: step.unit?.rawValue,
                algorithm: step.choice.map { Algorithm($0.chosen) }, rejected: step.choice?.rejected.map(Algorithm.init) ?? [],
                time: time.map {
                    Time(
                        fastestMs: $0.fastestSeconds * 1e3, medianMs: $0.seconds * 1e3, leastMs: $0.leastSeconds * 1e3,
                        bound: $0.bound.rawValue, reasons: reasons[index] ?? [])
                })
        }
        var tensors = [MemoryForecast.Tensor?](repeating: nil, count: plan.buffers.count)
        for tensor in forecast.tensors { tensors[tensor.buffer] = tensor }
        buffers = plan.buffers.enumerated().map { index, buffer in
            var offset: Int?
            if case .arena(let place) = buffer.storage { offset = place }
            let extents = buffer.extents.map(String.init).joined(separator: ", ")
            return Buffer(
                type: "\(buffer.element.rawValue)[\(extents)] \(buffer.layout)", bytes: buffer.alignedBytes, storage: buffer.storage.text,
                kind: tensors[index]?.kind.rawValue, layer: tensors[index]?.layer ?? "", operation: tensors[index]?.operation ?? "",
                offset: offset, first: buffer.lifetime?.lowerBound, last: buffer.lifetime.map { $0.upperBound - 1 },
                nodes: values[index].sorted())
        }
        (arenaBytes, arenaLowerBound) = (plan.arenaBytes, plan.arenaLowerBound)
        scratchBytes = forecast.need.scratch
        kept = Dictionary(uniqueKeysWithValues: MemoryForecast.Kind.allCases.map { ($0.rawValue, forecast.keptBytes($0)) }).filter {
            $0.value > 0
        }
        preparation = plan.preparation.map(\.summary)
    }
}
