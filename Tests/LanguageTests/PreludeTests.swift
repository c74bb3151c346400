import Foundation
import Graph
import Language
import Source
import Testing

/// The prelude's activations against formulas written in Swift.
@Suite struct PreludeTests {
    private static func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

    private static let references: [String: @Sendable (Double) -> Double] = [
        "relu": { max($0, 0) },
        "relu6": { min(max($0, 0), 6) },
        "leaky_relu": { $0 > 0 ? $0 : 0.01 * $0 },
        "elu": { $0 > 0 ? $0 : expm1($0) },
        "selu": { 1.0507009873554805 * ($0 > 0 ? $0 : 1.6732632423543772 * expm1($0)) },
        "celu": { $0 > 0 ? $0 : expm1($0) },
        "sigmoid": { logistic($0) },
        "log_sigmoid": { -log1p(exp(-$0)) },
        "softplus": { log1p(exp($0)) },
        "softsign": { $0 / (1 + abs($0)) },
        "gelu": { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) },
        "gelu_tanh": { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * pow($0, 3)))) },
        "silu": { $0 * logistic($0) },
        "swish": { $0 * logistic($0) },
        "mish": { $0 * tanh(log1p(exp($0))) },
        "hard_sigmoid": { min(max($0 / 6 + 0.5, 0), 1) },
        "hard_swish": { $0 * min(max($0 / 6 + 0.5, 0), 1) },
        "hard_tanh": { min(max($0, -1), 1) },
        "threshold": { $0 > 0 ? $0 : 0 },
        "gaussian": { exp(-$0 * $0) },
    ]

    private static let names: [String] = {
        var map = SourceMap()
        let source = SourceFile(name: Prelude.name, text: Prelude.text)
        return Parser.parse(source, as: map.add(source)).syntax.definitions.compactMap {
            if case .activation(let activation) = $0 { activation.name.text } else { nil }
        }
    }()

    private func function(_ name: String) throws -> ScalarFunction {
        let text = "network n { input x: f32[N, 2]; output y = \(name)(x) }"
        let program = Program.load(path: "n", text: text) { _ in nil }
        let (network, diagnostics) = program.elaborate()
        #expect(diagnostics == [])
        return try #require(network?.graph.nodes.last).attributes.function("function")
    }

    @Test(arguments: names) func agreesWithItsFormula(name: String) throws {
        let reference = try #require(Self.references[name], "write a reference for \(name)")
        let function = try function(name)
        for x in stride(from: -8.0, through: 8.0, by: 0.37) {
            let (observed, expected) = (function.body.evaluate([x]), reference(x))
            #expect(abs(observed - expected) <= 1e-12 * max(1, abs(expected)), "\(name)(\(x))")
        }
    }

    /// Central differences; the points lie off every kink.
    @Test(arguments: names) func agreesWithItsDerivative(name: String) throws {
        let body = try function(name).body
        let derivative = body.derivative(0)
        for x in stride(from: -7.9, through: 8.0, by: 0.73) {
            let step = 1e-5
            let numeric = (body.evaluate([x + step]) - body.evaluate([x - step])) / (2 * step)
            #expect(abs(derivative.evaluate([x]) - numeric) < 1e-8, "\(name)'(\(x))")
        }
    }

    /// Far from zero neither a value nor a derivative may become infinite or undefined.
    @Test(arguments: names) func staysFiniteFarOut(name: String) throws {
        let body = try function(name).body
        for x in [-80.0, 80.0] {
            #expect(body.evaluate([x]).isFinite && body.derivative(0).evaluate([x]).isFinite, "\(name)(\(x))")
        }
    }
}
