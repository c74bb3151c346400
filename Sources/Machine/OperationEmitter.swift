internal import CLLVM
import Graph
import LoopNest

/// Operations as vector instructions.
extension KernelEmitter {
    private var lanes: Int { kernel.lanes }

    func value(of operation: Operation) -> LLVMValue {
        switch operation {
        case .constant(let number): return build.splat(build.float(Float(number)), lanes)
        case .load(let buffer, let index, let active): return load(buffer, index, active)
        case .broadcast(let buffer, let index):
            return build.splat(toFloat(build.load(elementType(buffer), pointer(to: buffer, index)), buffer, build.float), lanes)
        case .gather(let buffer, let index, let stride, let active): return gather(buffer, index, stride, active)
        case .unary(let function, let a): return unary(function, register(a))
        case .binary(let function, let a, let b): return binary(function, register(a), register(b))
        case .fusedMultiplyAdd(let a, let b, let c): return build.intrinsic("llvm.fma", [vector], [register(a), register(b), register(c)])
        case .select(let comparison, let a, let b, let then, let otherwise):
            return build.select(build.compare(predicate(comparison), register(a), register(b)), register(then), register(otherwise))
        case .position(let index, let stride): return build.convert(.integerToFloat, counter(index, stride), to: vector)
        case .uniform(let seed, let stream, let index, let stride):
            return math.uniform(seed: register(seed), stream: UInt32(truncatingIfNeeded: stream), counter: counter(index, stride))
        case .acrossLanes(let function, let a): return acrossLanes(function, register(a))
        case .keep(let a, let active):
            guard let mask = mask(active) else { return register(a) }
            return build.select(mask, register(a), build.zero(vector))
        }
    }

    private func unary(_ function: UnaryFunction, _ a: LLVMValue) -> LLVMValue {
        switch function {
        case .negate: build.negate(a)
        case .absolute: build.intrinsic("llvm.fabs", [vector], [a])
        case .reciprocal: build.float(.divide, build.splat(build.float(1), lanes), a)
        case .squareRoot: build.intrinsic("llvm.sqrt", [vector], [a])
        case .exponential: math.exponential(a)
        case .logarithm: math.logarithm(a)
        case .hyperbolicTangent: math.hyperbolicTangent(a)
        case .errorFunction: math.errorFunction(a)
        case .floor: build.intrinsic("llvm.floor", [vector], [a])
        case .exponentialMinusOne: math.exponentialMinusOne(a)
        case .logarithmOfOnePlus: math.logarithmOfOnePlus(a)
        case .logistic: math.logistic(a)
        case .softplus: math.softplus(a)
        case .gaussian: math.gaussian(a)
        case .normalDistribution: math.normalDistribution(a)
        }
    }

    private func binary(_ function: BinaryFunction, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        switch function {
        case .add: build.float(.add, a, b)
        case .subtract: build.float(.subtract, a, b)
        case .multiply: build.float(.multiply, a, b)
        case .divide: build.float(.divide, a, b)
        case .maximum: extreme(LLVMRealOGT, a, b)
        case .minimum: extreme(LLVMRealOLT, a, b)
        }
    }

    /// `b` where it is beyond `a` or no number, else `a`. A comparison with a NaN fails, so that of `a` stays; that of `b` needs a question
    /// of its own, which vanishes where `b` is a constant. Then one instruction remains on x86 (vmaxps, vminps), else three;
    /// llvm.maximum, which minds the signs of zeros, would be more.
    private func extreme(_ isBeyond: LLVMRealPredicate, _ a: LLVMValue, _ b: LLVMValue) -> LLVMValue {
        build.select(build.compare(LLVMRealUNO, b, b), b, build.select(build.compare(isBeyond, b, a), b, a))
    }

    private func predicate(_ comparison: Comparison) -> LLVMRealPredicate {
        switch comparison {
        case .less: LLVMRealOLT
        case .lessOrEqual: LLVMRealOLE
        case .equal: LLVMRealOEQ
        }
    }

    /// Halves the vector, combining lane i with lane i + half, and spreads the last lane.
    private func acrossLanes(_ function: BinaryFunction, _ a: LLVMValue) -> LLVMValue {
        var value = a
        var half = lanes / 2
        while half >= 1 {
            let (low, high) = (build.shuffle(value, lanes: Array(0..<half)), build.shuffle(value, lanes: Array(half..<2 * half)))
            value = binary(function, low, high)
            half /= 2
        }
        return build.splat(build.extract(value, lane: 0), lanes)
    }

    // MARK: Lanes

    /// `0, stride, 2 * stride, …` as 32-bit integers.
    private func steps(_ stride: Int) -> LLVMValue {
        build.vector((0..<lanes).map { build.int32(UInt32(truncatingIfNeeded: $0 * stride)) })
    }

    /// `index + lane * stride` as 32-bit integers, modulo 2^32.
    private func counter(_ index: Index, _ stride: Int) -> LLVMValue {
        let start = build.convert(.truncate, addresses.value(index), to: build.int32)
        return build.integer(.add, build.splat(start, lanes), steps(stride))
    }

    /// The lanes before `active` as bits, or nil if that is all of them.
    private func mask(_ active: Index?) -> LLVMValue? {
        guard let active else { return nil }
        let form = addresses.form(active)
        if let count = form.constantValue {
            return count >= lanes ? nil : build.vector((0..<lanes).map { build.bit($0 < count) })
        }
        let bounded = build.intrinsic("llvm.smin", [build.int64], [addresses.value(form), build.int64(lanes)])
        let count = build.convert(.truncate, bounded, to: build.int32)
        return build.compare(LLVMIntSLT, steps(1), build.splat(count, lanes))
    }

    // MARK: Memory

    private func elementType(_ buffer: BufferID) -> LLVMType { kernel[buffer].element == .f32 ? build.float : build.int32 }

    private func vectorType(_ buffer: BufferID) -> LLVMType { kernel[buffer].element == .f32 ? vector : integers }

    private func toFloat(_ value: LLVMValue, _ buffer: BufferID, _ type: LLVMType) -> LLVMValue {
        kernel[buffer].element == .f32 ? value : build.convert(.integerToFloat, value, to: type)
    }

    /// The bits to store: integers are truncated towards zero, saturated, and zero for a NaN.
    private func toElement(_ value: LLVMValue, _ buffer: BufferID) -> LLVMValue {
        kernel[buffer].element == .f32 ? value : build.intrinsic("llvm.fptosi.sat", [integers, vector], [value])
    }

    private func load(_ buffer: BufferID, _ index: Index, _ active: Index?) -> LLVMValue {
        let (type, address) = (vectorType(buffer), pointer(to: buffer, index))
        guard let mask = mask(active) else { return toFloat(build.load(type, address), buffer, vector) }
        let loaded = build.intrinsic("llvm.masked.load", [type, build.pointer], [address, build.int32(4), mask, build.zero(type)])
        return toFloat(loaded, buffer, vector)
    }

    func store(_ buffer: BufferID, _ index: Index, _ value: LLVMValue, _ active: Index?) {
        let (type, address, element) = (vectorType(buffer), pointer(to: buffer, index), toElement(value, buffer))
        guard let mask = mask(active) else { return build.store(element, address) }
        build.intrinsic("llvm.masked.store", [type, build.pointer], [element, address, build.int32(4), mask])
    }

    /// The number of lanes in use if it is known.
    private func knownCount(_ active: Index?) -> Int? {
        guard let active else { return lanes }
        return addresses.form(active).constantValue.map { max(0, min($0, lanes)) }
    }

    /// The addresses of the lanes, for the intrinsics.
    private func pointers(_ buffer: BufferID, _ index: Index, _ stride: Int) -> LLVMValue {
        let offsets = build.vector((0..<lanes).map { build.int64($0 * stride) })
        return build.address(pointer(to: buffer, index), build.float, offset: offsets)
    }

    private func gather(_ buffer: BufferID, _ index: Index, _ stride: Int, _ active: Index?) -> LLVMValue {
        if stride == 1 { return load(buffer, index, active) }
        let (type, element) = (vectorType(buffer), elementType(buffer))
        if let count = knownCount(active) {
            if stride == 0, count == lanes { return value(of: .broadcast(buffer, index)) }
            // Sixteen loads and inserts beat the gather instruction on most processors.
            var result = count == lanes ? build.poison(type) : build.zero(type)
            for lane in 0..<count {
                result = build.insert(build.load(element, pointer(to: buffer, index + .constant(lane * stride))), into: result, lane: lane)
            }
            return toFloat(result, buffer, vector)
        }
        guard let mask = mask(active) else { preconditionFailure("an unknown count has a mask") }
        let (addresses, many) = (pointers(buffer, index, stride), build.vector(of: build.pointer, lanes))
        let loaded = build.intrinsic("llvm.masked.gather", [type, many], [addresses, build.int32(4), mask, build.zero(type)])
        return toFloat(loaded, buffer, vector)
    }

    func scatter(_ buffer: BufferID, _ index: Index, _ stride: Int, _ value: LLVMValue, _ active: Index?) {
        if stride == 1 { return store(buffer, index, value, active) }
        let element = toElement(value, buffer)
        if let count = knownCount(active) {
            for lane in 0..<count {
                build.store(build.extract(element, lane: lane), pointer(to: buffer, index + .constant(lane * stride)))
            }
            return
        }
        guard let mask = mask(active) else { preconditionFailure("an unknown count has a mask") }
        let (addresses, many) = (pointers(buffer, index, stride), build.vector(of: build.pointer, lanes))
        build.intrinsic("llvm.masked.scatter", [vectorType(buffer), many], [element, addresses, build.int32(4), mask])
    }
}
