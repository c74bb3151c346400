import Analysis
import Foundation
import Graph
import LoopNest
import Operators
import Runtime
import TestSupport
import Testing

@testable import Compiler

/// Steps that share the parameters of another: values, gradients and running statistics.
@Suite struct SharedParameterTests {
    /// Two pictures of different sizes, so that the shared weights are read by convolutions that are computed differently.
    private static let siamese = """
        block encoder(x) {
            x |> conv1: conv(20, 3, pad: 1) |> bn1: batchnorm |> relu
                |> conv2: conv(18, 3, pad: 1, bias: false) |> bn2: batchnorm |> relu |> global_avg_pool |> flatten
        }
        network siamese {
            input left: f32[2, 3, 12, 12]
            input right: f32[2, 3, 5, 5]
            let near = left |> tower: encoder
            let far = right |> share tower: encoder
            output logits = near - far |> fc: linear(2)
        }
        training of siamese {
            target label: i32[2]
            loss cross_entropy(logits, label)
            optimizer sgd
            schedule constant(rate: 0.1)
        }
        """

    private static let recurrent = """
        network recurrent {
            input image: f32[2, 6, 5, 7]
            var state = image |> cell: conv(6, 3, pad: 1) |> tanh
            for _ in 0..<3 { state = state |> share cell: conv(6, 3, pad: 1) |> tanh }
            output logits = state |> global_avg_pool |> flatten |> fc: linear(2)
        }
        training of recurrent {
            target label: i32[2]
            loss cross_entropy(logits, label)
            optimizer sgd
            schedule constant(rate: 0.1)
        }
        """

    @Test(arguments: [siamese, recurrent], [false, true]) func machineCodeAgrees(text: String, training: Bool) throws {
        let network = try Network.read(text, path: "shared.braid")
        let graph = training ? try #require(network.training).graph : network.graph
        for target in [.host, .x86AVX2] as [LoopNest.Target] {
            try expectAgreement(of: graph, seed: 3, training: training, batch: 2, target: target)
        }
    }

    /// Two steps of SGD with momentum by PyTorch 2.7 in f64:
    ///
    ///     tower = lambda x: torch.relu(bn(conv(x))).mean((2, 3))
    ///     d = tower(left) - 0.5 * tower(right); loss = (d * d).mean()
    @Test func trainsAsInPyTorch() throws {
        let text = """
            block encoder(x) { x |> conv: conv(2, 3, bias: false) |> bn: batchnorm |> relu |> global_avg_pool |> flatten }
            network siamese {
                input left: f32[2, 1, 5, 5]
                input right: f32[2, 1, 5, 5]
                output near = left |> tower: encoder
                output far = right |> share tower: encoder
            }
            training of siamese {
                loss mean((near - 0.5 * far) * (near - 0.5 * far), [0, 1])
                optimizer sgd(momentum: 0.9)
                schedule constant(rate: 0.25)
            }
            """
        let step = try Compiler(target: .x86AVX2, cache: nil, threads: 1).optimize(
            Network.read(text, path: "siamese.braid"), training: true, stoppingAfter: "update")
        var parameters: [String: ReferenceTensor] = [:]
        for node in step.nodes {
            guard let parameter = node.parameter else { continue }
            parameters[parameter.name] = ReferenceTensor(
                try #require(node.type.shape.extents), repeating: parameter.initializer == .ones ? 1 : 0)
        }
        parameters["tower.conv.weight"] = ReferenceTensor([2, 1, 3, 3], wave(18, 1.3, 0.4))
        parameters["tower.bn.weight"] = ReferenceTensor([2], [1, 0.8])
        parameters["tower.bn.bias"] = ReferenceTensor([2], [0.1, -0.2])
        let inputs = [
            "left": ReferenceTensor([2, 1, 5, 5], wave(50, 0.7, 1)), "right": ReferenceTensor([2, 1, 5, 5], wave(50, 1.1, 1.5)),
            "learning_rate": .scalar(0.25),
        ]
        for _ in 0..<2 { parameters.merge(ReferenceEvaluator().run(step, inputs: inputs, parameters: parameters).updates) { $1 } }
        let expected: [String: [Double]] = [
            "tower.conv.weight": [
                0.396275748589, 0.206527640433, -0.289865954544, -0.336363572068, 0.107396442984, 0.405882674032, 0.12087975177,
                -0.322957802529, -0.294125611917, 0.175627260502, 0.419884768579, 0.061079234378, -0.379942612564, -0.234139782202,
                0.253395456185, 0.357283779517, -0.0354721051884, -0.36815352909,
            ],
            "tower.bn.weight": [0.959359298739, 0.761437267483], "tower.bn.bias": [0.0524932090813, -0.239673441832],
            "tower.bn.running_mean": [-0.00641222352342, 0.0205000852364], "tower.bn.running_var": [0.870418293698, 0.908896667547],
        ]
        for (name, values) in expected {
            let observed = try #require(parameters[name]).values
            for (a, b) in zip(observed, values) { #expect(abs(a - b) < 1e-10, "\(name): \(observed)") }
        }
    }

    /// The same tower of the same picture is one value, but two steps of its running statistics.
    @Test func theSamePictureTwiceMovesStatisticsTwice() throws {
        let text = """
            network doubled {
                input image: f32[2, 1, 2, 2]
                output first = image |> bn: batchnorm(momentum: 0.5)
                output second = image |> share bn: batchnorm(momentum: 0.5)
            }
            """
        let graph = try Network.read(text, path: "doubled.braid").graph
        let parameters = Dictionary(
            uniqueKeysWithValues: graph.nodes.compactMap(\.parameter).map { ($0.name, ReferenceTensor([1], repeating: 0)) })
        let image = ReferenceTensor([2, 1, 2, 2], repeating: 8)
        let result = ReferenceEvaluator(mode: .training).run(graph, inputs: ["image": image], parameters: parameters)
        #expect(result.updates["bn.running_mean"]?.values == [6])
    }

    @Test func sharedParametersCountOnce() throws {
        let description = try NetworkDescription(Network.read(Self.recurrent, path: "recurrent.braid"))
        #expect(description.parameters == 6 * 6 * 9 + 6 + 6 * 2 + 2)
    }

    private func wave(_ count: Int, _ frequency: Double, _ scale: Double) -> [Double] {
        (1...count).map { scale * sin(Double($0) * frequency) }
    }
}
