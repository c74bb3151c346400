import Foundation
import Kernels
import LoopNest
import Machine
import Runtime

/// What was measured of a machine, for the cost model to go by.
public struct MachineMeasurement: Codable, Hashable, Sendable {
    /// One figure as it was measured.
    public struct Figure: Codable, Hashable, Sendable {
        public var name: SpeedFigure
        /// In 1e9 operations or bytes a second; of a latency, in nanoseconds.
        public var value: Double
        /// By how much the median of the rounds is below the best, as a share: the noise of the machine.
        public var noise: Double
    }

    /// The processor's name as its maker writes it, and the cores that were measured together.
    public var model: String
    public var cores: Int
    /// When, in UTC.
    public var measuredAt: String
    public var figures: [Figure]
    /// What predictions go by: the figures in cycles of a multiply-add.
    public var speed: MachineSpeed

    public func value(_ name: SpeedFigure) -> Double? { figures.first { $0.name == name }?.value }

    /// The clock in GHz, by the latency of a multiply-add: 4 cycles on all processors that Braid knows figures of.
    public var clock: Double? { value(.multiplyAddLatency).map { 4 / $0 } }

    /// The largest noise above which figures should not be trusted.
    public static let mostNoise = 0.1

    /// Whether others took some of the machine meanwhile: rounds differ, or the cores together read less than one of them, because they
    /// did not run at once.
    public var isNoisy: Bool {
        figures.contains { $0.noise > Self.mostNoise } || value(.sharedMemoryReads) ?? .infinity < value(.memoryReads) ?? 0
    }
}

extension Target {
    /// The target as what was measured of its machine says.
    public func measured(_ measurement: MachineMeasurement?) -> Target {
        var target = self
        if let measurement { target.speed = measurement.speed }
        return target
    }
}

extension Compiler {
    private static let rounds = 5

    /// Measures what predictions go by on this machine.
    ///
    /// Every figure is measured in several rounds among the others, by loop nests of our own. Of what a core has to itself the best round
    /// counts, for others take some of its time now and then; of memory, which others always take some of, the median.
    ///
    /// - Parameters:
    ///   - seconds: how long to measure each figure, about; making the kernels and touching memory comes on top.
    ///   - progress: called before each round of a figure.
    public func measureMachine(
        seconds: Double, at date: Date = Date(), progress: (_ figure: SpeedFigure, _ done: Int, _ of: Int) -> Void = { _, _, _ in }
    ) throws(CompilerError) -> MachineMeasurement {
        // Threads that share a way to memory; more tell nothing of what one core may take.
        let sharing = max(1, min(target.cores, HostProcessor.coresOfLastCache))
        let kernels = SpeedKernels(target: target, threads: sharing, memoryLimit: memoryLimit)
        let bench: SpeedBench
        do {
            bench = try SpeedBench(kernels)
        } catch {
            throw CompilerError("the machine cannot be measured: \(error)")
        }
        let nests = kernels.nests
        let program = try compile(nests.map(\.kernel))
        let total = (nests.count + 1) * Self.rounds
        var rates: [[Double]] = nests.map { _ in [] }
        for round in 0..<Self.rounds {
            for (index, nest) in nests.enumerated() {
                progress(nest.measures, round * nests.count + index, total)
                rates[index].append(bench.rate(nest, program, index, seconds: seconds / Double(Self.rounds)))
            }
        }
        var figures = zip(nests, rates).map { MachineMeasurement.Figure($0.measures, rates: $1) }
        func rate(_ name: SpeedFigure) -> Double {
            guard let figure = figures.first(where: { $0.name == name }) else { preconditionFailure("\(name) was measured") }
            return figure.value * 1e9
        }
        // As much arithmetic as reads, as whole multiply-adds a register.
        let multiplyAdds = rate(.multiplyAdds) / Double(2 * target.lanes)
        let cyclesOfRead = Double(4 * target.lanes) / rate(.prefetchedReads) * multiplyAdds
        let products = max(1, Int(cyclesOfRead.rounded()))
        let balanced = kernels.streams(.readsBesideArithmetic, products: products)
        let balancedProgram = try compile([balanced.kernel])
        figures.append(
            .init(
                .readsBesideArithmetic,
                rates: (0..<Self.rounds).map { round in
                    progress(.readsBesideArithmetic, nests.count * Self.rounds + round, total)
                    return bench.rate(balanced, balancedProgram, 0, seconds: seconds / Double(Self.rounds))
                }))
        let time = date.formatted(.iso8601)
        return MachineMeasurement(
            model: HostProcessor.model, cores: sharing, measuredAt: time, figures: figures,
            speed: MachineSpeed(figures, products: products, sharing: sharing, of: target, source: "measured \(time.prefix(10))"))
    }
}

extension MachineMeasurement.Figure {
    /// - Parameter rates: of each round, in work a second.
    fileprivate init(_ name: SpeedFigure, rates: [Double]) {
        let rising = rates.sorted()
        let (best, median) = (rising[rising.count - 1], rising.medianOfSorted)
        let rate = name.isOfMemory ? median : best
        // Multiply-adds one after another take a time each.
        self.init(name: name, value: name == .multiplyAddLatency ? 1e9 / rate : rate * 1e-9, noise: 1 - median / best)
    }
}

extension MachineSpeed {
    /// The figures that predictions go by, of what was measured. What is not measured is what is known of the processor.
    ///
    /// They have two digits, which is more than they are good for: so measuring again mostly gives the same, and with them the same choices.
    ///
    /// - Parameters:
    ///   - products: multiply-adds of each register that was read beside arithmetic.
    ///   - sharing: the threads that read memory together.
    init(_ figures: [MachineMeasurement.Figure], products: Int, sharing: Int, of target: Target, source: String) {
        let values = Dictionary(uniqueKeysWithValues: figures.map { ($0.name, $0.value * 1e9) })
        let known = MachineSpeed.known(
            of: target.processor, features: target.featureList, isX86: target.triple.hasPrefix("x86_64"))
        guard let operations = values[.multiplyAdds], let memory = values[.memoryReads] else {
            preconditionFailure("every machine has multiply-adds and memory")
        }
        let cycles = operations / Double(2 * target.lanes)
        // Where the second-level cache is the last, it is what data come from that are not in the first; where the one behind it is too
        // small beside it to be told apart, that is memory.
        let last = values[.level3Reads] ?? (target.caches.level3 > target.caches.level2 ? memory : values[.level2Reads]) ?? memory
        func line(_ name: SpeedFigure) -> Double {
            Self.cyclesOfLine(bytesPerSecond: name == .level3Reads ? last : values[name] ?? memory, cyclesPerSecond: cycles)
        }
        let register = Double(4 * target.lanes) / 64
        // Arithmetic and reads at once, over the longer of the two.
        let reads = line(.prefetchedReads)
        let arithmetic = Double(products) / register
        let shown = (line(.readsBesideArithmetic) - max(reads, arithmetic)) / min(reads, arithmetic)
        let share = values[.sharedMemoryReads].map { memory / $0 } ?? known.memoryShare
        self.init(
            source: source, lanes: target.lanes, cyclesPerSecond: Self.twoDigits(cycles),
            load: Self.twoDigits(line(.level1Reads) * register),
            store: Self.twoDigits(line(.level1Writes) * register), task: known.task, level2Line: Self.twoDigits(line(.level2Reads)),
            level3Line: Self.twoDigits(line(.level3Reads)), memoryLine: Self.twoDigits(line(.memoryReads)),
            prefetchedLine: Self.twoDigits(reads), coresOfLevel3: sharing, memoryShare: Self.twoDigits(min(1, share)),
            unhidden: (min(1, max(0, shown)) * 20).rounded() / 20, pairRate: values[.dotProducts].map { Self.twoDigits($0 / operations) })
        (tiles, registerTiles, filtering) = (known.tiles, known.registerTiles, known.filtering)
        if let rate = values[.tileProducts] { tiles.product = Self.twoDigits(Double(SpeedKernels.operationsOfTile) / rate * cycles) }
    }

    private static func twoDigits(_ value: Double) -> Double {
        guard value > 0, value.isFinite else { return value }
        let unit = pow(10, (log10(value).rounded(.down) - 1))
        // Powers of ten below one are no binary numbers: dividing by their inverse rounds once.
        return unit >= 1 ? (value / unit).rounded() * unit : (value / unit).rounded() / (1 / unit).rounded()
    }
}

/// Data for the nests, and how they are timed.
private final class SpeedBench {
    private let data: AlignedBuffer
    private let results: AlignedBuffer
    private let one = ThreadPool(threads: 1)
    private let all: ThreadPool
    /// Where the next run reads from: each nest goes on where the one before it stopped.
    private var place = 0

    init(_ kernels: SpeedKernels) throws {
        data = try AlignedBuffer(byteCount: kernels.dataBytes)
        results = try AlignedBuffer(byteCount: kernels.resultBytes)
        all = ThreadPool(threads: kernels.threads)
        // Written, because the system gives pages that were only read all the same memory.
        data.elements(Float.self, at: 0, count: kernels.dataBytes / 4).initialize(repeating: 1)
    }

    /// The work of a nest a second, in the median of some runs of a program's kernel, which are too short for most to be interrupted.
    func rate(_ nest: SpeedKernels.Nest, _ program: CompiledProgram, _ index: Int, seconds: Double) -> Double {
        // The code lies in the program's memory.
        withExtendedLifetime(program) { rate(nest, program.entries[index], seconds: seconds) }
    }

    private func rate(_ nest: SpeedKernels.Nest, _ entry: @escaping KernelEntry, seconds: Double) -> Double {
        let pool = nest.isShared ? all : one
        let usesData = nest.kernel.parameters.contains { $0.access == .read }
        let job = PeakJob(entry, usesData ? [data.start, results.start] : [results.start], pool)
        pool.run(job)
        var times: [Double] = []
        let clock = ContinuousClock()
        let start = clock.now
        while times.count < 3 || (clock.now - start).seconds < seconds {
            if usesData { job.buffers[0] = data.start + place % nest.places * nest.bytes }
            place += 1
            pool.run(job)
            times.append(job.seconds)
        }
        times.sort()
        // Threads that must run at once are seldom undisturbed.
        return nest.work / max(nest.isShared ? times[0] : times.medianOfSorted, 1e-9)
    }
}
