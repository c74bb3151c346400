import Foundation
import Graph
import LoopNest
import TestSupport
import Testing

@testable import Compiler
@testable import Machine

/// The inner loops of real networks' kernels, taken apart.
@Suite struct MicrokernelTests {
    /// A network, and what it is planned for.
    private struct Workload {
        /// A file of `graphs/`; nil for `narrow`.
        var file: String?
        var name: String
        var training = false
        var batches = [1, 16]
    }

    /// One block of output channels, in rows that fill the registers of AVX2 or nearly so.
    private static let narrow = """
        network narrow {
            input image: f32[N, 32, 14, 14]
            output result = image |> a: conv(8, 1) |> relu |> b: conv(8, 3, pad: 1) |> relu |> c: conv(8, 2) |> d: conv(8, 1) |> relu
                |> e: conv(8, 2) |> f: conv(8, 1) |> relu
        }
        """

    /// The networks that are compared with other engines, one whose kernels compute gradients, one with depthwise convolutions, and
    /// one with few output channels.
    private static let workloads = [
        Workload(file: "alexnet", name: "alexnet"), Workload(file: "vgg", name: "vgg16"), Workload(file: "resnet", name: "resnet18"),
        Workload(file: "resnet", name: "resnet50"), Workload(file: "googlenet", name: "googlenet"),
        Workload(file: "inception_v3", name: "inception_v3"), Workload(file: "mnist_resnet", name: "mnist_resnet", batches: [1]),
        Workload(file: "mnist_resnet", name: "mnist_resnet", training: true, batches: [64]),
        Workload(file: "mobilenet_v2", name: "mobilenet_v2"), Workload(name: "narrow"),
    ]

    private typealias Known = (
        kernels: [(fingerprint: KernelFingerprint, kernel: Kernel, place: String, algorithm: String)], algorithms: Set<String>
    )

    private static let avx512 = Result { try kernels(for: .x86AVX512) }
    private static let avx2 = Result { try kernels(for: .x86AVX2) }
    private static let narrowed = Result { try kernels(for: .x86AVX512BF16) }

    /// What `kernels` gives, planned once.
    private static func known(for target: Target) throws -> Known {
        switch target {
        case .x86AVX512: try avx512.get()
        case .x86AVX2: try avx2.get()
        case .x86AVX512BF16: try narrowed.get()
        default: try kernels(for: target)
        }
    }

    /// The different kernels that multiply among the steps of all workloads, each with the first place where it occurs. (Preparation steps,
    /// which transform weights, run once.)
    private static func kernels(for target: Target) throws -> Known {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        // Where there are dot products, of inference in bf16.
        let precision: Precision = target.dotProducts.isEmpty ? .f32 : .bf16
        let compiler = Compiler(target: target, cache: nil, threads: 2, precision: precision)
        var known: Set<KernelFingerprint> = []
        var kernels: [(KernelFingerprint, Kernel, String, String)] = []
        var algorithms: Set<String> = []
        for workload in workloads where !workload.training || precision == .f32 {
            let network =
                try workload.file.map { try Network.load(root.appending(path: "graphs/\($0).braid").path, name: workload.name) }
                ?? Network.load(written: narrow)
            for batch in workload.batches {
                let plan = try compiler.plan(network, training: workload.training, batch: batch)
                algorithms.formUnion(plan.steps.compactMap { $0.choice?.chosen.algorithm })
                let chosen = Dictionary(plan.steps.map { ($0.kernel, $0.choice?.chosen.algorithm ?? "") }) { max($0, $1) }
                for index in Set(plan.steps.map(\.kernel)).sorted() {
                    let kernel = plan.kernels[index]
                    guard kernel.usesTiles || kernel.body.contains(where: { $0.holdsMultiplyAdd { _ in true } }) else { continue }
                    let fingerprint = KernelFingerprint(kernel, target: target)
                    guard known.insert(fingerprint).inserted else { continue }
                    kernels.append(
                        (fingerprint, kernel, "\(kernel.name) of \(workload.name) at batch \(batch) for \(target.name)", chosen[index]!))
                }
            }
        }
        return (kernels, algorithms)
    }

    /// The verifier proves of every kernel of the networks that what it touches lies in its buffers.
    @Test(arguments: [Target.x86AVX512, .x86AVX2, .x86AVX512BF16, .x86AMX]) func touchOnlyTheirBuffers(target: Target) throws {
        for (_, kernel, place, _) in try Self.known(for: target).kernels {
            #expect(throws: Never.self, "\(place)") { try kernel.verify() }
        }
    }

    /// No vector register travels through the stack where sums of products are computed, forward or backward, in either vector width.
    /// (What is loaded once a tile, such as a bias, may be kept on the stack meanwhile: that costs the same load.)
    ///
    /// All kernels are planned; a plain run takes apart the first three of each algorithm and every eighth of the others, and
    /// `script/test --all` takes all.
    @Test(arguments: [Target.x86AVX512, .x86AVX2, .x86AVX512BF16]) func doNotSpill(target: Target) throws {
        let (all, algorithms) = try Self.known(for: target)
        var met: [String: Int] = [:]
        let kernels = all.enumerated().filter { number, kernel in
            met[kernel.algorithm, default: 0] += 1
            return Exhaustive.isOn || met[kernel.algorithm]! <= 3 || number % 8 == 0
        }.map(\.element)
        let isNarrow = !target.dotProducts.isEmpty
        let forms = ["1x4, 1x3", "4x1, 3x1", "1x4, 1x7", "4x1, 7x1", "4x4, 3x3", "2x2, 5x5", "3x3, 4x4"].map { "Winograd F(\($0))" }
        let strided = ["3x3, 2x2", "4x4, 2x2"].map { "Winograd F(\($0)), 4 phases" }
        let exact = ["direct", "direct, 4 phases", "reduction split", "Winograd gradient F(3x3, 4x4)"] + forms + strided
        let missing = Set(isNarrow ? ["direct", "dot", "Winograd F(6x6, 3x3)"] : exact).subtracting(algorithms)
        #expect(missing.isEmpty, "the networks have no kernel of these kinds any more: \(missing.sorted())")
        let objects = try KernelCompiler(target: target, cache: nil, threads: 2).generate(kernels.map { ($0.kernel, $0.fingerprint) })
        var (microkernels, windows) = (0, 0)
        for ((_, kernel, place, _), object) in zip(kernels, objects) {
            let functions = try Disassembly.functions(of: object, for: target)
            let count = functions.reduce(0) { $0 + $1.microkernels.count }
            microkernels += count
            #expect(count > 0 || !kernel.body.contains { $0.holdsSums(of: 8) }, "\(place) has no inner loop that multiplies")
            #expect(functions.flatMap(\.microkernelSpills) == [], "\(place)")
            // The transforms of minimal filtering, whose factors are constants, take more registers than there are.
            let constants = kernel.constants
            if !kernel.body.contains(where: { $0.holdsMultiplyAdd { constants.contains($0) } }) {
                windows += functions.reduce(0) { $0 + $1.multiplyingLoopCount } - count
                #expect(functions.flatMap(\.multiplyingLoopSaves) == [], "\(place)")
            }
        }
        #expect(
            all.count > (isNarrow ? 200 : 400) && kernels.count >= 3 * algorithms.count
                && microkernels > (Exhaustive.isOn ? isNarrow ? 300 : 700 : isNarrow ? 30 : 100)
                && windows > (Exhaustive.isOn ? 20 : 2),
            "\(all.count) kernels, of \(kernels.count) \(microkernels) microkernels and \(windows) loops over windows were found")
    }
}

extension Kernel {
    /// The registers that hold constants.
    fileprivate var constants: Set<Register> {
        func constants(_ statements: [Statement]) -> [Register] {
            statements.flatMap { statement -> [Register] in
                switch statement {
                case .define(let register, .constant): [register]
                case .loop(let loop): constants(loop.body)
                case .when(_, _, let body): constants(body)
                default: []
                }
            }
        }
        return Set(constants(body))
    }
}

extension Statement {
    /// Whether this is, or holds, a multiply-add one of whose factors is as asked.
    fileprivate func holdsMultiplyAdd(factor isAsked: (Register) -> Bool) -> Bool {
        switch self {
        case .define(_, .fusedMultiplyAdd(let a, let b, _)), .define(_, .dot(let a, let b, _)): isAsked(a) || isAsked(b)
        case .loop(let loop): loop.body.contains { $0.holdsMultiplyAdd(factor: isAsked) }
        case .when(_, _, let body): body.contains { $0.holdsMultiplyAdd(factor: isAsked) }
        default: false
        }
    }

    /// Whether this is, or holds, a loop that carries at least `count` sums of products: what makes a kernel a contraction.
    fileprivate func holdsSums(of count: Int) -> Bool {
        switch self {
        case .loop(let loop):
            let sums = Set(loop.carried.map(\.inside))
            return loop.body.contains { statement in
                switch statement {
                case .define(_, .fusedMultiplyAdd(_, _, let sum)), .define(_, .dot(_, _, let sum)):
                    return sums.count >= count && sums.contains(sum)
                default: return statement.holdsSums(of: count)
                }
            }
        case .when(_, _, let body): return body.contains { $0.holdsSums(of: count) }
        default: return false
        }
    }
}
