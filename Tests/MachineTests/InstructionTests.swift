import Foundation
import LoopNest
import TestSupport
import Testing

@testable import Machine

/// What LLVM makes of small loop nests, in numbers that a person can read: `Cases/NAME.kernel` beside `Cases/NAME.expected`.
///
/// A change there is not wrong by itself, but somebody should look at it: another version of LLVM, or another emitter.
@Suite struct InstructionTests {
    private static let folder = Golden.folder("Cases", beside: #filePath)
    static let cases = Golden.files(in: folder, suffix: ".kernel").map { $0.deletingPathExtension().lastPathComponent }

    /// The instructions by kind, of the whole kernel and of the loops without loops in them that have vectors. (A loop whose body LLVM
    /// puts elsewhere, behind a branch, has none at its place.) In the texts, `L` stands for the lanes of a vector.
    @Test(arguments: cases) func loopsAreMadeOf(name: String) throws {
        let text = try String(contentsOf: Self.folder.appending(path: "\(name).kernel"), encoding: .utf8)
        var summary = text + "\n"
        for target in [Target.x86AVX512, .x86AVX2] {
            let kernel = try KernelReader.read(text.replacing(/\bL\b/, with: "\(target.lanes)"))[0]
            try kernel.verify()
            let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
            let functions = try Disassembly.functions(of: object, for: target)
            summary += "\(target):\n"
            for function in functions {
                let whole = InstructionSummary(function.instructions)
                // What calls the kernel for each task has no vectors.
                guard whole.hasVectors else { continue }
                summary += "    whole: \(whole)\n"
                let loops = function.innermostLoops.map { InstructionSummary(function.instructions[$0]) }
                for loop in loops where loop.hasVectors { summary += "    loop: \(loop)\n" }
            }
            #expect(functions.contains { !$0.innermostLoops.isEmpty }, "\(name) has no loop for \(target)")
        }
        try Golden.check(summary, Self.folder.appending(path: "\(name).expected"))
    }

    @Test func thereAreTenCases() { #expect(Self.cases.count >= 10) }

    @Test(arguments: [
        ("vfmadd231ps %zmm0, %zmm1, %zmm2", "vfmadd"), ("vfmadd231ps (%rax), %zmm1, %zmm2", "vfmadd of memory"),
        ("vfmadd231ps (%rax,%rcx,4){1to16}, %zmm1, %zmm2", "vfmadd of a broadcast"), ("vmovups (%rax), %ymm0", "load"),
        ("vmovups %ymm0, 64(%rax,%rcx)", "store"), ("vmovups %zmm0, (%rax) {%k1}", "store masked"),
        ("vmovups (%rax), %zmm0 {%k1} {z}", "load masked"), ("vmaskmovps %ymm0, %ymm1, (%rax)", "store masked"),
        ("vmaskmovps (%rax), %ymm1, %ymm0", "load masked"), ("vmovups %zmm0, 64(%rsp)", "stack"),
        ("vaddps 32(%rsp), %ymm0, %ymm0", "stack"),
        ("vmovaps %zmm0, %zmm1", "move"), ("vbroadcastss (%rax), %ymm0", "broadcast"), ("vmaxps %zmm0, %zmm1, %zmm2", "vmaxps"),
        ("vmaxps (%rax), %zmm1, %zmm2", "vmaxps of memory"), ("prefetcht0 (%rax)", "prefetch"), ("addq $64, %rax", "scalar"),
        ("jne -12", "scalar"), ("kmovw %eax, %k1", "scalar"), ("retq", "scalar"), ("vzeroupper", "scalar"),
    ])
    func instructionsHaveKinds(instruction: String, kind: String) { #expect(InstructionSummary.kind(instruction) == kind) }
}
