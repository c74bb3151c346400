import Graph
import Operators
import Testing

/// What decomposing whole graphs makes.
@Suite struct DecompositionTests {
    /// Of the taps over a pixel of a transposed convolution, only one in stride times stride lies on a pixel of the image.
    @Test func onlyTermsThatExistAreCounted() throws {
        let builder = GraphBuilder(name: "transposed")
        let attributes: Attributes = [
            "channels": .integer(2), "kernel": .integer(4), "stride": .integer(2), "pad": .integer(1), "bias": .boolean(false),
        ]
        let operands = [builder.input("x", .f32(1, 3, 4, 4)), builder.input("weight", .f32(3, 2, 4, 4))]
        builder.output("y", builder.apply(.convolutionTransposed, operands, attributes))
        let graph = builder.finish().decomposed(mode: .inference)
        let last = try #require(graph.values.last)
        guard case .contraction(let formula)? = graph.lowering(of: last) else {
            Issue.record("a transposed convolution is a contraction")
            return
        }
        #expect(formula.termCount == (8 * 8) * (2 * 2) * 3 * 2)
    }

    private func normalize(_ builder: GraphBuilder, _ x: Value) -> Value {
        let weights = ["weight", "bias"].map { builder.parameter(Parameter($0, .weight, .ones), .f32(2)) }
        let states = ["mean", "variance"].map { builder.parameter(Parameter($0, .state, .ones), .f32(2)) }
        return builder.apply(.batchNormalization, [x] + weights + states, ["momentum": .number(0.5)])
    }

    @Test func sharedStatisticsMoveOneStepAfterTheOther() throws {
        let builder = GraphBuilder(name: "shared")
        for name in ["a", "b"] { builder.output("y" + name, normalize(builder, builder.input(name, .f32(2, 2)))) }
        let vector = ReferenceTensor([2], [1, 1])
        let result = ReferenceEvaluator(mode: .training).run(
            builder.finish(), inputs: ["a": ReferenceTensor([2, 2], [1, 2, 3, 4]), "b": ReferenceTensor([2, 2], [5, 6, 7, 8])],
            parameters: ["weight": vector, "bias": vector, "mean": ReferenceTensor([2], [0, 0]), "variance": vector])
        // Means 2, 3 and then 6, 7, each moving half the way.
        #expect(result.updates["mean"]?.values == [3.5, 4.25])
        // The unbiased variances are all 2.
        #expect(result.updates["variance"]?.values == [1.75, 1.75])
    }

    @Test func statisticsThatAreNoParametersStay() {
        let builder = GraphBuilder(name: "inputs")
        let operands = [builder.input("x", .f32(4, 2))] + ["a", "b", "c", "d"].map { builder.input($0, .f32(2)) }
        builder.output("y", builder.apply(.batchNormalization, operands, [:]))
        #expect(builder.finish().decomposed(mode: .training).updates.isEmpty)
    }

    @Test func everyDropoutHasItsOwnStreamEveryTimeTheSame() throws {
        let builder = GraphBuilder(name: "streams")
        let x = builder.input("x", .f32(8, 8))
        let first = builder.apply(.dropout, x)
        builder.output("y", builder.apply(.dropout, builder.apply(.add, first, x)))
        let graph = builder.finish()
        let decomposed = graph.decomposed(mode: .training)
        let streams = decomposed.nodes.compactMap { node -> Int? in
            guard case .function(let function)? = node.attributes["function"],
                case .select(_, .uniform(_, let stream), _, _, _) = function.body
            else { return nil }
            return stream
        }
        #expect(streams.count == 2 && Set(streams).count == 2)
        #expect(decomposed.text() == graph.decomposed(mode: .training).text())
        #expect(graph.decomposed(mode: .inference).operatorNames == ["add"])
    }

    @Test func nestedCompositesLeaveNone() throws {
        for item in ExampleCase.all {
            for mode in [Mode.inference, .training] {
                let graph = try item.graph().decomposed(mode: mode)
                for value in graph.values { #expect(!(graph.lowering(of: value)?.isComposite ?? false)) }
            }
        }
    }

    @Test func newNodesKeepLabels() throws {
        let builder = GraphBuilder(name: "labels")
        let operands = [builder.input("x", .f32(2, 3)), builder.input("w", .f32(4, 3)), builder.input("b", .f32(4))]
        builder.output("y", try builder.append(.linear, operands, ["features": .integer(4)], label: "fc"))
        let graph = builder.finish().decomposed(mode: .inference)
        #expect(graph.operatorNames == ["linear", "add"])
        for node in graph.nodes where node.operation != nil { #expect(node.label == "fc") }
    }
}
