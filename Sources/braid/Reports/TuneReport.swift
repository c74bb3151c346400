import Compiler

/// What tuning found, as people and programs read it.
enum TuneReport {
    static func show(_ result: TuningResult, path: String) {
        let kind = result.isTraining ? "training step" : "inference"
        print(
            "\(Console.bold(result.network)), \(kind), batch \(result.batch), \(result.threads) thread\(result.threads == 1 ? "" : "s"), "
                + "numerics \(result.numerics)")
        var table = Table(
            ("before, ms", .right), ("after", .right), ("gain", .right), ("layers", .right), ("measured", .right), ("computes", .left))
        for layer in result.layers.sorted(by: { $0.secondsBefore > $1.secondsBefore }) {
            table.add(
                Format.fixed(layer.secondsBefore * 1e3, 3), layer.after == nil ? "" : Format.fixed(layer.secondsAfter * 1e3, 3),
                layer.after == nil ? "" : Format.percent(layer.gain, 1), "\(layer.layers)", "\(layer.candidates)", layer.summary)
            if let after = layer.after { table.addRemark("        \(after)  instead of  \(layer.before)") }
        }
        print(table.text, terminator: "")
        let improved = result.layers.filter { $0.after != nil }
        guard result.isKept else {
            return print(
                "the network takes \(BenchReport.milliseconds(result.secondsBefore)), and nothing was clearly faster than what the cost model "
                    + "chooses: nothing was kept")
        }
        let ratio = result.secondsBefore / result.secondsAfter
        print(
            "\(improved.count) of \(result.layers.count) shapes improved; the network took \(BenchReport.milliseconds(result.secondsBefore)) "
                + "and takes \(BenchReport.milliseconds(result.secondsAfter)): \(Format.fixed(ratio, 3)) times as fast")
        print("kept in \(path)")
    }

    static func show(_ table: TuningTable, path: String, asJSON: Bool) {
        if asJSON { return Console.printJSON(Stored(path: path, entries: table.entries)) }
        guard !table.entries.isEmpty else { return print("nothing is kept for this machine") }
        print(Console.bold(path))
        var text = Table(
            ("before, ms", .right), ("after", .right), ("threads", .right), ("numerics", .left), ("choice", .left), ("measured in", .left))
        for entry in table.entries {
            text.add(
                Format.fixed(entry.msBefore, 3), Format.fixed(entry.msAfter, 3), "\(entry.threads)", entry.numerics, "\(entry.choice)",
                entry.layer)
            text.addRemark("        \(entry.shape)")
        }
        print(text.text, terminator: "")
    }

    private struct Stored: Encodable {
        var path: String
        var entries: [TuningEntry]
    }

    /// The result as one JSON object.
    struct Record: Encodable {
        struct Layer: Encodable {
            var computes: String
            var layers: Int
            var measured: Int
            var before: String
            var after: String?
            var msBefore: Double
            var msAfter: Double
        }

        var network: String
        var batch: Int
        var threads: Int
        var numerics: String
        var training: Bool
        var msBefore: Double
        var msAfter: Double
        /// Whether anything is used from now on.
        var kept: Bool
        var layers: [Layer]
        /// What `--precision auto` found.
        var assignment: PrecisionReport.Record?

        init(_ result: TuningResult, _ assignment: PrecisionAssignment?) {
            self.assignment = assignment.map(PrecisionReport.Record.init)
            network = result.network
            batch = result.batch
            threads = result.threads
            numerics = "\(result.numerics)"
            training = result.isTraining
            msBefore = result.secondsBefore * 1e3
            msAfter = result.secondsAfter * 1e3
            kept = result.isKept
            layers = result.layers.map { layer in
                Layer(
                    computes: layer.summary, layers: layer.layers, measured: layer.candidates, before: "\(layer.before)",
                    after: layer.after.map { "\($0)" }, msBefore: layer.secondsBefore * 1e3, msAfter: layer.secondsAfter * 1e3)
            }
        }
    }
}
