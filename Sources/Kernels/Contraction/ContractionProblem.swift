import Graph
import LoopNest

/// A contraction of a group that kernels are to compute, with all that the choice of an algorithm follows from.
struct ContractionProblem {
    let group: Group
    /// The contraction among the group's members: all others are computed element by element from its result.
    let contraction: Value
    /// One shape, or one a phase of a strided gradient (`ContractionShape.phases`).
    let phases: [ContractionShape]
    /// The machine, with as many cores as threads will share the work.
    let target: Target
    let numerics: Numerics

    /// Nil for a group without a contraction, where its operands do not lie in memory as register-blocked kernels need them, and where
    /// copies of an operand would be mostly padding.
    init?(_ group: Group, target: Target, numerics: Numerics) {
        guard
            let contraction = group.members.first(where: { group.facts.contraction(of: $0) != nil }),
            let phases = ContractionShape.phases(of: contraction, in: group, lanes: target.lanes),
            Self.epilogueIsElementwise(group, contraction), !phases.contains(where: { $0.isMostlyPadding(in: group.graph) })
        else { return nil }
        self.group = group
        self.contraction = contraction
        self.phases = phases
        self.target = target
        self.numerics = numerics
    }

    /// Everything but the contraction can be computed element by element from its result.
    private static func epilogueIsElementwise(_ group: Group, _ contraction: Value) -> Bool {
        group.members.allSatisfy { member in
            if member == contraction { return true }
            return group.graph.extents(member) == group.graph.extents(contraction) && group.facts.expression(of: member) != nil
        }
    }

    /// The contraction where it is one, not several phases, and its operands lie as register tiles need them.
    var shape: ContractionShape? { phases.count == 1 && !phases[0].isOfActivations ? phases[0] : nil }

    /// Whether exact zeros and signs of the result matter (pass `keep_signs`).
    var keepsSigns: Bool { group.graph[contraction].isDirect }

    /// What the factors of products may be rounded to (pass `choose_precision`).
    var factors: StoredElement { group.graph[contraction].factors ?? .f32 }

    /// Why results that are so exact will not do; nil if they will.
    func objection(to exactness: Exactness) -> String? {
        switch exactness {
        case .asWritten: return nil
        case .roundedFactors: return numerics == .strict ? "its factors are rounded" : nil
        case .stated(let error):
            if keepsSigns { return "zeros and signs of the result matter" }
            guard let error else { return "its error is not known" }
            return error <= largestError ? nil : "its error is \(error)"
        }
    }

    /// The largest error that a form of minimal filtering may have: where factors may be rounded, one that is small beside theirs.
    private var largestError: Double {
        factors == .f32 || numerics == .strict ? numerics.largestError : max(numerics.largestError, Self.smallBesideRounding)
    }

    private static let smallBesideRounding = 1e-4
}

/// How exact results are.
enum Exactness: Hashable, Sendable {
    /// As sums of products as they are written: their error is `Numerics.errorOfSum`, and sums of zeros are zeros.
    case asWritten
    /// With a root mean square error, relative to the root mean square of the result; nil where it is not known, which no numerics allow.
    /// Zeros and signs of single results are not kept.
    case stated(Double?)
    /// As sums of products of rounded factors: with a root mean square error, relative to the root mean square of the result. Sums of zeros
    /// are zeros.
    case roundedFactors(Double)

    var error: Double? {
        switch self {
        case .asWritten: nil
        case .roundedFactors(let error): error
        case .stated(let error): error
        }
    }
}
