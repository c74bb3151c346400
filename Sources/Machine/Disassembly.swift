internal import CLLVM
import LoopNest

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
        guard let decoder = LLVMCreateDisasmCPUFeatures(target.triple, target.processor, target.features, nil, 0, nil, nil) else {
            throw MachineError.unsupportedTarget(target.triple)
        }
        defer { LLVMDisasmDispose(decoder) }
        var functions: [Disassembly] = []
        try withSymbols(of: object) { symbol, section in
            let size = LLVMGetSymbolSize(symbol)
            guard size > 0, let contents = LLVMGetSectionContents(section), let name = LLVMGetSectionName(section),
                String(cString: name).hasPrefix(".text")
            else { return }
            let start = Int(LLVMGetSymbolAddress(symbol)) - Int(LLVMGetSectionAddress(section))
            let whole = UnsafeRawBufferPointer(start: contents, count: Int(LLVMGetSectionSize(section)))
            let (instructions, offsets) = try decode(Array(whole[start..<min(whole.count, start + Int(size))]), with: decoder)
            functions.append(Disassembly(name: String(cString: LLVMGetSymbolName(symbol)), instructions: instructions, offsets: offsets))
        }
        return functions
    }

    /// Goes through the symbols of an object file that lie in a section, each with the section.
    ///
    /// - Throws: `MachineError.codeGeneration` if `object` is no object file.
    static func withSymbols(of object: [UInt8], _ body: (LLVMSymbolIteratorRef, LLVMSectionIteratorRef) throws -> Void) throws {
        LLVM.start
        let buffer = object.withUnsafeBytes {
            LLVMCreateMemoryBufferWithMemoryRangeCopy($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "object")
        }
        defer { LLVMDisposeMemoryBuffer(buffer) }
        var message: UnsafeMutablePointer<CChar>?
        guard let binary = LLVMCreateBinary(buffer, nil, &message) else { throw MachineError.codeGeneration(LLVM.take(message)) }
        defer { LLVMDisposeBinary(binary) }
        guard let symbols = LLVMObjectFileCopySymbolIterator(binary), let section = LLVMObjectFileCopySectionIterator(binary) else {
            return
        }
        defer {
            LLVMDisposeSymbolIterator(symbols)
            LLVMDisposeSectionIterator(section)
        }
        while LLVMObjectFileIsSymbolIteratorAtEnd(binary, symbols) == 0 {
            LLVMMoveToContainingSection(section, symbols)
            if LLVMObjectFileIsSectionIteratorAtEnd(binary, section) == 0 { try body(symbols, section) }
            LLVMMoveToNextSymbol(symbols)
        }
    }

    private static func decode(_ code: [UInt8], with decoder: LLVMDisasmContextRef) throws -> ([String], [Int]) {
        var code = code
        var instructions: [String] = []
        var offsets: [Int] = []
        var offset = 0
        var text = [CChar](repeating: 0, count: 256)
        let (tab, space) = (CChar(9), CChar(32))
        while offset < code.count {
            let length = code.withUnsafeMutableBufferPointer {
                LLVMDisasmInstruction(
                    decoder, $0.baseAddress.map { $0 + offset }, UInt64($0.count - offset), UInt64(offset), &text, text.count)
            }
            guard length > 0 else { throw MachineError.codeGeneration("no instruction at offset \(offset)") }
            // A tab before the name, and one after it.
            text.withUnsafeMutableBufferPointer { characters in
                var position = 0
                while position < characters.count, characters[position] != 0 {
                    if characters[position] == tab { characters[position] = space }
                    position += 1
                }
            }
            let start = text.firstIndex { $0 != space } ?? 0
            instructions.append(text.withUnsafeBufferPointer { String(cString: $0.baseAddress! + start) })
            offsets.append(offset)
            offset += length
        }
        return (instructions, offsets + [offset])
    }

    /// The instructions that move a vector register to or from the stack.
    ///
    /// Register saves that the calling convention demands (AArch64: d8 to d15) are scalar and do not count.
    public var spills: [String] { instructions.filter(Self.isSpill) }

    static func isSpill(_ instruction: String) -> Bool {
        if instruction.contains("%rsp") { return ["%xmm", "%ymm", "%zmm"].contains(where: instruction.contains) }
        guard instruction.contains("[sp") else { return false }
        return instruction.split(whereSeparator: { " ,[]".contains($0) }).dropFirst().contains { $0.first == "q" || $0.first == "v" }
    }

    /// The bodies of loops, as ranges of instructions: from the target of a backward jump to the jump.
    ///
    /// Jumps of x86 count from the end of the instruction.
    private var loops: [ClosedRange<Int>] {
        let starts = Dictionary(uniqueKeysWithValues: offsets.enumerated().map { ($1, $0) })
        let loops = instructions.indices.compactMap { index -> ClosedRange<Int>? in
            guard instructions[index].utf8.first == UInt8(ascii: "j") else { return nil }
            let words = instructions[index].split(separator: " ")
            guard words.count == 2, let distance = Int(words[1]), distance < 0, let target = starts[offsets[index + 1] + distance]
            else { return nil }
            return target...index
        }
        return Array(Set(loops))
    }

    /// What an instruction means for loops that multiply (x86).
    private struct Role: OptionSet {
        let rawValue: Int
        static let multiplies = Role(rawValue: 1)
        /// Writes a vector to memory other than the stack.
        static let stores = Role(rawValue: 2)
        /// Writes a vector to the stack.
        static let saves = Role(rawValue: 4)
        /// Reads one element for all lanes, neither a constant nor from the stack.
        static let broadcasts = Role(rawValue: 8)
    }

    private static func role(_ instruction: String) -> Role {
        guard instruction.utf8.first == UInt8(ascii: "v") else { return [] }
        var role: Role = instruction.hasPrefix("vfmadd") || instruction.hasPrefix("vdpbf16ps") ? .multiplies : []
        guard let opening = instruction.utf8.firstIndex(of: UInt8(ascii: "(")) else { return role }
        let memory = instruction[opening...]
        let isStack = memory.hasPrefix("(%rsp")
        if instruction.hasPrefix("vmov"), instruction.split(separator: " ")[1].hasPrefix("%") { role.insert(isStack ? .saves : .stores) }
        if !isStack, !memory.hasPrefix("(%rip"),
            instruction.hasPrefix("vbroadcastss") || memory.utf8.contains(UInt8(ascii: "{")) && memory.contains("{1to")
        {
            role.insert(.broadcasts)
        }
        return role
    }

    /// The loops that multiply vectors.
    private struct MultiplyingLoops {
        /// Those that hold no other loop.
        var innermost: [ClosedRange<Int>] = []
        /// Those among them where a contraction spends its time.
        var microkernels: [ClosedRange<Int>] = []
        /// The microkernels, each with the loops around it that store nothing: the whole sum of a register tile.
        var sums: [ClosedRange<Int>] = []
        var roles: [Role] = []
    }

    private var multiplyingLoops: MultiplyingLoops {
        func holds(_ outer: ClosedRange<Int>, _ inner: ClosedRange<Int>) -> Bool {
            outer != inner && outer.contains(inner.lowerBound) && outer.contains(inner.upperBound)
        }
        let roles = instructions.map(Self.role)
        let loops = loops.sorted { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        let together = loops.map { loop in roles[loop].reduce(into: Role()) { $0.formUnion($1) } }
        var found = MultiplyingLoops(roles: roles)
        var summing: [ClosedRange<Int>] = []
        for (loop, role) in zip(loops, together) where role.contains(.multiplies) {
            let isInnermost = !loops.contains { holds(loop, $0) }
            if isInnermost { found.innermost.append(loop) }
            if !role.contains(.stores) { summing.append(loop) }
            guard isInnermost, !role.contains(.stores) || role.contains(.broadcasts) else { continue }
            found.microkernels.append(loop)
            if role.contains(.stores) { found.sums.append(loop) }
        }
        found.sums += summing.filter { loop in !summing.contains { holds($0, loop) } }
        return found
    }

    /// The innermost loops where a contraction spends its time: they multiply vectors and keep the sums in registers, or, where the whole
    /// sum is written out, multiply by elements of a tensor and store. A loop that multiplies by constants and stores what it computes, such
    /// as a transform of tiles, is none.
    public var microkernels: [ClosedRange<Int>] { multiplyingLoops.microkernels }

    /// The instructions that move a vector register to or from the stack in microkernels and in the loops around them that store nothing:
    /// anywhere between the first and the last product of a register tile.
    public var microkernelSpills: [String] {
        multiplyingLoops.sums.flatMap { loop in loop.map { instructions[$0] }.filter(Self.isSpill) }
    }

    /// The instructions that save a vector register on the stack in the innermost loops that multiply, whether they store or not.
    ///
    /// Reading the stack there does not count: an operand that is the same in every turn costs as much to read from where it came from.
    public var multiplyingLoopSaves: [String] {
        let loops = multiplyingLoops
        return loops.innermost.flatMap { loop in loop.filter { loops.roles[$0].contains(.saves) }.map { instructions[$0] } }
    }

    /// The loops that hold no other loop, in their order in the code.
    public var innermostLoops: [ClosedRange<Int>] {
        let loops = loops
        return loops.filter { loop in !loops.contains { $0 != loop && loop.contains($0.lowerBound) && loop.contains($0.upperBound) } }
            .sorted { $0.lowerBound < $1.lowerBound }
    }

    /// The number of innermost loops that multiply.
    public var multiplyingLoopCount: Int { multiplyingLoops.innermost.count }
}

/// The stack accesses of vector registers in the code of `kernel`: none, if its register blocks fit.
public func spills(in kernel: Kernel, for target: Target) throws -> [String] {
    let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
    return try Disassembly.functions(of: object, for: target).flatMap(\.spills)
}
