import Foundation
import Kernels
import Machine
import Testing

@testable import Compiler

/// The inner loops of a real network's kernels, taken apart.
@Suite struct MicrokernelTests {
    /// No vector register travels through the stack in an inner loop that multiplies, forward or backward, in either vector width.
    /// (What is loaded once a tile, such as a bias, may be kept on the stack meanwhile: that costs the same load.)
    @Test(arguments: [Target.x86AVX512, .x86AVX2]) func doNotSpill(target: Target) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let network = try Network.load(root.appending(path: "graphs/mnist_resnet.braid").path)
        let compiler = Compiler(target: target, cache: nil, threads: 2)
        var inspected = 0
        for (training, batch) in [(false, 1), (true, 64)] {
            for kernel in try compiler.plan(network, training: training, batch: batch).kernels where Self.multipliesInLoops(kernel.body) {
                let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
                let functions = try Disassembly.functions(of: object, for: target)
                #expect(
                    functions.contains { !$0.microkernels.isEmpty }, "\(kernel.name) for \(target.name) has no inner loop that multiplies")
                for function in functions {
                    inspected += function.microkernels.count
                    #expect(function.microkernelSpills == [], "\(kernel.name) for \(target.name)")
                }
            }
        }
        #expect(inspected > 60, "only \(inspected) inner loops were found")
    }

    /// Whether a loop carries sums of products: what makes a kernel a contraction.
    private static func multipliesInLoops(_ statements: [Statement]) -> Bool {
        statements.contains { statement in
            switch statement {
            case .loop(let loop):
                let sums = Set(loop.carried.map(\.inside))
                return multipliesInLoops(loop.body)
                    || loop.body.contains {
                        if case .define(_, .fusedMultiplyAdd(_, _, let sum)) = $0 {
                            loop.carried.count >= 8 && sums.contains(sum)
                        } else {
                            false
                        }
                    }
            case .when(_, _, let body): return multipliesInLoops(body)
            default: return false
            }
        }
    }
}
