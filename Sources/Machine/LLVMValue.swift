internal import CLLVM

/// A value of LLVM's: a constant, an argument or an instruction's result.
struct LLVMValue {
    let reference: LLVMValueRef
    init(_ reference: LLVMValueRef) { self.reference = reference }
}

/// A type of LLVM's.
struct LLVMType: Equatable {
    let reference: LLVMTypeRef
    init(_ reference: LLVMTypeRef) { self.reference = reference }
}

/// A basic block.
struct LLVMBlock: Equatable {
    let reference: LLVMBasicBlockRef
    init(_ reference: LLVMBasicBlockRef) { self.reference = reference }
}
