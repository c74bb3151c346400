import Graph
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Kernels

/// Attention as one kernel, beside fp64: whatever the sizes, the way operands lie, and what is done to the scores.
@Suite struct AttentionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var note: String
        /// The extents of queries, keys and values.
        var batch = [2]
        var rows = 30
        var keys = 37
        var terms = 20
        var columns = 18
        /// Whether keys are given as [..., terms, keys].
        var areKeysTransposed = false
        /// Whether queries are not in memory but computed from what is.
        var areQueriesComputed = false
        /// A mask that is added to the scores: of every score, or of those of a matrix, the same for all.
        var mask: [Int]?
        /// Whether query i sees the keys 0 to i only.
        var isCausal = false
        /// Whether the exponentials are divided by their sums before they are multiplied, as a softmax does.
        var isDividedFirst = false
        /// What scores are multiplied by.
        var scale = 0.5
        var isPlain = false
        var cores = 1
        /// The bytes of the second-level cache: with few of them, keys are taken in stretches.
        var cache: Int?

        var testDescription: String { note }

        static let all = [
            Case(note: "several tiles of rows"),
            Case(note: "rows of one batch", batch: [1], rows: 197, keys: 197, terms: 16, columns: 32, cores: 16),
            Case(note: "two axes before the rows", batch: [2, 3], rows: 17, keys: 16, terms: 33, columns: 5, cores: 4),
            Case(note: "keys in order", areKeysTransposed: true),
            Case(note: "queries computed", areQueriesComputed: true),
            Case(note: "row-major", isPlain: true),
            Case(note: "few rows, few keys", rows: 4, keys: 2, terms: 3, columns: 2),
            Case(note: "a mask for every score", mask: [2, 30, 37]),
            Case(note: "a mask for all", mask: [1, 30, 37]),
            Case(note: "a mask of keys", mask: [2, 1, 37]),
            Case(note: "causal", rows: 37, isCausal: true),
            Case(note: "causal, more keys than rows", rows: 30, keys: 49, isCausal: true),
            Case(note: "causal, fewer keys than rows", rows: 49, keys: 30, isCausal: true, cores: 4),
            Case(note: "causal, whole vectors", batch: [1], rows: 128, keys: 128, terms: 8, columns: 20, isCausal: true, cores: 8),
            Case(note: "divided first", isDividedFirst: true),
            Case(note: "the scores as they are", scale: 1),
            Case(note: "stretches of keys", keys: 300, cores: 4, cache: 16 << 10),
            Case(
                note: "stretches of keys, causal, divided first", rows: 150, keys: 150, isCausal: true, isDividedFirst: true, cache: 8 << 10
            ),
            Case(note: "stretches of keys, a mask", keys: 90, columns: 60, mask: [2, 30, 90], cores: 8, cache: 8 << 10),
            Case(note: "whole stretches", keys: 256, terms: 16, columns: 16, cache: 17 << 10),
            Case(note: "scores that only a shift keeps finite", keys: 120, scale: 400, cache: 8 << 10),
        ]
    }

    /// A graph of one attention, all of it in one group, with its inputs.
    private func network(_ item: Case, lanes: Int) -> (graph: Graph, inputs: [String: ReferenceTensor]) {
        let sketch = FusedGroupTests.Sketch()
        let query = sketch.input("query", item.batch + [item.rows, item.terms])
        let key = sketch.input("key", item.batch + (item.areKeysTransposed ? [item.terms, item.keys] : [item.keys, item.terms]))
        let value = sketch.input("value", item.batch + [item.keys, item.columns])
        let left = item.areQueriesComputed ? sketch.map(.argument(0) * 2 + 1, query) : query
        let product = sketch.builder.apply(
            .matrixProduct, left, key, attributes: ["transpose_b": .boolean(!item.areKeysTransposed)])
        var (group, scores, inputs) = ([product], product, [query, key, value])
        func note(_ value: Value) -> Value {
            group.append(value)
            return value
        }
        if item.scale != 1 { scores = note(sketch.map(.argument(0) * .constant(item.scale), scores)) }
        if let extents = item.mask {
            inputs.append(sketch.input("mask", extents))
            scores = note(sketch.map(.argument(0) + .argument(1), scores, inputs[3]))
        }
        if item.isCausal {
            let rank = item.batch.count + 2
            scores = note(
                sketch.map(
                    .select(
                        .lessOrEqual, .coordinate(rank - 1), .coordinate(rank - 2), then: .argument(0), otherwise: .constant(-.infinity)),
                    scores))
        }
        let last: Attributes = ["axes": .integer(-1), "keep": .boolean(true)]
        let largest = note(sketch.builder.apply(.max, scores, attributes: last))
        let exponentials = note(sketch.map(.exponential(.argument(0) - .argument(1)), scores, largest))
        let sums = note(sketch.builder.apply(.sum, exponentials, attributes: last))
        let weights = item.isDividedFirst ? note(sketch.builder.apply(.divide, exponentials, sums)) : exponentials
        var result = note(sketch.builder.apply(.matrixProduct, weights, value))
        if !item.isDividedFirst { result = note(sketch.builder.apply(.divide, result, sums)) }
        sketch.groups = [group]
        let graph = sketch.graph(outputs: [result]) { value, rank in
            value == largest || value == sums || item.isPlain && inputs.contains(value) || rank < 2
                ? .plain : Layout([.init(axis: rank - 1, size: lanes)])
        }
        let tensors = inputs.enumerated().map { number, value in
            (graph[value].inputName!, FusedGroupTests.random(graph.extents(value), seed: number))
        }
        return (graph, Dictionary(uniqueKeysWithValues: tensors))
    }

    private func target(_ item: Case, lanes: Int) -> Target {
        var target = Target.preset(lanes: lanes)
        target.cores = item.cores
        if let cache = item.cache { target.caches.level2 = cache }
        return target
    }

    @Test(arguments: Case.all, [16, 8, 4]) func agreesWithTheReference(item: Case, lanes: Int) throws {
        let (graph, inputs) = network(item, lanes: lanes)
        let target = target(item, lanes: lanes)
        let group = Group.all(of: GraphFacts(graph))[0]
        let nest = try #require(AttentionNest(group, target: target, numerics: .standard))
        #expect(nest.isStretched == (item.cache != nil), "a stretch has \(nest.stretch) keys")
        var harness = LoweringHarness(graph: graph, target: target) { group, target in
            let lowered = group.lowered(for: target)
            #expect(lowered.calls.count == 1 && lowered.calls[0].choice?.chosen.algorithm == "attention")
            return lowered
        }
        harness.relativeTolerance = item.scale > 100 ? 1e-3 : 1e-5
        try harness.check(inputs, item.note)
        for numerics in [Numerics.standard, .strict] {
            for call in group.lowered(for: target, numerics).calls { try call.kernel.verify() }
        }
    }

    /// A row that sees no key is no number, and others are not touched by it: with all keys at once, and in stretches of which the first have
    /// none that a row sees.
    @Test(arguments: [nil, 8 << 10] as [Int?]) func rowsWithoutKeys(cache: Int?) throws {
        let item = Case(note: "mask", batch: [1], rows: 9, keys: 130, mask: [1, 9, 130], cache: cache)
        let (graph, tensors) = network(item, lanes: 16)
        var inputs = tensors
        for key in 0..<130 {
            inputs["mask"]!.values[2 * 130 + key] = -.infinity
            if key < 100 { inputs["mask"]!.values[4 * 130 + key] = -.infinity }
        }
        inputs["query"]!.values[7 * 20] = .nan
        try LoweringHarness(graph: graph, target: target(item, lanes: 16), lower: { $0.lowered(for: $1) }).check(inputs, item.note)
        let result = ReferenceEvaluator().values(of: graph, inputs: inputs)[graph.outputs[0].value.index]
        let rows = (0..<9).filter { result.values[$0 * 18].isNaN }
        #expect(rows == [2, 7])
    }

    /// Causal attention leaves out the keys that no row of a tile sees: half of the products.
    @Test(arguments: [nil, 64 << 10] as [Int?]) func hiddenKeysAreLeftOut(cache: Int?) throws {
        func products(isCausal: Bool) throws -> Int {
            var item = Case(note: "causal", batch: [1], rows: 448, keys: 448, terms: 16, columns: 16, isCausal: isCausal, cache: cache)
            item.scale = 1
            let kernel = Group.all(of: GraphFacts(network(item, lanes: 16).graph))[0].lowered(for: target(item, lanes: 16)).calls[0].kernel
            return kernel.multiplyAdds
        }
        let (all, seen) = (try products(isCausal: false), try products(isCausal: true))
        #expect(Double(seen) < 0.55 * Double(all), "\(seen) of \(all)")
    }

    /// What something else reads, too, or what is no softmax, is no attention.
    @Test func onlyAttentionIsTaken() throws {
        let (graph, _) = network(Case(note: "all"), lanes: 16)
        let facts = GraphFacts(graph)
        let group = Group.all(of: facts)[0]
        let product = try #require(group.members.last { facts.contraction(of: $0) != nil })
        #expect(AttentionNodes(endingWith: product, in: facts, unit: { _ in group.members }) != nil)
        for member in group.members.dropLast(2) where facts.contraction(of: member) == nil || member != product {
            var leaking = graph
            leaking.outputs.append(Graph.Output("also", member))
            let isTaken = AttentionNodes(endingWith: product, in: GraphFacts(leaking), unit: { _ in group.members }) != nil
            // The product of queries and keys is no part of it once its scores are something else: whoever forms the group minds that.
            #expect(isTaken == (member == group.members[0]), "\(graph[member].kind)")
        }
        let first = group.members[0]
        #expect(AttentionNodes(endingWith: first, in: facts, unit: { _ in group.members }) == nil)
    }

    /// Of many cores each gets some rows, and of one head all are with one task.
    @Test func rowsAreDealtOut() throws {
        for (cores, tasks) in [(1, 2), (2, 2), (4, 4), (16, 14)] {
            var target = Target.x86AVX512
            target.cores = cores
            let (graph, _) = network(Case(note: "heads", rows: 196, keys: 196, terms: 64, columns: 64), lanes: 16)
            let lowered = Group.all(of: GraphFacts(graph))[0].lowered(for: target)
            #expect(lowered.calls[0].kernel.taskCount == tasks, "\(cores) cores")
        }
    }
}

extension Kernel {
    /// The fused multiply-adds of vectors that all tasks do.
    fileprivate var multiplyAdds: Int {
        func count(_ statements: [Statement], _ variables: inout [Int]) -> Int {
            statements.reduce(0) { sum, statement in
                switch statement {
                case .define(_, .fusedMultiplyAdd): return sum + 1
                case .define, .perform: return sum
                case .loop(let loop):
                    var total = 0
                    for value in stride(from: loop.from.evaluate(variables), to: loop.to.evaluate(variables), by: loop.step) {
                        variables[loop.variable.index] = value
                        total += count(loop.body, &variables)
                    }
                    return sum + total
                case .when(let conditions, _, let body):
                    let holds = conditions.allSatisfy {
                        $0.lower.evaluate(variables) <= $0.index.evaluate(variables)
                            && $0.index.evaluate(variables) < $0.upper.evaluate(variables)
                    }
                    return holds ? sum + count(body, &variables) : sum
                }
            }
        }
        return (0..<taskCount).reduce(0) { sum, task in
            var variables = [Int](repeating: 0, count: variableNames.count)
            variables[0] = task
            return sum + count(body, &variables)
        }
    }
}
