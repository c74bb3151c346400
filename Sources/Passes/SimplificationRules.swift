import Graph
import Operators

extension SimplificationRule {
    /// All rules, tried in this order.
    static let all: [SimplificationRule] = [
        // f(x) = x
        SimplificationRule("identity") { node in
            guard case .argument(let index)? = node.expression(node.value), node.type(node.operands[index]) == node.type else { return nil }
            return node.operands[index]
        },
        // f(2, 3) = 5
        SimplificationRule("map_of_constants") { node in
            guard let expression = node.expression(node.value), node.type == .f32(), !expression.isPositional else { return nil }
            let constants = node.operands.map { node.builder.graph[$0].constant }
            guard constants.allSatisfy({ $0 != nil }) else { return nil }
            // A constant that is not finite would not equal itself: 1 / 0 is left to the kernels.
            let result = expression.evaluate(constants.map { $0! })
            return result.isFinite ? node.builder.constant(result) : nil
        },
        // element_count([7, 7]) = 49
        SimplificationRule("known_number") { node in
            guard node.operands.isEmpty, let operation = node.node.operation, node.type == .f32(), node.node.attributes.areBound,
                case .elementwise(.constant(let number)) = operation.lowering(Signature([], node.node.attributes))
            else { return nil }
            return node.builder.constant(number)
        },
        // f(x, 2) = (f(., 2))(x), if that makes f shorter: x + 0, x * 1, x * 0 + y
        SimplificationRule("constant_operand") { node in
            guard let expression = node.expression(node.value) else { return nil }
            let constants = node.operands.map { node.builder.graph[$0].constant }
            let bound = expression.substituting(constants.enumerated().map { $1.map(Scalar.constant) ?? .argument($0) })
            return bound.operationCount < expression.operationCount ? node.remapped(bound) : nil
        },
        // f(x, y) = g(x): y is not read
        SimplificationRule("unread_operand") { node in
            guard let expression = node.expression(node.value) else { return nil }
            return node.operands.indices.contains { !expression.reads(argument: $0) } ? node.remapped(expression) : nil
        },
        // -(-x) = x
        SimplificationRule("inverse_maps") { node in
            guard let outer = node.expression(node.value), node.operands.count == 1, let inner = node.expression(node.operands[0]) else {
                return nil
            }
            let source = node.builder.graph[node.operands[0]].operands
            guard source.count == 1, outer.substituting([inner]) == .argument(0), node.type(source[0]) == node.type else { return nil }
            return source[0]
        },
        // reshape(x) = x, if the shape stays
        SimplificationRule("reshape_to_same") { node in
            node.view(node.value) == .reshape && node.type(node.operands[0]) == node.type ? node.operands[0] : nil
        },
        // reshape(reshape(x)) = reshape(x)
        SimplificationRule("reshape_of_reshape") { node in
            guard node.view(node.value) == .reshape, node.view(node.operands[0]) == .reshape else { return nil }
            let source = node.builder.graph[node.operands[0]].operands[0]
            return node.type(source) == node.type ? source : node.replacing(node.value, operands: [source])
        },
        // concat(x) = x
        SimplificationRule("concat_of_one") { node in
            guard case .concatenate? = node.view(node.value), node.operands.count == 1 else { return nil }
            return node.operands[0]
        },
        // slice(x) = x, if all is taken
        SimplificationRule("slice_of_all") { node in
            guard case .slice? = node.view(node.value), node.type(node.operands[0]) == node.type else { return nil }
            return node.operands[0]
        },
        // slice(concat(x, y)) = x, if exactly one part is taken
        SimplificationRule("slice_of_concat") { node in
            guard case .slice(let axis, var start, _)? = node.view(node.value),
                case .concatenate(axis)? = node.view(node.operands[0])
            else { return nil }
            for part in node.builder.graph[node.operands[0]].operands {
                if start == 0 { return node.type(part) == node.type ? part : nil }
                guard let extent = node.type(part).shape[axis].value, start > 0 else { return nil }
                start -= extent
            }
            return nil
        },
        // f(reshape(x), y) = reshape(f(x, y)) of signals that are images of one row, y one value a channel: so maps follow convolutions
        SimplificationRule("map_of_signals") { node in
            guard node.type.rank == 3, let expression = node.expression(node.value), !expression.isPositional,
                let operation = node.node.operation
            else { return nil }
            var image = node.type.shape
            image.dimensions.insert(1, at: 2)
            var hasImage = false
            let operands = node.operands.compactMap { operand -> Value? in
                if node.type(operand).rank <= 1 { return operand }
                guard node.view(operand) == .reshape else { return nil }
                let source = node.builder.graph[operand].operands[0]
                guard node.type(source).shape == image else { return nil }
                hasImage = true
                return source
            }
            guard hasImage, operands.count == node.operands.count,
                let result = try? node.builder.append(operation, operands, node.node.attributes)
            else { return nil }
            return try? node.builder.append(.reshape, [result], ["shape": .shape(node.type.shape)])
        },
    ]
}

extension SimplificationSubject {
    /// A map of `expression` over the operands that it reads, if the type stays without the others.
    fileprivate func remapped(_ expression: Scalar) -> Value? {
        let read = operands.indices.filter { expression.reads(argument: $0) }
        guard !read.isEmpty else { return nil }
        var positions = [Scalar](repeating: 0, count: operands.count)
        for (position, index) in read.enumerated() { positions[index] = .argument(position) }
        let names = node.attributes.function?.parameters ?? node.operation?.inputs.map(\.name) ?? []
        let parameters = read.map { $0 < names.count ? names[$0] : "x\($0)" }
        let function = ScalarFunction(
            node.attributes.function?.name ?? node.operation!.name, parameters, expression.substituting(positions))
        let result = try? builder.append(.map, read.map { operands[$0] }, ["function": .function(function)])
        return result.flatMap { self.type($0) == type ? $0 : nil }
    }
}

extension Attributes {
    /// Whether no shape among the attributes has a symbol.
    fileprivate var areBound: Bool {
        values.values.allSatisfy { if case .shape(let shape) = $0 { shape.extents != nil } else { true } }
    }

    /// The only scalar function among the attributes.
    fileprivate var function: ScalarFunction? {
        let functions = values.values.compactMap { if case .function(let function) = $0 { function } else { nil } }
        return functions.count == 1 ? functions[0] : nil
    }
}
