import Graph
import Kernels
import Operators
import Testing
import TestSupport

@testable import Compiler

/// Networks whose branches meet in concatenations: what they compute, and that whole blocks of channels are never copied.
@Suite struct ConcatTests {
    @Test(arguments: [1, 3], [false, true]) func alignedBranchesAreNotCopied(batch: Int, training: Bool) throws {
        let plan = try check(.inception, [8, 16, 8, 8], batch: batch, training: training)
        #expect(copies(plan) == [])
    }

    /// The last branch may end within a block.
    @Test(arguments: [1, 3], [false, true]) func lastBranchMayBePadded(batch: Int, training: Bool) throws {
        let plan = try check(.inception, [8, 16, 8, 3], batch: batch, training: training)
        #expect(copies(plan) == [])
    }

    @Test(arguments: [1, 3], [false, true]) func unalignedBranchesAreCopied(batch: Int, training: Bool) throws {
        let plan = try check(.inception, [8, 5, 11, 8], batch: batch, training: training)
        #expect(!copies(plan).isEmpty)
    }

    @Test(arguments: [1, 3], [false, true]) func growthIsNotCopied(batch: Int, training: Bool) throws {
        let plan = try check(.dense, [16, 8, 8, 8], batch: batch, training: training)
        #expect(copies(plan) == [])
    }

    @Test(arguments: [false, true]) func unalignedGrowthAgrees(training: Bool) throws {
        try check(.dense, [8, 4, 4, 12], batch: 2, training: training)
    }

    private enum Shape { case inception, dense }

    @discardableResult
    private func check(_ shape: Shape, _ channels: [Int], batch: Int, training: Bool) throws -> Plan {
        var writer = NetworkWriter()
        let graph = try Graph(reading: writer.network(shape == .dense, channels, batch: batch, training: training), catalog: .standard)
        return try expectAgreement(of: graph, seed: 1, training: training, batch: batch, target: .x86AVX2)
    }

    /// The steps that do nothing but copy into or out of a concatenation.
    private func copies(_ plan: Plan) -> [String] {
        (plan.preparation + plan.steps).map { plan.kernels[$0.kernel].name }.filter { $0.contains("concat") || $0.contains("slice") }
    }
}

/// Writes networks as the text of graphs.
private struct NetworkWriter {
    private var lines: [String] = []

    private mutating func line(_ text: String) -> String {
        lines.append("%\(lines.count) = \(text)")
        return "%\(lines.count - 1)"
    }

    private mutating func convolution(_ x: String, _ from: Int, _ to: Int, kernel: Int) -> String {
        let weight = line("weight w\(lines.count) he_normal : f32[\(to), \(from), \(kernel), \(kernel)]")
        let sum = line("conv(\(x), \(weight)) channels=\(to) kernel=(\(kernel), \(kernel)) pad=[\(kernel / 2)] bias=false")
        return line("map(\(sum)) function=relu(x) = max(x, 0)")
    }

    private mutating func normalized(_ x: String, _ channels: Int) -> String {
        let parameters = ["weight scale\(lines.count) ones", "weight shift\(lines.count) zeros"]
        let states = ["state mean\(lines.count) zeros", "state variance\(lines.count) ones"]
        let values = (parameters + states).map { line("\($0) : f32[\(channels)]") }
        return line("map(\(line("batchnorm(\(x), \(values.joined(separator: ", ")))"))) function=relu(x) = max(x, 0)")
    }

    /// Four branches of the given channels side by side; or growth from the first number of channels by the others.
    mutating func network(_ isDense: Bool, _ channels: [Int], batch: Int, training: Bool) -> String {
        let image = line("input image : f32[\(batch), 3, 4, 4]")
        let stem = convolution(image, 3, isDense ? channels[0] : 8, kernel: 3)
        var features = stem
        if isDense {
            var count = channels[0]
            for growth in channels.dropFirst() {
                let new = convolution(normalized(features, count), count, growth, kernel: 3)
                features = line("concat(\(features), \(new))")
                count += growth
            }
        } else {
            let wide = convolution(convolution(stem, 8, 4, kernel: 1), 4, channels[1], kernel: 3)
            let wider = convolution(convolution(stem, 8, 4, kernel: 1), 4, channels[2], kernel: 5)
            let pooled = line("max_pool(\(stem)) kernel=(3, 3) stride=(1, 1) pad=[1]")
            let branches = [
                convolution(stem, 8, channels[0], kernel: 1), wide, wider, convolution(pooled, 8, channels[3], kernel: 1),
            ]
            features = line("concat(\(branches.joined(separator: ", ")))")
        }
        let last = convolution(features, channels.reduce(0, +), 8, kernel: 1)
        let row = line("flatten(\(line("global_avg_pool(\(last))")))")
        let weight = line("weight fc he_normal : f32[3, 8]")
        let logits = line("linear(\(row), \(weight)) features=3 bias=false")
        var outputs = "output logits = \(logits)\n"
        if training {
            let label = line("input label : i32[\(batch)]")
            outputs += "output loss = \(line("cross_entropy(\(logits), \(label))"))\n"
        }
        return "graph network {\n" + lines.joined(separator: "\n") + "\n" + outputs + "}\n"
    }
}
