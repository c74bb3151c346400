import Graph
import Operators
import Testing

@testable import Kernels
@testable import LoopNest

/// The gradient of a convolution's weights with an update of the weight behind it, in one group.
struct WeightGradientCase: CustomTestStringConvertible {
    var images = 1
    var channels: (input: Int, output: Int)
    var extents: [Int]
    var taps: [Int]
    var padding: [Int]
    var strides = [1, 1]
    var dilations = [1, 1]
    /// Whether `x` is computed in its loads, as a normalization and its ReLU are in training.
    var isComputed = false

    var testDescription: String {
        "\(images)x\(channels) \(extents) taps \(taps) padding \(padding) strides \(strides) dilations \(dilations)\(isComputed ? ", computed" : "")"
    }

    func graph(lanes: Int) -> (graph: Graph, inputs: [String: ReferenceTensor]) {
        let sketch = FusedGroupTests.Sketch()
        let results = (0..<2).map { side -> Int in
            let reach = (taps[side] - 1) * dilations[side] + 1
            return (extents[side] + 2 * padding[side] - reach) / strides[side] + 1
        }
        let x = sketch.input("x", [images, channels.input] + extents)
        var operand = x
        if isComputed {
            let scale = sketch.input("scale", [channels.input])
            operand = sketch.map(.maximum(.argument(0) * .argument(1) + 0.5, 0), x, scale)
        }
        let dy = sketch.input("dy", [images, channels.output] + results)
        let gradient = sketch.builder.apply(
            OperatorCatalog.standard["conv_backward_weights"]!, [operand, dy],
            [
                "pad": .integers(padding), "kernel": .integers(taps), "stride": .integers(strides), "dilation": .integers(dilations),
            ])
        let weight = sketch.input("w", [channels.output, channels.input] + taps)
        let updated = sketch.map(.argument(1) - 0.25 * .argument(0), gradient, weight)
        sketch.groups = [[gradient, updated]]
        let blocks = Layout([.init(axis: 1, size: lanes), .init(axis: 0, size: lanes)])
        let graph = sketch.graph(outputs: [updated]) { value, rank in
            [gradient, weight, updated].contains(value) ? blocks : .channels(rank: rank, lanes: lanes)
        }
        var inputs = [
            "x": FusedGroupTests.random([images, channels.input] + extents, seed: 1),
            "dy": FusedGroupTests.random([images, channels.output] + results, seed: 2),
            "w": FusedGroupTests.random([channels.output, channels.input] + taps, seed: 3),
        ]
        if isComputed { inputs["scale"] = FusedGroupTests.random([channels.input], seed: 4) }
        return (graph, inputs)
    }
}
