internal import CLLVM
import Graph
import LoopNest

/// Loads and stores: elements become f32 on their way into a register, and what the buffer holds on their way out.
extension KernelEmitter {
    // MARK: Elements

    /// What addresses of a buffer count.
    func addressType(_ buffer: BufferID) -> LLVMType {
        // The type of an address' step says nothing but its size.
        kernel[buffer].element.size == 4 ? build.float : elementType(buffer)
    }

    private func elementType(_ buffer: BufferID) -> LLVMType {
        switch kernel[buffer].element {
        case .f32: build.float
        case .i32: build.int32
        case .bf16: build.int16
        default: preconditionFailure("a verified kernel holds no \(kernel[buffer].element)")
        }
    }

    private func vectorType(_ buffer: BufferID) -> LLVMType {
        switch kernel[buffer].element {
        case .f32: vector
        case .i32: integers
        default: build.vector(of: elementType(buffer), lanes)
        }
    }

    func alignment(_ buffer: BufferID) -> Int { kernel[buffer].element.size }

    /// The elements, or one of them, as f32.
    private func toFloat(_ value: LLVMValue, _ buffer: BufferID) -> LLVMValue {
        let isVector = build.type(of: value) != elementType(buffer)
        switch kernel[buffer].element {
        case .f32: return value
        case .i32: return build.convert(.integerToFloat, value, to: isVector ? vector : build.float)
        default:
            let words = build.convert(.zeroExtend, value, to: isVector ? integers : build.int32)
            let sixteen = isVector ? build.splat(build.int32(16), lanes) : build.int32(16)
            return build.convert(.bits, build.integer(.shiftLeft, words, sixteen), to: isVector ? vector : build.float)
        }
    }

    /// The bits to store: integers are truncated towards zero, saturated, and zero for a NaN; `BFloat16` says how bf16 is rounded.
    private func toElement(_ value: LLVMValue, _ buffer: BufferID) -> LLVMValue {
        switch kernel[buffer].element {
        case .f32: value
        case .i32: build.intrinsic("llvm.fptosi.sat", [integers, vector], [value])
        default: roundedToBFloat16(value)
        }
    }

    // MARK: Memory

    func broadcast(_ buffer: BufferID, _ index: Index) -> LLVMValue {
        build.splat(toFloat(build.load(elementType(buffer), pointer(to: buffer, index), alignment: alignment(buffer)), buffer), lanes)
    }

    func load(_ buffer: BufferID, _ index: Index, _ active: Index?) -> LLVMValue {
        let (type, address) = (vectorType(buffer), pointer(to: buffer, index))
        guard let mask = mask(active) else { return toFloat(build.load(type, address, alignment: alignment(buffer)), buffer) }
        let arguments = [address, build.int32(UInt32(alignment(buffer))), mask, build.zero(type)]
        return toFloat(build.intrinsic("llvm.masked.load", [type, build.pointer], arguments), buffer)
    }

    func store(_ buffer: BufferID, _ index: Index, _ value: LLVMValue, _ active: Index?) {
        let (type, address, element) = (vectorType(buffer), pointer(to: buffer, index), toElement(value, buffer))
        guard let mask = mask(active) else { return build.store(element, address, alignment: alignment(buffer)) }
        build.intrinsic(
            "llvm.masked.store", [type, build.pointer], [element, address, build.int32(UInt32(alignment(buffer))), mask])
    }

    /// The number of lanes in use if it is known.
    private func knownCount(_ active: Index?) -> Int? {
        guard let active else { return lanes }
        return addresses.form(active).constantValue.map { max(0, min($0, lanes)) }
    }

    /// The addresses of the lanes, for the intrinsics.
    private func pointers(_ buffer: BufferID, _ index: Index, _ stride: Int) -> LLVMValue {
        let offsets = build.vector((0..<lanes).map { build.int64($0 * stride) })
        return build.address(pointer(to: buffer, index), addressType(buffer), offset: offsets)
    }

    func gather(_ buffer: BufferID, _ index: Index, _ stride: Int, _ active: Index?) -> LLVMValue {
        if stride == 1 { return load(buffer, index, active) }
        let (type, element) = (vectorType(buffer), elementType(buffer))
        if let count = knownCount(active) {
            if stride == 0, count == lanes { return broadcast(buffer, index) }
            // Sixteen loads and inserts beat the gather instruction on most processors.
            var result = count == lanes ? build.poison(type) : build.zero(type)
            for lane in 0..<count {
                let address = pointer(to: buffer, index + .constant(lane * stride))
                result = build.insert(build.load(element, address, alignment: alignment(buffer)), into: result, lane: lane)
            }
            return toFloat(result, buffer)
        }
        guard let mask = mask(active) else { preconditionFailure("an unknown count has a mask") }
        let (addresses, many) = (pointers(buffer, index, stride), build.vector(of: build.pointer, lanes))
        let arguments = [addresses, build.int32(UInt32(alignment(buffer))), mask, build.zero(type)]
        return toFloat(build.intrinsic("llvm.masked.gather", [type, many], arguments), buffer)
    }

    func scatter(_ buffer: BufferID, _ index: Index, _ stride: Int, _ value: LLVMValue, _ active: Index?) {
        if stride == 1 { return store(buffer, index, value, active) }
        let element = toElement(value, buffer)
        if let count = knownCount(active) {
            for lane in 0..<count {
                let address = pointer(to: buffer, index + .constant(lane * stride))
                build.store(build.extract(element, lane: lane), address, alignment: alignment(buffer))
            }
            return
        }
        guard let mask = mask(active) else { preconditionFailure("an unknown count has a mask") }
        let (addresses, many) = (pointers(buffer, index, stride), build.vector(of: build.pointer, lanes))
        let arguments = [element, addresses, build.int32(UInt32(alignment(buffer))), mask]
        build.intrinsic("llvm.masked.scatter", [vectorType(buffer), many], arguments)
    }
}
