import CompiledC
import Graph
import Interchange
import LoopNest

/// The identity of a kernel's machine code: a SHA-256 over everything that decides it and nothing else.
///
/// Names, the number of tasks and the lengths of parameters are left out, so kernels that differ only there share their code.
public struct KernelFingerprint: Hashable, Sendable {
    public let bytes: [UInt8]

    /// Raised whenever the emitter, the passes or the options change the code of some kernel, or kernels are serialised in another way.
    static let emitterVersion = 4

    public init(_ kernel: Kernel, target: Target) {
        var writer = FingerprintWriter()
        writer.write("braid \(Self.emitterVersion) llvm \(LLVM.version) \(CodeGenerator.passes) \(LLVM.options)")
        writer.write(target.triple)
        writer.write(target.processor)
        writer.write(target.features)
        writer.write(kernel)
        bytes = SHA256.digest(writer.bytes)
    }

    /// 64 hexadecimal digits.
    public var text: String { SHA256.hexadecimal(digest: bytes) }

    /// The name of the kernel's entry in its object file.
    var symbol: String { "kernel_" + text }
}

/// An injective serialisation of kernels: each case begins with its tag, each list with its length.
private struct FingerprintWriter {
    private(set) var bytes: [UInt8] = []

    init() { bytes.reserveCapacity(1 << 16) }

    /// Small numbers take one byte; the others a marker and eight.
    mutating func write(_ value: Int) {
        if 0 <= value, value < 0xff {
            bytes.append(UInt8(truncatingIfNeeded: value))
        } else {
            bytes.append(0xff)
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
    }

    mutating func write(_ text: String) {
        write(text.utf8.count)
        bytes.append(contentsOf: text.utf8)
    }

    mutating func write(_ number: Double) {
        withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }

    mutating func write<Case: CaseIterable & Equatable>(case value: Case) {
        for (index, other) in Case.allCases.enumerated() where other == value { bytes.append(UInt8(index)) }
    }

    mutating func write(_ register: Register) { write(register.index) }
    mutating func write(_ buffer: BufferID) { write(buffer.index) }

    mutating func write(_ kernel: Kernel) {
        write(kernel.lanes)
        for list in [kernel.parameters, kernel.scratch] {
            write(list.count)
            for buffer in list {
                write(case: buffer.element)
                write(case: buffer.access)
            }
        }
        for buffer in kernel.scratch { write(buffer.count) }
        write(kernel.body)
        if let call = kernel.call { write(call) }
    }

    /// The text decides with clang's version, which is LLVM's, what becomes of it.
    mutating func write(_ call: ArrayCall) {
        write(CodeGenerator.passesOverCalls)
        write(call.function.text())
        write(StandardHeaders.files.count)
        for (_, text) in StandardHeaders.files { write(text) }
        write(call.arrays.count)
        for array in call.arrays {
            write(array.buffer)
            for number in [array.start, array.step, array.extents.count] + array.extents { write(number) }
        }
    }

    mutating func write(_ statements: [Statement]) {
        write(statements.count)
        for statement in statements { write(statement) }
    }

    mutating func write(_ statement: Statement) {
        switch statement {
        case .define(let register, let operation):
            write(0)
            write(register)
            write(operation)
        case .perform(let operation):
            write(1)
            write(operation)
        case .loop(let loop):
            write(2)
            write(loop.variable.index)
            write(loop.from)
            write(loop.to)
            write(loop.step)
            write(loop.unroll)
            write(loop.carried)
            write(loop.body)
        case .when(let conditions, let carried, let body):
            write(3)
            write(conditions.count)
            for condition in conditions {
                write(condition.index)
                write(condition.lower)
                write(condition.upper)
            }
            write(carried)
            write(body)
        }
    }

    mutating func write(_ carried: [Loop.Carried]) {
        write(carried.count)
        for item in carried {
            write(item.inside)
            write(item.initial)
            write(item.next)
            write(item.result)
        }
    }

    mutating func write(_ index: Index?) {
        guard let index else { return write(0) }
        write(1)
        write(index)
    }

    mutating func write(_ index: Index) {
        switch index {
        case .constant(let value):
            write(0)
            write(value)
        case .variable(let variable):
            write(1)
            write(variable.index)
        case .sum(let a, let b): write(2, a, b)
        case .product(let a, let factor): write(3, a, factor)
        case .quotient(let a, let divisor): write(4, a, divisor)
        case .remainder(let a, let divisor): write(5, a, divisor)
        case .minimum(let a, let b): write(6, a, b)
        case .maximum(let a, let b): write(7, a, b)
        }
    }

    private mutating func write(_ tag: Int, _ a: Index, _ b: Index) {
        write(tag)
        write(a)
        write(b)
    }

    private mutating func write(_ tag: Int, _ a: Index, _ number: Int) {
        write(tag)
        write(a)
        write(number)
    }

    /// What an operand is follows from the instruction, so its kind is not written.
    mutating func write(_ operation: Operation) {
        let (instruction, operands) = operation.parts
        write(instruction.name)
        for operand in operands {
            switch operand {
            case .register(let register): write(register)
            case .element(let buffer, let index, let stride):
                write(buffer)
                write(index)
                write(stride)
            case .active(let count): write(count)
            case .index(let index): write(index)
            case .counter(let index, let stride):
                write(index)
                write(stride)
            case .integer(let value): write(value)
            case .number(let value): write(value)
            case .combination(let function): write(case: function)
            case .comparison(let comparison): write(case: comparison)
            }
        }
    }
}
