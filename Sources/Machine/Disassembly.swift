internal import CLLVM
import Kernels

/// The machine instructions of one function.
public struct Disassembly: Sendable {
    /// The function's symbol.
    public var name: String
    /// One text an instruction, in the assembler's syntax.
    public var instructions: [String]
    /// Where each instruction starts, in bytes from the function's start; one more for its end.
    public var offsets: [Int]

    /// Takes the functions of an object file apart.
    ///
    /// - Throws: `MachineError.codeGeneration` if `object` is no object file or holds bytes that are no instruction of `target`.
    public static func functions(of object: [UInt8], for target: Target) throws -> [Disassembly] {
        LLVM.start
        let buffer = object.withUnsafeBytes {
            LLVMCreateMemoryBufferWithMemoryRangeCopy($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "object")
        }
        defer { LLVMDisposeMemoryBuffer(buffer) }
        var message: UnsafeMutablePointer<CChar>?
        guard let binary = LLVMCreateBinary(buffer, nil, &message) else { throw MachineError.codeGeneration(LLVM.take(message)) }
        defer { LLVMDisposeBinary(binary) }
        guard let decoder = LLVMCreateDisasmCPUFeatures(target.triple, target.processor, target.features, nil, 0, nil, nil) else {
            throw MachineError.unsupportedTarget(target.triple)
        }
        defer { LLVMDisasmDispose(decoder) }
        var functions: [Disassembly] = []
        let symbols = LLVMObjectFileCopySymbolIterator(binary)
        let section = LLVMObjectFileCopySectionIterator(binary)
        defer {
            LLVMDisposeSymbolIterator(symbols)
            LLVMDisposeSectionIterator(section)
        }
        while LLVMObjectFileIsSymbolIteratorAtEnd(binary, symbols) == 0 {
            let size = LLVMGetSymbolSize(symbols)
            LLVMMoveToContainingSection(section, symbols)
            if size > 0, LLVMObjectFileIsSectionIteratorAtEnd(binary, section) == 0, let contents = LLVMGetSectionContents(section),
                let name = LLVMGetSectionName(section), String(cString: name).hasPrefix(".text")
            {
                let start = Int(LLVMGetSymbolAddress(symbols)) - Int(LLVMGetSectionAddress(section))
                let whole = UnsafeRawBufferPointer(start: contents, count: Int(LLVMGetSectionSize(section)))
                let code = Array(whole[start..<min(whole.count, start + Int(size))])
                let (instructions, offsets) = try decode(code, with: decoder)
                functions.append(
                    Disassembly(name: String(cString: LLVMGetSymbolName(symbols)), instructions: instructions, offsets: offsets))
            }
            LLVMMoveToNextSymbol(symbols)
        }
        return functions
    }

    private static func decode(_ code: [UInt8], with decoder: LLVMDisasmContextRef) throws -> ([String], [Int]) {
        var code = code
        var instructions: [String] = []
        var offsets: [Int] = []
        var offset = 0
        var text = [CChar](repeating: 0, count: 256)
        while offset < code.count {
            let length = code.withUnsafeMutableBufferPointer {
                LLVMDisasmInstruction(
                    decoder, $0.baseAddress.map { $0 + offset }, UInt64($0.count - offset), UInt64(offset), &text, text.count)
            }
            guard length > 0 else { throw MachineError.codeGeneration("no instruction at offset \(offset)") }
            let characters = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            instructions.append(
                String(decoding: characters, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " "))
            offsets.append(offset)
            offset += length
        }
        return (instructions, offsets + [offset])
    }

    /// The instructions that move a vector register to or from the stack.
    ///
    /// Register saves that the calling convention demands (AArch64: d8 to d15) are scalar and do not count.
    public var spills: [String] { instructions.filter(Self.isSpill) }

    private static func isSpill(_ instruction: String) -> Bool {
        if instruction.contains("%rsp") { return ["%xmm", "%ymm", "%zmm"].contains(where: instruction.contains) }
        guard instruction.contains("[sp") else { return false }
        return instruction.split(whereSeparator: { " ,[]".contains($0) }).dropFirst().contains { $0.first == "q" || $0.first == "v" }
    }

    /// The bodies of loops that hold no other loop, as ranges of instructions: from the target of a backward jump to the jump.
    ///
    /// Jumps of x86 count from the end of the instruction.
    public var innermostLoops: [ClosedRange<Int>] {
        let starts = Dictionary(uniqueKeysWithValues: offsets.enumerated().map { ($1, $0) })
        let loops = instructions.indices.compactMap { index -> ClosedRange<Int>? in
            let words = instructions[index].split(separator: " ")
            guard words.count == 2, words[0].first == "j", let distance = Int(words[1]), distance < 0,
                let target = starts[offsets[index + 1] + distance]
            else { return nil }
            return target...index
        }
        return loops.filter { loop in !loops.contains { $0 != loop && loop.contains($0.lowerBound) && loop.contains($0.upperBound) } }
    }

    /// The innermost loops that multiply vectors and keep the sums in registers: where a contraction spends its time. A loop that stores
    /// what it computes, such as a transform of tiles, is none.
    public var microkernels: [ClosedRange<Int>] {
        innermostLoops.filter { loop in
            loop.contains { instructions[$0].hasPrefix("vfmadd") } && !loop.contains { Self.isStore(instructions[$0]) }
        }
    }

    /// Whether a vector goes to memory other than the stack (x86).
    private static func isStore(_ instruction: String) -> Bool {
        instruction.hasPrefix("vmov") && instruction.hasSuffix(")") && !instruction.contains("%rsp")
            && instruction.split(whereSeparator: \.isWhitespace).dropFirst().first?.hasPrefix("%") == true
    }

    /// The instructions of microkernels that move a vector register to or from the stack.
    public var microkernelSpills: [String] {
        microkernels.flatMap { loop in loop.map { instructions[$0] }.filter(Self.isSpill) }
    }
}

/// The stack accesses of vector registers in the code of `kernel`: none, if its register blocks fit.
public func spills(in kernel: Kernel, for target: Target) throws -> [String] {
    let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
    return try Disassembly.functions(of: object, for: target).flatMap(\.spills)
}
