import Compiler
import Kernels
import Machine

/// What `braid explain --json` prints; times are in milliseconds.
struct ExplanationRecord: Encodable {
    struct Line: Encodable {
        var file: String
        var line: Int
        var text: String
    }

    struct Pass: Encodable {
        struct Change: Encodable {
            var rules: [String]
            var before: [String]
            var after: [String]
            var decisions: [String]
        }

        var pass: String
        var changes: [Change]
    }

    struct Kernel: Encodable {
        struct Tensor: Encodable {
            var name: String
            var access: String
            var type: String
            var bytes: Int
            var storage: String
            /// The first and the last step that need it; absent where it is kept.
            var steps: [Int]?
            var sharers: Int
        }

        struct Algorithm: Encodable {
            var name: String
            var predictedMs: Double?
            var error: Double?
            /// Why it may not be taken; absent if it may.
            var reason: String?

            init(_ candidate: AlgorithmChoice.Candidate) {
                name = candidate.algorithm
                predictedMs = candidate.predictedSeconds.map { $0 * 1e3 }
                (error, reason) = (candidate.error, candidate.reason)
            }
        }

        struct Counts: Encodable {
            var instructions: Int
            var products: Int
            var loads: Int
            var stores: Int
            var spills: Int

            init(_ counts: InstructionCounts) {
                (instructions, products, loads) = (counts.all, counts.products, counts.loads)
                (stores, spills) = (counts.stores, counts.spills)
            }
        }

        var name: String
        var step: Int
        var summary: String
        var labels: [String]
        var tasks: Int
        var scratchBytes: Int
        var tensors: [Tensor]
        var multiplyAccumulates: Int
        var bytes: Int
        var algorithm: Algorithm?
        var rejected: [Algorithm]
        var code: Counts
        var innermostLoop: Counts?
        var fastestMs: Double?
        var medianMs: Double?
        var shareOfPeak: Double?
        var bound: String?
        var nest: String
        var llvm: String
        var assembly: String

        init(_ kernel: KernelExplanation) {
            (name, step, summary, labels) = (kernel.name, kernel.step, kernel.summary, kernel.labels)
            (tasks, scratchBytes, multiplyAccumulates, bytes) = (
                kernel.tasks, kernel.scratchBytes, kernel.multiplyAccumulates, kernel.bytes
            )
            tensors = kernel.tensors.map {
                Tensor(
                    name: $0.name, access: $0.access, type: $0.type, bytes: $0.bytes, storage: $0.storage,
                    steps: $0.lifetime.map { [$0.lowerBound, $0.upperBound - 1] }, sharers: $0.sharers)
            }
            algorithm = kernel.choice.map { Algorithm($0.chosen) }
            rejected = kernel.choice?.rejected.map(Algorithm.init) ?? []
            code = Counts(kernel.instructions)
            innermostLoop = kernel.innermost.map { Counts($0.counts) }
            fastestMs = kernel.measured.map { $0.fastestSeconds * 1e3 }
            medianMs = kernel.measured.map { $0.seconds * 1e3 }
            shareOfPeak = kernel.measured?.shareOfPeak
            bound = kernel.measured?.bound.rawValue
            (nest, llvm, assembly) = (kernel.nest, kernel.llvm, kernel.assembly)
        }
    }

    var network: String
    var training: Bool
    var batch: Int
    var target: String
    var line: Line?
    var nodes: [String]
    var passes: [Pass]
    var kernels: [Kernel]
    /// The part of all kernels' time that these take, the sum of all, and the fastest run; absent where nothing was measured.
    var share: Double?
    var allKernelsMs: Double?
    var fastestRunMs: Double?

    init(_ explanation: Explanation) {
        (network, training, batch) = (explanation.network, explanation.isTraining, explanation.batch)
        target = explanation.target
        line = explanation.line.map { Line(file: $0.file, line: $0.number, text: $0.text) }
        nodes = explanation.history.nodes
        passes = explanation.history.steps.map { step in
            Pass(
                pass: step.pass,
                changes: step.changes.map { .init(rules: $0.rules, before: $0.before, after: $0.after, decisions: $0.decisions) })
        }
        kernels = explanation.kernels.map(Kernel.init)
        share = explanation.share
        allKernelsMs = explanation.measured.map { $0.steps.reduce(0) { $0 + $1.fastestSeconds } * 1e3 }
        fastestRunMs = explanation.measured.map { $0.minimum * 1e3 }
    }
}
