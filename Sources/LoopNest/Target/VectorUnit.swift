/// The vector registers that f32 is computed in.
public struct VectorUnit: Hashable, Sendable {
    /// What people call it.
    public var name: String
    /// The number of f32 values in a register.
    public var lanes: Int
    public var registers: Int

    public init(name: String, lanes: Int, registers: Int) { (self.name, self.lanes, self.registers) = (name, lanes, registers) }

    public static let avx512 = VectorUnit(name: "AVX-512", lanes: 16, registers: 32)
    public static let avx2 = VectorUnit(name: "AVX2", lanes: 8, registers: 16)
    /// Every x86-64 has it.
    public static let sse = VectorUnit(name: "SSE", lanes: 4, registers: 16)
    /// Every AArch64 has it.
    public static let neon = VectorUnit(name: "NEON", lanes: 4, registers: 32)

    /// The widest of an x86-64 that its features allow.
    public static func x86(_ features: FeatureList) -> VectorUnit {
        if features.contains(all: ["avx512f", "avx512bw", "avx512dq", "avx512vl"]) { return .avx512 }
        return features.contains(all: ["avx2", "fma"]) ? .avx2 : .sse
    }

    /// Whether a machine with this unit has a feature that its list may leave out.
    func implies(_ feature: String) -> Bool {
        switch self {
        case .neon: feature == "neon"
        case .avx512, .avx2: feature == "fma"
        default: false
        }
    }
}
