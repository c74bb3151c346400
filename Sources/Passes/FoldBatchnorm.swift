import Graph
import Operators

extension Pass {
    /// Folds affine maps, such as normalization with running statistics, into the contraction before them:
    /// `a * conv(x, w) + b` becomes `conv(x, a * w) + b`, where `a` and `b` hold a value a channel and depend on parameters only.
    ///
    /// What computes `a * w` and `b` is prepared: it runs once, when parameters are loaded. Kernels and layers are named by the contraction.
    /// Only where the author's clauses put the last of the maps in another precision, its value stays apart, under its own label.
    public static let foldBatchnorm = Pass("fold_batchnorm", "Folds normalizations into the weights before them.") { graph, context in
        let facts = GraphFacts(graph)
        var folds: [Value: Fold] = [:]
        for value in graph.values {
            guard let formula = facts.contraction(of: value), let fold = Fold(value, formula, facts, context) else { continue }
            folds[fold.last] = fold
        }
        let builder = GraphBuilder(inPlaceOf: graph)
        var copies: [Value] = []
        for value in graph.values {
            let node = graph[value]
            if let fold = folds[value] {
                let value = fold.append(to: builder, graph, copies)
                builder.note(value, standsFor: fold.maps.map { graph[$0] }, by: "fold")
                copies.append(value)
                context.firings.fire("fold")
            } else {
                copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] }))
            }
        }
        for output in graph.outputs { builder.output(output.name, copies[output.value.index]) }
        for update in graph.updates { builder.update(copies[update.state.index], to: copies[update.value.index]) }
        return builder.finish()
    }
}

/// A contraction and the chain of affine maps after it.
private struct Fold {
    let contraction: Value
    /// The operand that is the weight, and its axis along which the result's channels run.
    let weight: Int
    let weightAxis: Int
    /// The maps, and the last of them.
    let maps: [Value]
    let last: Value
    /// The chain is `scale * result + shift`, where the arguments from 1 on are `coefficients`.
    let scale: Scalar
    let shift: Scalar
    let coefficients: [Value]
    /// Whether the contraction and the last of the maps lie in the same precision.
    let isAlike: Bool

    /// Several normalizations in a row have fewer. A value that is added to itself doubles them at every step.
    private static let mostOperations = 64

    /// Nil unless `value` is a contraction whose channels run along one axis of a prepared operand, in which it is linear, followed by
    /// maps that are affine in its result and scale it.
    init?(_ value: Value, _ formula: Formula, _ facts: GraphFacts, _ context: PassContext) {
        let channel = Layout.channelAxis(rank: formula.resultRank)
        guard formula.combination == .sum, formula.resultRank >= 2, channel == 1 else { return nil }
        let candidates = formula.reads.indices.filter { index in
            let operand = formula.reads[index].operand
            return facts.isPrepared(facts.graph[value].operands[operand]) && formula.body.isLinear(in: index)
                && formula.reads.filter { $0.operand == operand }.count == 1
        }
        guard let index = candidates.first(where: { formula.position(of: channel, in: formula.reads[$0]) != nil }) else { return nil }
        contraction = value
        weight = formula.reads[index].operand
        weightAxis = formula.position(of: channel, in: formula.reads[index])!

        var last = value
        var maps: [Value] = []
        var expression = Scalar.argument(0)
        var coefficients: [Value] = []
        while let user = facts.soleUser(of: last), let map = facts.expression(of: user), facts.graph[user].type == facts.graph[value].type {
            let others = facts.readOperands(of: user).filter { $0 != last }
            guard others.allSatisfy({ facts.isPrepared($0) && facts.graph[$0].type.rank <= 1 }) else { break }
            let arguments = facts.graph[user].operands.map { operand -> Scalar in
                if operand == last { return expression }
                let index = coefficients.firstIndex(of: operand) ?? coefficients.endIndex
                if index == coefficients.endIndex { coefficients.append(operand) }
                return .argument(index + 1)
            }
            let composed = map.substituting(arguments)
            guard composed.operationCount <= Self.mostOperations, composed.isAffine(in: 0) else { break }
            expression = composed
            last = user
            maps.append(user)
        }
        scale = expression.derivative(0)
        shift = expression.substituting([0] + coefficients.indices.map { .argument($0 + 1) })
        // A constant that is not finite would not equal itself: a map that adds log(-6) is left to the kernels.
        guard scale != .constant(1), [scale, shift].allSatisfy({ $0.arity > 0 || $0.evaluate([]).isFinite }) else { return nil }
        isAlike = context.precision(of: value, in: facts.graph) == context.precision(of: last, in: facts.graph)
        // Without a shift, nothing but the contraction's own value would be left.
        guard isAlike || shift != .constant(0) else { return nil }
        (self.maps, self.last) = (maps, last)
        self.coefficients = coefficients
    }

    /// Appends the contraction with the scaled weight, and the shift.
    func append(to builder: GraphBuilder, _ graph: Graph, _ copies: [Value]) -> Value {
        let node = graph[contraction]
        builder.derive(from: node)
        defer { builder.derive(from: nil) }
        var operands = node.operands.map { copies[$0.index] }
        operands[weight] = scaled(operands[weight], by: coefficient("scale", scale, builder, copies), builder)
        let result = builder.copy(node, operands: operands)
        builder.note(result, by: "fold")
        let shift = coefficient("shift", shift, builder, copies)
        if !isAlike { builder.currentLabel = graph[last].label }
        return switch shift {
        case .constant(0): result
        case .constant(let value): builder.map("shift", [("x", result)], .argument(0) + .constant(value))
        case .value(let value): builder.map("shift", [("x", result), ("shift", value)], .argument(0) + .argument(1))
        }
    }

    private enum Coefficient {
        case constant(Double)
        case value(Value)
    }

    /// An expression of the coefficients as a value of its own: a vector, or a scalar.
    private func coefficient(_ name: String, _ expression: Scalar, _ builder: GraphBuilder, _ copies: [Value]) -> Coefficient {
        if case .constant(let value) = expression { return .constant(value) }
        let read = coefficients.indices.filter { expression.reads(argument: $0 + 1) }
        var arguments = [Scalar](repeating: 0, count: coefficients.count + 1)
        for (position, index) in read.enumerated() { arguments[index + 1] = .argument(position) }
        let operands = read.enumerated().map { ("c\($0)", copies[coefficients[$1].index]) }
        let body = expression.substituting(arguments)
        if operands.isEmpty { return .constant(body.evaluate([])) }
        return .value(builder.map(name, operands, body))
    }

    private func scaled(_ weight: Value, by scale: Coefficient, _ builder: GraphBuilder) -> Value {
        switch scale {
        case .constant(let value): return builder.map("fold", [("w", weight)], .argument(0) * .constant(value))
        case .value(var vector):
            let type = builder.type(of: vector)
            if type.rank == 1 {
                var shape = Shape([Dimension](repeating: 1, count: builder.type(of: weight).rank))
                shape[weightAxis] = type.shape[0]
                vector = builder.apply(.reshape, vector, attributes: ["shape": .shape(shape)])
            }
            return builder.map("fold", [("w", weight), ("scale", vector)], .argument(0) * .argument(1))
        }
    }
}

extension Scalar {
    /// Whether the value is `a * argument + b` with `a` and `b` that do not depend on the argument, nor on where the element lies.
    func isAffine(in argument: Int) -> Bool {
        if isPositional { return false }
        guard reads(argument: argument) else { return true }
        return switch self {
        case .argument: true
        case .unary(.negate, let a): a.isAffine(in: argument)
        case .binary(.add, let a, let b), .binary(.subtract, let a, let b): a.isAffine(in: argument) && b.isAffine(in: argument)
        case .binary(.multiply, let a, let b):
            a.reads(argument: argument)
                ? a.isAffine(in: argument) && !b.reads(argument: argument) : b.isAffine(in: argument)
        case .binary(.divide, let a, let b): a.isAffine(in: argument) && !b.reads(argument: argument)
        default: false
        }
    }

    /// Whether scaling the argument scales the value.
    fileprivate func isLinear(in index: Int) -> Bool {
        isAffine(in: index) && substituting((0..<arity).map { $0 == index ? 0 : .argument($0) }).isZero
    }

    /// Whether the value depends on where the element lies.
    var isPositional: Bool {
        switch self {
        case .coordinate, .uniform: true
        default: children.contains(where: \.isPositional)
        }
    }
}
