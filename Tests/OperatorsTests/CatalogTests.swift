import Graph
import Operators
import Testing

/// What holds for every row of the catalog, over all of its examples.
@Suite struct CatalogTests {
    @Test func everyRowIsDocumentedAndHasExamples() {
        for operation in OperatorCatalog.standard.operators {
            #expect(!operation.examples.isEmpty, "\(operation.name) has no example")
            #expect(operation.summary.hasSuffix("."), "the summary of \(operation.name) is no sentence")
            #expect(OperatorCatalog.standard[operation.name] == operation)
            for parameter in operation.parameters { #expect(!parameter.summary.isEmpty) }
        }
    }

    @Test(arguments: ExampleCase.all) func shapeRuleAgreesWithTheValue(_ item: ExampleCase) throws {
        let type = try item.operation.inferType(item.signature)
        let extents = try #require(type.shape.extents)
        let values = item.values(seed: 1)
        for mode in [Mode.inference, .training] {
            let result = try #require(run(try item.graph(), values, mode: mode).outputs["y"])
            #expect(result.extents == extents)
            #expect(!result.values.contains { !$0.isFinite })
        }
        // A formula's own axes say its shape, whatever the rule says.
        switch item.operation.lowering(item.signature) {
        case .reduction(let formula), .contraction(let formula), .window(let formula): #expect(formula.resultShape == type.shape)
        case .elementwise, .view, .foreign, .composite: break
        }
    }

    @Test(arguments: ExampleCase.all) func weightsAreThoseThatTheRuleTakes(_ item: ExampleCase) throws {
        let roles = item.signature.operands.indices.map(item.role)
        let operands = Signature(
            zip(item.signature.operands, roles).filter { $0.1 == .operand }.map(\.0), item.signature.attributes)
        let declared = try item.operation.weights(operands)
        #expect(declared.map(\.type) == zip(item.signature.operands, roles).filter { $0.1 != .operand }.map(\.0))
        #expect(declared.map(\.name) == item.operation.inputs.filter { $0.role != .operand }.prefix(declared.count).map(\.name))
    }

    @Test(arguments: ExampleCase.all) func gradientAgreesWithFiniteDifferences(_ item: ExampleCase) throws {
        if case .stops = item.operation.gradient { return }
        for mode in [Mode.inference, .training] { try checkGradient(item, mode) }
    }

    @Test(arguments: ExampleCase.all) func bindingASymbolicBatchChangesNothing(_ item: ExampleCase) throws {
        guard item.operation.isInLanguage, item.example.hasBatch, let (types, batch) = item.openBatch else { return }
        for mode in [Mode.inference, .training] {
            let symbolic = try withGradients(item.graph(types: types, then: scalarize), mode)
            let fixed = try withGradients(item.graph(then: scalarize), mode)
            var tensors = item.values(seed: 2)
            for symbol in symbolic.symbols { #expect(symbol == "N") }
            let bound = symbolic.bound(["N": batch])
            let weighting = try #require(fixed.value(named: "weighting"))
            var random = Random(seed: 3)
            tensors["weighting"] = random.tensor(fixed[weighting].type.shape.extents!)
            let (a, b) = (run(bound, tensors, mode: mode), run(fixed, tensors, mode: mode))
            #expect(a.outputs == b.outputs)
            #expect(a.updates == b.updates)
        }
    }

    /// Other images beside the first change nothing of what is computed of it, unless the graph says that they may.
    @Test(arguments: ExampleCase.all) func imagesAreMixedOnlyWhereTheGraphSaysSo(_ item: ExampleCase) throws {
        // Some examples are of a shape that no symbol takes part in.
        guard item.operation.isInLanguage, !item.operation.isRandom, let (types, images) = item.openBatch, images > 1,
            let graph = try? item.graph(types: types), !graph.mixesImages
        else { return }
        func first(_ tensor: ReferenceTensor) -> ArraySlice<Double> { tensor.values.prefix(tensor.values.count / images) }
        let (given, others) = (item.values(seed: 3), item.values(seed: 4))
        var changed = given
        for (index, type) in types.enumerated() where type.shape.dimensions.first?.symbol == "N" {
            let name = item.name(of: index)
            guard let own = given[name], let other = others[name] else { continue }
            changed[name] = ReferenceTensor(own.extents, Array(first(own) + other.values.dropFirst(first(own).count)))
        }
        let bound = graph.bound(["N": images])
        let (a, b) = (run(bound, given, mode: .inference).outputs["y"], run(bound, changed, mode: .inference).outputs["y"])
        #expect(first(try #require(a)) == first(try #require(b)))
    }
}

/// Appends `loss`, the sum of `y` weighted by the input `weighting`.
private func scalarize(_ builder: GraphBuilder, _ result: Value) {
    let type = builder.type(of: result)
    let weighted = builder.apply(.multiply, result, builder.input("weighting", type))
    let axes = Array(0..<type.rank)
    builder.output("loss", type.rank == 0 ? weighted : builder.apply(.sum, weighted, attributes: ["axes": .integers(axes)]))
}

/// The graph decomposed, with the gradients of its output `loss` with respect to all its f32 operands as outputs `d_operand…`.
private func withGradients(_ graph: Graph, _ mode: Mode) throws -> Graph {
    let decomposed = graph.decomposed(mode: mode)
    let loss = try #require(decomposed.outputs.first { $0.name == "loss" }).value
    let targets = decomposed.values.filter { value in
        let name = decomposed[value].inputName ?? decomposed[value].parameter?.name
        return decomposed[value].type.element == .f32 && name?.hasPrefix("operand") ?? false
    }
    return decomposed.extended { builder, copies in
        let gradients = builder.gradients(of: copies[loss.index], withRespectTo: targets.map { copies[$0.index] })
        for (target, gradient) in zip(targets, gradients) {
            let name = decomposed[target].inputName ?? decomposed[target].parameter?.name ?? ""
            builder.output("d_" + name, gradient)
        }
    }
}

/// Compares each operand's gradient along random directions, and along a few single elements, with central differences.
private func checkGradient(_ item: ExampleCase, _ mode: Mode) throws {
    let graph = try withGradients(item.graph(then: scalarize), mode)
    var random = Random(seed: 11)
    var tensors = item.values(seed: 5)
    let weighting = try #require(graph.value(named: "weighting"))
    tensors["weighting"] = random.tensor(try #require(graph[weighting].type.shape.extents))
    let result = run(graph, tensors, mode: mode)
    let forward = try item.graph(then: scalarize).decomposed(mode: mode)
    func loss(_ tensors: [String: ReferenceTensor]) throws -> Double {
        try #require(run(forward, tensors, mode: mode).outputs["loss"]).values[0]
    }
    for index in item.signature.operands.indices {
        // Labels and positions are integers; nothing flows through them.
        guard case .f32 = item.signature.operands[index].element else { continue }
        if case .labels = item.example.values[index] { continue }
        let name = item.name(of: index)
        let gradient = try #require(result.outputs["d_" + name])
        let point = try #require(tensors[name])
        #expect(gradient.extents == point.extents)
        let count = point.values.count
        var directions = [random.tensor(point.extents).values, random.tensor(point.extents).values]
        for _ in 0..<2 {
            var single = [Double](repeating: 0, count: count)
            single[Int(random.uniform() * Double(count))] = 1
            directions.append(single)
        }
        let step = 1e-5
        for direction in directions {
            var sides: [Double] = []
            for sign in [1.0, -1.0] {
                var moved = tensors
                moved[name]!.values = zip(point.values, direction).map { $0 + sign * step * $1 }
                sides.append(try loss(moved))
            }
            let expected = (sides[0] - sides[1]) / (2 * step)
            let observed = zip(gradient.values, direction).reduce(0) { $0 + $1.0 * $1.1 }
            let scale = zip(gradient.values, direction).reduce(1e-3) { $0 + abs($1.0 * $1.1) }
            #expect(
                abs(observed - expected) <= 1e-5 * scale,
                "\(mode): the gradient of \(item.operation.name) for \(name) is \(observed), by differences \(expected)")
        }
    }
}
