internal import CLLVM

enum IntegerOperation {
    case add, multiply, unsignedQuotient, unsignedRemainder, and, or, xor, shiftLeft, shiftRight, arithmeticShiftRight, subtract

    var opcode: LLVMOpcode {
        switch self {
        case .add: LLVMAdd
        case .subtract: LLVMSub
        case .multiply: LLVMMul
        case .unsignedQuotient: LLVMUDiv
        case .unsignedRemainder: LLVMURem
        case .and: LLVMAnd
        case .or: LLVMOr
        case .xor: LLVMXor
        case .shiftLeft: LLVMShl
        case .shiftRight: LLVMLShr
        case .arithmeticShiftRight: LLVMAShr
        }
    }
}

enum FloatOperation {
    case add, subtract, multiply, divide

    var opcode: LLVMOpcode {
        switch self {
        case .add: LLVMFAdd
        case .subtract: LLVMFSub
        case .multiply: LLVMFMul
        case .divide: LLVMFDiv
        }
    }
}

enum Conversion {
    case integerToFloat, bits, truncate, zeroExtend

    var opcode: LLVMOpcode {
        switch self {
        case .integerToFloat: LLVMSIToFP
        case .bits: LLVMBitCast
        case .truncate: LLVMTrunc
        case .zeroExtend: LLVMZExt
        }
    }
}
