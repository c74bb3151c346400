/// The formats of numbers that dot products and tiles multiply, several of which fill the 32 bits of a lane.
public enum NarrowNumber: String, CaseIterable, Sendable {
    case bfloat16 = "bf16"
    case float16 = "f16"
    case int8
}

/// Instructions that multiply pairs or quadruples of narrow numbers and add each group's products to one lane of 32 bits.
public struct DotProduct: Hashable, Sendable {
    public enum Instruction: String, Sendable {
        /// Pairs of bf16 to f32; x86-64 with 16 lanes.
        case vdpbf16ps
        /// Quadruples of unsigned by signed bytes to i32; x86-64.
        case vpdpbusd
        /// Pairs of bf16 to f32; AArch64.
        case bfdot
        /// Quadruples of signed by signed bytes to i32; AArch64.
        case sdot
    }

    /// How products of pairs of bf16 are summed, which decides the bits.
    public enum PairRule: Sendable {
        /// By two fused multiply-adds, rounded to nearest: `Operation.dot`.
        case fused
        /// By two additions that are rounded to odd: `Operation.oddDot`.
        case odd
    }

    /// The rule of an instruction that multiplies pairs of bf16; nil for the others.
    public var pairRule: PairRule? {
        switch instruction {
        case .vdpbf16ps: .fused
        case .bfdot: .odd
        case .vpdpbusd, .sdot: nil
        }
    }

    public var instruction: Instruction
    /// Multiply-adds a second, relative to those of f32 in the same vectors.
    public var rate: Double

    public init(_ instruction: Instruction, rate: Double) { (self.instruction, self.rate) = (instruction, rate) }

    /// Those that a processor's features name.
    ///
    /// Intel's processors start `vdpbf16ps` half as often as an FMA (Cooper Lake, Sapphire Rapids), AMD's as often (Zen 4 and 5); the
    /// others start as often as an FMA everywhere.
    static func all(_ features: FeatureList, _ vectors: VectorUnit, _ maker: ProcessorMaker) -> [NarrowNumber: DotProduct] {
        var found: [NarrowNumber: DotProduct] = [:]
        switch vectors {
        case .neon:
            if features.contains("bf16") { found[.bfloat16] = DotProduct(.bfdot, rate: 2) }
            if features.contains("dotprod") { found[.int8] = DotProduct(.sdot, rate: 4) }
        case .avx512:
            if features.contains("avx512bf16") { found[.bfloat16] = DotProduct(.vdpbf16ps, rate: maker == .amd ? 2 : 1) }
            if features.contains("avx512vnni") || features.contains("avxvnni") { found[.int8] = DotProduct(.vpdpbusd, rate: 4) }
        case .avx2: if features.contains("avxvnni") { found[.int8] = DotProduct(.vpdpbusd, rate: 4) }
        default: break
        }
        return found
    }

    /// The features that dot products come from, of all families.
    static let features = ["avx512bf16", "avx512vnni", "avxvnni", "dotprod", "bf16"]
}
