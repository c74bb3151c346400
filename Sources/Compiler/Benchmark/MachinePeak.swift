import Foundation
import Kernels
import LoopNest
import Machine
import Runtime
import Training

/// The most that this machine does with a number of threads, measured with loop nests of our own: what kernels are compared with.
public struct MachinePeak: Codable, Hashable, Sendable {
    public var threads: Int
    /// fp32 multiply-adds of registers, 2 operations each, in GFLOP/s.
    public var gigaflops: Double
    /// The same of dot products of pairs of bf16; nil where nothing was computed with them.
    public var dotGigaflops: Double?
    /// The same of products of tiles of bf16.
    public var tileGigaflops: Double?
    /// Reads of data that lie in the second-level caches, in GB/s.
    public var level2: Double
    /// Reads of data that lie in the last-level cache, in GB/s; nil where it is too small beside the second-level ones to tell.
    public var level3: Double?
    /// Reads of data that fit no cache, in GB/s.
    public var memory: Double
}

/// What bounds the time of a step from below.
public enum StepBound: String, Codable, Hashable, Sendable {
    /// The products and sums of a contraction, on a unit each.
    case multiplyAdds = "FMA"
    case dotProducts = "dot"
    case tiles = "tile"
    /// Reads from a level of memory.
    case level2 = "L2"
    case level3 = "L3"
    case memory

    public init(_ unit: ProductUnit) {
        switch unit {
        case .multiplyAdds: self = .multiplyAdds
        case .dotProducts: self = .dotProducts
        case .tiles: self = .tiles
        }
    }
}

extension MachinePeak {
    /// The products and sums of a unit, 2 operations each, in GFLOP/s; nil where it was not measured.
    public func gigaflops(of unit: ProductUnit) -> Double? {
        switch unit {
        case .multiplyAdds: gigaflops
        case .dotProducts: dotGigaflops
        case .tiles: tileGigaflops
        }
    }

    /// The least time that a step can take: that of its multiply-accumulates on the unit that computes them, or of reading its bytes,
    /// whichever is longer.
    ///
    /// What is kept from run to run comes from the level that holds all that the plan keeps and computes, for a run goes through all of
    /// it; the rest from the level that holds what the step touches, for the step before has just written it.
    ///
    /// - Parameter footprint: the bytes of all the plan's buffers.
    func leastTime(of step: Plan.Step, footprint: Int, _ target: Target) -> (seconds: Double, bound: StepBound) {
        let unit = step.unit ?? .multiplyAdds
        guard let gigaflops = gigaflops(of: unit) else { preconditionFailure("the peak of \(unit) was not measured") }
        let work = 2 * Double(step.multiplyAccumulates * step.productsOfEach) / (gigaflops * 1e9)
        let (keptRate, keptLevel) = readRate(holding: footprint, target)
        let (rate, level) = readRate(holding: step.bytes, target)
        let kept = Double(step.keptBytes) / keptRate
        let rest = Double(step.bytes - step.keptBytes) / rate
        if work >= kept + rest { return (work, StepBound(unit)) }
        return (kept + rest, kept > rest ? keptLevel : level)
    }

    /// The bytes a second from the nearest level of memory that holds `bytes`.
    private func readRate(holding bytes: Int, _ target: Target) -> (Double, StepBound) {
        if bytes <= target.caches.level2 * threads { return (level2 * 1e9, .level2) }
        if let level3, bytes <= target.caches.level3 { return (level3 * 1e9, .level3) }
        return (memory * 1e9, .memory)
    }
}

extension Compiler {
    /// Measures the machine's peak with the threads of `pool`.
    ///
    /// - Parameters:
    ///   - units: what products are computed on, besides multiply-adds, which are always measured: units that the target has.
    ///   - seconds: how long to measure, about; making the kernels and touching memory comes on top.
    public func measurePeak(
        _ pool: ThreadPool, of units: Set<ProductUnit> = [], seconds: Double = 0.15
    ) throws(CompilerError) -> MachinePeak {
        let kernels = PeakKernels(target: target, units: units, threads: pool.threads, memoryLimit: memoryLimit)
        let program = try compile(kernels.nests.map(\.kernel))
        let data: AlignedBuffer
        let results: AlignedBuffer
        do {
            data = try AlignedBuffer(byteCount: kernels.dataBytes)
            results = try AlignedBuffer(byteCount: kernels.resultBytes)
        } catch {
            throw CompilerError("the machine's peak cannot be measured: \(error)")
        }
        // Written, because the system gives pages that were only read all the same memory.
        data.elements(Float.self, at: 0, count: kernels.dataBytes / 4).initialize(repeating: 1)

        /// The work of a nest a second, in 1e9; the best of many runs, for others take some of the machine at times.
        func rate(_ nest: PeakKernels.Nest, _ entry: @escaping KernelEntry) -> Double {
            let job = PeakJob(entry, [data.start, results.start], pool)
            pool.run(job)
            var together = Double.infinity
            var alone = [Double](repeating: .infinity, count: pool.threads)
            let clock = ContinuousClock()
            let start = clock.now
            var run = 0
            while run < 12 || (clock.now - start).seconds < seconds / Double(kernels.nests.count) {
                run += 1
                job.buffers[0] = data.start + run % nest.places * nest.bytes
                pool.run(job)
                together = min(together, job.seconds)
                for thread in alone.indices { alone[thread] = min(alone[thread], job.seconds(of: thread)) }
            }
            let work = Double(nest.work) * 1e-9
            let rates = alone.map { work / Double(pool.threads) / max($0, 1e-9) }
            // What threads do not share, each can be measured at while others keep the rest from running at the same moment. What they
            // share is no slower than one of them finds it.
            return nest.isShared ? max(work / max(together, 1e-9), rates.max() ?? 0) : rates.reduce(0, +)
        }
        // The code lies in the program's memory.
        let rates = withExtendedLifetime(program) {
            Dictionary(uniqueKeysWithValues: zip(kernels.nests, program.entries).map { ($0.measures, rate($0, $1)) })
        }
        guard let gigaflops = rates[.multiplyAdds], let level2 = rates[.level2], let memory = rates[.memory] else {
            preconditionFailure("every machine has multiply-adds, a second-level cache and memory")
        }
        return MachinePeak(
            threads: pool.threads, gigaflops: gigaflops, dotGigaflops: rates[.dotProducts], tileGigaflops: rates[.tiles],
            level2: level2, level3: rates[.level3], memory: memory)
    }
}
