import Graph
import LoopNest
import Machine
import Operators
import Passes
import Recipes
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Convolutions whose sizes reach every path of the register-blocked kernels: partial blocks, narrow last tiles, phases, plain inputs.
@Suite struct ContractionTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var channels: Int
        var outputs: Int
        var side: Int
        var kernel: Int
        var stride = 1
        var pad = 0
        var batch = 2

        var testDescription: String {
            "\(channels) to \(outputs), \(side)x\(side), kernel \(kernel), stride \(stride), pad \(pad), batch \(batch)"
        }
    }

    static let cases = [
        Case(channels: 1, outputs: 32, side: 17, kernel: 3, pad: 1), Case(channels: 3, outputs: 20, side: 19, kernel: 7, stride: 2, pad: 3),
        Case(channels: 20, outputs: 37, side: 9, kernel: 3, pad: 1),
        Case(channels: 32, outputs: 16, side: 10, kernel: 3, stride: 2, pad: 1),
        Case(channels: 16, outputs: 48, side: 10, kernel: 1, stride: 2), Case(channels: 32, outputs: 48, side: 7, kernel: 1),
        Case(channels: 16, outputs: 16, side: 31, kernel: 3, pad: 1, batch: 1),
        Case(channels: 17, outputs: 96, side: 3, kernel: 3, pad: 1, batch: 3),
        Case(channels: 8, outputs: 16, side: 12, kernel: 5, stride: 3, pad: 2),
    ]

    /// Forward, and both gradients through a training step that moves the weights of two convolutions, by machine code against fp64.
    @Test(arguments: cases) func agreesWithReference(_ example: Case) throws {
        let builder = GraphBuilder(name: "case")
        let image = builder.input(
            "image", .f32(.fixed(example.batch), .fixed(example.channels), .fixed(example.side), .fixed(example.side)))
        func convolve(_ x: Value, _ label: String, _ attributes: Attributes) throws -> Value {
            let weight = try Operator.convolution.weights(
                Signature([builder.type(of: x)], try Operator.convolution.completing(attributes)))[0]
            let parameter = builder.parameter(Parameter("\(label).weight", .weight, .form(.heNormal)), weight.type)
            return try builder.append(.convolution, [x, parameter], attributes)
        }
        // A first 1x1 convolution makes the second one's input depend on weights, so that its backward-data kernel is needed too.
        let hidden = try convolve(image, "first", ["channels": .integer(example.channels), "kernel": .integer(1), "bias": .boolean(false)])
        let result = try convolve(
            hidden, "second",
            [
                "channels": .integer(example.outputs), "kernel": .integer(example.kernel), "stride": .integer(example.stride),
                "pad": .integer(example.pad), "bias": .boolean(false),
            ])
        builder.output("result", result)
        let square = builder.apply(.multiply, result, result)
        builder.output("loss", builder.apply(.mean, square, attributes: ["axes": .integers([0, 1, 2, 3]), "keep": .boolean(false)]))
        let graph = builder.finish()

        var network = Network(name: "case", origin: .graph, graph: graph, sources: .init())
        network.training = .init(graph: graph, recipe: TrainingRecipe(optimizer: Optimizer.sgd()), targets: [])
        let given = graph.randomTensors(seed: example.side)
        for target in [Target.host, .x86AVX2] {
            let compiler = Compiler(target: target, cache: nil, threads: 1)
            let step = try compiler.optimize(network, training: true, stoppingAfter: "update")
            var inputs = given.inputs
            inputs["learning_rate"] = .scalar(1)
            let expected = ReferenceEvaluator(mode: .training).run(step, inputs: inputs, parameters: given.parameters)
            let executable = try compiler.executable(network, training: true, batch: example.batch, pool: ThreadPool(threads: 2))
            for (name, tensor) in inputs { try executable.setInput(name, to: tensor.values.map(Float.init)) }
            for (name, tensor) in given.parameters { try executable.setParameter(name, to: tensor.values.map(Float.init)) }
            executable.run()
            func compare(_ what: String, _ want: [Double], _ got: [Float]) {
                let scale = want.map(abs).max() ?? 0
                let error = zip(want, got).map { abs($0 - Double($1)) }.max() ?? 0
                #expect(error <= 2e-6 * max(scale, 1), "\(what) for \(target.name) is off by \(error) of \(scale)")
            }
            compare("result", expected.outputs["result"]!.values, try executable.output("result"))
            for (name, tensor) in expected.updates { compare(name, tensor.values, try executable.parameter(name)) }
        }
    }
}
