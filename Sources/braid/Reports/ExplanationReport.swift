import Compiler
import Kernels
import Machine

/// What becomes of a line, as people read it.
struct ExplanationReport {
    /// What is printed of each kernel beside what always is.
    enum Text: String, CaseIterable {
        case nest, llvm, assembly, loop
    }

    private let explanation: Explanation
    private let texts: [Text]
    private let mostKernels: Int
    /// More nodes of a list are counted.
    private static let mostNodes = 6

    init(_ explanation: Explanation, texts: [Text], mostKernels: Int) {
        (self.explanation, self.texts, self.mostKernels) = (explanation, texts, mostKernels)
    }

    func show() {
        let kind = explanation.isTraining ? "training step" : "inference"
        print("\(Console.bold(explanation.network)), \(kind), batch \(explanation.batch), \(explanation.target)")
        if let line = explanation.line {
            print("\n\(line.file):\(line.number)")
            print("    \(line.text.drop { $0 == " " })")
        }
        showNodes()
        explanation.history.steps.forEach(show)
        showTimes()
        let ordered = explanation.kernels.sorted { ($0.time, $1.step) > ($1.time, $0.step) }
        ordered.prefix(mostKernels).forEach(show)
        if ordered.count > mostKernels {
            print("\n\(ordered.count - mostKernels) more kernels: --kernels \(ordered.count) tells of all, --node LABEL of one layer's")
        }
        if explanation.kernels.isEmpty { print("\nNo step computes it: what it makes is needed once at most, when weights are set.") }
    }

    private func showNodes() {
        print("\n\(Console.bold("nodes"))")
        list(explanation.history.nodes)
    }

    private func list(_ lines: [String], indent: String = "  ") {
        for line in lines.prefix(Self.mostNodes) { print(indent + line) }
        if lines.count > Self.mostNodes { print(indent + Console.dim("… \(lines.count - Self.mostNodes) more")) }
    }

    private func show(_ step: GraphHistory.Step) {
        print("\n\(Console.bold(step.pass))")
        for change in step.changes.prefix(Self.mostNodes) {
            let rules = change.rules.isEmpty ? "" : Console.dim("  by \(change.rules.joined(separator: ", "))")
            if !change.decisions.isEmpty {
                print("  \(change.decisions.joined(separator: ", "))\(rules)")
                list(change.after, indent: "    ")
                continue
            }
            list(change.before)
            if change.after.isEmpty {
                print("    → " + Console.dim("nothing needs it any more"))
            } else {
                print("    →\(rules)")
                list(change.after, indent: "    ")
            }
        }
        if step.changes.count > Self.mostNodes { print("  " + Console.dim("… \(step.changes.count - Self.mostNodes) more changes")) }
    }

    private func showTimes() {
        guard let measured = explanation.measured, let share = explanation.share else { return }
        let own = explanation.kernels.reduce(0) { $0 + ($1.measured?.fastestSeconds ?? 0) }
        let all = measured.steps.reduce(0) { $0 + $1.fastestSeconds }
        print(
            "\n\(Console.bold("time"))  \(BenchReport.milliseconds(own)) in \(explanation.kernels.count) of \(explanation.stepCount) kernels, "
                + "\(Format.percent(share, 1)) of the network's")
        print(
            "  the sum of all kernels is \(BenchReport.milliseconds(all)), the fastest run of all took "
                + "\(BenchReport.milliseconds(measured.minimum)), \(measured.threads) thread\(measured.threads == 1 ? "" : "s")")
    }

    private func show(_ kernel: KernelExplanation) {
        print("\n\(Console.bold("kernel \(kernel.name)"))  step \(kernel.step) of \(explanation.stepCount), \(kernel.tasks) tasks")
        let others = kernel.labels.filter { !kernel.ownLabels.contains($0) }
        print("  computes \(kernel.summary)" + (others.isEmpty ? "" : "; also for \(others.joined(separator: ", "))"))
        var table = Table(("", .left), ("", .left), ("", .left), ("", .right), ("", .left))
        for tensor in kernel.tensors {
            let life = tensor.lifetime.map { ", steps \($0.lowerBound) to \($0.upperBound - 1)" } ?? ""
            let sharers = tensor.sharers > 0 ? ", a place of \(tensor.sharers) others at other times" : ""
            table.add(Self.word(tensor.access), tensor.name, tensor.type, Format.bytes(tensor.bytes), tensor.storage + life + sharers)
        }
        print(table.rowsText, terminator: "")
        if let choice = kernel.choice { show(choice) }
        show(kernel.instructions, "code")
        if let (counts, _) = kernel.innermost { show(counts, "its innermost loop") }
        if let step = kernel.measured { show(step) }
        for text in texts {
            switch text {
            case .nest: show("loop nest", kernel.nest)
            case .llvm: show("LLVM IR", kernel.llvm)
            case .assembly: show("assembly", kernel.assembly)
            case .loop: show("innermost loop", kernel.innermost.map { $0.text.joined(separator: "\n") } ?? "none multiplies")
            }
        }
    }

    private static func word(_ access: String) -> String { access == "readWrite" ? "reads, writes" : access == "read" ? "reads" : "writes" }

    private func show(_ choice: AlgorithmChoice) {
        func text(_ candidate: AlgorithmChoice.Candidate) -> String {
            let time = candidate.predictedSeconds.map { " predicted \(BenchReport.milliseconds($0)) with one thread" } ?? ""
            let error = candidate.error.map { ", error \(Format.scientific($0))" } ?? ""
            return candidate.algorithm + time + error
        }
        print("  algorithm \(text(choice.chosen))" + (choice.isTuned ? ", chosen by measurement" : ""))
        for candidate in choice.rejected {
            print(Console.dim("    not \(text(candidate))" + (candidate.reason.map { ": \($0)" } ?? "")))
        }
    }

    private func show(_ counts: InstructionCounts, _ name: String) {
        print(
            "  \(name): \(Format.grouped(counts.all)) instructions, \(counts.products) products, \(counts.loads) loads, \(counts.stores) stores, "
                + "\(counts.spills) spills")
    }

    private func show(_ step: Benchmark.Step) {
        let work = step.multiplyAccumulates > 0 ? ", \(Format.fixed(step.gigaflops, 1)) GFLOP/s" : ""
        print(
            "  time \(BenchReport.milliseconds(step.fastestSeconds)) (median \(BenchReport.milliseconds(step.seconds))), "
                + "\(Format.percent(step.shareOfPeak, 0)) of what the machine's \(step.bound.rawValue) allow\(work), "
                + "\(Format.fixed(step.gigabytesPerSecond, 1)) GB/s")
    }

    private func show(_ title: String, _ text: String) {
        print("\n  \(Console.bold(title))")
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) { print("    \(line)") }
    }
}

extension KernelExplanation {
    /// What kernels are sorted by: the measured time, else the predicted one, else what is moved.
    var time: Double { measured?.fastestSeconds ?? choice?.chosen.predictedSeconds ?? Double(bytes) * 1e-10 }
}
