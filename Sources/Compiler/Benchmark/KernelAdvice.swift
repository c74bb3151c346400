import Graph
import Kernels
import LoopNest
import Machine

/// Why a kernel takes longer than the machine's peak would let it, as far as that can be told from its plan and code.
public struct KernelAdvice: Sendable {
    /// By index into the plan's steps.
    public var step: Int
    /// What is known to cost time, the gravest first; never empty.
    public var reasons: [String]

    /// Kernels that reach less of their bound are told of.
    public static let share = 0.6
    /// Those that take less of all time are not worth a word.
    public static let leastTime = 0.005
    /// What it takes to bring all threads to a step and to end it, in seconds.
    private static let startOfStep = 3e-6
}

extension Compiler {
    /// Says why kernels stay below `KernelAdvice.share` of their bound.
    ///
    /// - Parameter measured: with steps; of this network, compiler and batch.
    public func advise(_ measured: Benchmark, _ network: Network) throws(CompilerError) -> [KernelAdvice] {
        let plan = try plan(network, training: measured.isTraining, batch: measured.batch)
        let total = measured.steps.reduce(0) { $0 + $1.fastestSeconds }
        var found: [KernelAdvice] = []
        for (index, step) in measured.steps.enumerated() where plan.steps.indices.contains(index) {
            guard step.shareOfPeak < KernelAdvice.share, step.fastestSeconds > KernelAdvice.leastTime * total else { continue }
            found.append(
                KernelAdvice(index, of: plan, step, threads: measured.threads, code: try code(plan.kernels[plan.steps[index].kernel])))
        }
        return found
    }

    /// The counts of a kernel's innermost loops, the longest-running kind first: those that multiply, then those that load most.
    private func code(_ kernel: Kernel) throws(CompilerError) -> InstructionCounts? {
        do {
            let object = try CodeGenerator(for: target).object([(kernel, kernel.name)])
            let loops = try Disassembly.functions(of: object, for: target).flatMap { function in
                function.innermostLoops.map { InstructionCounts(function.instructions[$0]) }
            }
            return loops.max { ($0.products, $0.loads, $0.all) < ($1.products, $1.loads, $1.all) }
        } catch {
            throw CompilerError("the code for \(target.name) could not be made: \(error)")
        }
    }
}

extension KernelAdvice {
    fileprivate init(_ index: Int, of plan: Plan, _ step: Benchmark.Step, threads: Int, code: InstructionCounts?) {
        self.step = index
        let kernel = plan.kernels[plan.steps[index].kernel]
        var reasons: [String] = []
        if step.leastSeconds < 4 * Self.startOfStep {
            reasons.append(
                "the work itself is \(Self.microseconds(step.leastSeconds)); starting and ending a step takes some \(Self.microseconds(Self.startOfStep))"
            )
        }
        let turns = (kernel.taskCount + threads - 1) / threads
        let idle = 1 - Double(kernel.taskCount) / Double(turns * threads)
        if threads > 1, idle > 0.1 {
            reasons.append(
                "\(kernel.taskCount) task\(kernel.taskCount == 1 ? "" : "s") for \(threads) threads: they stand idle for \(Self.percent(idle)) of the time"
            )
        }
        let (logical, stored) = plan.steps[index].buffers.reduce((0, 0)) { sum, buffer in
            let planned = plan.buffers[buffer]
            guard !planned.layout.blocks.isEmpty else { return sum }
            return (sum.0 + planned.extents.reduce(1, *), sum.1 + planned.count)
        }
        if stored > 0, 1 - Double(logical) / Double(stored) > 0.1 {
            reasons.append(
                "\(Self.percent(1 - Double(logical) / Double(stored))) of its tensors is padding: channels are no multiple of the vectors' lanes"
            )
        }
        if let code {
            if code.spills > 0 { reasons.append("its innermost loop moves vectors to and from the stack \(code.spills) times a turn") }
            if code.products > 0, code.loads > code.products {
                reasons.append("its innermost loop loads \(code.loads) times for \(code.products) products")
            }
            if code.products == 0 || step.multiplyAccumulates == 0, code.loads > 0, code.all > 8 * (code.loads + code.stores) {
                reasons.append(
                    "it computes \(code.all) instructions for \(code.loads + code.stores) loads and stores: arithmetic bounds it, not memory"
                )
            }
        }
        if let predicted = step.choice?.chosen.predictedSeconds {
            let expected = predicted / Double(min(threads, kernel.taskCount))
            if step.fastestSeconds > 1.3 * expected {
                reasons.append(
                    "it takes \(Self.figure(step.fastestSeconds / expected)) times what the cost model expects of it, which knows no reason"
                )
            } else if reasons.isEmpty {
                reasons.append("the cost model expects it: \(step.choice!.chosen.algorithm) does no better with this shape")
            }
        }
        if reasons.isEmpty {
            reasons.append(
                step.bound == .memory || step.bound == .level3 || step.bound == .level2
                    ? "it reads \(plan.steps[index].buffers.count) streams in small pieces, which come slower than one long one"
                    : "no reason is known")
        }
        self.reasons = reasons
    }

    private static func microseconds(_ seconds: Double) -> String { "\(Int((seconds * 1e6).rounded(.up))) µs" }
    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
    private static func figure(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
}
