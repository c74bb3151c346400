import Graph
import Testing

@testable import LoopNest

/// The rows of instructions: each one's text, and that it is taken apart as it is put together.
@Suite struct InstructionRowTests {
    /// Operands that fit the row, all different.
    private func operands(_ instruction: InstructionRow) -> [Operand] {
        instruction.places.enumerated().map { number, place in
            switch place {
            case .register: .register(Register(number))
            case .registers: preconditionFailure("each has a place of its own")
            case .element(let effect, _, let isStrided):
                .element(BufferID(effect == .writes ? 1 : 0), .variable(.task) + 1, stride: isStrided ? 3 : 1)
            case .active: .active(5)
            case .index: .index(.variable(.task) * 2)
            case .counter: .counter(.variable(.task), stride: 4)
            case .integer: .integer(-6)
            case .number: .number(0.5)
            case .combination: .combination(.maximum)
            case .comparison: .comparison(.lessOrEqual)
            }
        }
    }

    private let kernel = Kernel(
        name: "k", lanes: 4, taskCount: 1,
        parameters: [Buffer("x", .f32, count: 50, access: .read), Buffer("y", .f32, count: 50, access: .write)])

    private func text(_ operation: LoopNest.Operation) -> String { KernelPrinter(kernel).text(.perform(operation)) }

    @Test func rowsAreWrittenLikeThis() {
        #expect(
            InstructionRow.table.map { text($0.compose(operands($0))) } == [
                "constant 0.5", "load x[task + 1] active 5", "broadcast x[task + 1]", "gather x[task + 1 stride 3] active 5",
                "fma(%0, %1, %2)", "select(%0 <= %2, %3, %4)", "position task stride 4", "uniform(%0, stream -6) at task stride 4",
                "across maximum(%1)", "keep %0 active task * 2",
                "interleaveFirst(%0, %1)", "interleaveSecond(%0, %1)",
                "pack(%0, %1)", "lower(%0)", "upper(%0)", "pairs x[task + 1]", "pair x[task + 1]", "dot(%0, %1, %2)", "oddDot(%0, %1, %2)",
                "zeroTile",
                "sumTile x[task + 1 stride 3]",
                "pairTile x[task + 1 stride 3]", "tileProduct(%0, %1, %2)", "y[task + 1] = %1 active 5",
                "y[task + 1 stride 3] = %1 active 5", "write %0 to y[task + 1]", "writeTile %0 to y[task + 1 stride 3]",
                "prefetch x[task + 1]",
            ])
        #expect(text(.unary(.squareRoot, Register(7))) == "squareRoot(%7)")
        #expect(text(.binary(.add, Register(7), Register(8))) == "add(%7, %8)")
    }

    @Test func namesAreTheirOwn() {
        #expect(Set(InstructionRow.all.map(\.name)).count == InstructionRow.all.count)
        #expect(InstructionRow.all.count == InstructionRow.table.count + UnaryFunction.allCases.count + BinaryFunction.allCases.count)
    }

    @Test(arguments: InstructionRow.all.map(\.name)) func operandsComeBack(name: String) throws {
        let instruction = try #require(InstructionRow.all.first { $0.name == name })
        let operation = instruction.compose(operands(instruction))
        #expect(operation.parts.instruction === instruction)
        #expect(operation.parts.operands == operands(instruction))
    }

    /// What gives no register does something to memory, and is told so by its places.
    @Test func effectsAreSaid() {
        for instruction in InstructionRow.all {
            let effects = instruction.places.compactMap { place in if case .element(let effect, _, _) = place { effect } else { nil } }
            #expect(
                instruction.result == nil ? effects.contains { $0 != .reads } : effects.allSatisfy { $0 == .reads }, "\(instruction.name)")
        }
    }

    @Test func registersAreGivenWhereTheRowSaysSo() {
        func check(_ statement: Statement, says expected: String) {
            var kernel = kernel
            kernel.registerCount = 2
            kernel.body = [.define(Register(0), .constant(0)), statement]
            #expect { try kernel.verify() } throws: { "\($0)" == "kernel k: \(expected)" }
        }
        check(.perform(.load(BufferID(0), 0, active: nil)), says: "what 'load' gives needs a register, in `load x[0]`")
        check(.define(Register(1), .prefetch(BufferID(0), 0)), says: "'prefetch' gives no register, in `%1 = prefetch x[0]`")
    }
}
