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
        var place: (offset: Int, sectionBytes: Int)?
        try withSymbols(of: object) { found, section in
            guard let name = LLVMGetSymbolName(found), String(cString: name) == symbol else { return }
            place = (Int(LLVMGetSymbolAddress(found)) - Int(LLVMGetSectionAddress(section)), Int(LLVMGetSectionSize(section)))
        }
        guard let place else { throw MachineError.codeGeneration("an object file has no \(symbol)") }
        return place
    }
}
