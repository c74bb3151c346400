import Graph
import LoopNest

/// How exactly kernels compute sums of products.
public enum Numerics: Hashable, Sendable {
    /// One f32 accumulator an element, what the arithmetic of other engines is, and minimal filtering (Winograd) by the forms whose error
    /// stays within `standardError`.
    case standard
    /// As `standard`, with minimal filtering by the forms whose error stays within this bound: root mean square against fp64, relative to
    /// the root mean square of the result. A convolution over 256 channels without it has 6e-7.
    case tolerance(Double)
    /// Convolutions and linear layers (and the gradients of their inputs) carry the rounding error of every product and sum along, and
    /// add it at the end: as if computed in twice the precision and rounded once (Ogita, Rump and Oishi 2005, algorithm Dot2). About
    /// ten times the arithmetic. No minimal filtering.
    case strict

    static let standardError = 3.5e-6
    /// As many convolutions and linear layers may follow each other before less is allowed.
    private static let standardDepth = 50
    /// F(2x2, 3x3) and its like are more exact than the sums that they replace: always allowed.
    private static let smallestError = 4.5e-7

    /// The numerics of one network: in a deep one errors pile up, and each layer amplifies those before it, so `standard` allows the less
    /// the deeper it is (by the cube, found with ResNet-101 and Inception v4, whose errors stay below 1e-4 so). A training step goes through
    /// its network twice, forwards and back.
    func resolved(for facts: GraphFacts) -> Numerics {
        guard case .standard = self else { return self }
        let depth = facts.graph.updates.isEmpty ? facts.contractionDepth : facts.contractionDepth / 2
        if depth <= Self.standardDepth { return self }
        let ratio = Double(Self.standardDepth) / Double(depth)
        return .tolerance(max(Self.smallestError, Self.standardError * ratio * ratio * ratio))
    }

    /// The largest error that a form of minimal filtering may have.
    var largestError: Double {
        switch self {
        case .standard: Self.standardError
        case .tolerance(let error): error
        case .strict: 0
        }
    }

    /// The registers that a kernel's accumulators may be counted against: each takes two where errors are carried along.
    func accumulatorRegisters(of target: Target) -> Int {
        switch self {
        case .standard, .tolerance: target.vectors.registers
        case .strict: max(4, target.vectors.registers / 2 - 2)
        }
    }
}

extension Numerics: CustomStringConvertible {
    /// Reads `default`, `strict` or a tolerance, a positive number.
    public init?(_ text: String) {
        switch text {
        case "default": self = .standard
        case "strict": self = .strict
        default:
            guard let error = Double(text), error > 0, error.isFinite else { return nil }
            self = .tolerance(error)
        }
    }

    public var description: String {
        switch self {
        case .standard: "default"
        case .strict: "strict"
        case .tolerance(let error): "\(error)"
        }
    }
}

extension GraphFacts {
    /// The most contractions that follow one another on a path.
    var contractionDepth: Int {
        var depths: [Int] = []
        for value in graph.values {
            let below = graph[value].operands.map { depths[$0.index] }.max() ?? 0
            depths.append(contraction(of: value) == nil ? below : below + 1)
        }
        return depths.max() ?? 0
    }
}
