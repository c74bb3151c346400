import Kernels
import LoopNest
import Runtime
import Testing

@testable import Compiler

/// Work is cut for the threads that compute, and results do not depend on them.
@Suite struct PlannedThreadsTests {
    /// A stem that is packed, convolutions by Winograd's forms and directly, a small map of many channels, and a linear layer.
    private static let text = """
        network net() {
            input image: f32[N, 3, 28, 28]
            output scores = image |> stem: conv(32, 7, stride: 2, pad: 3) |> relu |> a: conv(64, 3, pad: 1) |> relu
                |> b: conv(96, 3, stride: 2, pad: 1) |> relu |> c: conv(160, 1) |> d: conv(64, 3, pad: 1) |> relu |> flatten |> fc: linear(10)
        }

        training of net {
            target label: i32[N]
            loss cross_entropy(scores, label)
            optimizer sgd(momentum: 0.9)
            schedule constant(rate: 0.01)
        }
        """

    private static func compiler(threads: Int) -> Compiler {
        var target = Target.host
        target.cores = 8
        return Compiler(target: target, cache: nil, threads: threads)
    }

    @Test func plansAreCutForTheThreads() throws {
        let network = try Network.load(written: Self.text)
        func plan(_ threads: Int) throws -> Plan { try Self.compiler(threads: threads).plan(network, batch: 1) }
        let (one, four) = (try plan(1), try plan(4))
        #expect(one.kernels.map(\.taskCount).reduce(0, +) < four.kernels.map(\.taskCount).reduce(0, +))
        #expect(one.steps.map(\.choice?.chosen) == four.steps.map(\.choice?.chosen))
        // No more threads run at once than there are cores.
        #expect(try plan(8).kernels == plan(100).kernels && plan(8).kernels != one.kernels)
        var unset = Target.x86AVX2
        unset.cores = 5
        #expect(Compiler(target: unset, cache: nil).threads == 5)
    }

    @Test(arguments: [false, true]) func resultsDoNotDependOnTheThreads(isTraining: Bool) throws {
        let network = try Network.load(written: Self.text)
        func results(_ threads: Int) throws -> [UInt32] {
            let options = TuningOptions(batch: 2, isTraining: isTraining)
            let executable = try Self.compiler(threads: threads).tunable(network, options, ThreadPool(threads: min(threads, 2)))
            for _ in 0..<3 { executable.run() }
            return try executable.plan.outputs.flatMap { try executable.output($0.name).map(\.bitPattern) }
        }
        let one = try results(1)
        #expect(!one.isEmpty && one.allSatisfy { Float(bitPattern: $0).isFinite })
        for threads in [2, 3, 8] { #expect(try results(threads) == one, "\(threads) threads") }
    }
}
