/// The machine that kernels are scheduled and compiled for: what a schedule may count on and how the code generator names it.
public struct Target: Hashable, Sendable, CustomStringConvertible {
    /// A preset's name, or `host`; for people only.
    public var name: String
    /// The code generator's triple, processor name and feature list.
    public var triple: String
    public var processor: String
    public var features: String
    /// The number of f32 values in a vector register.
    public var lanes: Int
    /// The number of vector registers.
    public var vectorRegisters: Int
    /// Data cache of one core, in bytes.
    public var level1Bytes: Int
    /// Second-level cache of one core, in bytes.
    public var level2Bytes: Int
    /// Last-level cache, shared by the cores, in bytes.
    public var level3Bytes: Int
    public var cores: Int

    public init(
        name: String, triple: String, processor: String, features: String, lanes: Int, vectorRegisters: Int, level1Bytes: Int,
        level2Bytes: Int, level3Bytes: Int, cores: Int
    ) {
        self.name = name
        self.triple = triple
        self.processor = processor
        self.features = features
        self.lanes = lanes
        self.vectorRegisters = vectorRegisters
        self.level1Bytes = level1Bytes
        self.level2Bytes = level2Bytes
        self.level3Bytes = level3Bytes
        self.cores = cores
    }
}

extension Target {
    public var description: String { name }

    /// x86-64 with AVX-512 F, BW, DQ and VL (level v4).
    public static let x86AVX512 = Target(
        name: "x86-64-avx512", triple: "x86_64-unknown-linux-gnu", processor: "x86-64-v4", features: "+fma", lanes: 16,
        vectorRegisters: 32, level1Bytes: 32 << 10, level2Bytes: 1 << 20, level3Bytes: 32 << 20, cores: 2)

    /// x86-64 with AVX2 and FMA (level v3).
    public static let x86AVX2 = Target(
        name: "x86-64-avx2", triple: "x86_64-unknown-linux-gnu", processor: "x86-64-v3", features: "+fma", lanes: 8,
        vectorRegisters: 16, level1Bytes: 32 << 10, level2Bytes: 1 << 20, level3Bytes: 32 << 20, cores: 2)

    /// AArch64 with NEON.
    public static let aarch64NEON = Target(
        name: "aarch64-neon", triple: "aarch64-unknown-linux-gnu", processor: "generic", features: "+neon", lanes: 4,
        vectorRegisters: 32, level1Bytes: 64 << 10, level2Bytes: 1 << 20, level3Bytes: 32 << 20, cores: 2)

    /// The targets that code can be printed for on any machine.
    public static let presets = [x86AVX512, x86AVX2, aarch64NEON]

    /// The preset called `name`, if there is one.
    public static func preset(named name: String) -> Target? { presets.first { $0.name == name } }
}
