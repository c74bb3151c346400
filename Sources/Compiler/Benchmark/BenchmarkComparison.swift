/// Two measurements of one network side by side.
public struct BenchmarkComparison: Encodable, Hashable, Sendable {
    /// What a kind of step takes in both: the steps with one summary together, for an algorithm may take several.
    public struct Change: Encodable, Hashable, Sendable {
        public var summary: String
        /// Milliseconds of the fastest run, which others disturbed least; nil where the measurement has no such step.
        public var earlierMs: Double?
        public var ms: Double?

        /// How many milliseconds longer the steps take now.
        public var difference: Double { (ms ?? 0) - (earlierMs ?? 0) }
    }

    /// Why the two are not of the same thing, or of less than was asked for.
    public var warnings: [String]
    public var earlierMeasuredAt: String
    public var earlierMedianMs: Double
    public var medianMs: Double
    public var earlierMinMs: Double
    public var minMs: Double
    /// The earlier median over this one: above 1 this one is faster.
    public var ratio: Double
    /// Whether the runs tell the two apart: the fastest nine of ten of one are faster than the other's fastest.
    public var isClear: Bool
    /// The steps by how much their times differ, the largest difference first; nil where one of the two has no steps.
    public var kernels: [Change]?

    public init(earlier: BenchmarkRecord, now: BenchmarkRecord) {
        earlierMeasuredAt = earlier.measuredAt
        earlierMedianMs = earlier.medianMs
        medianMs = now.medianMs
        (earlierMinMs, minMs) = (earlier.minMs, now.minMs)
        ratio = earlier.medianMs / now.medianMs
        isClear = earlier.p90Ms < now.minMs || now.p90Ms < earlier.minMs
        warnings = Self.differences(earlier, now)
        guard let steps = now.steps else { return }
        guard let earlierSteps = earlier.steps else {
            warnings.append("the earlier run has no kernels: save it with --per-kernel")
            return
        }
        kernels = Self.changes(earlierSteps, steps)
    }

    private static func differences(_ earlier: BenchmarkRecord, _ now: BenchmarkRecord) -> [String] {
        func kind(_ training: Bool) -> String { training ? "a training step" : "inference" }
        let pairs = [
            ("network", earlier.network, now.network), ("kind of run", kind(earlier.training), kind(now.training)),
            ("batch", "\(earlier.batch)", "\(now.batch)"), ("number of threads", "\(earlier.threads)", "\(now.threads)"),
            ("number of cores", "\(earlier.cores)", "\(now.cores)"), ("numerics", earlier.numerics, now.numerics),
            ("precision", earlier.precision ?? "f32", now.precision ?? "f32"),
            ("machine", "\(earlier.machine)", "\(now.machine)"),
        ]
        // Older records do not say what the cost model went by.
        let figures = [earlier, now].compactMap(\.machine.figures)
        let models = Set(figures).count < 2 ? [] : [("cost model", figures[0], figures[1])]
        return (pairs + models).filter { $0.1 != $0.2 }.map { "another \($0.0): \($0.1) then, \($0.2) now" }
    }

    private static func changes(_ earlier: [BenchmarkRecord.Step], _ now: [BenchmarkRecord.Step]) -> [Change] {
        func sums(_ steps: [BenchmarkRecord.Step]) -> [String: Double] {
            steps.reduce(into: [:]) { $0[$1.summary, default: 0] += $1.minMs }
        }
        let (before, after) = (sums(earlier), sums(now))
        return Set(before.keys).union(after.keys)
            .map { Change(summary: $0, earlierMs: before[$0], ms: after[$0]) }
            .sorted { (abs($0.difference), $1.summary) > (abs($1.difference), $0.summary) }
    }
}
