import Graph
import Operators
import Passes
import Recipes
import TestSupport
import Testing

/// A random network after all passes, for training where `seed` is odd.
private func fused(_ seed: Int, batch: Int? = 2) throws -> Graph {
    let isTraining = seed % 2 == 1
    let context = PassContext(
        mode: isTraining ? .training : .inference, lanes: [4, 8, 16][seed % 3], recipe: TrainingRecipe(clip: Clip.norm(["limit": 1])))
    return try (isTraining ? Pipeline.training : .inference).run(
        RandomNetwork.make(seed: seed, training: isTraining, batch: batch, operations: 14), context)
}

/// The kernels of a fused graph, as a later part sees them.
private struct Kernels {
    let graph: Graph
    let facts: GraphFacts
    var members: [Int: [Value]] = [:]

    init(_ graph: Graph) {
        self.graph = graph
        facts = GraphFacts(graph)
        for value in graph.values { if let group = graph[value].group { members[group, default: []].append(value) } }
    }

    func isInlined(_ value: Value) -> Bool { graph[value].operation != nil && graph[value].group == nil }

    /// The grouped values that computing `value` reads, through inlined ones.
    func stored(_ value: Value) -> Set<Value> {
        graph[value].operands.reduce(into: []) { found, operand in
            if graph[operand].group != nil { found.insert(operand) } else { found.formUnion(stored(operand)) }
        }
    }

    func isReduction(_ value: Value) -> Bool { if case .reduction? = facts.lowering(of: value) { true } else { false } }
    func isElementwise(_ value: Value) -> Bool { facts.expression(of: value) != nil }
}

@Suite struct FuseTests {
    /// Numbered in an order in which they can run, groups depend on earlier ones only: so there is no circle.
    @Test(arguments: 0..<40) func groupsRunInOrder(seed: Int) throws {
        let kernels = Kernels(try fused(seed))
        #expect(kernels.members.keys.sorted() == Array(0..<kernels.members.count))
        for (group, members) in kernels.members {
            for source in members.flatMap({ kernels.stored($0) }) {
                #expect(kernels.graph[source].group! <= group, "group \(group) of \(kernels.graph.name) reads \(source)")
            }
        }
    }

    /// What the gradients need of a picture that is pooled is taken from it at once: nothing of the way back reads the picture.
    @Test func positionsAreFoundBesideThePooling() throws {
        let builder = GraphBuilder(name: "pooled")
        let image = builder.input("image", .f32(.symbol("N"), 3, 8, 8))
        func convolution(_ x: Value, _ number: Int) -> Value {
            let weight = builder.parameter(
                Parameter("w\(number)", .weight, .zeros), .f32(8, number == 1 ? 3 : 8, 3, 3))
            return builder.apply(
                .convolution, [x, weight], ["channels": .integer(8), "kernel": .integer(3), "pad": .integer(1), "bias": .boolean(false)])
        }
        let relu = ScalarFunction("relu", ["x"], .maximum(.argument(0), 0))
        let active = builder.apply(.map, convolution(image, 1), attributes: ["function": .function(relu)])
        let pooled = builder.apply(.maxPool, active, attributes: ["kernel": .integer(2)])
        let loss = builder.apply(.mean, convolution(pooled, 2), attributes: ["axes": .integers([0, 1, 2, 3])])
        builder.output("loss", loss)
        let recipe = TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9]))
        let graph = try Pipeline.training.run(builder.finish(), PassContext(mode: .training, lanes: 8, recipe: recipe))
        let kernels = Kernels(graph)
        func group(of name: String) throws -> Int {
            try #require(graph.nodes.first { $0.operation?.name == name }?.group, "nothing computes \(name)")
        }
        #expect(try group(of: "max_pool_position") == group(of: "max_pool") + 1)
        let stored = try #require(graph.nodes.first { $0.operation?.name == "max_pool" }?.operands[0])
        for value in graph.values where kernels.stored(value).contains(stored) {
            #expect(graph[value].group! <= (try group(of: "max_pool_position")), "\(value) reads what was pooled")
        }
    }

    @Test(arguments: 0..<40) func groupsAreKernels(seed: Int) throws {
        let kernels = Kernels(try fused(seed))
        for (group, members) in kernels.members {
            let heavy = members.filter { !kernels.isElementwise($0) && !kernels.isReduction($0) }
            #expect(heavy.count <= 1, "group \(group) has two kernels' work")
            // A contraction, window or view comes first; the rest are maps of its result's shape that follow one another.
            if let first = heavy.first {
                #expect(first == members[0])
                for (member, previous) in zip(members.dropFirst(), members) {
                    #expect(kernels.isElementwise(member) && kernels.graph[member].operands.contains(previous))
                    #expect(kernels.graph[member].type == kernels.graph[first].type)
                }
            }
            for member in members {
                let reduced = kernels.stored(member).filter { members.contains($0) && kernels.isReduction($0) }
                #expect(reduced.isEmpty, "\(member) reads a reduction of its own kernel")
            }
            #expect(Set(members.map { kernels.facts.isPrepared($0) }).count == 1, "group \(group) runs at two times")
        }
    }

    @Test(arguments: 0..<40) func whatLeavesOrMovesDataIsStored(seed: Int) throws {
        let graph = try fused(seed)
        let kernels = Kernels(graph)
        for value in graph.outputs.map(\.value) + graph.updates.map(\.value) where graph[value].operation != nil {
            #expect(graph[value].group != nil)
        }
        for value in graph.values where kernels.isInlined(value) {
            #expect(kernels.isElementwise(value) || kernels.facts.isAlias(value), "\(value) must be computed once")
            guard kernels.isElementwise(value), let operand = graph[value].operands.first, graph[operand].type == graph[value].type else {
                continue
            }
            guard kernels.facts.expression(of: value) == .argument(0) else { continue }
            #expect(graph[operand].layout == graph[value].layout, "a relayout was inlined")
        }
    }

    /// Momentum, which is kept, and the weight that follows from it are computed where the gradient is, which then is never stored.
    @Test(arguments: 0..<6) func updatesFollowTheirGradients(seed: Int) throws {
        let recipe = TrainingRecipe(optimizer: Optimizer.sgd(["momentum": 0.9, "weight_decay": 0.01]))
        let graph = try Pipeline.training.run(
            RandomNetwork.make(seed: seed, training: true, operations: 14), PassContext(mode: .training, lanes: 8, recipe: recipe))
        let kernels = Kernels(graph)
        let updates = Set(graph.updates.map(\.value))
        var count = 0
        for members in kernels.members.values where kernels.facts.contraction(of: members[0]) != nil {
            let kept = members.filter(updates.contains)
            guard !kept.isEmpty else { continue }
            #expect(kept.count == 2 && !kernels.facts.leaves(members[0]), "\(members) of \(graph.name)")
            count += 1
        }
        #expect(count > 0)
    }

    @Test(arguments: 0..<6) func symbolicBatchesFuseAlike(seed: Int) throws {
        let (symbolic, fixed) = (try fused(seed, batch: nil), try fused(seed, batch: 2))
        #expect(Kernels(symbolic).members.count == Kernels(fixed).members.count)
        #expect(symbolic.bound(["N": 2]).violations().isEmpty)
    }

    @Test(arguments: [2, 5]) func isDeterministic(seed: Int) throws {
        #expect(try fused(seed).text() == fused(seed).text())
    }

    @Test func recomputesNothingIfToldSo() throws {
        var context = PassContext(mode: .inference, lanes: 8)
        context.recomputationLimit = 0
        let graph = try Pipeline.inference.run(RandomNetwork.make(seed: 3), context)
        let facts = GraphFacts(graph)
        for value in graph.values where graph[value].operation != nil && graph[value].group == nil {
            #expect(facts.isAlias(value) || graph[value].operands.isEmpty)
        }
    }
}

@Suite struct LayoutTests {
    @Test(arguments: 0..<30) func layoutsFitWhatReadsThem(seed: Int) throws {
        let graph = try fused(seed)
        let lanes = [4, 8, 16][seed % 3]
        for value in graph.values {
            let node = graph[value]
            let layout = try #require(node.layout)
            for block in layout.blocks { #expect(block.size == lanes) }
            if node.inputName != nil || node.type.element == .i32 || node.type.rank == 0 { #expect(layout == .plain) }
            // Momentum, gradients and next values lie as the weight does; what maps join lies alike.
            if case .elementwise? = graph.lowering(of: value), !isRelayout(value, graph) {
                for operand in node.operands where graph[operand].type == node.type && graph[operand].inputName == nil {
                    #expect(graph[operand].layout == layout, "\(operand) of \(value) in \(graph.name)")
                }
            }
            guard case .contraction(let formula)? = graph.lowering(of: value), let lane = layout.blocks.last?.axis else { continue }
            for read in formula.reads {
                let operand = graph[node.operands[read.operand]]
                guard operand.inputName == nil, let place = read.position.firstIndex(where: { $0.singleAxis == lane }) else { continue }
                // What multiplies matrices copies weights that are trained, a part at a time.
                if formula.isMatrixProduct, graph.updates.contains(where: { $0.state == node.operands[read.operand] }) { continue }
                #expect(operand.layout?.blocks.last?.axis == place, "\(value) of \(graph.name) reads across lanes")
            }
        }
        for update in graph.updates { #expect(graph[update.state].layout == graph[update.value].layout) }
    }

    private func isRelayout(_ value: Value, _ graph: Graph) -> Bool {
        guard case .elementwise(.argument(0))? = graph.lowering(of: value) else { return false }
        return graph[graph[value].operands[0]].layout != graph[value].layout
    }

    /// Reading a free reshape from its operand's memory gives the same elements.
    @Test(
        arguments: [
            ([2, 20, 1, 1], [(1, 8)], [2, 20], [(1, 8)], true), ([2, 20], [(1, 8)], [2, 20, 1, 1], [(1, 8)], true),
            ([20], [(0, 8)], [20, 1, 1, 1], [], true), ([20, 1], [], [20], [(0, 8)], false), ([2, 3, 4], [], [6, 4], [], true),
            ([2, 20, 2, 1], [(1, 8)], [2, 40], [(1, 8)], false), ([2, 1], [(1, 8)], [2], [], false), ([4, 8], [(1, 8)], [32], [], true),
            ([4, 6], [(1, 8)], [24], [], false), ([2, 3, 16], [(2, 8)], [2, 3, 2, 8], [(3, 8)], true),
        ] as [([Int], [(Int, Int)], [Int], [(Int, Int)], Bool)])
    func knowsFreeReshapes(source: [Int], sourceBlocks: [(Int, Int)], shape: [Int], blocks: [(Int, Int)], expected: Bool) throws {
        let builder = GraphBuilder(name: "reshapes")
        let x = builder.input("x", TensorType(.f32, Shape(source)))
        let reshaped = builder.apply(.reshape, x, attributes: ["shape": .shape(Shape(shape))])
        builder.output("y", reshaped)
        var graph = builder.finish()
        let layout = Layout(blocks.map { .init(axis: $0.0, size: $0.1) })
        let sourceLayout = Layout(sourceBlocks.map { .init(axis: $0.0, size: $0.1) })
        graph[x].layout = sourceLayout
        graph[reshaped].layout = layout
        #expect(GraphFacts(graph).isAlias(reshaped) == expected)
        guard expected else { return }
        #expect(layout.storedCount(shape) <= sourceLayout.storedCount(source))
        for index in 0..<shape.reduce(1, *) {
            func position(_ extents: [Int]) -> [Int] {
                var rest = index
                return extents.reversed().map { extent in
                    defer { rest /= extent }
                    return rest % extent
                }.reversed()
            }
            #expect(layout.offset(of: position(shape), in: shape) == sourceLayout.offset(of: position(source), in: source))
        }
    }
}
