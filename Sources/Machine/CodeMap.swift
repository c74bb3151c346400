internal import CLLVM
import Foundation

/// Where the machine code of kernels lies, for `perf`: a line each in `/tmp/perf-PID.map`, where it looks for code that no file holds
/// (Linux, tools/perf/Documentation/jit-interface.txt). Written where `BRAID_PERF_MAP` is 1 in the environment.
///
/// Its code is named as `braid bench --per-kernel` lists the kernels.
enum CodeMap {
    static let isWanted = ProcessInfo.processInfo.environment["BRAID_PERF_MAP"] == "1"

    /// A stretch of code.
    struct Stretch: Equatable {
        var address: UInt
        var bytes: Int
        var name: String

        /// As the file has it: the address and size in hexadecimal digits, and the name.
        var line: String { "\(String(address, radix: 16)) \(String(bytes, radix: 16)) \(name)\n" }
    }

    /// The code of a kernel: all of the section that holds its entry, for the function that it calls has no symbol.
    ///
    /// - Parameters:
    ///   - object: the object file of this kernel alone.
    ///   - entry: where its entry lies in memory.
    static func stretch(of object: [UInt8], entry: UInt, symbol: String, name: String) throws -> Stretch {
        let (offset, bytes) = try Disassembly.place(of: symbol, in: object)
        return Stretch(address: entry - UInt(offset), bytes: bytes, name: name)
    }

    /// Adds lines to the process's map.
    static func append(_ stretches: [Stretch]) throws {
        let path = "/tmp/perf-\(ProcessInfo.processInfo.processIdentifier).map"
        let failure = MachineError.linking("\(path) cannot be written, where BRAID_PERF_MAP wants the places of kernels")
        guard let file = fopen(path, "a") else { throw failure }
        let isWritten = fputs(stretches.map(\.line).joined(), file) >= 0
        guard fclose(file) == 0, isWritten else { throw failure }
    }
}

extension Disassembly {
    /// Where a symbol lies in its section, and how large the section is, in bytes.
    ///
    /// - Throws: `MachineError.codeGeneration` if `object` is no object file, or has no such symbol.
    static func place(of symbol: String, in object: [UInt8]) throws -> (offset: Int, sectionBytes: Int) {
        LLVM.start
        let buffer = object.withUnsafeBytes {
            LLVMCreateMemoryBufferWithMemoryRangeCopy($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, "object")
        }
        defer { LLVMDisposeMemoryBuffer(buffer) }
        var message: UnsafeMutablePointer<CChar>?
        guard let binary = LLVMCreateBinary(buffer, nil, &message) else { throw MachineError.codeGeneration(LLVM.take(message)) }
        defer { LLVMDisposeBinary(binary) }
        let symbols = LLVMObjectFileCopySymbolIterator(binary)
        let section = LLVMObjectFileCopySectionIterator(binary)
        defer {
            LLVMDisposeSymbolIterator(symbols)
            LLVMDisposeSectionIterator(section)
        }
        while LLVMObjectFileIsSymbolIteratorAtEnd(binary, symbols) == 0 {
            if let name = LLVMGetSymbolName(symbols), String(cString: name) == symbol {
                LLVMMoveToContainingSection(section, symbols)
                return (Int(LLVMGetSymbolAddress(symbols)) - Int(LLVMGetSectionAddress(section)), Int(LLVMGetSectionSize(section)))
            }
            LLVMMoveToNextSymbol(symbols)
        }
        throw MachineError.codeGeneration("an object file has no \(symbol)")
    }
}
