internal import CLLVM

/// Runs tasks `first ..< end` of a kernel: the table of parameter addresses, the thread's scratch, first, end.
public typealias KernelEntry =
    @convention(c) (UnsafePointer<UnsafeMutableRawPointer?>, UnsafeMutableRawPointer?, Int, Int) -> Void

/// Machine code that is loaded and ready; it is unloaded when the last reference goes.
public final class CompiledProgram: @unchecked Sendable {
    // Unchecked: the code is immutable after init, and the JIT is touched in init and deinit only.

    /// What compilation found and did.
    public struct Statistics: Sendable {
        /// Kernels asked for, and how many of them differ.
        public var kernels = 0
        public var unique = 0
        /// Unique kernels whose object file was in the cache.
        public var cached = 0
        /// Bytes of object files.
        public var objectBytes = 0
        /// Seconds for fingerprints, reading the cache, generating code, and linking.
        public var fingerprintSeconds = 0.0
        public var readSeconds = 0.0
        public var generateSeconds = 0.0
        public var linkSeconds = 0.0
    }

    /// The entries, in the order of the kernels that were compiled.
    public let entries: [KernelEntry]
    public let statistics: Statistics
    private let linker: Linker

    init(entries: [KernelEntry], statistics: Statistics, linker: consuming Linker) {
        self.entries = entries
        self.statistics = statistics
        self.linker = linker
    }
}

/// LLVM's just-in-time linker with the object files of one program.
struct Linker: ~Copyable {
    private let jit: LLVMOrcLLJITRef
    private let library: LLVMOrcJITDylibRef

    init() throws {
        LLVM.start
        var jit: LLVMOrcLLJITRef?
        if let reason = LLVM.describe(LLVMOrcCreateLLJIT(&jit, nil)) { throw MachineError.linking(reason) }
        guard let jit else { throw MachineError.linking("no linker for this machine") }
        self.jit = jit
        library = LLVMOrcLLJITGetMainJITDylib(jit)
    }

    deinit {
        if let reason = LLVM.describe(LLVMOrcDisposeLLJIT(jit)) { preconditionFailure("generated code cannot be unloaded: \(reason)") }
    }

    func add(_ object: [UInt8], name: String) throws {
        let buffer = object.withUnsafeBytes {
            LLVMCreateMemoryBufferWithMemoryRangeCopy($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, name)
        }
        if let reason = LLVM.describe(LLVMOrcLLJITAddObjectFile(jit, library, buffer)) { throw MachineError.linking(reason) }
    }

    func entry(_ symbol: String) throws -> KernelEntry {
        var address: LLVMOrcExecutorAddress = 0
        if let reason = LLVM.describe(LLVMOrcLLJITLookup(jit, &address, symbol)) { throw MachineError.linking(reason) }
        guard let pointer = UnsafeRawPointer(bitPattern: UInt(address)) else { throw MachineError.linking("\(symbol) is at address 0") }
        return unsafeBitCast(pointer, to: KernelEntry.self)
    }
}
