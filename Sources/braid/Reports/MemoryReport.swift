import Compiler
import Interchange

/// What a run or a training will take of memory, as text, as a plot, and as `--json` prints it.
struct MemoryReport {
    private let forecast: MemoryForecast
    private let threads: Int
    private let limit: Int
    /// With what evaluates beside a training.
    private let total: Int
    /// What of it goes to looking at the layers beside a training.
    private let watching: Int
    /// The step that recomputes activations, where it has to.
    private let fitted: FittedStep?
    /// The largest batches that fit; 0 where none does, nil where there is nothing to train or predict.
    private let trainingBatch: Int?
    private let predictingBatch: Int?
    /// How many rows tables have.
    private let rows: Int

    init(
        _ forecast: MemoryForecast, threads: Int, limit: Int, total: Int, watching: Int, fitted: FittedStep?, trainingBatch: Int?,
        predictingBatch: Int?, rows: Int
    ) {
        self.forecast = forecast
        self.threads = threads
        self.limit = limit
        self.total = total
        self.watching = watching
        self.fitted = fitted
        self.trainingBatch = trainingBatch
        self.predictingBatch = predictingBatch
        self.rows = rows
    }

    private typealias Kind = MemoryForecast.Kind

    private static let names: [(kind: Kind, name: String)] = [
        (.activation, "activations"), (.gradient, "gradients"), (.weightGradient, "gradients of weights"), (.workspace, "workspaces"),
    ]

    /// What is kept and what is not, with the bytes.
    private var parts: [(name: String, bytes: Int, remark: String)] {
        let kept: [(Kind, String)] = [
            (.weight, "parameters"), (.state, "statistics"), (.optimizerState, "optimizer's state"), (.constant, "constants"),
            (.prepared, "prepared weights"), (.input, "inputs"),
        ]
        var parts = kept.map { (name: $1, bytes: forecast.keptBytes($0), remark: "") }
        let arena = max(forecast.arenaBytes, forecast.need.activations)
        let bound = forecast.arenaLowerBound
        parts.append(("arena", arena, "what is alive at once takes \(Format.bytes(bound)), which no plan can be below"))
        parts.append(("scratch", forecast.need.scratch, "of \(threads) thread\(threads == 1 ? "" : "s")"))
        if total > forecast.need.total + watching {
            parts.append(("evaluating", total - forecast.need.total - watching, "the network as it predicts, beside it"))
        }
        parts.append(("watching", watching, "what looks at gradients and activations, beside it"))
        parts.append(("code", forecast.codeBytes, "about"))
        return parts.filter { $0.bytes > 0 }
    }

    private var peak: Int { total + forecast.codeBytes }

    func show(_ path: String?) {
        let what = forecast.isTraining ? "Training" : "Running"
        print(
            "\(what) \(Console.bold(forecast.network)) at a batch of \(forecast.batch) takes \(Console.bold(Format.bytes(peak))) of memory.\n"
        )
        var table = Table(("what", .left), ("memory", .right), ("", .left))
        for part in parts { table.add(part.name, Format.bytes(part.bytes), part.remark) }
        table.addRule()
        table.add("in all", Format.bytes(peak), "of \(Format.bytes(limit)) that there are")
        print(table.text)
        showFullest()
        showTensors()
        showBatches()
        if let path { print("wrote \(path)") }
    }

    /// The memory over the steps, and the layers at the step with most.
    private func showFullest() {
        guard let fullest = forecast.fullestStep else { return print("Nothing is computed from step to step.\n") }
        print("Alive over the \(forecast.steps.count) steps\n")
        for row in Chart.bars(forecast.liveBytes.map(Double.init), width: 60, height: 6, label: { Format.bytes(Int($0)) }) {
            print("  " + row)
        }
        let live = forecast.live[fullest]
        let kinds = Self.names.filter { live[$0.kind, default: 0] > 0 }
        print(
            "\nMost is alive at step \(fullest + 1), \(DisplayName.of(forecast.steps[fullest])): "
                + kinds.map { "\($0.name) \(Format.bytes(live[$0.kind]!))" }.joined(separator: ", ") + "\n")
        var table = Table(
            [("layer", Table.Alignment.left)] + kinds.map { ($0.name, Table.Alignment.right) } + [("in all", Table.Alignment.right)])
        let shares = forecast.shares(at: fullest)
        for share in shares.prefix(rows) {
            table.add(
                [DisplayName.of(share.layer)] + kinds.map { share.bytes[$0.kind].map(Format.bytes) ?? "" } + [Format.bytes(share.total)])
        }
        if shares.count > rows {
            let rest = shares.dropFirst(rows)
            table.addRemark("\(rest.count) more layers, \(Format.bytes(rest.reduce(0) { $0 + $1.total }))")
        }
        print(table.text)
    }

    private func showTensors() {
        print("The largest tensors\n")
        var table = Table(("tensor", .left), ("what", .left), ("type", .left), ("memory", .right), ("steps", .left))
        for tensor in forecast.tensors.prefix(rows) {
            table.add(
                DisplayName.of([tensor.layer, tensor.operation].filter { !$0.isEmpty }.joined(separator: " ")), Self.name(tensor.kind),
                tensor.type, Format.bytes(tensor.bytes), tensor.lifetime.map { "\($0.lowerBound + 1)–\($0.upperBound)" } ?? "kept")
        }
        print(table.text)
    }

    private static func name(_ kind: Kind) -> String { kind.rawValue.replacing("_", with: " ") }

    private func showBatches() {
        func text(_ batch: Int, _ purpose: String) -> String {
            batch == 0
                ? "not even one picture fits to \(purpose)" : "a batch of \(batch)\(batch == 65_536 ? " or more" : "") fits to \(purpose)"
        }
        let batches = [trainingBatch.map { text($0, "train") }, predictingBatch.map { text($0, "predict") }].compactMap { $0 }
        if let text = fitted?.text { print("With --memory \(Console.bold("braid train")) \(text).") }
        print("In \(Format.bytes(limit)) " + batches.joined(separator: ", ") + ".")
    }

    /// The memory that is alive over the steps, by what it is for, with the arena's size.
    var plot: Plot {
        let unit = Double(1 << 20)
        func series(_ name: String, _ bytes: [Int], _ style: Plot.Style = .line) -> Plot.Series {
            Plot.Series(name, style: style, bytes.enumerated().map { (Double($0 + 1), Double($1) / unit) })
        }
        let kinds = Self.names.filter { kind, _ in forecast.live.contains { $0[kind] != nil } }
        let range = 0...max(1, Double(forecast.arenaBytes) / unit)
        let mark = forecast.fullestStep.map { Plot.Mark(Double($0 + 1), "step \($0 + 1)") }
        return Plot(
            "\(forecast.network), \(forecast.isTraining ? "training" : "predicting") at a batch of \(forecast.batch)",
            [
                Plot.Panel(
                    "memory that is alive, in MiB", x: Plot.Axis("step"), y: Plot.Axis(range: range),
                    [series("in all", forecast.liveBytes), series("arena", forecast.steps.map { _ in forecast.arenaBytes }, .dashes)],
                    marks: mark.map { [$0] } ?? []),
                Plot.Panel(
                    "of it, in MiB", x: Plot.Axis("step"), y: Plot.Axis(range: range),
                    kinds.map { kind, name in series(name, forecast.live.map { $0[kind, default: 0] }) }),
            ])
    }

    func record(_ path: String?) -> Record {
        let fullest = forecast.fullestStep
        return Record(
            network: forecast.network, training: forecast.isTraining, batch: forecast.batch, threads: threads, memoryLimit: limit,
            fits: total <= limit || fitted != nil, totalBytes: peak, kept: Self.bytes(Kind.allCases.map { ($0, forecast.keptBytes($0)) }),
            arenaBytes: forecast.arenaBytes, arenaLowerBound: forecast.arenaLowerBound, scratchBytes: forecast.need.scratch,
            evaluatingBytes: total - forecast.need.total - watching,
            watchingBytes: watching, codeBytes: forecast.codeBytes, stepCount: forecast.steps.count,
            liveBytes: forecast.liveBytes, fullestStep: fullest.map { $0 + 1 },
            fullest: (fullest.map { forecast.shares(at: $0) } ?? []).map { share in
                Record.Layer(layer: share.layer, bytes: Self.bytes(share.bytes.map { ($0.key, $0.value) }))
            },
            tensors: forecast.tensors.prefix(rows).map { tensor in
                Record.Tensor(
                    kind: tensor.kind.rawValue, layer: tensor.layer, operation: tensor.operation, type: tensor.type, bytes: tensor.bytes,
                    firstStep: tensor.lifetime.map { $0.lowerBound + 1 }, lastStep: tensor.lifetime?.upperBound)
            },
            recomputation: fitted.map { step in
                Record.Recomputation(
                    activations: step.recomputed, bytes: step.bytes + step.bytesBeside, keptBytes: step.keptBytes + step.bytesBeside,
                    multiplyAccumulates: step.multiplyAccumulates,
                    keptMultiplyAccumulates: step.keptMultiplyAccumulates)
            },
            largestTrainingBatch: trainingBatch, largestPredictingBatch: predictingBatch, drawing: path)
    }

    private static func bytes(_ parts: [(Kind, Int)]) -> [String: Int] {
        Dictionary(parts.filter { $0.1 > 0 }.map { ($0.0.rawValue, $0.1) }) { first, _ in first }
    }

    /// Steps count from 1.
    struct Record: Encodable {
        struct Layer: Encodable {
            var layer: String
            var bytes: [String: Int]
        }

        /// What a training takes that recomputes activations, and what it would take if it kept all.
        struct Recomputation: Encodable {
            var activations: Int
            var bytes: Int
            var keptBytes: Int
            var multiplyAccumulates: Int
            var keptMultiplyAccumulates: Int
        }

        struct Tensor: Encodable {
            var kind: String
            var layer: String
            var operation: String
            var type: String
            var bytes: Int
            /// The steps that it lives through; nil for what is kept.
            var firstStep: Int?
            var lastStep: Int?
        }

        var network: String
        var training: Bool
        var batch: Int
        var threads: Int
        var memoryLimit: Int
        var fits: Bool
        var totalBytes: Int
        /// What is kept from step to step, by kind.
        var kept: [String: Int]
        var arenaBytes: Int
        var arenaLowerBound: Int
        var scratchBytes: Int
        /// What evaluates beside a training.
        var evaluatingBytes: Int
        /// What looks at the layers of a training that is watched.
        var watchingBytes: Int
        /// Estimated.
        var codeBytes: Int
        var stepCount: Int
        var liveBytes: [Int]
        var fullestStep: Int?
        var fullest: [Layer]
        var tensors: [Tensor]
        var recomputation: Recomputation?
        var largestTrainingBatch: Int?
        var largestPredictingBatch: Int?
        var drawing: String?
    }
}

/// Names as tables show them.
private enum DisplayName {
    private static let longest = 48

    /// The name, its middle left out where it is long; `–` for none.
    static func of(_ name: String) -> String {
        guard !name.isEmpty else { return "–" }
        guard name.count > longest else { return name }
        return name.prefix(longest / 2) + "…" + name.suffix(longest / 2 - 1)
    }
}
