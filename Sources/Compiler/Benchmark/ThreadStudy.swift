import Foundation
import Kernels
import LoopNest

/// What a network would take on machines with more cores: a model of how its work is cut, not a measurement.
///
/// For each number of cores the network is planned anew. A step takes what the cost model says of the thread with the most work, but at
/// least the time of its bytes at the machine's bandwidth; then all threads wait for each other.
public struct ThreadStudy: Codable, Hashable, Sendable {
    /// What is assumed of the machine, beside the cost model.
    public struct Assumptions: Codable, Hashable, Sendable {
        /// Bytes a second from memory: of one core, and of all together.
        public var memoryPerCore = 35e9
        public var memory = 300e9
        /// Bytes a second from the last-level cache, of each core.
        public var cachePerCore = 100e9
        /// Cores that share a last-level cache of the target's size.
        public var coresPerCache = 8
        /// A barrier of two threads, and what it takes more each time that their number doubles, in seconds.
        public var barrier = 1e-6
        public var barrierPerDoubling = 0.4e-6

        public init() {}

        func barrierSeconds(cores: Int) -> Double { cores == 1 ? 0 : barrier + barrierPerDoubling * log2(Double(cores) / 2) }
    }

    /// What keeps a step from taking a share of the cores' time alone.
    public enum Limit: String, Codable, Hashable, Sendable {
        /// Fewer tasks than cores.
        case tasks
        /// Tasks that come out unevenly, or repeat work.
        case cut
        case memory
        case barrier
    }

    /// A step on the machine with most cores.
    public struct Step: Codable, Hashable, Sendable {
        public var summary: String
        public var algorithm: String?
        public var tasks: Int
        /// Seconds with one core, and with all.
        public var secondsOfOne: Double
        public var seconds: Double
        /// Those that it takes longer than its share of the work would.
        public var lostSeconds: Double
        /// What loses most of them.
        public var limit: Limit
    }

    /// A machine.
    public struct Machine: Codable, Hashable, Sendable {
        public var cores: Int
        /// Seconds of a run.
        public var seconds: Double
        /// How many times as fast as one core.
        public var speedup: Double
        /// The speed-up over the number of cores; what is missing to 1 is lost to the three that follow.
        public var efficiency: Double
        /// Shares of the cores' time: waiting for the thread with the most work (or repeating work for an even cut), for memory, and at
        /// barriers.
        public var lostToCut: Double
        public var lostToMemory: Double
        public var lostToBarriers: Double
        /// Steps that have fewer tasks than there are cores.
        public var stepsWithFewTasks: Int
        /// No less than what a run would take if steps that do not read each other's results ran at the same time.
        public var secondsSideBySide: Double
        public var stepCount: Int
    }

    public var network: String
    public var batch: Int
    public var assumptions: Assumptions
    public var machines: [Machine]
    /// Those of the last machine, by falling loss.
    public var steps: [Step]
}

extension Compiler {
    /// Studies a network on machines that differ from the target in their number of cores only (and in as many last-level caches).
    ///
    /// - Parameter cores: at least one number, each 1 or more.
    public func studyThreads(
        _ network: Network, batch: Int, cores: [Int], assumptions: ThreadStudy.Assumptions = .init()
    ) throws(CompilerError) -> ThreadStudy {
        func times(_ count: Int) throws(CompilerError) -> PlannedTimes {
            var compiler = self
            (compiler.target.cores, compiler.threads) = (count, count)
            return PlannedTimes(try compiler.plan(network, batch: batch), cores: count, target, assumptions)
        }
        let one = try times(1)
        var study = ThreadStudy(network: network.name, batch: batch, assumptions: assumptions, machines: [], steps: [])
        for count in cores {
            let times = try times(count)
            study.machines.append(times.machine(beside: one))
            if count == cores.last { study.steps = times.steps(beside: one) }
        }
        return study
    }
}

/// The times that a plan's steps take on a machine.
struct PlannedTimes {
    /// One step.
    struct Time {
        var summary: String
        var algorithm: String?
        /// The longest chain of steps before it, each of which reads what the one before it writes.
        var level: Int
        var tasks: Int
        /// The thread with the most work.
        var longestThread: Double
        /// All bytes, at what the machine's caches and memory give.
        var traffic: Double

        var seconds: Double { max(longestThread, traffic) }
    }

    let cores: Int
    let barrier: Double
    private(set) var times: [Time]

    init(_ plan: Plan, cores: Int, _ target: Target, _ assumptions: ThreadStudy.Assumptions) {
        self.cores = cores
        barrier = assumptions.barrierSeconds(cores: cores)
        let footprint =
            plan.arenaBytes
            + plan.buffers.reduce(0) { sum, buffer in
                switch buffer.storage {
                case .input, .parameter, .prepared: sum + buffer.bytes
                case .arena, .temporary: sum
                }
            }
        func traffic(_ step: Plan.Step, cores: Int) -> Double {
            let level3Bytes = target.caches.level3 * max(1, cores / assumptions.coresPerCache)
            let memory = min(assumptions.memory, assumptions.memoryPerCore * Double(cores))
            let cache = assumptions.cachePerCore * Double(cores)
            // As in `MachinePeak.leastTime`: a run goes through all that is kept, so it comes from where all of it lies.
            return Double(step.keptBytes) / (footprint > level3Bytes ? memory : cache)
                + Double(step.bytes - step.keptBytes) / (step.bytes > level3Bytes ? memory : cache)
        }
        let levels = plan.levels
        times = plan.steps.enumerated().map { number, step in
            let tasks = plan.kernels[step.kernel].taskCount
            // What is no contraction moves its bytes: those of the thread with the most tasks.
            let most = Double((tasks + cores - 1) / cores) / Double(max(1, tasks))
            return Time(
                summary: step.summary, algorithm: step.choice?.chosen.algorithm, level: levels[number], tasks: tasks,
                longestThread: step.choice?.secondsOfLongestThread ?? traffic(step, cores: 1) * most,
                traffic: traffic(step, cores: cores))
        }
    }

    var seconds: Double { times.reduce(0) { $0 + $1.seconds } + barrier * Double(times.count) }

    /// - Parameter one: the same network on one core.
    func machine(beside one: PlannedTimes) -> ThreadStudy.Machine {
        let seconds = max(seconds, 1e-12)
        let efficiency = one.seconds / (Double(cores) * seconds)
        let memory =
            zip(times, one.times).reduce(0) { sum, pair in
                sum + max(0, pair.0.traffic - max(pair.0.longestThread, pair.1.seconds / Double(cores)))
            } / seconds
        let barriers = barrier * Double(times.count) / seconds
        return ThreadStudy.Machine(
            cores: cores, seconds: seconds, speedup: one.seconds / seconds, efficiency: efficiency,
            lostToCut: 1 - efficiency - memory - barriers, lostToMemory: memory, lostToBarriers: barriers,
            stepsWithFewTasks: times.count { $0.tasks < cores }, secondsSideBySide: sideBySide(one), stepCount: times.count)
    }

    /// The steps of a level at once: no less than the longest of them on all cores, and than their share of the work.
    private func sideBySide(_ one: PlannedTimes) -> Double {
        var longest: [Int: Double] = [:]
        var work: [Int: Double] = [:]
        for (time, one) in zip(times, one.times) {
            longest[time.level] = max(longest[time.level] ?? 0, time.seconds)
            work[time.level, default: 0] += max(one.seconds / Double(cores), time.traffic)
        }
        return longest.reduce(0) { $0 + max($1.value, work[$1.key]!) + barrier }
    }

    /// The steps by falling loss. How steps are computed does not depend on the number of cores, so they correspond to those of `one`.
    func steps(beside one: PlannedTimes) -> [ThreadStudy.Step] {
        zip(times, one.times).map { time, one in
            let share = one.seconds / Double(cores)
            let lost: [(ThreadStudy.Limit, Double)] = [
                (time.tasks < cores ? .tasks : .cut, time.longestThread - share),
                (.memory, time.traffic - max(share, time.longestThread)), (.barrier, barrier),
            ]
            return ThreadStudy.Step(
                summary: time.summary, algorithm: time.algorithm, tasks: time.tasks, secondsOfOne: one.seconds,
                seconds: time.seconds + barrier,
                lostSeconds: time.seconds + barrier - share, limit: lost.max { $0.1 < $1.1 }!.0)
        }.sorted { $0.lostSeconds > $1.lostSeconds }
    }
}

extension Plan {
    /// For every step the length of the longest chain before it in which each step reads what the one before it writes. That buffers share
    /// memory does not count: another arena could part them.
    fileprivate var levels: [Int] {
        var written: [Int: Int] = [:]
        return steps.map { step in
            let parameters = kernels[step.kernel].parameters
            let reads = zip(parameters, step.buffers).filter { $0.0.access != .write }.map(\.1)
            let level = reads.reduce(0) { max($0, (written[$1] ?? -1) + 1) }
            for buffer in writes(step) { written[buffer] = max(written[buffer] ?? 0, level) }
            return level
        }
    }
}
