internal import CLLVM
import Graph
import LoopNest

/// Turns kernels into text or object code for one target; used by one thread.
public struct CodeGenerator: ~Copyable {
    public let target: Target
    private let machine: LLVMTargetMachineRef
    private let options: LLVMPassBuilderOptionsRef

    /// The passes over LLVM IR. The emitter writes explicit vectors and hoists addresses itself, so little is left to do before
    /// instructions are selected; the whole of O2 takes several times as long and gives the same code.
    static let passes = "function(early-cse,loop-mssa(licm),instsimplify)"

    /// - Throws: `MachineError.unsupportedTarget` if LLVM has no back end for the triple.
    public init(for target: Target) throws {
        LLVM.start
        var found: LLVMTargetRef?
        var message: UnsafeMutablePointer<CChar>?
        guard LLVMGetTargetFromTriple(target.triple, &found, &message) == 0, let found else {
            throw MachineError.unsupportedTarget(LLVM.take(message))
        }
        guard
            let machine = LLVMCreateTargetMachine(
                found, target.triple, target.processor, target.features, LLVMCodeGenLevelDefault, LLVMRelocPIC, LLVMCodeModelSmall)
        else { throw MachineError.unsupportedTarget("\(target.triple) \(target.processor)") }
        self.target = target
        self.machine = machine
        LLVMSetTargetMachineAsmVerbosity(machine, 1)
        options = LLVMCreatePassBuilderOptions()
        LLVMPassBuilderOptionsSetLoopVectorization(options, 0)
        LLVMPassBuilderOptionsSetSLPVectorization(options, 0)
        LLVMPassBuilderOptionsSetLoopUnrolling(options, 0)
        LLVMPassBuilderOptionsSetLoopInterleaving(options, 0)
    }

    deinit {
        LLVMDisposePassBuilderOptions(options)
        LLVMDisposeTargetMachine(machine)
    }

    /// A kernel and the name its entry gets.
    public typealias NamedKernel = (kernel: Kernel, symbol: String)

    private func makeModule(_ kernels: [NamedKernel], in context: borrowing Context) throws -> Module {
        try target.requireUnits(of: kernels.map(\.kernel))
        let module = makeEmptyModule("braid", in: context)
        let build = InstructionBuilder(context: context, module: module)
        for (kernel, symbol) in kernels {
            if let call = kernel.call {
                try add(kernel, calling: call, as: symbol, to: module, in: context)
            } else {
                try KernelEmitter.emit(kernel, as: symbol, for: target, build)
            }
        }
        assert(module.defect == nil, "invalid IR: \(module.defect ?? "")\n\(module.text)")
        return module
    }

    func makeEmptyModule(_ name: String, in context: borrowing Context) -> Module {
        let module = Module(name, in: context)
        LLVMSetTarget(module.reference, target.triple)
        let layout = LLVMCreateTargetDataLayout(machine)
        LLVMSetModuleDataLayout(module.reference, layout)
        LLVMDisposeTargetData(layout)
        return module
    }

    /// - Parameter vectorizing: whether loops are vectorized, which kernels have done themselves.
    func optimize(_ module: borrowing Module, by passes: String = passes, vectorizing: Bool = false) throws {
        let all = LLVMCreatePassBuilderOptions()
        defer { LLVMDisposePassBuilderOptions(all) }
        if let reason = LLVM.describe(LLVMRunPasses(module.reference, passes, machine, vectorizing ? all : options)) {
            throw MachineError.codeGeneration(reason)
        }
    }

    private func emit(_ kernels: [NamedKernel], _ kind: LLVMCodeGenFileType) throws -> [UInt8] {
        let context = Context()
        let module = try makeModule(kernels, in: context)
        try optimize(module)
        var message: UnsafeMutablePointer<CChar>?
        var buffer: LLVMMemoryBufferRef?
        guard LLVMTargetMachineEmitToMemoryBuffer(machine, module.reference, kind, &message, &buffer) == 0, let buffer else {
            throw MachineError.codeGeneration(LLVM.take(message))
        }
        defer { LLVMDisposeMemoryBuffer(buffer) }
        let bytes = UnsafeRawBufferPointer(start: LLVMGetBufferStart(buffer), count: LLVMGetBufferSize(buffer))
        return Array(bytes)
    }

    /// LLVM IR as the code generator gets it, after the passes.
    public func text(_ kernels: [NamedKernel]) throws -> String {
        let context = Context()
        let module = try makeModule(kernels, in: context)
        try optimize(module)
        return module.text
    }

    public func assembly(_ kernels: [NamedKernel]) throws -> String {
        String(decoding: try emit(kernels, LLVMAssemblyFile), as: UTF8.self)
    }

    /// A relocatable object file (ELF for the presets).
    public func object(_ kernels: [NamedKernel]) throws -> [UInt8] { try emit(kernels, LLVMObjectFile) }
}
