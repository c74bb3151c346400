extension Target {
    /// x86-64 with AVX-512 F, BW, DQ and VL (level v4).
    public static let x86AVX512 = x86("x86-64-avx512", .avx512)

    /// The same with dot products of bf16 and of bytes, as AMD Zen 4 and 5 have it.
    public static let x86AVX512BF16 = x86("x86-64-avx512-bf16", .avx512, ["avx512bf16", "avx512vnni"], .amd)

    /// The same with tiles, as Intel Sapphire Rapids has it. The level is named rather than the processor, so that no instruction is made
    /// that is not one of the units here.
    public static let x86AMX = x86(
        "x86-64-amx", .avx512, ["avx512bf16", "avx512vnni", "amx-tile", "amx-bf16", "amx-int8"], .intel,
        DataCaches(level1: 48 << 10, level2: 2 << 20, level3: 32 << 20), .intelSapphireRapids)

    /// x86-64 with AVX2 and FMA (level v3).
    public static let x86AVX2 = x86("x86-64-avx2", .avx2)

    /// The same with dot products of bytes, as Intel's processors without AVX-512 have it.
    public static let x86AVX2VNNI = x86("x86-64-avx2-vnni", .avx2, ["avxvnni"], .intel)

    /// AArch64 with NEON.
    public static let aarch64NEON = aarch64("aarch64-neon", speed: .armNeoverseN1)

    /// The same with dot products of bf16 and of bytes (Armv8.6).
    public static let aarch64NEONBF16 = aarch64("aarch64-neon-bf16", ["dotprod", "bf16"], speed: .armNeoverseV2)

    /// The targets that code can be printed for on any machine.
    public static let presets = [x86AVX512, x86AVX512BF16, x86AMX, x86AVX2, x86AVX2VNNI, aarch64NEON, aarch64NEONBF16]

    /// The preset called `name`, if there is one.
    public static func preset(named name: String) -> Target? { presets.first { $0.name == name } }

    private static func x86(
        _ name: String, _ vectors: VectorUnit, _ units: [String] = [], _ maker: ProcessorMaker = .other,
        _ caches: DataCaches = DataCaches(level1: 32 << 10, level2: 1 << 20, level3: 32 << 20),
        _ speed: MachineSpeed = .amdZen4
    ) -> Target {
        let features = FeatureList(["fma"] + units)
        return Target(
            name: name, triple: "x86_64-unknown-linux-gnu", processor: vectors == .avx512 ? "x86-64-v4" : "x86-64-v3",
            features: features.text, vectors: vectors, dotProducts: DotProduct.all(features, vectors, maker),
            tiles: TileUnit(features), caches: caches, cores: 2, speed: speed)
    }

    private static func aarch64(_ name: String, _ units: [String] = [], speed: MachineSpeed) -> Target {
        let features = FeatureList(["neon"] + units)
        return Target(
            name: name, triple: "aarch64-unknown-linux-gnu", processor: "generic", features: features.text, vectors: .neon,
            dotProducts: DotProduct.all(features, .neon, .other),
            caches: DataCaches(level1: 64 << 10, level2: 1 << 20, level3: 32 << 20), cores: 2, speed: speed)
    }
}
