import Graph
import Testing

/// Where activation functions are flat, by their expressions alone.
@Suite struct ActivationSlopeTests {
    private static let x = Scalar.argument(0)
    private static func sigmoid(_ x: Scalar) -> Scalar { .unary(.logistic, x) }
    private static func clamp(_ x: Scalar, _ low: Double, _ high: Double) -> Scalar {
        .minimum(.maximum(x, .constant(low)), .constant(high))
    }

    private struct Case {
        var name: String
        var function: Scalar
        var steepest: Double
        var hasFlatSide = false
        var isBounded = false
        var isRectifier = false
    }

    private static let cases = [
        Case(name: "relu", function: .maximum(x, 0), steepest: 1, hasFlatSide: true, isRectifier: true),
        Case(name: "relu6", function: clamp(x, 0, 6), steepest: 1, hasFlatSide: true, isBounded: true, isRectifier: true),
        Case(
            name: "leaky", function: .select(.less, 0, x, then: x, otherwise: 0.01 * x), steepest: 1, hasFlatSide: false),
        Case(name: "sigmoid", function: sigmoid(x), steepest: 0.25, hasFlatSide: true, isBounded: true),
        Case(name: "tanh", function: .unary(.hyperbolicTangent, x), steepest: 1, hasFlatSide: true, isBounded: true),
        Case(name: "hard tanh", function: clamp(x, -1, 1), steepest: 1, hasFlatSide: true, isBounded: true),
        Case(
            name: "hard sigmoid", function: clamp(x / 6 + 0.5, 0, 1), steepest: 1.0 / 6, hasFlatSide: true, isBounded: true),
        Case(name: "softsign", function: x / (1 + .unary(.absolute, x)), steepest: 1, hasFlatSide: true, isBounded: true),
        Case(
            name: "elu", function: .select(.less, 0, x, then: x, otherwise: .unary(.exponentialMinusOne, x)), steepest: 1, hasFlatSide: true
        ),
        // The slope is 1.0998 at 1.5 times the root of 2, and at 2.4.
        Case(name: "silu", function: x * sigmoid(x), steepest: 1.0998, hasFlatSide: true),
        Case(name: "gelu", function: x * .unary(.normalDistribution, x), steepest: 1.1290, hasFlatSide: true),
        Case(name: "softplus", function: .unary(.softplus, x), steepest: 1, hasFlatSide: true),
        Case(name: "absolute", function: .unary(.absolute, x), steepest: 1),
        // It rises for ever, if slowly.
        Case(name: "log(1 + |x|)", function: .unary(.logarithmOfOnePlus, .unary(.absolute, x)), steepest: 1),
    ]

    @Test func isFoundFromTheExpression() throws {
        for known in Self.cases {
            let slope = try #require(ActivationSlope(known.function), "\(known.name)")
            #expect(abs(slope.steepest - known.steepest) < 0.002 * known.steepest, "\(known.name): \(slope.steepest)")
            #expect(slope.hasFlatSide == known.hasFlatSide, "\(known.name)")
            #expect(slope.isBounded == known.isBounded, "\(known.name)")
            #expect(slope.isRectifier == known.isRectifier, "\(known.name)")
        }
    }

    /// Affine functions, steps and what reads several tensors are no activation functions.
    @Test func isNoneOfOthers() {
        let others: [Scalar] = [
            Self.x, 2 * Self.x + 1, 3, .unary(.floor, Self.x), .select(.less, Self.x, 0, then: 0, otherwise: 1), Self.x * .argument(1),
            Self.x * Self.x * .coordinate(1), .uniform(seed: Self.x, stream: 1),
        ]
        for other in others { #expect(ActivationSlope(other) == nil, "\(other)") }
    }

    @Test func saysWhereItIsSaturated() throws {
        func saturated(_ function: Scalar, _ at: [Double]) throws -> [Double] {
            let slope = try #require(ActivationSlope(function))
            return at.map { slope.saturation.evaluate([$0]) }
        }
        // The slope of sigmoid is a twentieth of 0.25 at 4.357, that of tanh a twentieth of 1 at 2.178.
        #expect(try saturated(Self.sigmoid(Self.x), [-4.4, -4.3, 0, 4.3, 4.4]) == [1, 0, 0, 0, 1])
        #expect(try saturated(.unary(.hyperbolicTangent, Self.x), [-2.2, -2.1, 2.1, 2.2]) == [1, 0, 0, 1])
        // What lies below the 0 of a rectifier is meant to.
        #expect(try saturated(Self.clamp(Self.x, 0, 6), [-1, 0, 1, 5.9, 6.1]) == [0, 0, 0, 0, 1])
        #expect(try saturated(Self.clamp(Self.x, -1, 1), [-1.1, 0, 1.1]) == [1, 0, 1])
    }
}
