/// One axis of a formula's iteration space.
public struct Axis: Hashable, Sendable {
    public var name: String
    public var extent: Dimension

    public init(_ name: String, _ extent: Dimension) {
        self.name = name
        self.extent = extent
    }
}

/// A position along one axis of an operand: `(offset + sum of scale * coordinate) / divisor`.
///
/// With a divisor above 1 the position exists only where the division is exact; elsewhere the read counts as outside. (That is how
/// the gradient of a strided convolution is written without inserting zeros.) Or the division is rounded down, and the position always
/// exists: that is how a window finds its taps around a place between positions, as resizing does, in formulas of the kind `window`.
public struct AffineIndex: Hashable, Sendable {
    public struct Term: Hashable, Sendable {
        public var axis: Int
        public var scale: Int
        public init(axis: Int, scale: Int) {
            self.axis = axis
            self.scale = scale
        }
    }

    public var terms: [Term]
    public var offset: Int
    public var divisor: Int
    /// Whether an inexact division is rounded down.
    public var isRounded: Bool

    public init(terms: [Term], offset: Int = 0, divisor: Int = 1, isRounded: Bool = false) {
        self.terms = terms.filter { $0.scale != 0 }
        self.offset = offset
        self.divisor = divisor
        self.isRounded = isRounded && divisor > 1
    }

    /// The coordinate of `axis` itself.
    public static func axis(_ axis: Int, scale: Int = 1, offset: Int = 0) -> AffineIndex {
        AffineIndex(terms: [Term(axis: axis, scale: scale)], offset: offset)
    }

    public static func constant(_ value: Int) -> AffineIndex { AffineIndex(terms: [], offset: value) }

    public static func + (a: AffineIndex, b: AffineIndex) -> AffineIndex {
        precondition(a.divisor == 1 && b.divisor == 1, "only undivided positions can be added")
        return AffineIndex(terms: a.terms + b.terms, offset: a.offset + b.offset)
    }

    /// The axis if the position is exactly one coordinate.
    public var singleAxis: Int? {
        terms.count == 1 && terms[0].scale == 1 && offset == 0 && divisor == 1 ? terms[0].axis : nil
    }

    /// The scale of `axis`, zero if it does not occur.
    public func scale(of axis: Int) -> Int { terms.filter { $0.axis == axis }.map(\.scale).reduce(0, +) }

    /// The position at `coordinates`, or nil where the division is not exact.
    public func evaluate(_ coordinates: [Int]) -> Int? {
        let value = terms.reduce(offset) { $0 + $1.scale * coordinates[$1.axis] }
        return divided(value)
    }

    /// The position that `value`, the sum of the terms and the offset, stands for; nil where the division is not exact.
    public func divided(_ value: Int) -> Int? {
        guard divisor > 1 else { return value }
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        if remainder == 0 { return quotient }
        return isRounded ? (value < 0 ? quotient - 1 : quotient) : nil
    }
}

/// One read of an operand inside a formula.
public struct Read: Hashable, Sendable {
    /// Which operand of the node.
    public var operand: Int
    /// One position an axis of the operand.
    public var position: [AffineIndex]

    public init(operand: Int, _ position: [AffineIndex]) {
        self.operand = operand
        self.position = position
    }
}

/// How the terms along the reduction axes become one value.
public enum Combination: String, Hashable, Sendable {
    case sum
    /// NaN if a term is.
    case maximum
    /// The row-major position along the reduction axes of the first largest term. A NaN counts as larger than all numbers, and of several
    /// the last one, as PyTorch has it; 0 if no term counts.
    case positionOfMaximum
}

/// What a reduction, contraction or window operator computes, as data:
/// `result[parallel axes] = combine over the reduction axes of body(reads)`.
///
/// The first `resultRank` axes are the axes of the result in order; the rest are reduced. A term whose reads fall outside an operand
/// contributes nothing (0 to a sum, -infinity to a maximum): that is how padding is written.
public struct Formula: Hashable, Sendable {
    public var axes: [Axis]
    public var resultRank: Int
    public var reads: [Read]
    /// Over the reads as arguments and the axes as coordinates.
    public var body: Scalar
    public var combination: Combination

    public init(axes: [Axis], resultRank: Int, reads: [Read], body: Scalar, combination: Combination = .sum) {
        precondition(body.arity <= reads.count, "a formula's body uses a read that is not there")
        self.axes = axes
        self.resultRank = resultRank
        self.reads = reads
        self.body = body
        self.combination = combination
    }

    /// Whether it multiplies matrices, perhaps a pair for each position of further axes: both operands are read at coordinates alone, at
    /// each once, and the last axis of the result by one of them.
    public var isMatrixProduct: Bool {
        guard reads.count == 2, resultRank >= 2, combination == .sum, body == .argument(0) * .argument(1) else { return false }
        let areCoordinates = reads.allSatisfy { read in
            let axes = read.position.compactMap(\.singleAxis)
            return Set(axes).count == axes.count && read.position.allSatisfy { $0.singleAxis != nil || $0 == .constant(0) }
        }
        return areCoordinates && reads.count { $0.position.contains(.axis(resultRank - 1)) } == 1
    }

    public var parallelAxes: Range<Int> { 0..<resultRank }
    public var reductionAxes: Range<Int> { resultRank..<axes.count }
    public var resultShape: Shape { Shape(axes[0..<resultRank].map(\.extent)) }

    /// How many terms the sums have in all, once symbols are bound: the points of the space, of which a divided position exists for one
    /// in `divisor`. Counts beyond the integers are the largest of them.
    public var termCount: Int {
        let points = axes.reduce(1.0) { $0 * Double($1.extent.value ?? 1) }
        let divisors = reads.flatMap(\.position).reduce(1.0) { $0 * ($1.isRounded ? 1 : Double($1.divisor)) }
        return Int(exactly: Swift.max(1, points / divisors).rounded(.down)) ?? .max
    }
}
