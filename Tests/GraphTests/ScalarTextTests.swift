import Graph
import Testing

/// Reads `text` as an expression over `x` and `y` and prints it again.
private func check(_ text: String, is expected: Scalar, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var scanner = TextScanner(text)
    let scalar = try Scalar(reading: &scanner, arguments: ["x", "y"])
    #expect(scalar == expected, sourceLocation: sourceLocation)
    #expect(scalar.text(arguments: ["x", "y"]) == text, sourceLocation: sourceLocation)
    #expect(scanner.isAtEnd, sourceLocation: sourceLocation)
}

private let x = Scalar.argument(0), y = Scalar.argument(1)

/// A random expression, built without the simplifying constructors.
private func randomScalar(depth: Int, _ random: inout some RandomNumberGenerator) -> Scalar {
    func part() -> Scalar { randomScalar(depth: depth - 1, &random) }
    switch depth == 0 ? Int.random(in: 0..<4, using: &random) : Int.random(in: 0..<9, using: &random) {
    case 0: return .constant([-2.0, -0.5, 0, 1, 3e-9, 1e20, -.infinity].randomElement(using: &random)!)
    case 1: return .argument(Int.random(in: 0..<3, using: &random))
    case 2: return .coordinate(1)
    case 3: return .constant(Double.random(in: -1...1, using: &random))
    case 4, 5: return .unary(UnaryFunction.allCases.randomElement(using: &random)!, part())
    case 6: return .binary(BinaryFunction.allCases.randomElement(using: &random)!, part(), part())
    case 7: return .select(Comparison.allCases.randomElement(using: &random)!, part(), part(), then: part(), otherwise: part())
    default: return .uniform(seed: part(), stream: Int.random(in: -5...5, using: &random))
    }
}

@Suite struct ScalarTextTests {
    /// Found by the fuzzer: the derivative of x / 0 held a constant that was not a number, and so did not equal itself.
    @Test func foldsToFiniteConstantsOnly() {
        #expect(Scalar.constant(1) / 0 == .binary(.divide, 1, 0))
        #expect(Scalar.constant(1e308) * 10 == .binary(.multiply, 1e308, 10))
        #expect(Scalar.constant(0) / 0 == .binary(.divide, 0, 0))
        #expect(Scalar.constant(6) / 3 == 2)
        let derivative = (x / 0).derivative(0)
        #expect(derivative == derivative && derivative.evaluate([1]).isNaN)
    }

    @Test func bindsAsInMathematics() throws {
        try check("x + y * 2", is: .binary(.add, x, .binary(.multiply, y, 2)))
        try check("(x + y) * 2", is: .binary(.multiply, .binary(.add, x, y), 2))
        try check("x - y - 1", is: .binary(.subtract, .binary(.subtract, x, y), 1))
        try check("x - (y - 1)", is: .binary(.subtract, x, .binary(.subtract, y, 1)))
        try check("-x * y", is: .binary(.multiply, .unary(.negate, x), y))
        try check("-(x * y)", is: .unary(.negate, .binary(.multiply, x, y)))
        try check("x - -2", is: .binary(.subtract, x, -2))
        try check("-(2)", is: .unary(.negate, 2))
        try check(
            "if x < 0 { exp(x) - 1 } else { x }", is: .select(.less, x, 0, then: .binary(.subtract, .exponential(x), 1), otherwise: x))
        try check("uniform(x, 7) + @2 + $5", is: .binary(.add, .binary(.add, .uniform(seed: x, stream: 7), .coordinate(2)), .argument(5)))
    }

    @Test func roundTripsRandomExpressions() throws {
        var random = SplitMix(seed: 1)
        for _ in 0..<2000 {
            let scalar = randomScalar(depth: Int.random(in: 0...6, using: &random), &random)
            let names = ["x", "y"]
            var scanner = TextScanner(scalar.text(arguments: names))
            let observed = try Scalar(reading: &scanner, arguments: names)
            #expect(observed == scalar)
        }
    }

    @Test(arguments: [
        ("x +", "1:4: expected an expression, found the end of the text"),
        ("(x", "1:3: expected ')', found the end of the text"),
        ("z", "1:1: 'z' is not an argument; there are x, y"),
        ("sin(x)", "1:1: there is no function 'sin'"),
        ("max(x)", "1:6: expected ',', found ')'"),
        ("if x { y }", "1:6: expected '<', '<=' or '==', found '{'"),
        ("$99", "1:2: an argument's index must lie in 0...63, not 99"),
    ])
    func explainsFaults(text: String, expected: String) {
        let error = #expect(throws: TextError.self) {
            var scanner = TextScanner(text)
            _ = try Scalar(reading: &scanner, arguments: ["x", "y"])
        }
        #expect(error?.description.hasPrefix(expected) == true, "\(error as Any)")
    }

    @Test(arguments: ["(", "-(", "abs(", "if ", "x + (", "1 - "])
    func boundsNesting(opening: String) {
        #expect(throws: TextError.self) {
            var scanner = TextScanner(String(repeating: opening, count: 100_000))
            _ = try Scalar(reading: &scanner, arguments: ["x"])
        }
    }

    @Test func boundsChains() {
        #expect(throws: TextError.self) {
            var scanner = TextScanner("x" + String(repeating: " + x", count: 100_000))
            _ = try Scalar(reading: &scanner, arguments: ["x"])
        }
    }

    @Test func namesArgumentsThatHaveNoUsableName() throws {
        let function = ScalarFunction("odd name", ["max", "a", "a", "b.c", "x"], .argument(0) + .argument(1) + .argument(3) + .argument(4))
        #expect(function.text == "\"odd name\"(max, a, a, b.c, x) = $0 + $1 + $3 + x")
        var scanner = TextScanner(function.text)
        #expect(try ScalarFunction(reading: &scanner) == function)
    }
}

/// A small seeded generator (Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
