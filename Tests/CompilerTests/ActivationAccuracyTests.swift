import ActivationAccuracy
import Foundation
import Graph
import Language
import LoopNest
import Machine
import TestSupport
import Testing

/// How far machine code is from the true values of activations and of the functions that they are made of, beside the table of
/// docs/activations.md, which rests on all 2^32 arguments of f32. A plain run tries 700,000 of them; `script/test --all` tries all, and
/// writes the table with `UPDATE_EXPECTED=1`. A plain run with `UPDATE_EXPECTED=1` adds rows that are missing, and leaves the others.
@Suite struct ActivationAccuracyTests {
    private static let page = Golden.folder("../../docs/activations.md", beside: #filePath)

    /// The most that a value may be off, in units of the last place, where it is not the 4 of all others.
    private static let bounds: [String: Double] = ["gelu_tanh": 210]
    /// The most that a small value may be off, in units of 2^-141, where it is not the 1 of all others.
    private static let smallBounds: [String: Double] = ["gelu": 2, "gelu_tanh": 110, "normal_cdf": 2]

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

    private static func measure(_ function: TrueFunction, over arguments: Arguments) throws -> (value: Accuracy, derivative: Accuracy) {
        let body = try body(function.name)
        let results = function.measure(try targets.map { try code(body, for: $0) }, over: arguments)
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
        let text = try String(contentsOf: Self.page, encoding: .utf8)
        let marks = ["<!-- generated: accuracy -->\n", "<!-- end -->\n"]
        let (start, end) = (try #require(text.range(of: marks[0])).upperBound, try #require(text.range(of: marks[1])).lowerBound)
        let known = Self.table(text[start..<end])
        var rows: [Row] = []
        for function in TrueFunction.all {
            let old = known.first { $0.name == function.name }
            let measuresAll = Exhaustive.isOn || Golden.isUpdating && old == nil
            let (value, derivative) = try Self.measure(function, over: measuresAll ? .all : .some)
            #expect(value.error <= Self.bounds[function.name] ?? 4, "\(function.name)(\(value.argument)) is off by \(value.error)")
            #expect(
                value.smallError <= Self.smallBounds[function.name] ?? 1,
                "\(function.name)(\(value.smallArgument)) is off by \(value.smallError) * 2^-141")
            let row = Row(
                name: function.name,
                cells: [
                    Self.text(value.error, value.argument), Self.text(value.smallError, value.smallArgument),
                    function.derivative == nil ? "" : Self.text(derivative.error, derivative.argument),
                ])
            rows.append(measuresAll ? row : old ?? row)
            guard !measuresAll else { continue }
            let limits = try #require(
                old,
                "docs/activations.md has no row for \(function.name); UPDATE_EXPECTED=1 measures all arguments of it, some minutes long")
            for (error, limit) in zip(row.errors, limits.errors) {
                #expect(
                    error <= limit, "\(function.name) is less accurate than docs/activations.md says: take its row out to measure it anew")
            }
        }
        let header = "Over all 2^32 arguments of f32:\n\n| function | value | small values | derivative |\n|---|---|---|---|\n"
        try Golden.check(text[..<start] + header + rows.map { $0.text + "\n" }.joined() + text[end...], Self.page)
    }

    /// An error with two digits behind the point, and where it occurs.
    private static func text(_ error: Double, _ argument: Float) -> String {
        error == 0 ? "0" : String(format: "%.2f", error) + " at \(argument)"
    }

    /// A row of the table: the errors of a function, each with its argument.
    private struct Row {
        var name: String
        var cells: [String]

        var text: String { "| `\(name)` | " + cells.joined(separator: " | ") + " |" }
        var errors: [Double] { cells.compactMap { Double($0.prefix { $0 != " " }) } }
    }

    private static func table(_ text: Substring) -> [Row] {
        text.split(separator: "\n").compactMap { line in
            let cells = line.split(separator: "|", omittingEmptySubsequences: false).map { $0.trimmingCharacters(in: .whitespaces) }
            guard cells.count == 6, cells[1].hasPrefix("`") else { return nil }
            return Row(name: cells[1].filter { $0 != "`" }, cells: Array(cells[2...4]))
        }
    }
}
