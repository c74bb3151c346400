internal import CLLVM
import CompiledC
import LoopNest

extension CodeGenerator {
    /// The passes over a kernel that calls a C function, together with the function: all that clang would run, once the shapes are known.
    static let passesOverCalls = "default<O2>"

    /// Adds to a module a kernel that calls a C function, with all that the function needs; its names are seen by nobody else.
    func add(_ kernel: Kernel, calling call: ArrayCall, as symbol: String, to module: borrowing Module, in context: borrowing Context)
        throws
    {
        let bitcode: [UInt8]
        do throws(CompilationError) {
            bitcode = try call.function.bitcode(for: target.triple)
        } catch {
            throw MachineError.foreign(error)
        }
        let own = makeEmptyModule(symbol, in: context)
        let build = InstructionBuilder(context: context, module: own)
        try KernelEmitter.emit(kernel, as: symbol, for: target, build)
        let buffer = bitcode.withUnsafeBytes {
            LLVMCreateMemoryBufferWithMemoryRangeCopy($0.baseAddress?.assumingMemoryBound(to: CChar.self), $0.count, symbol)
        }
        var parsed: LLVMModuleRef?
        defer { LLVMDisposeMemoryBuffer(buffer) }
        guard LLVMParseBitcodeInContext2(context.reference, buffer, &parsed) == 0, let parsed else {
            throw MachineError.codeGeneration("clang's bitcode of '\(call.name)' cannot be read")
        }
        // The target is the kernels', down to its triple's spelling.
        LLVMSetTarget(parsed, target.triple)
        LLVMSetModuleDataLayout(parsed, LLVMGetModuleDataLayout(own.reference))
        var function = LLVMGetFirstFunction(parsed)
        while let found = function {
            function = LLVMGetNextFunction(found)
            guard LLVMIsDeclaration(found) == 0 else { continue }
            for name in ["target-cpu", "target-features", "tune-cpu", "min-legal-vector-width"] {
                LLVMRemoveStringAttributeAtIndex(found, LLVMAttributeIndex.max, name, UInt32(name.utf8.count))
            }
            KernelEmitter.describe(LLVMValue(found), lanes: kernel.lanes, for: target, build)
            var length = 0
            if LLVMGetValueName2(found, &length).map({ String(cString: $0) }) == ArrayFunction.entryName {
                let name = KernelEmitter.calledName(symbol)
                LLVMSetValueName2(found, name, name.utf8.count)
            } else {
                LLVMSetLinkage(found, LLVMInternalLinkage)
            }
        }
        var variable = LLVMGetFirstGlobal(parsed)
        while let found = variable {
            variable = LLVMGetNextGlobal(found)
            if LLVMIsDeclaration(found) == 0 { LLVMSetLinkage(found, LLVMInternalLinkage) }
        }
        guard LLVMLinkModules2(own.reference, parsed) == 0 else {
            throw MachineError.codeGeneration("'\(call.name)' cannot be linked into its kernel")
        }
        if let called = LLVMGetNamedFunction(own.reference, KernelEmitter.calledName(symbol)) {
            LLVMSetLinkage(called, LLVMInternalLinkage)
        }
        try optimize(own, by: Self.passesOverCalls, vectorizing: true)
        // Linking takes the module.
        guard LLVMLinkModules2(module.reference, own.take()) == 0 else {
            throw MachineError.codeGeneration("the kernel of '\(call.name)' cannot be linked")
        }
    }
}
