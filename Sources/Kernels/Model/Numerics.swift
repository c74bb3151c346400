import Graph
import LoopNest

/// How exactly kernels compute sums of products.
public enum Numerics: Hashable, Sendable {
    /// One f32 accumulator an element, what the arithmetic of other engines is, and minimal filtering (Winograd) by the forms whose error
    /// stays within `standardError`, or less in deep networks (`ResolvedNumerics`).
    case standard
    /// As `standard`, with minimal filtering by the forms whose error stays within this bound: root mean square against fp64, relative to
    /// the root mean square of the result. A convolution over 256 channels without it has 6e-7.
    case tolerance(Double)
    /// Convolutions and linear layers (and the gradients of their inputs) carry the rounding error of every product and sum along, and
    /// add it at the end: as if computed in twice the precision and rounded once (Ogita, Rump and Oishi 2005, algorithm Dot2). About
    /// ten times the arithmetic. No minimal filtering.
    case strict

    static let standardError = 3.5e-6

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
