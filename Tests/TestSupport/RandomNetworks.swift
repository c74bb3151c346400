import Graph
import Operators

/// Makes small random networks: chains and branches of convolutions, normalizations, activations, additions, concatenations and pools,
/// as a person would write them, with a classifier at the end.
public struct RandomNetwork {
    private var random: SplitMix
    private let builder: GraphBuilder
    private var count = 0
    /// Channel counts on both sides of a vector's lanes; small, for the reference is slow.
    private static let channels = [2, 3, 4, 5, 9]

    /// A network called `random<seed>` with the input `image`, and either the outputs `logits` and sometimes `features`, or with
    /// `training` the input `label` and the outputs `loss` and `logits`.
    /// - Parameter batch: the images; a symbol if nil.
    public static func make(seed: Int, training: Bool = false, batch: Int? = 2, operations: Int = 6) -> Graph {
        var network = RandomNetwork(seed: seed)
        return network.build(training: training, batch: batch.map(Dimension.fixed) ?? .symbol("N"), operations: operations)
    }

    private init(seed: Int) {
        random = SplitMix(seed: seed)
        builder = GraphBuilder(name: "random\(seed)")
    }

    private mutating func build(training: Bool, batch: Dimension, operations: Int) -> Graph {
        let side = random.choose([4, 5])
        var images = [builder.input("image", .f32(batch, .fixed(random.choose([1, 3, 5])), .fixed(side), .fixed(side)))]
        images.append(layer(.convolution, [images[0]], convolutionAttributes(kernel: 3)))
        for _ in 0..<operations { images.append(step(images)) }
        let features = layer(.flatten, [layer(.globalAveragePool, [images.last!])])
        let classes = random.choose([2, 4])
        let logits = layer(.linear, [features], ["features": .integer(classes)])
        if training {
            let label = builder.input("label", TensorType(.i32, Shape([batch])))
            builder.output("loss", layer(.crossEntropy, [logits, label], ["smoothing": .number(random.choose([0, 0.1]))]))
        }
        builder.output("logits", logits)
        if !training, Bool.random(using: &random) { builder.output("features", random.choose(images)) }
        return builder.finish()
    }

    /// Appends one random operation on recent images.
    private mutating func step(_ images: [Value]) -> Value {
        let recent = Array(images.dropFirst().suffix(4))
        let x = Int.random(in: 0..<4, using: &random) == 0 ? random.choose(recent) : images.last!
        let isTiny = builder.type(of: x).shape[2].value! < 3
        switch Int.random(in: 0..<13, using: &random) {
        case 0, 1: return normalized(layer(.convolution, [x], convolutionAttributes(kernel: random.choose([1, 3]))))
        case 2: return layer(.convolution, [x], convolutionAttributes(kernel: random.choose([1, 3])))
        case 3:
            let channels = builder.type(of: x).shape[1].value!
            return layer(
                .convolution, [x],
                [
                    "channels": .integer(channels), "kernel": .integer(3), "pad": .integer(1), "groups": .integer(channels),
                    "bias": .boolean(false),
                ])
        case 4: return normalized(x)
        case 5: return activation(x)
        case 6 where !isTiny: return layer(.maxPool, [x], ["kernel": .integer(3), "stride": .integer(2), "pad": .integer(1)])
        case 7 where !isTiny: return layer(.averagePool, [x], ["kernel": .integer(2), "stride": .integer(2)])
        case 8:
            let shape = builder.type(of: x).shape
            let others = images.dropFirst().filter { builder.type(of: $0).shape == shape && $0 != x }
            guard !others.isEmpty else { return activation(normalized(x)) }
            return activation(layer(.add, [x, random.choose(others)]))
        case 9:
            let area = Array(builder.type(of: x).shape.dimensions.suffix(2))
            let others = images.dropFirst().filter { Array(builder.type(of: $0).shape.dimensions.suffix(2)) == area && $0 != x }
            guard !others.isEmpty else { return activation(x) }
            return layer(.concat, [x, random.choose(others)])
        case 10:
            return layer(.localResponseNormalization, [x], ["size": .integer(random.choose([2, 3, 5])), "alpha": .number(0.5)])
        case 11 where !isTiny:
            return layer(
                .groupNormalization, [layer(.parametricRectifier, [x], ["shared": .boolean(Bool.random(using: &random))])],
                ["groups": .integer(1)])
        case 12 where isTiny:
            return layer(
                .convolutionTransposed, [x],
                ["channels": .integer(random.choose(Self.channels)), "kernel": .integer(3), "stride": .integer(2), "pad": .text("same")])
        default: return activation(x)
        }
    }

    private mutating func convolutionAttributes(kernel: Int) -> Attributes {
        [
            "channels": .integer(random.choose(Self.channels)), "kernel": .integer(kernel),
            "pad": random.choose([.integer(kernel / 2), .text("same")]),
            "stride": .integer(random.choose([1, 1, 1, 2])), "bias": .boolean(Bool.random(using: &random)),
        ]
    }

    private mutating func normalized(_ x: Value) -> Value {
        let result = layer(.batchNormalization, [x])
        return Bool.random(using: &random) ? activation(result) : result
    }

    private mutating func activation(_ x: Value) -> Value {
        let argument = Scalar.argument(0)
        let functions = [
            ScalarFunction("relu", ["x"], .maximum(argument, 0)),
            ScalarFunction("relu", ["x"], .maximum(argument, 0)),
            ScalarFunction("silu", ["x"], argument / (1 + .exponential(-argument))),
            ScalarFunction("leaky", ["x"], .select(.less, 0, argument, then: argument, otherwise: 0.125 * argument)),
        ]
        return layer(.map, [x], ["function": .function(random.choose(functions))])
    }

    private mutating func layer(_ operation: Operator, _ operands: [Value], _ attributes: Attributes = [:]) -> Value {
        count += 1
        do {
            return try builder.appendLayer("\(operation.name)\(count)", operation, operands, attributes)
        } catch {
            preconditionFailure("the generator made a network that does not fit: \(error)")
        }
    }
}

extension GraphBuilder {
    /// Appends an operation with parameters of its own, as the language does.
    public func appendLayer(
        _ label: String, _ operation: Operator, _ operands: [Value], _ attributes: Attributes = [:]
    ) throws(TypeError) -> Value {
        let attributes = try operation.completing(attributes)
        let parameters = try operation.weights(Signature(operands.map { type(of: $0) }, attributes)).map { declaration in
            let role = operation.inputs.first { $0.name == declaration.name }!.role
            return parameter(
                Parameter("\(label).\(declaration.name)", role == .state ? .state : .weight, declaration.initializer), declaration.type,
                label: label)
        }
        return try append(operation, operands + parameters, attributes, label: label)
    }
}
