import Graph

/// Reverse-mode differentiation (Linnainmaa 1970; Griewank & Walther, "Evaluating Derivatives", 2008, chapter 3).
extension GraphBuilder {
    /// The gradients of the scalar `loss` with respect to `targets`, appended to the graph; zeros where the loss does not depend on one.
    ///
    /// Composite operators must have been decomposed. Each new node bears the span and label of the one whose gradient it is.
    public func gradients(of loss: Value, withRespectTo targets: [Value]) -> [Value] {
        precondition(type(of: loss) == .f32(), "only a scalar f32[] is differentiated, not \(type(of: loss))")
        return restoringOrigin { derivatives(of: loss, withRespectTo: targets) }
    }

    private func derivatives(of loss: Value, withRespectTo targets: [Value]) -> [Value] {
        let matters = dependence(on: targets, upTo: loss)
        var parts = [[Value]](repeating: [], count: loss.index + 1)
        var gradients = [Value?](repeating: nil, count: loss.index + 1)
        parts[loss.index] = [constant(1)]
        for index in (0...loss.index).reversed() where matters[index] {
            let node = graph.nodes[index]
            derive(from: node)
            guard let first = parts[index].first else { continue }
            let gradient = parts[index].dropFirst().reduce(first) { apply(.add, $0, $1) }
            gradients[index] = gradient
            guard let operation = node.operation else { continue }
            let context = GradientContext(
                builder: self, operands: node.operands, result: Value(index), gradient: gradient,
                signature: Signature(node.operands.map(type), node.attributes), wanted: node.operands.map { matters[$0.index] })
            for (operand, part) in zip(node.operands, operation.gradients(context)) {
                guard let part, matters[operand.index] else { continue }
                precondition(
                    type(of: part) == type(of: operand),
                    "the gradient of '\(operation.name)' has type \(type(of: part)) for an operand of type \(type(of: operand))")
                parts[operand.index].append(part)
            }
        }
        return targets.map { target in
            if target <= loss, let gradient = gradients[target.index] { return gradient }
            return apply(.broadcast, constant(0), attributes: ["shape": .shape(type(of: target).shape)])
        }
    }

    /// For each value up to `loss`, whether a gradient flows from it to one of `targets`.
    private func dependence(on targets: [Value], upTo loss: Value) -> [Bool] {
        var depends = [Bool](repeating: false, count: loss.index + 1)
        for target in targets where target <= loss { depends[target.index] = true }
        for index in 0...loss.index where !depends[index] {
            if case .stops? = graph.nodes[index].operation?.gradient { continue }
            depends[index] = graph.nodes[index].type.element == .f32 && graph.nodes[index].operands.contains { depends[$0.index] }
        }
        return depends
    }
}

extension Operator {
    /// The gradients of a node's operands by the operator's rule; nil for those that take none or are not wanted.
    fileprivate func gradients(_ context: GradientContext) -> [Value?] {
        switch gradient {
        case .stops: return context.operands.map { _ in nil }
        case .rule(let rule): return rule(context)
        case .derived:
            guard case .elementwise(let expression) = lowering(context.signature) else {
                preconditionFailure("'\(name)' must be decomposed before it is differentiated")
            }
            let function = context.signature.attributes["function"].flatMap { attribute -> String? in
                if case .function(let function) = attribute { function.name } else { nil }
            }
            return derivedGradients(of: expression, called: function ?? name, context)
        }
    }
}

/// The gradients of an element-wise expression: its derivative times the upstream gradient as one `map`, summed over the axes along
/// which the operand was repeated.
private func derivedGradients(of expression: Scalar, called name: String, _ context: GradientContext) -> [Value?] {
    let builder = context.builder
    let upstream = context.gradient
    return context.operands.indices.map { index in
        guard context.wanted[index] else { return nil }
        let derivative = expression.derivative(index)
        guard !derivative.isZero else { return nil }
        let target = context.signature.operands[index]
        let isRepeated = target.shape != builder.type(of: upstream).shape
        // A factor that is itself repeated alike can wait until the gradient has been summed.
        let canWait =
            isRepeated && !derivative.dependsOnPosition
            && derivative.arguments.allSatisfy { [target, .f32()].contains(context.signature.operands[$0]) }
        if canWait {
            return multiply(derivative, by: sum(upstream, to: target, builder), called: name, context)
        }
        return sum(multiply(derivative, by: upstream, called: name, context), to: target, builder)
    }
}

/// `factor * gradient` as a `map` over those operands that the factor uses.
private func multiply(_ factor: Scalar, by gradient: Value, called name: String, _ context: GradientContext) -> Value {
    if factor == 1 { return gradient }
    let used = factor.arguments
    var replacements = [Scalar](repeating: 0, count: context.operands.count)
    for (position, argument) in used.enumerated() { replacements[argument] = .argument(position) }
    let body = factor.substituting(replacements).scaling(.argument(used.count))
    let parameters = used.indices.map { "x\($0)" } + ["gradient"]
    return context.builder.apply(
        .map, used.map { context.operands[$0] } + [gradient],
        ["function": .function(ScalarFunction("\(name)_gradient", parameters, body))])
}

/// `value` summed over the axes along which a tensor of type `target` is repeated to its shape.
private func sum(_ value: Value, to target: TensorType, _ builder: GraphBuilder) -> Value {
    let shape = builder.type(of: value).shape
    guard shape != target.shape else { return value }
    if target.rank == shape.rank {
        return builder.apply(.sum, value, attributes: ["axes": .integers(target.shape.broadcastAxes(in: shape)), "keep": .boolean(true)])
    }
    // A vector keeps its axis, the channels; one of a single value for all of them does so for its shape alone.
    let isRepeatedAlongChannels = target.rank == 1 && target.shape[0] != shape[1]
    let axes = (0..<shape.rank).filter { target.rank == 0 || isRepeatedAlongChannels || $0 != 1 }
    let total = builder.apply(.sum, value, attributes: ["axes": .integers(axes)])
    return isRepeatedAlongChannels ? builder.apply(.reshape, total, attributes: ["shape": .shape(target.shape)]) : total
}

extension Scalar {
    /// The factor times `gradient`; a choice between factors becomes a choice between products, so that a gradient that is switched
    /// off is zero even where the upstream one is infinite.
    fileprivate func scaling(_ gradient: Scalar) -> Scalar {
        guard case .select(let comparison, let a, let b, let then, let otherwise) = self else { return self * gradient }
        return .select(comparison, a, b, then: then.scaling(gradient), otherwise: otherwise.scaling(gradient))
    }

    /// The indices of the arguments that occur, ascending.
    fileprivate var arguments: [Int] {
        var found: Set<Int> = []
        func visit(_ expression: Scalar) {
            if case .argument(let index) = expression { found.insert(index) }
            expression.children.forEach(visit)
        }
        visit(self)
        return found.sorted()
    }

    /// Whether the value depends on where the element stands.
    fileprivate var dependsOnPosition: Bool {
        switch self {
        case .coordinate, .uniform: true
        default: children.contains(where: \.dependsOnPosition)
        }
    }
}
