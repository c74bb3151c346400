import Graph

/// What numerics come to for each contraction of one network.
///
/// In a deep network errors pile up, and each layer amplifies those before it, so `standard` allows the less the deeper it is, by the cube.
/// Found with ResNet-101 and Inception v4, whose outputs stay within 1e-4 so.
///
/// Gradients suffer earlier, from errors on the way to the loss: an element that is moved across the kink of a ReLU, or becomes the largest
/// of a max pooling, has another gradient altogether. Found with GoogLeNet and Inception v3, whose gradients are as exact so as with sums as
/// they are written. On the way back errors stay as small as they are.
struct ResolvedNumerics {
    /// Of what outputs, and the loss of a training step, are computed from.
    let forward: Numerics
    /// Of gradients.
    let backward: Numerics
    private let facts: GraphFacts

    /// As many convolutions and linear layers may follow each other before less is allowed: to the outputs, there and back in a training step
    /// twice as many; and to the loss of a training step.
    private static let (outputDepth, lossDepth) = (50, 16)
    /// F(2x2, 3x3) and its like are more exact than the sums that they replace: always allowed.
    private static let smallestError = 4.5e-7

    init(_ numerics: Numerics, for facts: GraphFacts) {
        self.facts = facts
        guard case .standard = numerics else {
            (forward, backward) = (numerics, numerics)
            return
        }
        let depths = facts.contractionDepths
        let (depth, forwardDepth) = (depths.max() ?? 0, zip(depths, facts.graph.values).filter { facts.isForward($1) }.map(\.0).max() ?? 0)
        if facts.graph.updates.isEmpty {
            forward = Self.standard(depth, of: Self.outputDepth)
            backward = forward
        } else {
            forward = Self.standard(forwardDepth, of: Self.lossDepth)
            backward = Self.standard(depth, of: 2 * Self.outputDepth)
        }
    }

    /// What is left of `standard` in a network that is deeper than `limit`.
    private static func standard(_ depth: Int, of limit: Int) -> Numerics {
        if depth <= limit { return .standard }
        let ratio = Double(limit) / Double(depth)
        return .tolerance(max(smallestError, Numerics.standardError * ratio * ratio * ratio))
    }

    /// Those of a group, by the contraction in it.
    subscript(group: Group) -> Numerics { group.members.contains(where: facts.isForward) ? forward : backward }
}

extension GraphFacts {
    /// The most contractions that follow one another on a path to each value.
    fileprivate var contractionDepths: [Int] {
        var depths: [Int] = []
        for value in graph.values {
            let below = graph[value].operands.map { depths[$0.index] }.max() ?? 0
            depths.append(contraction(of: value) == nil ? below : below + 1)
        }
        return depths
    }
}
