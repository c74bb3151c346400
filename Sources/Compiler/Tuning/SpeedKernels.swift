import Kernels
import LoopNest

/// What is measured of a machine, one by one.
public enum SpeedFigure: String, CaseIterable, Codable, Hashable, Sendable {
    case multiplyAdds = "multiply_adds"
    case multiplyAddLatency = "multiply_add_latency"
    case dotProducts = "dot_products"
    case tileProducts = "tile_products"
    case level1Reads = "level1_reads"
    case level1Writes = "level1_writes"
    case level2Reads = "level2_reads"
    case level3Reads = "level3_reads"
    case memoryReads = "memory_reads"
    /// Of all threads together.
    case sharedMemoryReads = "shared_memory_reads"
    /// Of lines that are prefetched by software, as those of weights are.
    case prefetchedReads = "prefetched_reads"
    /// The same beside as much arithmetic.
    case readsBesideArithmetic = "reads_beside_arithmetic"

    /// Whether it is one of memory, which all cores share.
    var isOfMemory: Bool {
        switch self {
        case .multiplyAdds, .multiplyAddLatency, .dotProducts, .tileProducts: false
        case .level1Reads, .level1Writes, .level2Reads, .level3Reads: false
        case .memoryReads, .sharedMemoryReads, .prefetchedReads, .readsBesideArithmetic: true
        }
    }
}

/// The loop nests that a machine's speed is measured with.
struct SpeedKernels {
    struct Nest {
        let measures: SpeedFigure
        let kernel: Kernel
        /// What one run does: operations, bytes, or multiply-adds one after another.
        let work: Double
        /// The bytes that it goes through, and in how many places one after the other, so that none is in a cache when its turn comes.
        var bytes = 0
        var places = 1
        /// Whether all threads run it together, a task each; else one.
        var isShared = false
    }

    let target: Target
    let threads: Int
    private let memoryBytes: Int

    /// - Parameter threads: those that share a way to memory.
    init(target: Target, threads: Int, memoryLimit: Int) {
        (self.target, self.threads) = (target, threads)
        memoryBytes = PeakKernels.memoryBytes(target, limit: memoryLimit)
    }

    /// The bytes of all data, and of what nests leave.
    var dataBytes: Int { max(memoryBytes, target.caches.level3) }
    var resultBytes: Int {
        max(
            threads * target.lanes * 4 * max(PeakKernels.accumulators(target), PeakKernels.readsAtOnce), level1Bytes,
            4 * 4 * TileElement.rows * TileElement.columns)
    }

    private var lanes: Int { target.lanes }

    /// Operations of a product of two tiles.
    static let operationsOfTile = 2 * TileElement.multiplyAccumulates
    private var level1Bytes: Int { target.caches.level1 / 2 }

    /// All that nothing need be known for.
    var nests: [Nest] {
        let turns = 1 << 15
        let sums = PeakKernels.accumulators(target)
        var nests = [
            Nest(
                measures: .multiplyAdds, kernel: PeakKernels.multiplyAdds(target, turns: turns, tasks: 1),
                work: Double(2 * lanes * sums * turns)),
            Nest(
                measures: .multiplyAddLatency, kernel: PeakKernels.multiplyAdds(target, turns: 4 * turns, tasks: 1, sums: 1),
                work: Double(4 * turns)),
        ]
        if target.pairRule != nil {
            let kernel = PeakKernels.dotProducts(target, turns: turns, tasks: 1)
            nests.append(Nest(measures: .dotProducts, kernel: kernel, work: Double(4 * lanes * sums * turns)))
        }
        if target.tiles?.numbers.contains(.bfloat16) == true {
            let kernel = PeakKernels.tileProducts(turns: turns, tasks: 1)
            nests.append(Nest(measures: .tileProducts, kernel: kernel, work: Double(4 * Self.operationsOfTile * turns)))
        }
        nests += [
            reads(.level1Reads, level1Bytes, passes: 1024), writes(level1Bytes, passes: 1024),
            reads(.level2Reads, target.caches.level2 / 2, passes: 32),
        ]
        let level3Bytes = min(4 * target.caches.level2, target.caches.level3 / 2)
        if level3Bytes >= 2 * target.caches.level2 { nests.append(reads(.level3Reads, level3Bytes, passes: 4)) }
        nests += [reads(.memoryReads, Self.partOfMemory, passes: 1), streams(.prefetchedReads, products: 1)]
        if threads > 1 { nests.append(reads(.sharedMemoryReads, Self.partOfMemory, passes: 1, tasks: threads)) }
        return nests
    }

    /// What comes from memory is measured a part at a time, so that a moment without others is enough.
    private static let partOfMemory = 8 << 20

    private func wholeCount(_ bytes: Int) -> Int {
        max(1, bytes / 4 / (lanes * PeakKernels.readsAtOnce)) * lanes * PeakKernels.readsAtOnce
    }

    private func reads(_ figure: SpeedFigure, _ bytes: Int, passes: Int, tasks: Int = 1) -> Nest {
        let count = wholeCount(bytes / tasks)
        let kernel = PeakKernels.reads(lanes: lanes, count: count, passes: passes, tasks: tasks)
        return nest(figure, kernel, bytes: count * 4 * tasks, passes: passes, isShared: tasks > 1)
    }

    private func nest(_ figure: SpeedFigure, _ kernel: Kernel, bytes: Int, passes: Int, isShared: Bool = false) -> Nest {
        Nest(
            measures: figure, kernel: kernel, work: Double(bytes * passes), bytes: bytes,
            places: passes == 1 ? max(1, dataBytes / bytes) : 1, isShared: isShared)
    }

    /// Writes `bytes` of results, over and over: a number that grows, so that no write may be left out.
    private func writes(_ bytes: Int, passes: Int) -> Nest {
        let count = wholeCount(bytes)
        return nest(.level1Writes, Self.writes(lanes: lanes, count: count, passes: passes), bytes: count * 4, passes: passes)
    }

    static func writes(lanes: Int, count: Int, passes: Int) -> Kernel {
        let builder = KernelBuilder(name: "speed_writes_\(count)", lanes: lanes, taskCount: 1)
        let results = builder.parameter("results", count: count, .write)
        let one = builder.constant(1)
        let atOnce = PeakKernels.readsAtOnce
        builder.loop("pass", to: .constant(passes), carrying: [builder.constant(0)]) { _, passed in
            let value = builder.binary(.add, passed[0], one)
            builder.loop("index", to: .constant(count), step: atOnce * lanes) { index in
                for number in 0..<atOnce { builder.store(results, index + .constant(number * lanes), value) }
            }
            return [value]
        }
        return builder.finish()
    }

    /// Reads from memory that are prefetched some pages ahead, each with `products` multiply-adds.
    func streams(_ figure: SpeedFigure, products: Int) -> Nest {
        let count = wholeCount(Self.partOfMemory)
        return nest(figure, Self.streams(lanes: lanes, count: count, products: products), bytes: count * 4, passes: 1)
    }

    /// The bytes between a prefetch and its use: a panel of weights of minimal filtering.
    private static let prefetchDistance = 16 << 10

    static func streams(lanes: Int, count: Int, products: Int) -> Kernel {
        let builder = KernelBuilder(name: "speed_streams_\(products)", lanes: lanes, taskCount: 1)
        let data = builder.parameter("data", count: count, .read)
        let results = builder.parameter("results", count: PeakKernels.readsAtOnce * lanes, .write)
        let atOnce = PeakKernels.readsAtOnce
        let factor = builder.constant(0.5)
        let zeros = [Register](repeating: builder.constant(0), count: atOnce)
        let sums = builder.loop("index", to: .constant(count), step: atOnce * lanes, carrying: zeros) { index, sums in
            for line in stride(from: 0, to: atOnce * lanes, by: 64 / 4) {
                builder.prefetch(data, index + .constant(line + prefetchDistance / 4))
            }
            let values = sums.indices.map { builder.load(data, index + .constant($0 * lanes)) }
            return (0..<products).reduce(sums) { sums, _ in
                zip(sums, values).map { builder.multiplyAdd($1, factor, $0) }
            }
        }
        for (index, sum) in sums.enumerated() { builder.store(results, .constant(index * lanes), sum) }
        return builder.finish()
    }
}
