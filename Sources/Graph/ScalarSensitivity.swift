/// What of a value matters beside its size: a small number in place of 0, or below it, would change what follows by far more than by a
/// small number.
public enum SignInterest: Int, Comparable, Sendable {
    case none
    /// On which side of 0 it lies: settled where a value has one sign, or is 0.
    case sign
    /// Whether it is 0.
    case zero

    public static func < (a: SignInterest, b: SignInterest) -> Bool { a.rawValue < b.rawValue }
}

extension Scalar {
    /// What of each argument matters beside its size; those that are not listed may be off by a little.
    ///
    /// The sign matters of what is under a root; whether it is 0 of what is divided by or a logarithm is taken of, of what is rounded
    /// down, and of what a comparison decides by between values that do not meet at its boundary.
    ///
    /// - Parameters:
    ///   - ranges: what each argument may be.
    ///   - result: what matters of the expression's own value.
    public func signInterests(_ ranges: [ValueRange], result: SignInterest = .none) -> [Int: SignInterest] {
        var found: [Int: SignInterest] = [:]
        collectInterests(ranges, result, &found)
        return found
    }

    private func collectInterests(_ ranges: [ValueRange], _ wanted: SignInterest, _ found: inout [Int: SignInterest]) {
        let interest = wanted == .sign && range(ranges).hasOneSign ? .none : wanted
        switch self {
        case .constant, .coordinate, .uniform: break
        case .argument(let index): if interest != .none { found[index] = Swift.max(found[index] ?? .none, interest) }
        case .unary(let function, let a):
            a.collectInterests(ranges, Swift.max(interest, function.signInterest(in: a.range(ranges))), &found)
        case .binary(let function, let a, let b):
            a.collectInterests(ranges, interest, &found)
            let isDivisor = function == .divide && b.range(ranges).containsZero
            b.collectInterests(ranges, isDivisor ? .zero : interest, &found)
        case .select(let comparison, let a, let b, let then, let otherwise):
            let (holds, fails) = comparison.narrowing(a, b, ranges)
            // What has one sign within each branch, but not in both the same, has it by the comparison: leaky_relu, elu.
            let isSignByBranch = interest == .sign && (then.range(holds).hasOneSign || otherwise.range(fails).hasOneSign)
            let decides: SignInterest = Self.jumps(a, b, then, otherwise) ? .zero : isSignByBranch ? .sign : .none
            a.collectInterests(ranges, decides, &found)
            b.collectInterests(ranges, decides, &found)
            then.collectInterests(holds, interest, &found)
            otherwise.collectInterests(fails, interest, &found)
        }
    }

    /// Whether the expression is 0 wherever the argument is, whatever the others are: what scales it, and most activations.
    public func isZeroWhereZero(argument index: Int) -> Bool {
        !dependsOnPosition
            && Self.samples(arity).allSatisfy { arguments in
                var arguments = arguments
                arguments[index] = 0
                return evaluate(arguments) == 0
            }
    }

    /// Whether `then` and `otherwise` differ where `a` and `b` are equal. What cannot be told counts as a jump.
    private static func jumps(_ a: Scalar, _ b: Scalar, _ then: Scalar, _ otherwise: Scalar) -> Bool {
        // A value compared with itself is asked whether it is a number.
        if a == b || then == otherwise { return false }
        let arity = [a, b, then, otherwise].map(\.arity).max()!
        if [then, otherwise].contains(where: \.readsCoordinate) { return true }
        switch (a, b) {
        case (.argument(let index), .constant(let bound)), (.constant(let bound), .argument(let index)):
            return samples(arity).contains { arguments in
                var arguments = arguments
                arguments[index] = bound
                return !isClose(then.evaluate(arguments), otherwise.evaluate(arguments))
            }
        default: break
        }
        guard ![a, b, then, otherwise].contains(where: \.dependsOnPosition) else { return true }
        let compared = (0..<arity).filter { a.reads(argument: $0) || b.reads(argument: $0) }
        guard let index = compared.first else { return false }
        guard compared.count == 1 else { return true }
        // Along the only argument that is compared, from small numbers to large ones, every change of the comparison is narrowed down to
        // two neighbouring numbers.
        return samples(arity).contains { arguments in
            func at(_ x: Double) -> [Double] {
                var arguments = arguments
                arguments[index] = x
                return arguments
            }
            func side(_ x: Double) -> Bool { a.evaluate(at(x)) < b.evaluate(at(x)) }
            return zip(probes, probes.dropFirst()).contains { first, second in
                var (low, high) = (first, second)
                guard side(low) != side(high) else { return false }
                for _ in 0..<200 {
                    let middle = low + (high - low) / 2
                    if middle == low || middle == high { break }
                    if side(middle) == side(low) { low = middle } else { high = middle }
                }
                return !isClose(then.evaluate(at(low)), otherwise.evaluate(at(low)))
            }
        }
    }

    private static func isClose(_ a: Double, _ b: Double) -> Bool {
        a == b || a.isNaN && b.isNaN || abs(a - b) <= 1e-3 * Swift.max(abs(a), abs(b)) + 1e-6
    }

    /// Values of the arguments beside the one that is compared.
    private static func samples(_ arity: Int) -> [[Double]] {
        [-1.7, -0.4, 0.3, 1.3, 2.6].indices.map { shift in
            (0..<arity).map { [-1.7, -0.4, 0.3, 1.3, 2.6][(shift + 2 * $0) % 5] }
        }
    }

    /// Numbers of all magnitudes, ascending.
    private static let probes: [Double] = {
        let sizes = (-120...120).map { 1.1 * Double(sign: .plus, exponent: $0 / 3, significand: 1 + Double(($0 % 3 + 3) % 3) / 3) }
        return Array(Set(sizes + sizes.map { -$0 } + [0])).sorted()
    }()

    private var readsCoordinate: Bool {
        if case .coordinate = self { return true }
        return children.contains(where: \.readsCoordinate)
    }

    /// Whether the value depends on where in the result it stands, and not on arguments alone: on a coordinate, or on a number drawn for it.
    public var dependsOnPosition: Bool {
        switch self {
        case .coordinate, .uniform: true
        default: children.contains(where: \.dependsOnPosition)
        }
    }
}

extension UnaryFunction {
    /// What of the argument matters, which lies in `range`, since the function has no value at 0 or beyond, or moves far by a little.
    fileprivate func signInterest(in range: ValueRange) -> SignInterest {
        switch self {
        case .squareRoot: range.lower < 0 ? .sign : .none
        case .logarithm: range.lower <= 0 ? .zero : .none
        case .reciprocal: range.containsZero ? .zero : .none
        case .floor: .zero
        case .logarithmOfOnePlus: range.lower <= -1 ? .zero : .none
        case .negate, .absolute, .exponential, .hyperbolicTangent, .errorFunction, .exponentialMinusOne, .logistic, .softplus, .gaussian,
            .normalDistribution:
            .none
        }
    }
}
