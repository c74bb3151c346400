internal import CLLVM
internal import CMemory
import Foundation

/// The library as a whole.
enum LLVM {
    /// Registers the back ends and sets the process-wide options, once.
    static let start: Void = {
        LLVMInitializeX86TargetInfo()
        LLVMInitializeX86Target()
        LLVMInitializeX86TargetMC()
        LLVMInitializeX86AsmPrinter()
        LLVMInitializeX86AsmParser()
        LLVMInitializeX86Disassembler()
        LLVMInitializeAArch64TargetInfo()
        LLVMInitializeAArch64Target()
        LLVMInitializeAArch64TargetMC()
        LLVMInitializeAArch64AsmPrinter()
        LLVMInitializeAArch64AsmParser()
        LLVMInitializeAArch64Disassembler()
        let arguments = ["braid"] + options
        let pointers = arguments.map { strdup($0) }
        defer { pointers.forEach { free($0) } }
        pointers.map { UnsafePointer($0) }.withUnsafeBufferPointer { LLVMParseCommandLineOptions(Int32($0.count), $0.baseAddress, nil) }
        releaseMemory()
    }()

    /// Gives back what LLVM leaves in memory when it has done its part: the constructors of its library alone touch some 40 MiB of it, as
    /// much as a middling network's weights, and generating code leaves the allocator with some 20 MiB of small free pieces.
    static func releaseMemory() {
        braid_memory_trim()
        braid_memory_release_library("libLLVM")
    }

    /// What LLVM lets be said for the whole process only. The machine scheduler moves the loads of a microkernel up, which lengthens
    /// their live ranges until accumulators spill. Loop strength reduction costs a quarter of the compile time, and the emitter has
    /// already brought addresses into the form that it looks for.
    static let options = ["-enable-misched=false", "-disable-lsr"]

    /// `19.1.7`, the version of the library that is loaded.
    static let version: String = {
        var (major, minor, patch): (UInt32, UInt32, UInt32) = (0, 0, 0)
        LLVMGetVersion(&major, &minor, &patch)
        return "\(major).\(minor).\(patch)"
    }()

    /// Takes the text of a message that LLVM allocated, and frees it.
    static func take(_ message: UnsafeMutablePointer<CChar>?) -> String {
        guard let message else { return "no reason given" }
        defer { LLVMDisposeMessage(message) }
        return String(cString: message)
    }

    /// The text of an error, which is consumed; nil for success.
    static func describe(_ error: LLVMErrorRef?) -> String? {
        guard let error else { return nil }
        guard let message = LLVMGetErrorMessage(error) else { return "no reason given" }
        defer { LLVMDisposeErrorMessage(message) }
        return String(cString: message)
    }
}

/// An LLVM context; everything made in it stays on the thread that made it.
struct Context: ~Copyable {
    let reference: LLVMContextRef

    init() {
        LLVM.start
        reference = LLVMContextCreate()
    }

    deinit { LLVMContextDispose(reference) }
}

/// A module and the functions in it; must go before its context.
struct Module: ~Copyable {
    let reference: LLVMModuleRef

    init(_ name: String, in context: borrowing Context) {
        reference = LLVMModuleCreateWithNameInContext(name, context.reference)
    }

    deinit { LLVMDisposeModule(reference) }

    /// The module for a function that disposes of it.
    consuming func take() -> LLVMModuleRef {
        let reference = reference
        discard self
        return reference
    }

    /// The module in LLVM's textual form.
    var text: String { LLVM.take(LLVMPrintModuleToString(reference)) }

    /// What the verifier objects to, or nil.
    var defect: String? {
        var message: UnsafeMutablePointer<CChar>?
        let failed = LLVMVerifyModule(reference, LLVMReturnStatusAction, &message) != 0
        let text = LLVM.take(message)
        return failed ? text : nil
    }
}
