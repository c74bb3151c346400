import Compiler

/// Which kernels fall short of the machine's peak, and why.
struct ProfileReport {
    private let result: Benchmark
    private let advice: [KernelAdvice]

    init(_ result: Benchmark, _ advice: [KernelAdvice]) { (self.result, self.advice) = (result, advice) }

    func show() {
        let total = max(result.steps.reduce(0) { $0 + $1.fastestSeconds }, 1e-12)
        print(
            "\nthe sum of all kernels is \(BenchReport.milliseconds(total)), the fastest run took \(BenchReport.milliseconds(result.minimum)): "
                + "\(Format.percent(total / result.minimum, 0)) of it")
        let short = advice.map { result.steps[$0.step] }
        let time = short.reduce(0) { $0 + $1.fastestSeconds }
        guard !advice.isEmpty else {
            return print("every kernel that counts reaches \(Format.percent(KernelAdvice.share, 0)) of what the machine allows")
        }
        let lost = short.reduce(0) { $0 + $1.fastestSeconds - $1.leastSeconds }
        print(
            "\(advice.count) kernel\(advice.count == 1 ? "" : "s") below \(Format.percent(KernelAdvice.share, 0)) of what the machine allows, "
                + "\(Format.percent(time / total, 0)) of the time; at the peak they would take \(BenchReport.milliseconds(lost)) less")
        for entry in advice.sorted(by: { result.steps[$0.step].fastestSeconds > result.steps[$1.step].fastestSeconds }) {
            let step = result.steps[entry.step]
            print(
                "\n  \(Console.bold(step.kernel))  \(BenchReport.milliseconds(step.fastestSeconds)), \(Format.percent(step.shareOfPeak, 0)) of "
                    + "\(step.bound.rawValue); computes \(step.summary)")
            for reason in entry.reasons { print("    \(reason)") }
        }
    }
}

/// What `braid profile --json` prints: the record of `braid bench --per-kernel --json`, with the advice as a further key.
struct ProfileRecord: Encodable {
    struct Advice: Encodable {
        var step: Int
        var kernel: String
        var shareOfPeak: Double
        var reasons: [String]
    }

    private let record: BenchmarkRecord
    private let advice: [Advice]

    init(record: BenchmarkRecord, _ result: Benchmark, _ advice: [KernelAdvice]) {
        self.record = record
        self.advice = advice.map {
            Advice(step: $0.step, kernel: result.steps[$0.step].kernel, shareOfPeak: result.steps[$0.step].shareOfPeak, reasons: $0.reasons)
        }
    }

    private enum Key: CodingKey { case advice }

    func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(advice, forKey: .advice)
    }
}
