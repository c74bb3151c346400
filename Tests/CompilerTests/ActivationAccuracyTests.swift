import ActivationAccuracy
import Foundation
import Graph
import Kernels
import Language
import Machine
import TestSupport
import Testing

/// How far machine code is from the true values of activations and of the functions that they are made of. `script/test --all` tries all
/// 2^32 arguments of f32 in place of 700,000; then `UPDATE_EXPECTED=1` writes the table of docs/activations.md.
@Suite struct ActivationAccuracyTests {
    private static let page = Golden.folder("../../docs/activations.md", beside: #filePath)

    /// The most that a value may be off, in units of the last place, where it is not the 4 of all others.
    private static let bounds: [String: Double] = ["gelu_tanh": 200]
    /// The most that a small value may be off, in units of 2^-141, where it is not the 1 of all others.
    private static let smallBounds: [String: Double] = ["gelu_tanh": 60]

    private static let targets = [Target.x86AVX512, .x86AVX2].filter { $0.lanes <= Target.host.lanes }

    private static func body(_ name: String) throws -> Scalar {
        let text = "network n { input x: f32[N, 2]; output y = \(name)(x) }"
        let (network, diagnostics) = Program.load(path: "n", text: text) { _ in nil }.elaborate()
        #expect(diagnostics.isEmpty)
        return try #require(network?.graph.nodes.last).attributes.function("function").body
    }

    /// Machine code of `body`, of one argument, and of its derivative.
    private static func code(_ body: Scalar, for target: Target) throws -> FunctionCode {
        let builder = KernelBuilder(name: "function", lanes: target.lanes, taskCount: 1)
        let input = builder.parameter("input", count: Arguments.chunk, .read)
        let outputs = ["value", "derivative"].map { builder.parameter($0, count: Arguments.chunk, .write) }
        for (output, expression) in zip(outputs, [body, body.derivative(0)]) {
            builder.loop("i", to: .constant(Arguments.chunk / target.lanes)) { i in
                let x = builder.load(input, i * target.lanes)
                builder.store(output, i * target.lanes, builder.emit(expression, arguments: { _ in x }))
            }
        }
        let program = try KernelCompiler(target: target, cache: nil, threads: 1).compile([builder.finish()])
        return { input, value, derivative in
            program.entries[0]([input, value, derivative].map { UnsafeMutableRawPointer($0) }, nil, 0, 1)
        }
    }

    private static func measure(_ function: TrueFunction) throws -> (value: Accuracy, derivative: Accuracy) {
        let body = try body(function.name)
        let results = function.measure(try targets.map { try code(body, for: $0) }, over: Exhaustive.isOn ? .all : .some)
        for result in results {
            #expect(result.value == results[0].value && result.derivative == results[0].derivative, "\(function.name) differs by target")
        }
        return results[0]
    }

    @Test func knowsEveryActivation() {
        #expect(Set(ActivationReference.all.map(\.name)).subtracting(TrueFunction.all.map(\.name)) == [])
    }

    /// Within the bounds, and no worse than the table says.
    @Test(.enabled(if: Target.host.triple.hasPrefix("x86_64"))) func areAccurate() throws {
        var rows: [String] = []
        for function in TrueFunction.all {
            let (value, derivative) = try Self.measure(function)
            #expect(value.error <= Self.bounds[function.name] ?? 4, "\(function.name)(\(value.argument)) is off by \(value.error)")
            #expect(
                value.smallError <= Self.smallBounds[function.name] ?? 1,
                "\(function.name)(\(value.smallArgument)) is off by \(value.smallError) * 2^-141")
            rows.append(
                "| `\(function.name)` | "
                    + [
                        Self.text(value.error, value.argument), Self.text(value.smallError, value.smallArgument),
                        function.derivative == nil ? "" : Self.text(derivative.error, derivative.argument),
                    ].joined(separator: " | ") + " |")
        }
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let marks = ["<!-- generated: accuracy -->\n", "<!-- end -->\n"]
        let (start, end) = (try #require(text.range(of: marks[0])).upperBound, try #require(text.range(of: marks[1])).lowerBound)
        if Exhaustive.isOn || Golden.isUpdating {
            let tried =
                Exhaustive.isOn ? "Over all 2^32 arguments of f32:" : "Over 700,000 arguments, a thousand of each power of two:"
            let header = "\(tried)\n\n| function | value | small values | derivative |\n|---|---|---|---|\n"
            let observed = text[..<start] + header + rows.joined(separator: "\n") + "\n" + text[end...]
            try Golden.check(String(observed), Self.page)
        } else {
            let known = Self.table(text[start..<end])
            for (name, errors) in Self.table(rows.joined(separator: "\n")[...]) {
                let limits = try #require(known[name], "docs/activations.md has no row for \(name)")
                for (error, limit) in zip(errors, limits) {
                    #expect(error <= limit, "\(name) is less accurate than docs/activations.md says")
                }
            }
        }
    }

    /// An error with two digits behind the point, and where it occurs.
    private static func text(_ error: Double, _ argument: Float) -> String {
        error == 0 ? "0" : String(format: "%.2f", error) + " at \(argument)"
    }

    /// The errors of each row of a table, by the function's name.
    private static func table(_ text: Substring) -> [String: [Double]] {
        var errors: [String: [Double]] = [:]
        for row in text.split(separator: "\n") {
            let cells = row.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            guard let name = cells.first, name.hasPrefix("`") else { continue }
            errors[name] = cells.dropFirst().compactMap { Double($0.prefix { $0 != " " }) }
        }
        return errors
    }
}
