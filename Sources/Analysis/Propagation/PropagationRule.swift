import Graph

/// How moments go through a node: one rule a kind of lowering, or an operator of which more is known than what it is written with.
struct PropagationRule: Sendable {
    /// The moments of the result.
    let forward: @Sendable (PropagationStep) -> Signal
    /// Sends the moments of the gradients of the operands, given those of the result's.
    let backward: @Sendable (PropagationStep, SignalGradient) -> Void
}

/// What a rule sees: a node, with what is known of its operands.
struct PropagationStep {
    let propagator: SignalPropagator
    let value: Value

    var node: Node { propagator.graph[value] }
    var signature: Signature { propagator.graph.signature(of: value) }
    var attributes: Attributes { node.attributes }
    var extents: [Int] { node.type.shape.dimensions.map { $0.value ?? 1 } }
    var images: Int { propagator.images }
    var expectation: GaussianExpectation { propagator.expectation }
    /// The result; known in the rule's backward half.
    var result: Signal { propagator.signals[value.index]! }

    func operand(_ index: Int) -> Signal { propagator.signal(of: node.operands[index]) }

    func send(_ gradient: SignalGradient, to operand: Int) { propagator.add(gradient, to: node.operands[operand]) }

    /// Notes what is taken for granted of this node.
    func assume(_ text: String) { propagator.assume(text, of: value) }
}

extension PropagationRule {
    /// The rule of a node; nil where the operator is written with others, which have rules.
    static func rule(of operation: Operator, _ lowering: Lowering) -> PropagationRule? {
        if let own = operators[operation] { return own }
        return switch lowering {
        case .elementwise: elementwise
        case .contraction: contraction
        case .window(let formula) where formula.combination == .maximum && formula.reads.count == 1: windowMaximum
        case .window(let formula) where formula.combination == .sum && formula.reads.count == 1: windowSum
        case .reduction(let formula) where formula.combination == .sum && formula.reads.count == 1: sum
        case .reduction(let formula) where formula.combination == .maximum && formula.reads.count == 1: maximum
        case .view(.reshape): reshape
        case .view(.concatenate): concatenate
        case .view(.slice): slice
        case .view(.rearrange): rearrange
        case .window, .reduction, .foreign: unknown
        case .composite: nil
        }
    }

    /// Operators of which more is known than what they are written with.
    private static let operators: [Operator: PropagationRule] = [
        .batchNormalization: batchNormalization, .layerNormalization: layerNormalization, .groupNormalization: groupNormalization,
        .instanceNormalization: instanceNormalization, .localResponseNormalization: localResponse,
        .dropout: dropout, .spatialDropout: spatialDropout, .stochasticDepth: stochasticDepth,
        .softmax: softmax, .logSoftmax: logSoftmax, .crossEntropy: crossEntropy, .embedding: embedding, .detach: detach,
    ]

    /// Nothing is known: the result is like the first operand that carries a signal, and so is the gradient.
    static let unknown = PropagationRule(
        forward: { step in
            step.assume("'\(step.node.operation?.name ?? "")' is treated as keeping the moments of its first operand")
            let first = step.node.operands.isEmpty ? Moments.constant(0) : step.operand(0).average
            return Signal(roles: step.propagator.defaultRoles(step.extents.count), extents: step.extents, first)
        },
        backward: { step, gradient in
            guard !step.node.operands.isEmpty else { return }
            let average = gradient.average(step.result.populations)
            step.send(SignalGradient(step.operand(0).populations.map { _ in average }), to: 0)
        })

    /// The same tensor, and no gradient.
    static let detach = PropagationRule(forward: { $0.operand(0) }, backward: { _, _ in })
}
