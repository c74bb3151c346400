import Graph
import LoopNest
import Machine
import Testing

/// The vector functions against fp64, over the whole range of f32.
@Suite struct VectorMathTests {
    /// The largest error allowed, in ulp; the documentation of `VectorMath` states these.
    static let bounds: [(function: UnaryFunction, ulps: Double)] = [
        (.exponential, 1.5), (.logarithm, 1.5), (.hyperbolicTangent, 2), (.errorFunction, 2), (.exponentialMinusOne, 2),
        (.logarithmOfOnePlus, 1.5), (.logistic, 2.5), (.softplus, 2), (.gaussian, 1.5), (.normalDistribution, 3),
    ]

    /// A million arguments evenly spread over the bit patterns, and those where something changes.
    static let arguments: [Float] = {
        let spread = (0..<(1 << 20)).map { Float(bitPattern: UInt32(truncatingIfNeeded: $0 &* 4099)) }
        let special: [Float] = [
            0, -0.0, .infinity, -.infinity, .nan, .greatestFiniteMagnitude, .leastNormalMagnitude, .leastNonzeroMagnitude, 1, 88.72283,
            88.72284, 89, -87.33654, -103.97207, -103.97208, -104, 0.625, 0.93, 3.95, 9.1, 1000,
            -1, 88.3763, -18, 10.5, -14.6, 0x1p-30,
        ]
        let near = special.flatMap { [$0, $0.nextUp, $0.nextDown, -$0] }
        return near + Array(repeating: 0, count: (16 - near.count % 16) % 16) + spread
    }()

    @Test(arguments: runnable) func stayWithinTheirBounds(target: Target) throws {
        for (function, bound) in Self.bounds {
            let builder = KernelBuilder(name: "\(function)", lanes: target.lanes, taskCount: Self.arguments.count / target.lanes)
            let input = builder.parameter("input", count: Self.arguments.count, .read)
            let output = builder.parameter("output", count: Self.arguments.count, .write)
            let at = builder.task * target.lanes
            builder.store(output, at, builder.define(.unary(function, builder.load(input, at))))
            let empty = Array(repeating: Float(0), count: Self.arguments.count)
            let observed = try execute(builder.finish(), [.f32(Self.arguments), .f32(empty)], on: target)[1].floats
            var worst = (error: 0.0, argument: Float(0), value: Float(0))
            for (argument, value) in zip(Self.arguments, observed) {
                let error = ulps(value, from: function.evaluate(Double(argument)))
                if error > worst.error { worst = (error, argument, value) }
            }
            #expect(worst.error <= bound, "\(function)(\(worst.argument)) = \(worst.value)")
        }
    }
}
