import Graph
import Operators

/// What keeps gradients from growing beyond bounds; one row each.
public struct Clip: Form {
    public static let kind = "bound of gradients"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    let bounded: @Sendable (Attributes, [Value], GraphBuilder) -> [Value]

    /// Appends the bounded gradients of all weights to a graph.
    public func apply(_ values: Attributes, to gradients: [Value], _ builder: GraphBuilder) -> [Value] {
        builder.currentLabel = "clip"
        defer { builder.currentLabel = nil }
        return bounded(values, gradients, builder)
    }
}

extension Clip {
    public static let all = [norm, value]

    private static let limit = FormParameter.number("limit", FormParameter.positive)

    public static let norm = Clip(
        name: "norm", parameters: [limit],
        summary: "all gradients times `min(1, limit / (norm + 1e-6))`, where `norm` is that of all of them together",
        source: "Pascanu et al., arXiv 1211.5063, as `torch.nn.utils.clip_grad_norm_`"
    ) { values, gradients, builder in
        let sums = gradients.map { gradient -> Value in
            let square = builder.map("square", [("g", gradient)], .argument(0) * .argument(0))
            let axes = Array(0..<builder.type(of: gradient).rank)
            return axes.isEmpty ? square : builder.apply(.sum, square, attributes: ["axes": .integers(axes)])
        }
        let norm = Scalar.squareRoot(.argument(0))
        let factor = builder.map(
            "clip_norm", [("sum_of_squares", total(sums, builder))],
            .minimum(.constant(values.number("limit")) / (norm + 1e-6), 1))
        return gradients.map { builder.map("scale", [("g", $0), ("factor", factor)], .argument(0) * .argument(1)) }
    }

    public static let value = Clip(
        name: "value", parameters: [limit], summary: "every element bounded to `-limit...limit`",
        source: "`torch.nn.utils.clip_grad_value_`"
    ) { values, gradients, builder in
        let limit = values.number("limit")
        let bounded = Scalar.minimum(.maximum(.argument(0), .constant(-limit)), .constant(limit))
        return gradients.map { builder.map("clip_value", [("g", $0)], bounded) }
    }
}

/// The sum of scalars, in a tree of additions of up to 16 at once: few kernels, and one order of summation.
private func total(_ values: [Value], _ builder: GraphBuilder) -> Value {
    var values = values
    while values.count > 1 {
        values = stride(from: 0, to: values.count, by: 16).map { start in
            let part = values[start..<min(start + 16, values.count)]
            let names = part.indices.map { "s\($0 - start)" }
            let sum = (1..<part.count).reduce(Scalar.argument(0)) { $0 + .argument($1) }
            return part.count == 1 ? part.first! : builder.map("total", Array(zip(names, part)), sum)
        }
    }
    return values[0]
}
