internal import CLLVM
import Graph
import LoopNest

/// Operations as vector instructions.
extension KernelEmitter {
    var lanes: Int { kernel.lanes }

    /// Writes the operation; gives its value if it has one.
    @discardableResult
    func emit(_ operation: Operation) -> LLVMValue? {
        switch operation {
        case .constant(let number): return build.splat(build.float(Float(number)), lanes)
        case .load(let buffer, let index, let active): return load(buffer, index, active)
        case .broadcast(let buffer, let index): return broadcast(buffer, index)
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
        case .interleaveFirst(let a, let b): return interleave(register(a), register(b), from: 0)
        case .interleaveSecond(let a, let b): return interleave(register(a), register(b), from: lanes)
        case .pack(let low, let high): return pairs(low: register(low), high: register(high))
        case .lower(let pairs): return lowerNumbers(register(pairs))
        case .upper(let pairs): return upperNumbers(register(pairs))
        case .loadPairs(let buffer, let index): return build.load(integers, pointer(to: buffer, index), alignment: alignment(buffer))
        case .broadcastPair(let buffer, let index):
            return build.splat(build.load(build.int32, pointer(to: buffer, index), alignment: alignment(buffer)), lanes)
        case .storePairs(let buffer, let index, let pairs):
            build.store(register(pairs), pointer(to: buffer, index), alignment: alignment(buffer))
        case .dot(let a, let b, let sum): return dot(register(a), register(b), register(sum))
        case .oddDot(let a, let b, let sum): return oddDot(register(a), register(b), register(sum))
        case .zeroTile, .loadTile, .tileProduct:
            preconditionFailure("what gives a tile is written with its number")
        case .storeTile(let buffer, let index, let stride, let tile): storeTile(buffer, index, stride, tile)
        case .store(let buffer, let index, let value, let active): store(buffer, index, register(value), active)
        case .scatter(let buffer, let index, let stride, let value, let active): scatter(buffer, index, stride, register(value), active)
        case .prefetch(let buffer, let index):
            build.intrinsic(
                "llvm.prefetch", [build.pointer],
                // Into the second-level cache: what is prefetched is not needed at once, and the first is small.
                [pointer(to: buffer, index), build.int32(kernel[buffer].access == .read ? 0 : 1), build.int32(2), build.int32(1)])
        }
        return nil
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

    /// Lanes of both vectors in turn, those from number `first` on of twice as many as a vector has.
    private func interleave(_ a: LLVMValue, _ b: LLVMValue, from first: Int) -> LLVMValue {
        build.shuffle(a, b, lanes: (first..<first + lanes).map { $0 / 2 + ($0 % 2 == 0 ? 0 : lanes) })
    }

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
    func mask(_ active: Index?) -> LLVMValue? {
        guard let active else { return nil }
        let form = addresses.form(active)
        if let count = form.constantValue {
            return count >= lanes ? nil : build.vector((0..<lanes).map { build.bit($0 < count) })
        }
        let bounded = build.intrinsic("llvm.smin", [build.int64], [addresses.value(form), build.int64(lanes)])
        let count = build.convert(.truncate, bounded, to: build.int32)
        return build.compare(LLVMIntSLT, steps(1), build.splat(count, lanes))
    }
}
