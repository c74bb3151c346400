import Compiler
import Kernels

/// A measurement as people read it.
struct BenchReport {
    private let result: Benchmark
    private let record: BenchmarkRecord

    init(_ result: Benchmark, _ record: BenchmarkRecord) {
        self.result = result
        self.record = record
    }

    /// - Parameter rows: the most kernels that are listed; all where nil.
    func show(rows: Int? = nil) {
        let kind = result.isTraining ? "training step" : "inference"
        let cores = result.threads > result.cores ? " on \(Self.counted(result.cores, "core"))" : ""
        let numerics =
            (result.precision == "f32" ? "" : ", \(result.precision)")
            + (result.numerics == .standard ? "" : ", numerics \(result.numerics)")
        print(
            "\(Console.bold(result.network)), \(kind), batch \(result.batch), \(Self.counted(result.threads, "thread"))\(cores)"
                + "\(numerics), \(result.seconds.count) runs")
        var table = Table(("", .left), ("", .left))
        for (name, value) in [
            ("median", Self.milliseconds(result.median)), ("fastest", Self.milliseconds(result.minimum)),
            ("90 % within", Self.milliseconds(result.ninetieth)),
            ("images a second", Format.grouped(Int(Double(result.batch) / result.median))), ("GFLOP/s", Format.fixed(result.gigaflops, 1)),
            ("compile", Self.milliseconds(result.compileSeconds) + " (\(result.cachedKernels) of \(result.kernels) kernels cached)"),
            ("first run", Self.milliseconds(result.firstRunSeconds)), ("tensors and scratch", Format.bytes(result.memoryBytes)),
            ("peak memory", Format.bytes(result.peakMemoryBytes)),
        ] { table.add(name, value) }
        if let model = record.machine.costModel { table.add("cost model", Self.figures(model)) }
        print(table.rowsText, terminator: "")
        if let peak = result.peak { show(result.steps, peak, rows) }
    }

    private func show(_ steps: [Benchmark.Step], _ peak: MachinePeak, _ rows: Int?) {
        let levels = [("L2", peak.level2), ("L3", peak.level3), ("memory", peak.memory)].compactMap { name, rate in
            rate.map { "\(name) \(Format.fixed($0, 1))" }
        }
        let products = ProductUnit.allCases.compactMap { unit in
            peak.gigaflops(of: unit).map { "\(unit.rawValue) \(Format.fixed($0, 1))" }
        }
        let units = record.machine.units.map { " (\($0))" } ?? ""
        print(
            "\n\(record.machine.processor)\(units), peak with \(Self.counted(peak.threads, "thread")): "
                + "\(products.joined(separator: ", ")) GFLOP/s; reads from \(levels.joined(separator: ", ")) GB/s")
        let total = max(steps.reduce(0) { $0 + $1.fastestSeconds }, 1e-12)
        var table = Table(
            ("fastest, ms", .right), ("median", .right), ("share", .right), ("GFLOP/s", .right), ("unit", .left), ("GB/s", .right),
            ("of peak", .right), ("bound", .left), ("predicted", .right), ("algorithm", .left), ("kernel", .left), ("computes", .left))
        for step in steps.sorted(by: { $0.fastestSeconds > $1.fastestSeconds }).prefix(rows ?? .max) {
            table.add(
                Format.fixed(step.fastestSeconds * 1e3, 3), Format.fixed(step.seconds * 1e3, 3),
                Format.percent(step.fastestSeconds / total, 1),
                step.multiplyAccumulates > 0 ? Format.fixed(step.gigaflops, 1) : "", step.unit?.rawValue ?? "",
                Format.fixed(step.gigabytesPerSecond, 1),
                Format.percent(step.shareOfPeak, 0), step.bound.rawValue,
                step.choice?.chosen.predictedSeconds.map { Format.fixed($0 * 1e3, 3) } ?? "",
                step.choice?.text ?? "", step.kernel, step.summary)
            if let rejected = Self.rejected(step) { table.addRemark("        not " + rejected) }
        }
        table.addRule()
        let work = steps.reduce(0) { $0 + Double($1.multiplyAccumulates) }
        let bytes = steps.reduce(0) { $0 + Double($1.bytes) }
        let least = steps.reduce(0) { $0 + $1.leastSeconds }
        table.add(
            Format.fixed(total * 1e3, 3), Format.fixed(steps.reduce(0) { $0 + $1.seconds } * 1e3, 3), Format.percent(1, 1),
            Format.fixed(2e-9 * work / total, 1), "", Format.fixed(1e-9 * bytes / total, 1),
            Format.percent(least / total, 0), "", "", "", Self.counted(steps.count, "kernel"), "")
        print(table.text, terminator: "")
        showPredictions()
    }

    /// How well times were foreseen.
    private func showPredictions() {
        guard let quality = record.predictions, quality.contractions > 0 else { return }
        print(
            "predicted within \(Format.percent(PredictionQuality.tolerance, 0)) for \(quality.good) of \(Self.counted(quality.contractions, "contraction")): "
                + "\(Format.fixed(quality.predictedMs, 3)) ms in all, measured \(Format.fixed(quality.measuredMs, 3))")
    }

    /// Whose figures they are: a processor's, or when they were measured.
    private static func figures(_ model: String) -> String { "figures " + (model.hasPrefix("measured") ? model : "of \(model)") }

    /// The algorithms that a step does not use, with the milliseconds that the cost model says of them, or why they may not be used.
    private static func rejected(_ step: Benchmark.Step) -> String? {
        guard let rejected = step.choice?.rejected, !rejected.isEmpty else { return nil }
        return rejected.map { candidate in
            let predicted = candidate.predictedSeconds.map { " " + Format.fixed($0 * 1e3, 3) } ?? ""
            return candidate.algorithm + predicted + (candidate.reason.map { " (\($0))" } ?? "")
        }.joined(separator: ", ")
    }

    static func milliseconds(_ seconds: Double) -> String { Format.fixed(seconds * 1e3, seconds < 0.01 ? 3 : 1) + " ms" }

    private static func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
}

/// An earlier measurement beside this one.
struct ComparisonReport {
    private let comparison: BenchmarkComparison
    private let path: String
    /// Kernels that are listed at most; the others changed less.
    private static let mostKernels = 12

    init(_ comparison: BenchmarkComparison, path: String) {
        self.comparison = comparison
        self.path = path
    }

    func show() {
        print("\n\(Console.bold("beside \(path)")), measured \(comparison.earlierMeasuredAt)")
        Console.flush()
        for warning in comparison.warnings { Console.error("warning: \(warning)\n") }
        for (name, then, now) in [
            ("median", comparison.earlierMedianMs, comparison.medianMs), ("fastest", comparison.earlierMinMs, comparison.minMs),
        ] {
            print(
                "  \(name) \(BenchReport.milliseconds(then / 1e3)) then, \(BenchReport.milliseconds(now / 1e3)) now: \(Self.ratio(then / now))"
            )
        }
        if !comparison.isClear { print("  the runs of the two overlap: nine of ten of neither are faster than all of the other") }
        guard let kernels = comparison.kernels else { return }
        let changed = kernels.filter { Format.fixed($0.difference, 3) != Format.fixed(0, 3) }
        guard !changed.isEmpty else { return print("  no kernel's time changed") }
        var table = Table(("fastest then", .right), ("now", .right), ("change", .right), ("", .right), ("computes", .left))
        for change in changed.prefix(Self.mostKernels) {
            let ratio = change.earlierMs.flatMap { then in change.ms.map { $0 > 0 ? Format.fixed(then / $0, 2) + "x" : "" } }
            table.add(
                change.earlierMs.map { Format.fixed($0, 3) } ?? "–", change.ms.map { Format.fixed($0, 3) } ?? "–",
                (change.difference > 0 ? "+" : "") + Format.fixed(change.difference, 3),
                ratio ?? (change.ms == nil ? "gone" : "new"), change.summary)
        }
        print(table.text, terminator: "")
    }

    private static func ratio(_ ratio: Double) -> String {
        ratio >= 1 ? "\(Format.fixed(ratio, 2)) times as fast" : "\(Format.fixed(1 / ratio, 2)) times as long"
    }
}
