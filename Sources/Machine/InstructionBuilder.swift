internal import CLLVM

/// Appends instructions to a block. No instruction gets a fast-math flag: every result is rounded as IEEE 754 says.
final class InstructionBuilder {
    let context: LLVMContextRef
    let module: LLVMModuleRef
    private let builder: LLVMBuilderRef

    let void: LLVMType
    let bit: LLVMType
    let byte: LLVMType
    let int16: LLVMType
    let int32: LLVMType
    let int64: LLVMType
    let float: LLVMType
    let bfloat: LLVMType
    let pointer: LLVMType

    init(context: borrowing Context, module: borrowing Module) {
        self.context = context.reference
        self.module = module.reference
        builder = LLVMCreateBuilderInContext(context.reference)
        void = LLVMType(LLVMVoidTypeInContext(context.reference))
        bit = LLVMType(LLVMInt1TypeInContext(context.reference))
        byte = LLVMType(LLVMInt8TypeInContext(context.reference))
        int16 = LLVMType(LLVMInt16TypeInContext(context.reference))
        int32 = LLVMType(LLVMInt32TypeInContext(context.reference))
        int64 = LLVMType(LLVMInt64TypeInContext(context.reference))
        float = LLVMType(LLVMFloatTypeInContext(context.reference))
        bfloat = LLVMType(LLVMBFloatTypeInContext(context.reference))
        pointer = LLVMType(LLVMPointerTypeInContext(context.reference, 0))
    }

    deinit { LLVMDisposeBuilder(builder) }
}

/// Types and constants.
extension InstructionBuilder {
    func vector(of element: LLVMType, _ lanes: Int) -> LLVMType { LLVMType(LLVMVectorType(element.reference, UInt32(lanes))) }

    func int64(_ value: Int) -> LLVMValue { LLVMValue(LLVMConstInt(int64.reference, UInt64(bitPattern: Int64(value)), 1)) }
    func int32(_ value: UInt32) -> LLVMValue { LLVMValue(LLVMConstInt(int32.reference, UInt64(value), 0)) }
    func bit(_ value: Bool) -> LLVMValue { LLVMValue(LLVMConstInt(bit.reference, value ? 1 : 0, 0)) }
    func byte(_ value: UInt8) -> LLVMValue { LLVMValue(LLVMConstInt(byte.reference, UInt64(value), 0)) }
    func float(_ value: Float) -> LLVMValue { LLVMValue(LLVMConstBitCast(int32(value.bitPattern).reference, float.reference)) }

    func zero(_ type: LLVMType) -> LLVMValue { LLVMValue(LLVMConstNull(type.reference)) }
    func poison(_ type: LLVMType) -> LLVMValue { LLVMValue(LLVMGetPoison(type.reference)) }

    func vector(_ elements: [LLVMValue]) -> LLVMValue {
        var references: [LLVMValueRef?] = elements.map(\.reference)
        return LLVMValue(LLVMConstVector(&references, UInt32(references.count)))
    }

    /// The address of bytes that the module holds.
    func constant(_ bytes: [UInt8], _ name: String, alignment: Int) -> LLVMValue {
        var elements: [LLVMValueRef?] = bytes.map { byte($0).reference }
        let contents = LLVMConstArray2(byte.reference, &elements, UInt64(elements.count))
        let place = LLVMValue(LLVMAddGlobal(module, LLVMTypeOf(contents), name))
        LLVMSetInitializer(place.reference, contents)
        LLVMSetGlobalConstant(place.reference, 1)
        LLVMSetLinkage(place.reference, LLVMPrivateLinkage)
        LLVMSetAlignment(place.reference, UInt32(alignment))
        return place
    }

    func type(of value: LLVMValue) -> LLVMType { LLVMType(LLVMTypeOf(value.reference)) }
}

/// Blocks and control.
extension InstructionBuilder {
    var block: LLVMBlock { LLVMBlock(LLVMGetInsertBlock(builder)) }

    func appendBlock(_ name: String, to function: LLVMValue) -> LLVMBlock {
        LLVMBlock(LLVMAppendBasicBlockInContext(context, function.reference, name))
    }

    func moveToEnd(of block: LLVMBlock) { LLVMPositionBuilderAtEnd(builder, block.reference) }

    /// Goes to where an instruction can still be added to `block`: before its branch if it has one already.
    func moveBeforeBranch(of block: LLVMBlock) {
        if let branch = LLVMGetBasicBlockTerminator(block.reference) {
            LLVMPositionBuilderBefore(builder, branch)
        } else {
            moveToEnd(of: block)
        }
    }

    func branch(to block: LLVMBlock) { LLVMBuildBr(builder, block.reference) }

    @discardableResult
    func branch(if condition: LLVMValue, then: LLVMBlock, otherwise: LLVMBlock) -> LLVMValue {
        LLVMValue(LLVMBuildCondBr(builder, condition.reference, then.reference, otherwise.reference))
    }

    /// Keeps memory accesses on their side of this place in every later pass; no instruction comes of it.
    func compilerFence() { LLVMBuildFence(builder, LLVMAtomicOrderingAcquireRelease, 1, "") }

    func returnVoid() { LLVMBuildRetVoid(builder) }

    func phi(_ type: LLVMType, _ incoming: [(LLVMValue, LLVMBlock)] = []) -> LLVMValue {
        let phi = LLVMValue(LLVMBuildPhi(builder, type.reference, ""))
        for (value, block) in incoming { addIncoming(value, from: block, to: phi) }
        return phi
    }

    func addIncoming(_ value: LLVMValue, from block: LLVMBlock, to phi: LLVMValue) {
        var values: LLVMValueRef? = value.reference
        var blocks: LLVMBasicBlockRef? = block.reference
        LLVMAddIncoming(phi.reference, &values, &blocks, 1)
    }

    @discardableResult
    func call(_ function: LLVMValue, _ type: LLVMType, _ arguments: [LLVMValue]) -> LLVMValue {
        var references: [LLVMValueRef?] = arguments.map(\.reference)
        return LLVMValue(LLVMBuildCall2(builder, type.reference, function.reference, &references, UInt32(references.count), ""))
    }

    /// Calls `llvm.NAME`, overloaded by `types`.
    @discardableResult
    func intrinsic(_ name: String, _ types: [LLVMType], _ arguments: [LLVMValue]) -> LLVMValue {
        let identifier = LLVMLookupIntrinsicID(name, name.utf8.count)
        precondition(identifier != 0, "no intrinsic \(name)")
        var overloads: [LLVMTypeRef?] = types.map(\.reference)
        guard let declaration = LLVMGetIntrinsicDeclaration(module, identifier, &overloads, overloads.count),
            let type = LLVMIntrinsicGetType(context, identifier, &overloads, overloads.count)
        else { preconditionFailure("\(name) cannot be declared") }
        return call(LLVMValue(declaration), LLVMType(type), arguments)
    }
}

/// Arithmetic, memory and lanes.
extension InstructionBuilder {
    func integer(_ operation: IntegerOperation, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        LLVMValue(LLVMBuildBinOp(builder, operation.opcode, a.reference, b.reference, ""))
    }

    func float(_ operation: FloatOperation, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        LLVMValue(LLVMBuildBinOp(builder, operation.opcode, a.reference, b.reference, ""))
    }

    func negate(_ a: LLVMValue) -> LLVMValue { LLVMValue(LLVMBuildFNeg(builder, a.reference, "")) }

    func compare(_ predicate: LLVMIntPredicate, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        LLVMValue(LLVMBuildICmp(builder, predicate, a.reference, b.reference, ""))
    }

    func compare(_ predicate: LLVMRealPredicate, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        LLVMValue(LLVMBuildFCmp(builder, predicate, a.reference, b.reference, ""))
    }

    func select(_ condition: LLVMValue, _ then: LLVMValue, _ otherwise: LLVMValue) -> LLVMValue {
        LLVMValue(LLVMBuildSelect(builder, condition.reference, then.reference, otherwise.reference, ""))
    }

    func convert(_ conversion: Conversion, _ value: LLVMValue, to type: LLVMType) -> LLVMValue {
        LLVMValue(LLVMBuildCast(builder, conversion.opcode, value.reference, type.reference, ""))
    }

    /// The address `offset` elements of `element` behind `base`.
    func address(_ base: LLVMValue, _ element: LLVMType, offset: LLVMValue) -> LLVMValue {
        var index: LLVMValueRef? = offset.reference
        return LLVMValue(LLVMBuildGEP2(builder, element.reference, base.reference, &index, 1, ""))
    }

    /// The address of `count` elements that last until the function returns.
    func allocate(_ type: LLVMType, count: Int) -> LLVMValue {
        LLVMValue(LLVMBuildAlloca(builder, LLVMArrayType2(type.reference, UInt64(count)), ""))
    }

    func load(_ type: LLVMType, _ address: LLVMValue, alignment: Int) -> LLVMValue {
        let load = LLVMBuildLoad2(builder, type.reference, address.reference, "")
        LLVMSetAlignment(load, UInt32(alignment))
        return LLVMValue(load!)
    }

    func store(_ value: LLVMValue, _ address: LLVMValue, alignment: Int) {
        LLVMSetAlignment(LLVMBuildStore(builder, value.reference, address.reference), UInt32(alignment))
    }

    func extract(_ vector: LLVMValue, lane: Int) -> LLVMValue {
        LLVMValue(LLVMBuildExtractElement(builder, vector.reference, int64(lane).reference, ""))
    }

    func insert(_ element: LLVMValue, into vector: LLVMValue, lane: Int) -> LLVMValue {
        LLVMValue(LLVMBuildInsertElement(builder, vector.reference, element.reference, int64(lane).reference, ""))
    }

    /// The lanes `lanes` of `a` followed by `b`.
    func shuffle(_ a: LLVMValue, _ b: LLVMValue? = nil, lanes: [Int]) -> LLVMValue {
        let other = b ?? poison(type(of: a))
        let mask = vector(lanes.map { int32(UInt32($0)) })
        return LLVMValue(LLVMBuildShuffleVector(builder, a.reference, other.reference, mask.reference, ""))
    }

    /// `scalar` in every one of `lanes` lanes.
    func splat(_ scalar: LLVMValue, _ lanes: Int) -> LLVMValue {
        if LLVMIsConstant(scalar.reference) != 0 { return vector(Array(repeating: scalar, count: lanes)) }
        let first = insert(scalar, into: poison(vector(of: type(of: scalar), lanes)), lane: 0)
        return shuffle(first, lanes: Array(repeating: 0, count: lanes))
    }
}

/// Functions and their attributes.
extension InstructionBuilder {
    func function(_ name: String, _ parameters: [LLVMType]) -> (function: LLVMValue, type: LLVMType) {
        var references: [LLVMTypeRef?] = parameters.map(\.reference)
        let type = LLVMType(LLVMFunctionType(void.reference, &references, UInt32(references.count), 0))
        return (LLVMValue(LLVMAddFunction(module, name, type.reference)), type)
    }

    func parameter(_ index: Int, of function: LLVMValue) -> LLVMValue { LLVMValue(LLVMGetParam(function.reference, UInt32(index))) }

    func name(_ value: LLVMValue, _ name: String) { LLVMSetValueName2(value.reference, name, name.utf8.count) }

    /// Adds the attribute `name` to parameter `parameter` of `function`, or to the function itself.
    func attach(_ name: String, _ number: Int = 0, to function: LLVMValue, parameter: Int? = nil) {
        let kind = LLVMGetEnumAttributeKindForName(name, name.utf8.count)
        precondition(kind != 0, "no attribute \(name)")
        let attribute = LLVMCreateEnumAttribute(context, kind, UInt64(number))
        LLVMAddAttributeAtIndex(function.reference, position(parameter), attribute)
    }

    func attach(_ name: String, text: String, to function: LLVMValue) {
        let attribute = LLVMCreateStringAttribute(context, name, UInt32(name.utf8.count), text, UInt32(text.utf8.count))
        LLVMAddAttributeAtIndex(function.reference, position(nil), attribute)
    }

    /// LLVM counts the result as 0, parameters from 1, and the function itself as the largest number.
    private func position(_ parameter: Int?) -> LLVMAttributeIndex { parameter.map { UInt32($0 + 1) } ?? LLVMAttributeIndex.max }

    func makePrivate(_ function: LLVMValue) { LLVMSetLinkage(function.reference, LLVMInternalLinkage) }
}

/// Loop metadata.
extension InstructionBuilder {
    /// Tells LLVM to leave the loop that `branch` closes as it is written: schedules decide what is unrolled.
    func keepRolled(_ branch: LLVMValue) {
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
