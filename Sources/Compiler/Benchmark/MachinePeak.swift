import Foundation
import LoopNest
import Kernels
import Machine
import Runtime
import Training

/// The most that this machine does with a number of threads, measured with loop nests of our own: what kernels are compared with.
public struct MachinePeak: Codable, Hashable, Sendable {
    public var threads: Int
    /// fp32 multiply-adds of registers, 2 operations each, in GFLOP/s.
    public var gigaflops: Double
    /// Reads of data that lie in the second-level caches, in GB/s.
    public var level2: Double
    /// Reads of data that lie in the last-level cache, in GB/s; nil where it is too small beside the second-level ones to tell.
    public var level3: Double?
    /// Reads of data that fit no cache, in GB/s.
    public var memory: Double
}

/// What bounds the time of a step from below.
public enum StepBound: String, Codable, Hashable, Sendable {
    case multiplyAdds = "FMA"
    case level2 = "L2"
    case level3 = "L3"
    case memory
}

extension MachinePeak {
    /// The least time that a step can take: that of its multiply-accumulates, or of reading its bytes, whichever is longer.
    ///
    /// What is kept from run to run comes from the level that holds all that the plan keeps and computes, for a run goes through all of
    /// it; the rest from the level that holds what the step touches, for the step before has just written it.
    ///
    /// - Parameter footprint: the bytes of all the plan's buffers.
    func leastTime(of step: Plan.Step, footprint: Int, _ target: Target) -> (seconds: Double, bound: StepBound) {
        let work = 2 * Double(step.multiplyAccumulates) / (gigaflops * 1e9)
        let (keptRate, keptLevel) = readRate(holding: footprint, target)
        let (rate, level) = readRate(holding: step.bytes, target)
        let kept = Double(step.keptBytes) / keptRate
        let rest = Double(step.bytes - step.keptBytes) / rate
        if work >= kept + rest { return (work, .multiplyAdds) }
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
    /// - Parameter seconds: how long to measure, about; making the kernels and touching memory comes on top.
    public func measurePeak(_ pool: ThreadPool, seconds: Double = 0.15) throws(CompilerError) -> MachinePeak {
        let nests = PeakKernels(target: target, threads: pool.threads, memoryLimit: memoryLimit)
        let program = try compile(nests.kernels)
        let data: AlignedBuffer
        let results: AlignedBuffer
        do {
            data = try AlignedBuffer(byteCount: nests.dataBytes)
            results = try AlignedBuffer(byteCount: nests.resultBytes)
        } catch {
            throw CompilerError("the machine's peak cannot be measured: \(error)")
        }
        // Written, because the system gives pages that were only read all the same memory.
        data.elements(Float.self, at: 0, count: nests.dataBytes / 4).initialize(repeating: 1)

        /// The work of kernel `index` a second, in 1e9; the best of many runs, for others take some of the machine at times.
        func rate(_ index: Int) -> Double {
            let job = PeakJob(program.entries[index], [data.start, results.start], pool)
            pool.run(job)
            var together = Double.infinity
            var alone = [Double](repeating: .infinity, count: pool.threads)
            let clock = ContinuousClock()
            let start = clock.now
            var run = 0
            while run < 12 || (clock.now - start).seconds < seconds / Double(nests.kernels.count) {
                run += 1
                job.buffers[0] = data.start + run % nests.places[index] * nests.bytes[index]
                pool.run(job)
                together = min(together, job.seconds)
                for thread in alone.indices { alone[thread] = min(alone[thread], job.seconds(of: thread)) }
            }
            let work = Double(nests.work[index]) * 1e-9
            let rates = alone.map { work / Double(pool.threads) / max($0, 1e-9) }
            // What threads do not share, each can be measured at while others keep the rest from running at the same moment. What they
            // share is no slower than one of them finds it.
            return nests.isShared[index] ? max(work / max(together, 1e-9), rates.max() ?? 0) : rates.reduce(0, +)
        }
        let rates = nests.kernels.indices.map(rate)
        return MachinePeak(
            threads: pool.threads, gigaflops: rates[0], level2: rates[1], level3: nests.hasLevel3 ? rates[2] : nil, memory: rates.last!)
    }
}

/// The loop nests that the peak is measured with; a task a thread.
struct PeakKernels {
    /// Multiply-adds; reads from the second level, the third where there is one to tell apart, and memory.
    let kernels: [Kernel]
    /// What one run of each does: operations, or bytes.
    let work: [Int]
    let hasLevel3: Bool
    /// The bytes that each reads or reads from, and in how many places one after the other: what comes from memory is measured a part at
    /// a time, so that a moment without others is enough.
    let bytes: [Int]
    let places: [Int]
    /// Whether the threads share what is measured: the last-level cache, memory.
    let isShared: [Bool]
    /// The bytes of all data, and of results.
    let dataBytes: Int
    let resultBytes: Int

    init(target: Target, threads: Int, memoryLimit: Int) {
        let lanes = target.lanes
        let turns = 1 << 15
        let sums = Self.accumulators(target)
        var kernels = [Self.multiplyAdds(target, turns: turns, tasks: threads)]
        var work = [2 * lanes * sums * turns * threads]
        // Far more than one second-level cache and less than the last-level one, which others use too.
        let level3Bytes = min(4 * target.caches.level2, target.caches.level3 / 2 / threads)
        hasLevel3 = level3Bytes >= 2 * target.caches.level2
        let memoryBytes = min(max(64 << 20, min(4 * target.caches.level3, 512 << 20)), max(1 << 20, memoryLimit / 8))
        var bytes = [0]
        var places = [1]
        for part in [target.caches.level2 / 2] + (hasLevel3 ? [level3Bytes] : []) + [(8 << 20) / threads] {
            let count = max(1, part / 4 / (lanes * Self.readsAtOnce)) * lanes * Self.readsAtOnce
            let isMemory = kernels.count == (hasLevel3 ? 3 : 2)
            // Enough passes to make starting the threads negligible, few enough for moments in which all of them have a core.
            let passes = isMemory ? 1 : max(1, (16 << 20) / (count * 4))
            kernels.append(Self.reads(lanes: lanes, count: count, passes: passes, tasks: threads))
            bytes.append(count * 4 * threads)
            work.append(count * 4 * passes * threads)
            places.append(isMemory ? max(1, memoryBytes / (count * 4 * threads)) : 1)
        }
        self.kernels = kernels
        self.work = work
        self.bytes = bytes
        self.places = places
        isShared = kernels.indices.map { $0 >= 2 }
        dataBytes = max(zip(bytes, places).map { $0 * $1 }.max() ?? 0, (sums + 2) * lanes * 4)
        resultBytes = threads * lanes * max(sums, Self.readsAtOnce) * 4
    }

    private static let readsAtOnce = 8

    /// More than the latency of a multiply-add times the two that a core starts a cycle, and room for its operands.
    private static func accumulators(_ target: Target) -> Int { target.vectors.registers * 3 / 4 }

    /// `sum = sum * factor + addend` for as many sums as registers hold, over and over.
    static func multiplyAdds(_ target: Target, turns: Int, tasks: Int) -> Kernel {
        let (lanes, count) = (target.lanes, accumulators(target))
        let builder = KernelBuilder(name: "peak_multiply_adds", lanes: lanes, taskCount: tasks)
        let numbers = builder.parameter("numbers", count: (count + 2) * lanes, .read)
        let results = builder.parameter("results", count: tasks * count * lanes, .write)
        let factor = builder.load(numbers, .constant(count * lanes))
        let addend = builder.load(numbers, .constant((count + 1) * lanes))
        // Each sum starts from numbers of its own, so that no compiler can take two of them for one.
        let sums = builder.loop(
            "turn", to: .constant(turns), carrying: (0..<count).map { builder.load(numbers, .constant($0 * lanes)) }
        ) { _, sums in sums.map { builder.multiplyAdd($0, factor, addend) } }
        for (index, sum) in sums.enumerated() { builder.store(results, builder.task * (count * lanes) + .constant(index * lanes), sum) }
        return builder.finish()
    }

    /// Sums `count` elements a task, a register of every `readsAtOnce` at a time, `passes` times.
    static func reads(lanes: Int, count: Int, passes: Int, tasks: Int) -> Kernel {
        let builder = KernelBuilder(name: "peak_reads_\(count)", lanes: lanes, taskCount: tasks)
        let data = builder.parameter("data", count: count * tasks, .read)
        let results = builder.parameter("results", count: tasks * readsAtOnce * lanes, .write)
        let zeros = [Register](repeating: builder.constant(0), count: readsAtOnce)
        let sums = builder.loop("pass", to: .constant(passes), carrying: zeros) { _, sums in
            builder.loop("index", to: .constant(count), step: readsAtOnce * lanes, carrying: sums) { index, sums in
                sums.enumerated().map { number, sum in
                    builder.binary(.add, sum, builder.load(data, builder.task * count + index + .constant(number * lanes)))
                }
            }
        }
        for (index, sum) in sums.enumerated() {
            builder.store(results, builder.task * (readsAtOnce * lanes) + .constant(index * lanes), sum)
        }
        return builder.finish()
    }
}

/// One task a thread, which all begin together.
private final class PeakJob: ParallelJob {
    private let entry: KernelEntry
    private let pool: ThreadPool
    /// When each thread began and ended, in nanoseconds.
    private let times: UnsafeMutableBufferPointer<(began: UInt64, ended: UInt64)>
    /// What the kernel gets; not to be changed during a run.
    var buffers: [UnsafeMutableRawPointer?]

    init(_ entry: @escaping KernelEntry, _ buffers: [UnsafeMutableRawPointer?], _ pool: ThreadPool) {
        self.entry = entry
        self.buffers = buffers
        self.pool = pool
        times = .allocate(capacity: pool.threads)
        times.initialize(repeating: (0, 0))
    }

    deinit { times.deallocate() }

    func run(thread: Int) {
        // From here on no thread sleeps.
        pool.barrier()
        buffers.withUnsafeBufferPointer { table in
            guard let table = table.baseAddress else { return }
            let began = DispatchTime.now().uptimeNanoseconds
            entry(table, nil, thread, thread + 1)
            times[thread] = (began, DispatchTime.now().uptimeNanoseconds)
        }
    }

    /// How long a thread took in the last run.
    func seconds(of thread: Int) -> Double { Double(times[thread].ended - times[thread].began) * 1e-9 }

    /// From the first beginning to the last end.
    var seconds: Double {
        guard let first = times.map(\.began).min(), let last = times.map(\.ended).max() else { return .infinity }
        return Double(last - first) * 1e-9
    }
}
