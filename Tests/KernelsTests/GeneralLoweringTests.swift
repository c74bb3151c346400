import Graph
import Operators
import TestSupport
import Testing

/// Every operator of the catalog, every example, over several layouts and vector widths: the kernels compute what the fp64 reference
/// does, and leave zeros in the padding.
@Suite struct GeneralLoweringTests {
    enum Layouts: String, CaseIterable, CustomTestStringConvertible {
        case plain, channels16, channels8, mixed
        var testDescription: String { rawValue }

        /// The layout of a tensor of `rank` axes.
        func layout(rank: Int, _ random: inout SeededGenerator) -> Layout {
            switch self {
            case .plain: return .plain
            case .channels16: return rank >= 2 ? .channels(rank: rank, lanes: 16) : .plain
            case .channels8: return rank >= 2 ? .channels(rank: rank, lanes: 8) : .plain
            case .mixed:
                let weights =
                    rank >= 2 ? [Layout([.init(axis: 1, size: 16), .init(axis: 0, size: 16)]), .channels(rank: rank, lanes: 16)] : []
                let choices = weights + (rank >= 1 ? [.channels(rank: rank, lanes: 8)] : []) + [.plain]
                return choices[random.number(0..<choices.count)]
            }
        }
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var operation: Operator
        var layouts: Layouts
        var testDescription: String { "\(operation.name), \(layouts.rawValue)" }

        static let all = OperatorCatalog.standard.operators.flatMap { operation in
            // C functions take and give nothing but rows.
            Layouts.allCases.filter { operation != .foreign || $0 == .plain }.map { Case(operation: operation, layouts: $0) }
        }
    }

    @Test(arguments: Case.all) func operatorsComputeWhatTheReferenceDoes(_ one: Case) throws {
        for (number, example) in one.operation.examples.enumerated() {
            var random = SeededGenerator(seed: number)
            let operands = example.operands(&random)
            for mode in [Mode.inference, .training] {
                var graph = LoweringHarness.apart(try example.graph(one.operation, mode: mode))
                // Only dropout and batch normalization differ from mode to mode.
                if try mode == .training && graph.nodes.count == example.graph(one.operation, mode: .inference).nodes.count { continue }
                for value in graph.values { graph[value].layout = one.layouts.layout(rank: graph[value].type.rank, &random) }
                var inputs = Dictionary(uniqueKeysWithValues: operands.enumerated().map { ("x\($0)", $1) })
                inputs["seed"] = .scalar(7)
                for lanes in [16, 8, 4] {
                    try LoweringHarness(graph: graph, target: .preset(lanes: lanes))
                        .check(inputs, "\(one.operation.name): \(example.note), \(mode)")
                }
            }
        }
    }
}
