import Foundation
import Graph
import LoopNest
import Operators
import Passes
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler
@testable import Training

/// What is watched of a training's layers, beside the same computed from whole tensors in fp64.
@Suite struct NetworkWatchTests {
    private static let text = """
        network n {
            input image: f32[N, 2, 6, 6]
            let a = image |> c1: conv(5, 3, pad: 1, bias: false) |> b1: batchnorm |> relu
            let b = relu(a + (a |> c2: conv(5, 3, pad: 1)))
            let t = b |> c3: conv(4, 3) |> max_pool(2) |> tanh |> dropout(0.3)
            output y = t |> flatten |> hidden: linear(12) |> sigmoid |> fc: linear(3)
        }
        training of n {
            target label: i32[N]
            loss cross_entropy(y, label)
            optimizer sgd(momentum: 0.9, weight_decay: 0.01)
            clip norm 0.01
            schedule constant(rate: 0.1)
        }
        """

    private static let batch = 4

    private static func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Float] {
        (0..<count).map { Float(scale * sin(Double($0 + 1) * frequency)) }
    }

    /// A step with values of its own for all parameters, and what gives programs their inputs.
    private static func step(_ network: Network, _ compiler: Compiler, _ pool: ThreadPool) throws -> (Executable, (Executable) -> Void) {
        let step = try compiler.executable(network, training: true, batch: batch, pool: pool)
        for (parameter, buffer) in step.plan.parameters {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            let isState = parameter.role == .state
            var values = wave(count, 0.1 * Double(count % 17) + 0.3, isState ? 0 : 0.4)
            if parameter.name == "b1.weight" { values = values.map { $0 + 1 } }
            // Two channels that the ReLU lets nothing of through.
            if parameter.name == "b1.bias" { values = [0.1, -50, 0.2, -50, 0] }
            if parameter.name == "c3.weight" { values = values.map { 2.5 * $0 } }
            try step.setParameter(parameter.name, to: values)
        }
        let give = { (program: Executable) in
            let inputs = Set(program.plan.inputs.map(\.name))
            unfailing { () throws(RuntimeError) in
                try program.setInput("image", to: wave(batch * 72, 0.7, 1.5))
                try program.setInput("label", to: (0..<batch).map { Int32($0 * $0 % 3) })
                try program.setInput("seed", to: [Float(77)])
                if inputs.contains("learning_rate") { try program.setInput("learning_rate", to: [Float(0.1)]) }
            }
        }
        return (step, give)
    }

    private static func tensor(_ name: String, of program: Executable) throws -> ReferenceTensor {
        let buffer = try #require(program.plan.parameters.first { $0.parameter.name == name }).buffer
        return ReferenceTensor(program.plan.buffers[buffer].extents, try program.parameter(name, as: Float.self).map(Double.init))
    }

    private static func norm(_ tensors: [[Double]]) -> Double { tensors.joined().reduce(0) { $0 + $1 * $1 }.squareRoot() }

    @Test(arguments: [1, 2]) func agreesWithWholeTensors(threads: Int) throws {
        let network = try Network.read(Self.text, path: "n.braid")
        let (compiler, pool) = (Compiler(cache: nil, threads: threads), ThreadPool(threads: threads))
        let options = GradientWatch.Options(findsSingularValues: true)
        let watch = try compiler.watch(network, batch: Self.batch, pool: pool, options: options).watch
        let (step, give) = try Self.step(network, compiler, pool)
        let names = step.plan.parameters.map(\.parameter.name)
        let before = Dictionary(uniqueKeysWithValues: try names.map { ($0, try Self.tensor($0, of: step)) })
        watch.look(before: step, give: give)
        #expect(try names.allSatisfy { try Self.tensor($0, of: step) == before[$0] })
        give(step)
        step.run()
        let measures = watch.measures(after: step)
        #expect(watch.layers.map(\.name) == ["c1", "b1", "c2", "relu", "c3", "hidden", "fc"])
        #expect(watch.layers.map(\.line) == [3, 3, 4, 4, 5, 6, 6])
        let found = Dictionary(uniqueKeysWithValues: zip(watch.layers.map(\.name), measures))

        // Gradients before they are clipped, and activations, in fp64.
        let training = try #require(network.training)
        var recipe = training.recipe
        recipe.clip = nil
        let context = PassContext(mode: .training, lanes: 8, recipe: recipe)
        let differentiated = try Pipeline.training.run(training.graph, context, stoppingAfter: "differentiate").bound(["N": Self.batch])
        var whole = training.graph
        whole.outputs = whole.values.filter { whole[$0].operation != nil }.map { Graph.Output("\($0)", $0) }
        let inputs = [
            "image": ReferenceTensor([Self.batch, 2, 6, 6], Self.wave(Self.batch * 72, 0.7, 1.5).map(Double.init)),
            "label": ReferenceTensor([Self.batch], (0..<Self.batch).map { Double($0 * $0 % 3) }), "seed": ReferenceTensor.scalar(77),
        ]
        let evaluator = ReferenceEvaluator(mode: .training)
        let gradients = evaluator.run(differentiated, inputs: inputs, parameters: before).outputs
        let values = evaluator.run(whole.bound(["N": Self.batch]), inputs: inputs, parameters: before).outputs
        func value(_ label: String?, _ function: String? = nil, last: Bool = false) throws -> ReferenceTensor {
            let matching = whole.values.filter { value in
                guard whole[value].operation != nil, whole[value].label == label || label == nil else { return false }
                guard case .function(let own)? = whole[value].attributes["function"] else { return function == nil }
                return own.name == function
            }
            let found = try #require(last ? matching.last : matching.first)
            return try #require(values["\(found)"])
        }

        func isNear(_ observed: Double?, _ expected: Double, _ what: String) {
            let error = abs((observed ?? .infinity) - expected)
            #expect(error <= 2e-4 * max(abs(expected), 1e-3), "\(what): \(observed ?? .nan), not \(expected)")
        }
        for layer in watch.layers where !layer.weights.isEmpty {
            let (own, names) = (try #require(found[layer.name]), layer.weights.map(\.name))
            isNear(own.gradient, Self.norm(names.compactMap { gradients["\($0).gradient"]?.values }), "gradient of \(layer.name)")
            let weight = Self.norm(names.compactMap { before[$0]?.values })
            isNear(own.weight, weight, "weight of \(layer.name)")
            let changes = try names.map { name in
                zip(try Self.tensor(name, of: step).values, try #require(before[name]).values).map { $0 - $1 }
            }
            isNear(own.update, Self.norm(changes) / weight, "update of \(layer.name)")
        }
        // What a layer hands on, with the axis of the units, the function's slope, and what is saturated.
        func check(
            _ layer: String, _ result: ReferenceTensor, argument: ReferenceTensor? = nil, slope: ((Double) -> Double)? = nil,
            isBounded: Bool = false
        ) throws {
            let own = try #require(found[layer])
            let count = Double(result.values.count)
            let mean = result.values.reduce(0, +) / count
            isNear(own.mean, mean, "mean of \(layer)")
            let deviation = (result.values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
            isNear(own.deviation, deviation, "deviation of \(layer)")
            guard let argument, let slope else {
                #expect(own.dead == nil && own.saturated == nil)
                return
            }
            let units = argument.extents[1]
            let inner = argument.extents[2...].reduce(1, *)
            var steepest = [Double](repeating: 0, count: units)
            for (index, x) in argument.values.enumerated() {
                let unit = index / inner % units
                steepest[unit] = max(steepest[unit], slope(x))
            }
            isNear(own.dead, Double(steepest.count { $0 <= 0.05 }) / Double(units), "dead units of \(layer)")
            let saturated = Double(argument.values.count { slope($0) <= 0.05 }) / count
            #expect((own.saturated != nil) == isBounded)
            if isBounded { isNear(own.saturated, saturated, "saturated of \(layer)") }
        }
        let rectifier = { (x: Double) in x > 0 ? 1.0 : 0 }
        try check("c1", value("c1"))
        try check("b1", value(nil, "relu"), argument: value("b1"), slope: rectifier)
        #expect(found["b1"]?.dead == 0.4)
        try check("c2", value("c2"))
        let sum = ReferenceTensor(
            try value("c2").extents, zip(try value(nil, "relu").values, try value("c2").values).map { $0 + $1 })
        try check("relu", value(nil, "relu", last: true), argument: sum, slope: rectifier)
        let pooled = try #require(whole.values.first { whole[$0].operation?.name == "max_pool" }.flatMap { values["\($0)"] })
        try check("c3", value(nil, "tanh"), argument: pooled, slope: { 1 - tanh($0) * tanh($0) }, isBounded: true)
        let sigmoid = { (x: Double) in 1 / (1 + exp(-x)) }
        try check(
            "hidden", value(nil, "sigmoid"), argument: value("hidden"), slope: { 4 * sigmoid($0) * sigmoid(-$0) }, isBounded: true)
        try check("fc", value("fc"))
        #expect(found["c3"]?.saturated ?? 0 > 0.05)
        #expect(found["relu"]?.gradient == nil && found["relu"]?.weight == nil && found["b1"]?.singular == nil)
        #expect(found["fc"]?.singular ?? 0 > 0 && found["fc"]!.singular! <= found["fc"]!.weight!)
    }

    /// The same bits for any number of threads.
    @Test func doesNotDependOnThreads() throws {
        let network = try Network.read(Self.text, path: "n.braid")
        let measures = try [1, 2, 3].map { threads in
            let (compiler, pool) = (Compiler(cache: nil, threads: threads), ThreadPool(threads: threads))
            let watch = try compiler.watch(network, batch: Self.batch, pool: pool, options: .init()).watch
            let (step, give) = try Self.step(network, compiler, pool)
            watch.look(before: step, give: give)
            give(step)
            step.run()
            return watch.measures(after: step)
        }
        #expect(measures[0] == measures[1] && measures[0] == measures[2])
    }

    /// Gradients whose squares are none in f32 have norms all the same; weights that are shared are one layer, and tokens have their units
    /// along the last axis.
    @Test func takesSmallGradientsSharedWeightsAndTokens() throws {
        let text = """
            network n {
                input image: f32[N, 1, 4, 4]
                let tokens = image |> reshape((4, 4)) |> mix: linear(4) |> relu |> up: linear(6) |> relu
                output y = tokens |> flatten |> fc: linear(2)
            }
            training of n {
                target goal: f32[N, 2]
                loss 1e-25 * mean_squared_error(y, goal)
                optimizer sgd
                schedule constant(rate: 1e-10)
            }
            """
        let network = try Network.read(text, path: "n.braid")
        let (compiler, pool) = (Compiler(cache: nil, threads: 1), ThreadPool(threads: 1))
        let watch = try compiler.watch(network, batch: 3, pool: pool, options: .init()).watch
        let step = try compiler.executable(network, training: true, batch: 3, pool: pool)
        for (parameter, buffer) in step.plan.parameters {
            let count = step.plan.buffers[buffer].extents.reduce(1, *)
            try step.setParameter(parameter.name, to: Self.wave(count, 0.9, 0.5))
        }
        // The third feature of 'up' is dead, whatever the token.
        try step.setParameter("up.bias", to: [0.1, 0.2, -90, 0.1, 0.3, 0.2] as [Float])
        watch.look(before: step) { program in
            unfailing { () throws(RuntimeError) in
                try program.setInput("image", to: Self.wave(48, 0.7, 1))
                try program.setInput("goal", to: Self.wave(6, 0.4, 1))
            }
        }
        let measures = watch.measures(after: step)
        #expect(watch.layers.map(\.name) == ["mix", "up", "fc"])
        #expect(measures.allSatisfy { (1e-27...1e-23).contains($0.gradient ?? 0) }, "\(measures)")
        #expect(measures.allSatisfy { $0.update == 0 })
        #expect(measures[1].dead == 1.0 / 6, "\(measures[1])")
    }

    /// Conditions are about what there is.
    @Test(arguments: [
        ("saturated in b1 > 0.5", "is about has 'saturated'; name one of c3, hidden"),
        ("gradient in relu > 1", "name one of c1, b1, c2, c3"), ("singular > 3", "give --watch gradients,singular"),
        ("dead in nothing* > 0.5", "name one of b1, relu, c3, hidden"),
    ]) func refusesConditionsThatNothingMeets(condition: String, message: String) throws {
        let network = try Network.read(Self.text, path: "n.braid")
        let options = GradientWatch.Options(conditions: [try StopCondition(condition)])
        #expect {
            _ = try Compiler(cache: nil, threads: 1).watch(network, batch: 2, pool: ThreadPool(threads: 1), options: options)
        } throws: { "\($0)".contains(message) }
    }

    /// Trainings of all kinds: several inputs that share their weights, auxiliary heads, targets other than classes, attention.
    @Test(arguments: [
        "mnist_resnet.braid", "shapes.braid:shape_map", "shapes.braid:shape_enlarged", "similarity.braid:digit_siamese",
        "similarity.braid:digit_triplet", "googlenet.braid:googlenet", "vit.braid", "shapes.braid:shape_autoencoder",
    ]) func isPlannedForAnyTraining(file: String) throws {
        let network = try Network.load(Golden.root.appending(path: "graphs/\(file)").path)
        let training = try #require(network.training)
        let layers = WatchedLayer.all(in: training.graph, loss: training.recipe.lossOutput)
        #expect(Set(layers.map(\.name)).count == layers.count)
        let weights = training.graph.nodes.compactMap(\.parameter).filter { $0.role == .weight }.map(\.name)
        #expect(layers.flatMap(\.weights).sorted() == weights.sorted())
        #expect(layers.allSatisfy { network.sources.location(of: $0.span) != nil })
        // All that has weights hands something on, but what only the loss reads.
        #expect(layers.count { $0.activations.isEmpty } <= layers.count / 10, "\(layers.filter(\.activations.isEmpty).map(\.name))")
        let compiler = Compiler(target: .x86AVX2, cache: nil, threads: 1)
        let graph = try compiler.optimize(network, training: true, watching: true)
        let plan = try compiler.plan(graph, of: network, batch: 2)
        let states = Set(plan.parameters.map(\.parameter.name))
        let updated = Set(graph.updates.compactMap { graph[$0.state].parameter?.name })
        #expect(weights.allSatisfy(updated.contains))
        for (number, layer) in layers.enumerated() {
            for use in layer.activations.indices { #expect(states.contains(WatchedStatistic.mean.name(layer: number, use: use))) }
        }
    }
}
