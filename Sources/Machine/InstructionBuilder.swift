internal import CLLVM

/// A value of LLVM's: a constant, an argument or an instruction's result.
struct Value {
    let reference: LLVMValueRef
    init(_ reference: LLVMValueRef) { self.reference = reference }
}

/// A type of LLVM's.
struct Type {
    let reference: LLVMTypeRef
    init(_ reference: LLVMTypeRef) { self.reference = reference }
}

/// A basic block.
struct Block: Equatable {
    let reference: LLVMBasicBlockRef
    init(_ reference: LLVMBasicBlockRef) { self.reference = reference }
}

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
    case integerToFloat, bits, truncate

    var opcode: LLVMOpcode {
        switch self {
        case .integerToFloat: LLVMSIToFP
        case .bits: LLVMBitCast
        case .truncate: LLVMTrunc
        }
    }
}

/// Appends instructions to a block. No instruction gets a fast-math flag: every result is rounded as IEEE 754 says.
final class InstructionBuilder {
    let context: LLVMContextRef
    let module: LLVMModuleRef
    private let builder: LLVMBuilderRef

    let void: Type
    let bit: Type
    let int32: Type
    let int64: Type
    let float: Type
    let pointer: Type

    init(context: borrowing Context, module: borrowing Module) {
        self.context = context.reference
        self.module = module.reference
        builder = LLVMCreateBuilderInContext(context.reference)
        void = Type(LLVMVoidTypeInContext(context.reference))
        bit = Type(LLVMInt1TypeInContext(context.reference))
        int32 = Type(LLVMInt32TypeInContext(context.reference))
        int64 = Type(LLVMInt64TypeInContext(context.reference))
        float = Type(LLVMFloatTypeInContext(context.reference))
        pointer = Type(LLVMPointerTypeInContext(context.reference, 0))
    }

    deinit { LLVMDisposeBuilder(builder) }
}

/// Types and constants.
extension InstructionBuilder {
    func vector(of element: Type, _ lanes: Int) -> Type { Type(LLVMVectorType(element.reference, UInt32(lanes))) }

    func int64(_ value: Int) -> Value { Value(LLVMConstInt(int64.reference, UInt64(bitPattern: Int64(value)), 1)) }
    func int32(_ value: UInt32) -> Value { Value(LLVMConstInt(int32.reference, UInt64(value), 0)) }
    func bit(_ value: Bool) -> Value { Value(LLVMConstInt(bit.reference, value ? 1 : 0, 0)) }
    func float(_ value: Float) -> Value { Value(LLVMConstBitCast(int32(value.bitPattern).reference, float.reference)) }

    func zero(_ type: Type) -> Value { Value(LLVMConstNull(type.reference)) }
    func poison(_ type: Type) -> Value { Value(LLVMGetPoison(type.reference)) }

    func vector(_ elements: [Value]) -> Value {
        var references: [LLVMValueRef?] = elements.map(\.reference)
        return Value(LLVMConstVector(&references, UInt32(references.count)))
    }

    func type(of value: Value) -> Type { Type(LLVMTypeOf(value.reference)) }
}

/// Blocks and control.
extension InstructionBuilder {
    var block: Block { Block(LLVMGetInsertBlock(builder)) }

    func appendBlock(_ name: String, to function: Value) -> Block {
        Block(LLVMAppendBasicBlockInContext(context, function.reference, name))
    }

    func moveToEnd(of block: Block) { LLVMPositionBuilderAtEnd(builder, block.reference) }

    /// Goes to where an instruction can still be added to `block`: before its branch if it has one already.
    func moveBeforeBranch(of block: Block) {
        if let branch = LLVMGetBasicBlockTerminator(block.reference) {
            LLVMPositionBuilderBefore(builder, branch)
        } else {
            moveToEnd(of: block)
        }
    }

    func branch(to block: Block) { LLVMBuildBr(builder, block.reference) }

    @discardableResult
    func branch(if condition: Value, then: Block, otherwise: Block) -> Value {
        Value(LLVMBuildCondBr(builder, condition.reference, then.reference, otherwise.reference))
    }

    /// Keeps memory accesses on their side of this place in every later pass; no instruction comes of it.
    func compilerFence() { LLVMBuildFence(builder, LLVMAtomicOrderingAcquireRelease, 1, "") }

    func returnVoid() { LLVMBuildRetVoid(builder) }

    func phi(_ type: Type, _ incoming: [(Value, Block)] = []) -> Value {
        let phi = Value(LLVMBuildPhi(builder, type.reference, ""))
        for (value, block) in incoming { addIncoming(value, from: block, to: phi) }
        return phi
    }

    func addIncoming(_ value: Value, from block: Block, to phi: Value) {
        var values: LLVMValueRef? = value.reference
        var blocks: LLVMBasicBlockRef? = block.reference
        LLVMAddIncoming(phi.reference, &values, &blocks, 1)
    }

    @discardableResult
    func call(_ function: Value, _ type: Type, _ arguments: [Value]) -> Value {
        var references: [LLVMValueRef?] = arguments.map(\.reference)
        return Value(LLVMBuildCall2(builder, type.reference, function.reference, &references, UInt32(references.count), ""))
    }

    /// Calls `llvm.NAME`, overloaded by `types`.
    @discardableResult
    func intrinsic(_ name: String, _ types: [Type], _ arguments: [Value]) -> Value {
        let identifier = LLVMLookupIntrinsicID(name, name.utf8.count)
        precondition(identifier != 0, "no intrinsic \(name)")
        var overloads: [LLVMTypeRef?] = types.map(\.reference)
        guard let declaration = LLVMGetIntrinsicDeclaration(module, identifier, &overloads, overloads.count),
            let type = LLVMIntrinsicGetType(context, identifier, &overloads, overloads.count)
        else { preconditionFailure("\(name) cannot be declared") }
        return call(Value(declaration), Type(type), arguments)
    }
}

/// Arithmetic, memory and lanes.
extension InstructionBuilder {
    func integer(_ operation: IntegerOperation, _ a: Value, _ b: Value) -> Value {
        Value(LLVMBuildBinOp(builder, operation.opcode, a.reference, b.reference, ""))
    }

    func float(_ operation: FloatOperation, _ a: Value, _ b: Value) -> Value {
        Value(LLVMBuildBinOp(builder, operation.opcode, a.reference, b.reference, ""))
    }

    func negate(_ a: Value) -> Value { Value(LLVMBuildFNeg(builder, a.reference, "")) }

    func compare(_ predicate: LLVMIntPredicate, _ a: Value, _ b: Value) -> Value {
        Value(LLVMBuildICmp(builder, predicate, a.reference, b.reference, ""))
    }

    func compare(_ predicate: LLVMRealPredicate, _ a: Value, _ b: Value) -> Value {
        Value(LLVMBuildFCmp(builder, predicate, a.reference, b.reference, ""))
    }

    func select(_ condition: Value, _ then: Value, _ otherwise: Value) -> Value {
        Value(LLVMBuildSelect(builder, condition.reference, then.reference, otherwise.reference, ""))
    }

    func convert(_ conversion: Conversion, _ value: Value, to type: Type) -> Value {
        Value(LLVMBuildCast(builder, conversion.opcode, value.reference, type.reference, ""))
    }

    /// The address `offset` elements of `element` behind `base`.
    func address(_ base: Value, _ element: Type, offset: Value) -> Value {
        var index: LLVMValueRef? = offset.reference
        return Value(LLVMBuildGEP2(builder, element.reference, base.reference, &index, 1, ""))
    }

    func load(_ type: Type, _ address: Value, alignment: Int = 4) -> Value {
        let load = LLVMBuildLoad2(builder, type.reference, address.reference, "")
        LLVMSetAlignment(load, UInt32(alignment))
        return Value(load!)
    }

    func store(_ value: Value, _ address: Value, alignment: Int = 4) {
        LLVMSetAlignment(LLVMBuildStore(builder, value.reference, address.reference), UInt32(alignment))
    }

    func extract(_ vector: Value, lane: Int) -> Value {
        Value(LLVMBuildExtractElement(builder, vector.reference, int64(lane).reference, ""))
    }

    func insert(_ element: Value, into vector: Value, lane: Int) -> Value {
        Value(LLVMBuildInsertElement(builder, vector.reference, element.reference, int64(lane).reference, ""))
    }

    /// The lanes `lanes` of `a` followed by `b`.
    func shuffle(_ a: Value, _ b: Value? = nil, lanes: [Int]) -> Value {
        let other = b ?? poison(type(of: a))
        let mask = vector(lanes.map { int32(UInt32($0)) })
        return Value(LLVMBuildShuffleVector(builder, a.reference, other.reference, mask.reference, ""))
    }

    /// `scalar` in every one of `lanes` lanes.
    func splat(_ scalar: Value, _ lanes: Int) -> Value {
        if LLVMIsConstant(scalar.reference) != 0 { return vector(Array(repeating: scalar, count: lanes)) }
        let first = insert(scalar, into: poison(vector(of: type(of: scalar), lanes)), lane: 0)
        return shuffle(first, lanes: Array(repeating: 0, count: lanes))
    }
}

/// Functions and their attributes.
extension InstructionBuilder {
    func function(_ name: String, _ parameters: [Type]) -> (function: Value, type: Type) {
        var references: [LLVMTypeRef?] = parameters.map(\.reference)
        let type = Type(LLVMFunctionType(void.reference, &references, UInt32(references.count), 0))
        return (Value(LLVMAddFunction(module, name, type.reference)), type)
    }

    func parameter(_ index: Int, of function: Value) -> Value { Value(LLVMGetParam(function.reference, UInt32(index))) }

    func name(_ value: Value, _ name: String) { LLVMSetValueName2(value.reference, name, name.utf8.count) }

    /// Adds the attribute `name` to parameter `parameter` of `function`, or to the function itself.
    func attach(_ name: String, _ number: Int = 0, to function: Value, parameter: Int? = nil) {
        let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
        precondition(kind != 0, "no attribute \(name)")
        let attribute = LLVMCreateEnumAttribute(context, kind, UInt64(number))
        LLVMAddAttributeAtIndex(function.reference, position(parameter), attribute)
    }

    func attach(_ name: String, text: String, to function: Value) {
        let attribute = LLVMCreateStringAttribute(context, name, UInt32(name.utf8.count), text, UInt32(text.utf8.count))
        LLVMAddAttributeAtIndex(function.reference, position(nil), attribute)
    }

    /// LLVM counts the result as 0, parameters from 1, and the function itself as the largest number.
    private func position(_ parameter: Int?) -> LLVMAttributeIndex { parameter.map { UInt32($0 + 1) } ?? LLVMAttributeIndex.max }

    func makePrivate(_ function: Value) { LLVMSetLinkage(function.reference, LLVMInternalLinkage) }
}

/// Loop metadata.
extension InstructionBuilder {
    /// Tells LLVM to leave the loop that `branch` closes as it is written: schedules decide what is unrolled.
    func keepRolled(_ branch: Value) {
        let disabled = ["llvm.loop.unroll.disable", "llvm.loop.vectorize.enable"].map { name -> LLVMMetadataRef? in
            var parts: [LLVMMetadataRef?] = [LLVMMDStringInContext2(context, name, name.utf8.count)]
            if name == "llvm.loop.vectorize.enable" { parts.append(LLVMValueAsMetadata(bit(false).reference)) }
            return LLVMMDNodeInContext2(context, &parts, parts.count)
        }
        // A loop's node names itself first, so that no two loops share one.
        let placeholder = LLVMTemporaryMDNode(context, nil, 0)
        var parts: [LLVMMetadataRef?] = [placeholder] + disabled
        let node = LLVMMDNodeInContext2(context, &parts, parts.count)
        LLVMMetadataReplaceAllUsesWith(placeholder, node)
        let kind = LLVMGetMDKindIDInContext(context, "llvm.loop", 9)
        LLVMSetMetadata(branch.reference, kind, LLVMMetadataAsValue(context, node))
    }
}
