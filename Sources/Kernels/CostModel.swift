/// What a core can do, in cycles of one vector multiply-add: enough to choose between algorithms and blockings, which differ by more
/// than the machines do. Ratios measured on AMD Zen 4 and Zen 5.
struct CostModel {
    private let target: Target

    init(_ target: Target) { self.target = target }

    /// A register from the first-level cache.
    let load = 1.0
    /// A register to the first-level cache.
    let store = 2.0
    /// Starting a task.
    static let taskCycles = 500.0

    private func lines(_ bytes: Int) -> Double { Double(bytes) / 64 }
    /// Streams from the second-level cache, from the last, and from memory, which threads share.
    func level2(bytes: Int) -> Double { lines(bytes) * 2 }
    func level3(bytes: Int) -> Double { lines(bytes) * 2.5 }
    func memory(bytes: Int, threads: Int) -> Double { lines(bytes) * 7 * max(1, 0.6 * Double(min(threads, 8))) }

    /// Arithmetic and streams that the processor fetches ahead for: mostly at the same time.
    func together(_ compute: Double, _ streams: Double) -> Double { max(compute, streams) + 0.3 * min(compute, streams) }

    /// Seconds, at 3.6 vector multiply-adds a nanosecond.
    static func seconds(_ cycles: Double) -> Double { cycles / 3.6e9 }
}
