import Graph
import Operators
import Source

extension Elaborator {
    /// The operands of an element-wise operation, those of fewer axes with extents of 1 before their own where that lets them be repeated:
    /// `[64, 1, 1]` goes with `[N, 64, 8, 8]`. A vector stays one: it lies along the channels.
    func aligningRanks(of operands: [Value], for operation: Operator, _ attributes: Attributes, at span: Span) -> [Value] {
        let types = operands.map { builder.type(of: $0) }
        let rank = types.map(\.rank).max() ?? 0
        let aligned = types.map { type in
            (2..<max(2, rank)).contains(type.rank)
                ? TensorType(type.element, Shape([Dimension](repeating: 1, count: rank - type.rank) + type.shape.dimensions)) : type
        }
        guard aligned != types, (try? operation.inferType(Signature(types, attributes))) == nil,
            (try? operation.inferType(Signature(aligned, attributes))) != nil,
            case .elementwise = operation.lowering(Signature(aligned, attributes))
        else { return operands }
        return zip(operands, zip(types, aligned)).map { operand, types in
            if types.0 == types.1 { return operand }
            let shape = Attribute.shape(types.1.shape)
            return (try? builder.append(.reshape, [operand], ["shape": shape], span: span)) ?? operand
        }
    }
}
