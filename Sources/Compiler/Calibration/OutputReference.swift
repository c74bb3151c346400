import Graph
import Interchange
import Operators
import Runtime
import Synchronization
import Training

/// What a network gives in fp64, for each of some samples by itself.
struct OutputReference {
    /// The values of every output by its name, one list a sample.
    let outputs: [(name: String, samples: [[Double]])]

    /// Computes the network sample by sample.
    ///
    /// - Parameters:
    ///   - weights: a file that fits the network; nil for the values of its initializers with seed 0.
    ///   - progress: called with the share that is done.
    init(
        _ network: Network, _ samples: CalibrationSamples, weights: WeightsFile?, pool: ThreadPool, progress: (Double) -> Void
    ) throws(InterchangeError) {
        let graph = network.graph.bound(network.batchSymbol.map { [$0: 1] } ?? [:])
        let evaluator = ReferenceEvaluator(workers: .all(of: pool))
        var outputs = graph.outputs.map { (name: $0.name, samples: [[Double]]()) }
        for sample in 0..<samples.count {
            var inputs: [String: ReferenceTensor] = [:]
            for input in samples.inputs {
                let extents = input.batch == nil ? input.values.shape : [1] + input.values.shape.dropFirst()
                inputs[input.name] = ReferenceTensor(extents, samples.values(input, of: sample).map(Double.init))
            }
            let result = try evaluator.run(graph, inputs: inputs) { (parameter, extents) throws(InterchangeError) in
                ReferenceTensor(extents, try Weights.values(of: parameter, extents: extents, from: weights).map(Double.init))
            } observe: { done, all in
                progress((Double(sample) + Double(done) / Double(max(1, all))) / Double(samples.count))
            }
            for index in outputs.indices { outputs[index].samples.append(result.outputs[outputs[index].name]?.values ?? []) }
        }
        self.outputs = outputs
    }

    /// The first output that is not finite for some sample.
    var nonFinite: String? { outputs.first { $0.samples.contains { $0.contains { !$0.isFinite } } }?.name }

    /// What an executable gives for the samples: for each output, a list a sample.
    func run(_ executable: Executable, _ samples: CalibrationSamples, batch: Int) -> [[[Float]]] {
        var found = outputs.map { _ in [[Float]]() }
        for first in stride(from: 0, to: samples.count, by: batch) {
            samples.set(on: executable, from: first, batch: batch)
            executable.run()
            for (index, output) in outputs.enumerated() {
                let values = Self.values(of: output.name, executable)
                for sample in first..<min(samples.count, first + batch) {
                    let count = output.samples[sample].count
                    // An output without a batch is that of any sample.
                    let start = values.count == count ? 0 : (sample - first) * count
                    found[index].append(Array(values[start..<start + count]))
                }
            }
        }
        return found
    }

    /// The largest differences from fp64, relative to the largest value of the output for that sample: one an output, of the worst sample.
    func errors(_ found: [[[Float]]]) -> [Double] {
        zip(found, outputs).map { found, output in
            zip(found, output.samples).reduce(0) { max($0, Self.error($1.0, beside: $1.1)) }
        }
    }

    /// The largest difference of two runs, relative in the same way.
    func distance(_ found: [[[Float]]], from other: [[[Float]]]) -> Double {
        var distance = 0.0
        for (index, output) in outputs.enumerated() {
            for (sample, expected) in output.samples.enumerated() {
                distance = max(
                    distance, Self.error(found[index][sample], from: other[index][sample].map(Double.init), relativeTo: expected))
            }
        }
        return distance
    }

    private static func values(of name: String, _ executable: Executable) -> [Float] {
        unfailing { () throws(RuntimeError) in
            let element = executable.plan.outputs.first { $0.name == name }.map { executable.plan.buffers[$0.buffer].element }
            if element == .i32 { return try executable.output(name, as: Int32.self).map { Float($0) } }
            return try executable.output(name)
        }
    }

    static func error(_ values: [Float], beside expected: [Double]) -> Double {
        error(values, from: expected, relativeTo: expected)
    }

    private static func error(_ values: [Float], from others: [Double], relativeTo expected: [Double]) -> Double {
        var difference = 0.0
        for (value, other) in zip(values, others) {
            let off = abs(Double(value) - other)
            if !off.isFinite { return .infinity }
            difference = max(difference, off)
        }
        return difference == 0 ? 0 : difference / (expected.map(abs).max() ?? 0)
    }
}

extension ReferenceWorkers {
    /// All threads of a pool take parts until none is left.
    static func all(of pool: ThreadPool) -> ReferenceWorkers {
        ReferenceWorkers { count, part in
            if count == 1 { return part(0) }
            withoutActuallyEscaping(part) { part in pool.run(PartsJob(count, part)) }
        }
    }
}

private final class PartsJob: ParallelJob {
    private let count: Int
    private let part: (Int) -> Void
    private let next = Atomic<Int>(0)

    init(_ count: Int, _ part: @escaping (Int) -> Void) { (self.count, self.part) = (count, part) }

    func run(thread: Int) {
        while true {
            let number = next.add(1, ordering: .relaxed).oldValue
            if number >= count { return }
            part(number)
        }
    }
}
