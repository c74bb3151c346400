import Graph
import Operators
import Testing

/// What differentiation makes of the decompositions: few nodes, and no more reads of whole images than needed.
@Suite struct DerivationTests {
    private static let image = TensorType(.f32, [.symbol("N"), 8, 4, 4])

    /// The training graph of `make` applied to an image `x`, with `dx` the gradient for a given `dy`.
    private func differentiated(
        _ type: TensorType = image, _ make: (GraphBuilder, Value) -> Value
    ) throws -> Graph {
        let builder = GraphBuilder(name: "derived")
        builder.output("y", make(builder, builder.input("x", type)))
        let decomposed = builder.finish().decomposed(mode: .training)
        let x = try #require(decomposed.value(named: "x"))
        return decomposed.extended { builder, copies in
            let y = copies[decomposed.outputs[0].value.index]
            let weighted = builder.apply(.multiply, y, builder.input("dy", builder.type(of: y)))
            let axes = Array(0..<builder.type(of: y).rank)
            let loss = builder.apply(.sum, weighted, attributes: ["axes": .integers(axes)])
            builder.output("dx", builder.gradients(of: loss, withRespectTo: [copies[x.index]])[0])
        }
    }

    /// The nodes of rank above 1 that the fused element-wise computation of `output` reads: inputs and results of other kinds.
    private func tensorsRead(by output: String, of graph: Graph) throws -> Set<String> {
        var read: Set<String> = []
        func visit(_ value: Value) {
            let node = graph[value]
            guard node.type.rank > 1 else { return }
            if case .elementwise? = graph.lowering(of: value) {
                node.operands.forEach(visit)
            } else {
                read.insert(node.inputName ?? node.operation!.name)
            }
        }
        visit(try #require(graph.outputs.first { $0.name == output }).value)
        return read
    }

    @Test func batchNormalizationReadsTheImageAndItsGradientOnce() throws {
        let graph = try differentiated { builder, x in
            let vectors = ["weight", "bias"].map { builder.parameter(Parameter($0, .weight, .ones), .f32(8)) }
            let states = ["mean", "variance"].map { builder.parameter(Parameter($0, .state, .ones), .f32(8)) }
            return builder.apply(.batchNormalization, [x] + vectors + states, [:])
        }
        #expect(try tensorsRead(by: "dx", of: graph) == ["x", "dy"])
        // Two sums for the statistics, two for the gradient.
        let toVectors = graph.values.filter { graph[$0].operation == .sum && graph[$0].type.rank == 1 }
        #expect(toVectors.count == 4)
        #expect(graph.updates.count == 2)
    }

    @Test func inferenceNormalizesWithOneNode() throws {
        let builder = GraphBuilder(name: "inference")
        let x = builder.input("x", Self.image)
        let vectors = ["a", "b", "c", "d"].map { builder.input($0, .f32(8)) }
        builder.output("y", builder.apply(.batchNormalization, [x] + vectors, [:]))
        #expect(builder.finish().decomposed(mode: .inference).operatorNames == ["normalize"])
    }

    @Test func reluGradientIsOneChoice() throws {
        let relu = ScalarFunction("relu", ["x"], .maximum(.argument(0), 0))
        let graph = try differentiated { builder, x in builder.apply(.map, x, attributes: ["function": .function(relu)]) }
        let gradient = try #require(graph.outputs.last).value
        let function = graph[gradient].attributes.function("function")
        #expect(function.body == .select(.lessOrEqual, .argument(0), 0, then: 0, otherwise: .argument(1)))
        #expect(graph[gradient].operands.count == 2)
    }

    @Test func aFactorThatIsRepeatedWaitsForTheSum() throws {
        let builder = GraphBuilder(name: "shift")
        let (x, shift) = (builder.input("x", Self.image), builder.input("shift", .f32(8)))
        let function = ScalarFunction("shift", ["x", "shift"], .argument(0) + .exponential(.argument(1)))
        let shifted = builder.apply(.map, x, shift, attributes: ["function": .function(function)])
        let loss = builder.apply(.sum, shifted, attributes: ["axes": .integers([0, 1, 2, 3])])
        let gradient = builder.gradients(of: loss, withRespectTo: [shift])[0]
        // The exponential meets the gradient after it has been summed to a vector.
        #expect(builder.graph[gradient].operation == .map)
        #expect(builder.graph[gradient].operands.map(builder.type) == [.f32(8), .f32(8)])
    }

    @Test func softmaxNeedsNoGradientOfItsMaximum() throws {
        let graph = try differentiated(.f32(4, 10)) { builder, x in builder.apply(.logSoftmax, x) }
        #expect(graph.operatorNames.filter { $0 == "max" }.count == 1)
        #expect(graph.values.filter { graph[$0].operation == .sum && graph[$0].type == .f32(4, 1) }.count == 2)
    }

    @Test func aLossThatDoesNotDependHasZeroGradient() {
        let builder = GraphBuilder(name: "independent")
        let (x, y) = (builder.input("x", Self.image), builder.input("y", .f32(3)))
        let loss = builder.apply(.sum, y, attributes: ["axes": .integers([0])])
        let gradient = builder.gradients(of: loss, withRespectTo: [x])[0]
        #expect(builder.type(of: gradient) == Self.image)
        #expect(builder.graph[builder.graph[gradient].operands[0]].constant == 0)
    }

    @Test func gradientsAccumulateOverSeveralUsers() throws {
        let graph = try differentiated(.f32(2, 3)) { builder, x in
            let square = builder.apply(.multiply, x, x)
            return builder.apply(.concat, builder.apply(.add, square, x), x)
        }
        let x = ReferenceTensor([2, 3], [1, 2, 3, 4, 5, 6])
        let dy = ReferenceTensor([2, 6], repeating: 1)
        let result = ReferenceEvaluator().run(graph, inputs: ["x": x, "dy": dy])
        #expect(try #require(result.outputs["dx"]).values == x.values.map { 2 * $0 + 2 })
    }
}
