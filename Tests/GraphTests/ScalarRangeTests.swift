import Graph
import Testing

private let x = Scalar.argument(0), y = Scalar.argument(1)

/// A random expression of two arguments without positions.
private func randomScalar(depth: Int, _ random: inout some RandomNumberGenerator) -> Scalar {
    func part() -> Scalar { randomScalar(depth: depth - 1, &random) }
    switch depth == 0 ? Int.random(in: 0..<3, using: &random) : Int.random(in: 0..<8, using: &random) {
    case 0: return .constant([-2.0, -0.5, 0, 1, 3].randomElement(using: &random)!)
    case 1, 2: return .argument(Int.random(in: 0..<2, using: &random))
    case 3, 4: return .unary(UnaryFunction.allCases.randomElement(using: &random)!, part())
    case 5, 6: return .binary(BinaryFunction.allCases.randomElement(using: &random)!, part(), part())
    default:
        let bounds: [Scalar] = [.argument(0), .constant(0.5), .argument(1), part()].shuffled(using: &random)
        return .select(Comparison.allCases.randomElement(using: &random)!, bounds[0], bounds[1], then: part(), otherwise: part())
    }
}

@Suite struct ScalarRangeTests {
    /// Whatever an expression gives for arguments within their ranges lies within its range, but for rounding.
    @Test(arguments: 0..<400) func rangesHoldEveryValue(seed: Int) {
        var random = SplitMix(seed: UInt64(seed))
        let expression = randomScalar(depth: 1 + seed % 5, &random)
        let ranges = (0..<2).map { _ -> ValueRange in
            let ends = [Double.random(in: -3...3, using: &random), Double.random(in: -3...3, using: &random)].sorted()
            return [ValueRange(ends[0], ends[1]), .all, .notNegative, ValueRange(0, ends[1] + 3)].randomElement(using: &random)!
        }
        let range = expression.range(ranges)
        for _ in 0..<60 {
            let arguments = ranges.map { range -> Double in
                [range.lower, range.upper, 0, .random(in: -5...5, using: &random)].randomElement(using: &random)!
                    .clamped(max(range.lower, -50), min(range.upper, 50))
            }
            // What is no number does not count, nor what a minimum takes in its place.
            if expression.hasPartThatIsNoNumber(arguments) { continue }
            let value = expression.evaluate(arguments)
            let margin = 1e-9 * max(1, abs(value))
            #expect(
                value.isNaN || value.isInfinite || (range.lower - margin...range.upper + margin).contains(value),
                "\(expression) at \(arguments) is \(value), not within \(range)")
            if range.isPositive { #expect(!(value < 0), "\(expression) at \(arguments)") }
        }
    }

    @Test func clampsAreSeen() {
        func range(_ expression: Scalar) -> ValueRange { expression.range([.all, .all]) }
        #expect(range(.maximum(x, 0)).isNotNegative && !range(.maximum(x, 0)).isPositive)
        #expect(range(.maximum(x, 1e-6)).isPositive)
        #expect(range(.select(.less, 0, x, then: x, otherwise: 0)).isNotNegative)
        #expect(range(.select(.less, x, 0, then: 0, otherwise: x)).isNotNegative)
        #expect(range(.select(.less, 0, x, then: x, otherwise: 1)).isPositive)
        #expect(!range(.select(.less, 0, y, then: x, otherwise: 0)).isNotNegative)
        #expect(range(x * x).isNotNegative && !range(x * y).hasOneSign)
        #expect(range(.exponential(-x)).isPositive && range(1 / (1 + .exponential(-x))).isPositive)
        #expect(range(.unary(.absolute, x)) == .notNegative)
        #expect(range(.minimum(.maximum(x, 0), 6)) == ValueRange(0, 6))
        #expect(range(0.5 * .unary(.hyperbolicTangent, x) + 0.5) == ValueRange(0, 1))
        #expect(range(.logarithm(1 + .exponential(x))).isNotNegative)
    }

    /// What a small number in place of 0 makes a great difference to.
    @Test func signsMatterToRootsQuotientsAndJumps() {
        func matters(_ expression: Scalar, _ range: ValueRange = .all) -> Bool {
            expression.signInterests([range, .all])[0] != nil
        }
        for expression: Scalar in [
            .squareRoot(x), .squareRoot(2 * x + y), .logarithm(x), .logarithm(.maximum(x, 0)), .reciprocal(x), 1 / x, y / .maximum(x, 0),
            x / x, .unary(.floor, x), .exponential(0.5 * .logarithm(x)), .select(.less, 0, x, then: 1, otherwise: -1),
            .select(.equal, x, 0, then: 1, otherwise: x), .select(.less, x, y, then: 1, otherwise: 0),
            .select(.less, 0.5, x, then: x, otherwise: 0), .select(.less, .unary(.absolute, x), 0.5, then: 0, otherwise: x),
            .squareRoot(.unary(.hyperbolicTangent, x)),
        ] {
            #expect(matters(expression), "\(expression)")
        }
        for expression: Scalar in [
            x, x + y, x * y, .maximum(x, 0), .squareRoot(.maximum(x, 0)), .logarithm(.maximum(x, 1e-6)), .logarithm(1 + .exponential(x)),
            1 / (1 + .exponential(-x)), x / (1 + .unary(.absolute, x)), .squareRoot(x * x + 1e-5), y / .squareRoot(x * x + 1e-5),
            x / .squareRoot(y), .unary(.absolute, x), .unary(.errorFunction, x), .select(.less, 0, x, then: x, otherwise: 0.1 * x),
            .select(.less, 0, x, then: x, otherwise: .exponential(x) - 1), .select(.less, 0, x, then: x, otherwise: y * x),
            .select(.equal, x, x, then: x, otherwise: 0), .select(.less, 0, x, then: .logarithm(x + 1), otherwise: 0),
            .select(.less, .unary(.absolute, x), 1, then: 0.5 * x * x, otherwise: .unary(.absolute, x) - 0.5),
            .select(.less, x * x, 4, then: x * x, otherwise: 4),
        ] {
            #expect(!matters(expression), "\(expression)")
        }
        #expect(!matters(.squareRoot(x), .notNegative) && matters(.logarithm(x), .notNegative))
        #expect(!matters(.logarithm(x), .positive) && !matters(1 / x, ValueRange(-3, -1)))
        // What is wanted of the result is wanted of what it follows.
        #expect((2 * x + y).signInterests([.all, .all], result: .sign) == [0: .sign, 1: .sign])
        #expect((y + .maximum(x, 0)).signInterests([.all, .all], result: .sign) == [1: .sign])
        #expect((y + .maximum(x, 0)).signInterests([.all, .all], result: .zero) == [0: .zero, 1: .zero])
        #expect(Scalar.logarithm(.maximum(x, 0.001)).signInterests([.all, .all], result: .sign).isEmpty)
        // What differs from place to place counts as a jump.
        let placed = Scalar.select(.equal, x, 0, then: .coordinate(1), otherwise: .select(.equal, y, .coordinate(1), then: 1, otherwise: 0))
        #expect(placed.signInterests([.all, .all]) == [0: .zero, 1: .zero])
        #expect(x.signInterests([.all, .all]).isEmpty)
    }
}

extension Scalar {
    fileprivate func hasPartThatIsNoNumber(_ arguments: [Double]) -> Bool {
        evaluate(arguments).isNaN || children.contains { $0.hasPartThatIsNoNumber(arguments) }
    }
}

extension Double {
    fileprivate func clamped(_ lower: Double, _ upper: Double) -> Double { Swift.min(Swift.max(self, lower), upper) }
}
