import Graph
import Interchange
import Operators

extension ImportRule {
    /// Products of matrices.
    static let products: [ImportRule] = [
        ImportRule("MatMul") { (scope) throws(ImportFault) in
            try scope.requireFloating()
            return try scope.result(product(scope))
        },
        ImportRule("Gemm") { (scope) throws(ImportFault) in
            try scope.requireFloating()
            return try scope.result(gemm(scope))
        },
    ]

    /// A matrix that the model has is a layer's weight; vectors count as matrices of one row or column.
    static func product(_ scope: NodeScope, _ left: Value? = nil, _ right: Value? = nil) throws(ImportFault) -> Value {
        let (first, second) = (try scope.shape(0), try scope.shape(1))
        guard first.rank >= 1, second.rank >= 1 else { throw .malformed("a product of \(first) and \(second)") }
        if left == nil, right == nil, first.rank >= 2, second.rank == 2, scope.importer.folding == nil,
            case .known(let matrix) = try scope.input(1),
            matrix.count > 0, scope.initializer(1) != nil
        {
            let label = scope.label()
            let (name, features) = (scope.node.output[0], matrix.shape[1])
            var operands = [try scope.value(0), try scope.owned(1, "weight", of: label) { $0.transposed() }]
            let bias = scope.node.opType == "MatMul" ? scope.importer.biased.bias(of: name) : nil
            if let bias, case .known(let vector)? = scope.importer.values[bias], vector.shape == [features],
                scope.initializer(named: bias) != nil
            {
                operands.append(try scope.owned(vector, named: bias, "bias", of: label))
            }
            let layer = try scope.apply(
                .linear, operands, ["features": .integer(features), "bias": .boolean(operands.count == 3)], label: label)
            if operands.count == 3 { scope.importer.biased.made(.computed(layer, try scope.element(0)), asSumOf: name) }
            return layer
        }
        var a = if let left { left } else { try scope.value(0) }
        var b = if let right { right } else { try scope.value(1) }
        if first.rank == 1 { a = try scope.reshape(a, [1] + first.dimensions) }
        if second.rank == 1 { b = try scope.reshape(b, second.dimensions + [1]) }
        let rank = max(scope.type(of: a).rank, scope.type(of: b).rank)
        func padded(_ value: Value) throws(ImportFault) -> Value {
            let shape = scope.type(of: value).shape
            return try scope.reshape(value, [Dimension](repeating: 1, count: rank - shape.rank) + shape.dimensions)
        }
        a = try padded(a)
        if scope.type(of: b).rank > 2 { b = try padded(b) }
        var result = try scope.apply(.matrixProduct, [a, b])
        var shape = scope.type(of: result).shape.dimensions
        if second.rank == 1 { shape.removeLast() }
        if first.rank == 1 { shape.remove(at: second.rank == 1 ? shape.count - 1 : shape.count - 2) }
        result = try scope.reshape(result, shape)
        return result
    }

    private static func gemm(_ scope: NodeScope) throws(ImportFault) -> Value {
        let (alpha, beta) = (scope.number("alpha", default: 1), scope.number("beta", default: 1))
        let isTransposed = (try scope.boolean("transA", default: false), try scope.boolean("transB", default: false))
        let hasBias = scope.isGiven(2) && beta != 0
        if alpha == 1, !hasBias || beta == 1, !isTransposed.0, scope.importer.folding == nil, case .known(let matrix) = try scope.input(1),
            matrix.shape.count == 2, matrix.count > 0
        {
            let features = isTransposed.1 ? matrix.shape[0] : matrix.shape[1]
            var isVector = true
            if hasBias, case .known(let bias) = try scope.input(2) {
                isVector = bias.count == features && bias.shape.last == features
            } else if hasBias {
                isVector = try scope.shape(2) == Shape([features])
            }
            if isVector {
                let label = scope.label()
                var operands = [try scope.value(0), try scope.owned(1, "weight", of: label) { isTransposed.1 ? $0 : $0.transposed() }]
                if hasBias { operands.append(try scope.owned(2, "bias", of: label) { $0.reshaped([features]) }) }
                return try scope.apply(.linear, operands, ["features": .integer(features), "bias": .boolean(hasBias)], label: label)
            }
        }
        var result = try scope.apply(
            .matrixProduct, [scope.value(0), scope.value(1)],
            ["transpose_a": .boolean(isTransposed.0), "transpose_b": .boolean(isTransposed.1)])
        if alpha != 1 { result = try scope.apply(.multiply, [result, scope.constant(alpha)]) }
        guard hasBias else { return result }
        var bias = try scope.aligned(2, rank: 2)
        if beta != 1 { bias = try scope.apply(.multiply, [bias, scope.constant(beta)]) }
        return try scope.apply(.add, [result, bias])
    }
}
