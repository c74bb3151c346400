import EmulatorSupport
import Foundation
import Graph
import Machine
import Testing

@testable import Compiler
@testable import Kernels
@testable import LoopNest

/// Kernels of networks (without functions that the interpreter has from elsewhere) as machine code of AArch64 beside the interpreter, bit for bit, where an emulator is installed; else skipped.
@Suite(.enabled(if: Emulator.runsAArch64, "qemu-aarch64, clang and ld.lld are not all installed")) struct EmulatedNetworkTests {
    private static let text = """
        network net() {
            input image: f32[N, 8, 9, 9]
            output y = image |> a: conv(12, 1) |> relu |> b: conv(20, 3, stride: 2, pad: 1) |> relu |> c: conv(8, 1) |> relu
                |> flatten |> d: linear(24) |> relu |> e: linear(5)
        }
        """

    @Test(arguments: [(Precision.bf16, Target.aarch64NEONBF16), (.bf16, .aarch64NEON), (.f32, .aarch64NEON)])
    func kernelsComputeWhatTheInterpreterDoes(precision: Precision, target: Target) throws {
        let plan = try Compiler(target: target, cache: nil, threads: 1, precision: precision).plan(
            Network.load(written: Self.text), batch: 2)
        let usesDots = plan.kernels.contains { $0.description.contains(" = oddDot(") }
        #expect(usesDots == (precision == .bf16 && target == .aarch64NEONBF16))
        #expect(plan.steps.contains { $0.unit == .dotProducts } == usesDots)
        for (number, kernel) in plan.kernels.enumerated() {
            // Small numbers of both signs: what is computed of them stays finite.
            let arrays = kernel.parameters.enumerated().map { place, parameter in
                KernelArray(
                    parameter.element,
                    numbers: (0..<parameter.count).map { index in
                        uniformHash(seed: UInt32(number), stream: UInt32(place), counter: UInt32(index)) - 0.5
                    })
            }
            var expected = arrays
            try KernelInterpreter().run(kernel, &expected)
            let observed = try Emulator.run(kernel, arrays, on: target)
            for (place, parameter) in kernel.parameters.enumerated() {
                let (a, b) = (expected[place].withUnsafeBytes { Data($0) }, observed[place].withUnsafeBytes { Data($0) })
                #expect(a == b, "\(kernel.name): \(parameter.name)")
            }
        }
    }
}
