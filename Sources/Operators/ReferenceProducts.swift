import Graph

/// A contraction's sum of products in fp64 by loops that are hoisted out of the formula's interpretation: where the operands' elements
/// lie is worked out once for all sums that differ along one axis alone. Terms are multiplied and added in the formula's order, so the
/// result has the bits of `Formula.evaluate`.
struct ReferenceProducts {
    private let resultExtents: [Int]
    /// The parallel axes but `lane`.
    private let outer: [Int]
    /// The parallel axis along which sums are computed side by side, nil where none fits: along it no read leaves its operand.
    private let lane: Int?
    private let lanes: Int
    private let reads: [OffsetRead]
    private let termCount: Int
    private let operands: [ReferenceTensor]

    /// Nil for a formula that is no sum of products of two reads.
    init?(_ formula: Formula, _ operands: [ReferenceTensor]) {
        guard formula.combination == .sum, case .binary(.multiply, .argument(let a), .argument(let b)) = formula.body, a != b,
            formula.reads.count == 2, let extents = Shape(formula.axes.map(\.extent)).extents, !extents.contains(0)
        else { return nil }
        resultExtents = Array(extents[formula.parallelAxes])
        let factors = [formula.reads[a], formula.reads[b]]
        let tensors = factors.map { operands[$0.operand] }
        let fitting = formula.parallelAxes.filter { axis in
            zip(factors, tensors).allSatisfy { $0.isInside(along: axis, extent: extents[axis], operand: $1.extents) }
        }
        let lane = fitting.max { extents[$0] < extents[$1] }
        (self.lane, self.operands) = (lane, tensors)
        lanes = lane.map { extents[$0] } ?? 1
        outer = formula.parallelAxes.filter { $0 != lane }
        let reduced = formula.reductionAxes
        termCount = extents[reduced].reduce(1, *)
        reads = zip(factors, tensors).map { OffsetRead($0, $1, extents: extents, reduced: reduced, lane: lane) }
    }

    /// How many lanes one part computes where there are few positions.
    private static let lanesAtOnce = 64

    func evaluate(_ workers: ReferenceWorkers) -> ReferenceTensor {
        let positions = outer.reduce(1) { $0 * resultExtents[$1] }
        let blocks = positions < Self.lanesAtOnce ? (lanes + Self.lanesAtOnce - 1) / Self.lanesAtOnce : 1
        let strides = rowMajorStrides(resultExtents)
        let laneStride = lane.map { strides[$0] } ?? 1
        let count = resultExtents.reduce(1, *)
        let values = [Double](unsafeUninitializedCapacity: count) { buffer, initialized in
            let result = UnsafeParts(buffer.baseAddress!)
            workers.run(positions * blocks) { part in
                let (number, block) = part.quotientAndRemainder(dividingBy: blocks)
                var coordinates = [Int](repeating: 0, count: resultExtents.count)
                var rest = number
                for axis in outer.reversed() { (rest, coordinates[axis]) = rest.quotientAndRemainder(dividingBy: resultExtents[axis]) }
                let start = zip(coordinates, strides).reduce(0) { $0 + $1.0 * $1.1 }
                let range = block * Self.lanesAtOnce..<(blocks == 1 ? lanes : min(lanes, (block + 1) * Self.lanesAtOnce))
                sums(at: coordinates, lanes: range, to: result.start + start, stride: laneStride)
            }
            initialized = count
        }
        return ReferenceTensor(resultExtents, values)
    }

    private func sums(at coordinates: [Int], lanes: Range<Int>, to result: UnsafeMutablePointer<Double>, stride: Int) {
        let bases = reads.map { $0.base(at: coordinates) }
        // Where all terms of both are inside, their offsets are the same everywhere.
        if let a = reads[0].wholeOffset(of: bases[0]), let b = reads[1].wholeOffset(of: bases[1]) {
            return sums(a, b, reads[0].offsets, reads[1].offsets, lanes, result, stride)
        }
        var offsets: ([Int], [Int]) = ([], [])
        for term in 0..<termCount {
            guard let a = reads[0].offset(of: bases[0], term), let b = reads[1].offset(of: bases[1], term) else { continue }
            offsets.0.append(a)
            offsets.1.append(b)
        }
        sums(0, 0, offsets.0, offsets.1, lanes, result, stride)
    }

    private func sums(
        _ a: Int, _ b: Int, _ first: [Int], _ second: [Int], _ lanes: Range<Int>, _ result: UnsafeMutablePointer<Double>, _ stride: Int
    ) {
        operands[0].values.withUnsafeBufferPointer { x in
            operands[1].values.withUnsafeBufferPointer { y in
                first.withUnsafeBufferPointer { first in
                    second.withUnsafeBufferPointer { second in
                        var terms = TermOffsets(
                            x: x.baseAddress! + a, y: y.baseAddress! + b, first: first.baseAddress, second: second.baseAddress,
                            count: first.count)
                        let (moveX, moveY) = (reads[0].laneStride, reads[1].laneStride)
                        var lane = lanes.lowerBound
                        (terms.x, terms.y) = (terms.x + lane * moveX, terms.y + lane * moveY)
                        while lane + 8 <= lanes.upperBound {
                            terms.eightSums(moveX, moveY, to: result + lane * stride, stride)
                            (terms.x, terms.y) = (terms.x + 8 * moveX, terms.y + 8 * moveY)
                            lane += 8
                        }
                        while lane < lanes.upperBound {
                            result[lane * stride] = terms.sum()
                            (terms.x, terms.y) = (terms.x + moveX, terms.y + moveY)
                            lane += 1
                        }
                    }
                }
            }
        }
    }
}

/// Where the two factors of each term of a sum lie.
private struct TermOffsets {
    var x: UnsafePointer<Double>
    var y: UnsafePointer<Double>
    /// Nil where there is no term.
    let first: UnsafePointer<Int>?
    let second: UnsafePointer<Int>?
    let count: Int

    func sum() -> Double {
        guard let first, let second else { return 0 }
        var total = 0.0
        var term = 0
        while term < count {
            total += x[first[term]] * y[second[term]]
            term += 1
        }
        return total
    }

    /// The sums of eight lanes side by side, each in the order of its terms.
    func eightSums(_ moveX: Int, _ moveY: Int, to result: UnsafeMutablePointer<Double>, _ stride: Int) {
        var (s0, s1, s2, s3, s4, s5, s6, s7) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
        var term = 0
        guard let first, let second else {
            for lane in 0..<8 { result[lane * stride] = 0 }
            return
        }
        // Nearly always one of the factors is the same in all lanes.
        if moveX == 0 || moveY == 0 {
            let (still, moving) = moveX == 0 ? (x, y) : (y, x)
            let (stillOffsets, movingOffsets) = moveX == 0 ? (first, second) : (second, first)
            let move = moveX + moveY
            while term < count {
                let factor = still[stillOffsets[term]]
                let row = moving + movingOffsets[term]
                s0 += factor * row[0]
                s1 += factor * row[move]
                s2 += factor * row[2 * move]
                s3 += factor * row[3 * move]
                s4 += factor * row[4 * move]
                s5 += factor * row[5 * move]
                s6 += factor * row[6 * move]
                s7 += factor * row[7 * move]
                term += 1
            }
        } else {
            while term < count {
                let (a, b) = (x + first[term], y + second[term])
                s0 += a[0] * b[0]
                s1 += a[moveX] * b[moveY]
                s2 += a[2 * moveX] * b[2 * moveY]
                s3 += a[3 * moveX] * b[3 * moveY]
                s4 += a[4 * moveX] * b[4 * moveY]
                s5 += a[5 * moveX] * b[5 * moveY]
                s6 += a[6 * moveX] * b[6 * moveY]
                s7 += a[7 * moveX] * b[7 * moveY]
                term += 1
            }
        }
        (result[0], result[stride], result[2 * stride], result[3 * stride]) = (s0, s1, s2, s3)
        (result[4 * stride], result[5 * stride], result[6 * stride], result[7 * stride]) = (s4, s5, s6, s7)
    }
}

/// A read whose position is the sum of what the parallel axes and what the reduced axes add to it.
private struct OffsetRead {
    /// One an axis of the operand.
    private struct Part {
        var index: AffineIndex
        var extent: Int
        var stride: Int
        /// One an axis of the formula.
        var scales: [Int]
        /// What each term adds, with the least and the largest of them.
        var terms: [Int]
        var least: Int
        var most: Int
    }

    private let parts: [Part]
    /// What the lane's axis adds to the offset.
    let laneStride: Int
    /// Of each term, where all are inside and no position is divided.
    let offsets: [Int]
    private let isDivided: Bool

    /// - Parameter lane: an axis along which positions are inside and not divided; its own coordinate counts for nothing in what follows.
    init(_ read: Read, _ operand: ReferenceTensor, extents: [Int], reduced: Range<Int>, lane: Int?) {
        let strides = operand.strides
        var laneStride = 0
        var parts: [Part] = []
        var reducedPositions: [[Int]] = [[]]
        for axis in reduced { reducedPositions = reducedPositions.flatMap { before in (0..<extents[axis]).map { before + [$0] } } }
        for (axis, position) in read.position.enumerated() {
            var scales = extents.indices.map(position.scale(of:))
            if let lane {
                laneStride += scales[lane] * strides[axis]
                scales[lane] = 0
            }
            let terms = reducedPositions.map { zip(reduced, $0).reduce(0) { $0 + scales[$1.0] * $1.1 } }
            parts.append(
                Part(
                    index: position, extent: operand.extents[axis], stride: strides[axis],
                    scales: scales,
                    terms: terms, least: terms.min() ?? 0, most: terms.max() ?? 0))
        }
        self.laneStride = laneStride
        self.parts = parts
        isDivided = parts.contains { $0.index.divisor > 1 }
        offsets = isDivided ? [] : reducedPositions.indices.map { term in parts.reduce(0) { $0 + $1.terms[term] * $1.stride } }
    }

    /// What the parallel axes add along each axis of the operand.
    func base(at coordinates: [Int]) -> [Int] {
        parts.map { part in coordinates.indices.reduce(part.index.offset) { $0 + part.scales[$1] * coordinates[$1] } }
    }

    /// The offset that comes on top of those of the terms, if all of them are inside.
    func wholeOffset(of base: [Int]) -> Int? {
        guard !isDivided, zip(base, parts).allSatisfy({ $0 + $1.least >= 0 && $0 + $1.most < $1.extent }) else { return nil }
        return zip(base, parts).reduce(0) { $0 + $1.0 * $1.1.stride }
    }

    /// The offset of a term's element, nil where it is outside.
    func offset(of base: [Int], _ term: Int) -> Int? {
        var offset = 0
        var axis = 0
        while axis < parts.count {
            var place = base[axis] + parts[axis].terms[term]
            if parts[axis].index.divisor > 1 {
                guard let divided = parts[axis].index.divided(place) else { return nil }
                place = divided
            }
            guard place >= 0, place < parts[axis].extent else { return nil }
            offset += place * parts[axis].stride
            axis += 1
        }
        return offset
    }
}

extension Read {
    /// Whether the positions that an axis moves follow from it alone and lie inside the operand.
    fileprivate func isInside(along axis: Int, extent: Int, operand: [Int]) -> Bool {
        zip(position, operand).allSatisfy { index, size in
            let scale = index.scale(of: axis)
            if scale == 0 { return true }
            return index.divisor == 1 && index.offset == 0 && scale > 0 && index.terms.allSatisfy { $0.axis == axis }
                && scale * (extent - 1) < size
        }
    }
}
