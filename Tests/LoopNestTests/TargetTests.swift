import Testing

@testable import LoopNest

/// What a target says of its machine: units from features, and what runs where.
@Suite struct TargetTests {
    private static let zen4 =
        "+sse4a,+avx2,+fma,+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512bf16,+avx512vnni,-amx-tile,-amx-bf16,-avxvnni"
    private static let sapphireRapids =
        "+avx2,+fma,+avx512f,+avx512bw,+avx512dq,+avx512vl,+avx512bf16,+avx512vnni,+avxvnni,+amx-tile,+amx-bf16,+amx-int8,-amx-fp16,-sse4a"
    private static let alderLake = "+avx2,+fma,+avxvnni,-avx512f,-avx512vnni,-amx-tile"

    private static func machine(
        _ processor: String, _ features: String, triple: String = "x86_64-pc-linux-gnu", lendsTiles: () -> Bool = { true }
    ) -> Target {
        Target(
            name: "host", triple: triple, processor: processor, features: FeatureList(features),
            caches: DataCaches(level1: 32 << 10, level2: 1 << 20, level3: 32 << 20), cores: 2, lendsTiles: lendsTiles)
    }

    // MARK: Presets

    /// Name, vectors, dot products of bf16 and bytes with their rates, tiles.
    @Test(arguments: [
        (Target.x86AVX512, "x86-64-avx512", VectorUnit.avx512, nil, nil, false),
        (.x86AVX512BF16, "x86-64-avx512-bf16", .avx512, DotProduct(.vdpbf16ps, rate: 2), DotProduct(.vpdpbusd, rate: 4), false),
        (.x86AMX, "x86-64-amx", .avx512, DotProduct(.vdpbf16ps, rate: 1), DotProduct(.vpdpbusd, rate: 4), true),
        (.x86AVX2, "x86-64-avx2", .avx2, nil, nil, false),
        (.x86AVX2VNNI, "x86-64-avx2-vnni", .avx2, nil, DotProduct(.vpdpbusd, rate: 4), false),
        (.aarch64NEON, "aarch64-neon", .neon, nil, nil, false),
        (.aarch64NEONBF16, "aarch64-neon-bf16", .neon, DotProduct(.bfdot, rate: 2), DotProduct(.sdot, rate: 4), false),
    ])
    func presetsHaveTheirUnits(
        target: Target, name: String, vectors: VectorUnit, bfloat16: DotProduct?, int8: DotProduct?, hasTiles: Bool
    ) {
        #expect(target.name == name && Target.preset(named: name) == target)
        #expect(target.vectors == vectors && target.lanes == vectors.lanes)
        #expect(target.dotProducts[.bfloat16] == bfloat16 && target.dotProducts[.int8] == int8 && target.dotProducts[.float16] == nil)
        #expect(target.tiles == (hasTiles ? TileUnit(registers: 8, rows: 16, rowBytes: 64, numbers: [.bfloat16, .int8]) : nil))
        #expect(target.caches.level1 < target.caches.level2 && target.caches.level2 < target.caches.level3)
    }

    @Test func presetsAreTold() {
        #expect(Target.presets.count == 7 && Set(Target.presets.map(\.name)).count == 7)
        #expect(Target.preset(named: "vax") == nil && Target.preset(named: "host") == nil)
        // The code generator's words for those that have been there: cached code and measurements go by them.
        #expect(Target.x86AVX512.features == "+fma" && Target.x86AVX512.processor == "x86-64-v4")
        #expect(Target.x86AVX2.features == "+fma" && Target.x86AVX2.processor == "x86-64-v3")
        #expect(Target.aarch64NEON.features == "+neon" && Target.aarch64NEON.processor == "generic")
        #expect(Target.x86AMX.features == "+fma,+avx512bf16,+avx512vnni,+amx-tile,+amx-bf16,+amx-int8")
    }

    // MARK: The host

    @Test func featuresSayWhatAMachineHas() {
        let zen4 = Self.machine("znver4", Self.zen4)
        #expect(zen4.vectors == .avx512 && zen4.tiles == nil)
        #expect(zen4.dotProducts == [.bfloat16: DotProduct(.vdpbf16ps, rate: 2), .int8: DotProduct(.vpdpbusd, rate: 4)])
        let intel = Self.machine("sapphirerapids", Self.sapphireRapids)
        #expect(intel.dotProducts == [.bfloat16: DotProduct(.vdpbf16ps, rate: 1), .int8: DotProduct(.vpdpbusd, rate: 4)])
        #expect(intel.tiles == Target.x86AMX.tiles)
        let graniteRapids = Self.machine("graniterapids", Self.sapphireRapids.replacing("-amx-fp16", with: "+amx-fp16"))
        #expect(graniteRapids.tiles?.numbers == [.bfloat16, .int8, .float16])
        let client = Self.machine("alderlake", Self.alderLake)
        #expect(client.vectors == .avx2 && client.dotProducts == [.int8: DotProduct(.vpdpbusd, rate: 4)] && client.tiles == nil)
        let plain = Self.machine("x86-64", "+sse2")
        #expect(plain.vectors == .sse && plain.dotProducts.isEmpty)
        let arm = Self.machine("neoverse-v1", "+neon,+dotprod,+bf16", triple: "aarch64-unknown-linux-gnu")
        #expect(arm.vectors == .neon && arm.dotProducts == Target.aarch64NEONBF16.dotProducts)
    }

    /// A virtual machine that hides a part of what the model has: what needs the hidden part is not there either.
    @Test func hiddenPartsTakeWhatNeedsThem() {
        let narrow = Self.machine("sapphirerapids", Self.sapphireRapids.replacing("+avx512bw", with: "-avx512bw"))
        #expect(narrow.vectors == .avx2 && narrow.dotProducts == [.int8: DotProduct(.vpdpbusd, rate: 4)])
        let noTiles = Self.machine("sapphirerapids", Self.sapphireRapids.replacing("+amx-tile", with: "-amx-tile"))
        #expect(noTiles.tiles == nil)
        let onlyBytes = Self.machine("sapphirerapids", Self.sapphireRapids.replacing("+amx-bf16", with: "-amx-bf16"))
        #expect(onlyBytes.tiles?.numbers == [.int8])
    }

    /// AMD's rate for a processor whose name the code generator does not know yet.
    @Test func makersAreToldByFeaturesToo() {
        #expect(Self.machine("generic", Self.zen4).dotProducts[.bfloat16]?.rate == 2)
        #expect(Self.machine("generic", Self.sapphireRapids).dotProducts[.bfloat16]?.rate == 1)
    }

    // MARK: Tiles are lent

    @Test func tilesAreAskedForOnceWhereThereAreSome() {
        var requests = 0
        let granted = Self.machine("sapphirerapids", Self.sapphireRapids) {
            requests += 1
            return true
        }
        #expect(requests == 1 && granted.tiles != nil && granted.features == Self.sapphireRapids)
        let without = Self.machine("znver4", Self.zen4) {
            requests += 1
            return true
        }
        #expect(requests == 1 && without.tiles == nil && without.features == Self.zen4)
    }

    @Test func refusedTilesAreNotThere() {
        let refused = Self.machine("sapphirerapids", Self.sapphireRapids) { false }
        #expect(refused.tiles == nil)
        #expect(refused.features.hasSuffix("+avxvnni,-amx-tile,-amx-bf16,-amx-int8,-amx-fp16,-sse4a"))
        #expect(!refused.featureList.present.contains { $0.hasPrefix("amx") })
        #expect(refused.dotProducts == Self.machine("sapphirerapids", Self.sapphireRapids).dotProducts)
        #expect(!refused.canRun(.x86AMX) && refused.canRun(.x86AVX512BF16))
    }

    // MARK: What runs where

    @Test func everyUnitIsAskedFor() {
        func runnable(_ machine: Target) -> [String] { Target.presets.filter(machine.canRun).map(\.name) }
        let zen4 = Self.machine("znver4", Self.zen4), intel = Self.machine("sapphirerapids", Self.sapphireRapids)
        #expect(runnable(zen4) == ["x86-64-avx512", "x86-64-avx512-bf16", "x86-64-avx2"])
        #expect(runnable(intel) == ["x86-64-avx512", "x86-64-avx512-bf16", "x86-64-amx", "x86-64-avx2", "x86-64-avx2-vnni"])
        #expect(runnable(Self.machine("alderlake", Self.alderLake)) == ["x86-64-avx2", "x86-64-avx2-vnni"])
        let arm = Self.machine("neoverse-n1", "+neon,+dotprod", triple: "aarch64-unknown-linux-gnu")
        #expect(runnable(arm) == ["aarch64-neon"])
        #expect(intel.canRun(intel.withoutTiles) && intel.canRun(intel.withoutDotProducts))
    }

    @Test func whatIsMissingIsNamed() {
        let zen4 = Self.machine("znver4", Self.zen4), client = Self.machine("alderlake", Self.alderLake)
        #expect(zen4.missingUnits(for: .x86AMX) == ["tiles (amx-tile, amx-bf16, amx-int8)"])
        #expect(zen4.missingUnits(for: .x86AVX2VNNI) == ["dot products (avxvnni)"])
        #expect(client.missingUnits(for: .x86AVX512BF16) == ["AVX-512 vectors", "dot products (avx512bf16, avx512vnni)"])
        #expect(client.missingUnits(for: .aarch64NEON) == ["an aarch64 processor"])
        #expect(zen4.missingUnits(for: Target.x86AMX.withoutTiles).isEmpty && client.canRun(Target.x86AVX2VNNI.withoutDotProducts))
        #expect(Self.machine("x86-64", "+sse2").missingUnits(for: .x86AVX2) == ["AVX2 vectors", "fma"])
        let mac = Self.machine("apple-m2", "+dotprod,+bf16", triple: "arm64-apple-darwin24.0.0")
        #expect(mac.missingUnits(for: .x86AVX2) == ["an x86_64 processor"] && mac.canRun(mac))
        #expect(!mac.canRun(.aarch64NEON), "the preset is of another system")
        // Where a list leaves out what every such processor has.
        #expect(Self.machine("neoverse-n1", "", triple: "aarch64-unknown-linux-gnu").canRun(.aarch64NEON))
    }

    // MARK: Names

    @Test func namesTakeRestrictions() throws {
        let host = Self.machine("sapphirerapids", Self.sapphireRapids)
        func named(_ text: String) throws -> Target { try Target.named(text, host: host) }
        #expect(try named("host") == host && named("x86-64-amx") == .x86AMX)
        let noTiles = try named("host,no-tiles")
        #expect(noTiles.name == "host,no-tiles" && noTiles.tiles == nil && noTiles.dotProducts == host.dotProducts)
        let noDot = try named("x86-64-amx,no-dot")
        #expect(noDot.name == "x86-64-amx,no-dot" && noDot.dotProducts.isEmpty && noDot.tiles == Target.x86AMX.tiles)
        let neither = try named("host,no-dot,no-tiles,no-dot")
        #expect(neither.name == "host,no-tiles,no-dot" && neither.tiles == nil && neither.dotProducts.isEmpty)
        for target in [noTiles, noDot, neither] { #expect(host.canRun(target)) }
        // The host is described only where it is asked for.
        #expect(try Target.named("x86-64-avx2", host: { fatalError("the host was asked for") }()) == .x86AVX2)
    }

    @Test(arguments: [
        ("vax", "there is no target 'vax'"), ("", "there is no target ''"), ("no-tiles", "there is no target 'no-tiles'"),
        ("host,", "a target has no restriction ''"), ("host,no-tile", "a target has no restriction 'no-tile'"),
        ("host, no-dot", "a target has no restriction ' no-dot'"), ("Host", "there is no target 'Host'"),
    ])
    func unknownNamesListWhatThereIs(text: String, message: String) throws {
        let error = try #require(throws: TargetNameError.self) { try Target.named(text, host: .x86AVX2) }
        #expect(error.message == message)
        let names = message.hasPrefix("there") ? ["host"] + Target.presets.map(\.name) : ["no-tiles", "no-dot"]
        #expect(error.repair == "there are \(names.joined(separator: ", "))")
    }

    @Test func unitsAreSummedUp() {
        #expect(Target.x86AMX.unitSummary == "AVX-512, dot products of bf16 and int8, tiles of bf16 and int8")
        #expect(Target.x86AVX2.unitSummary == "AVX2, no dot products, no tiles")
        #expect(Target.x86AVX2VNNI.unitSummary == "AVX2, dot products of int8, no tiles")
    }

    /// A preset that runs here is cut for what is here, and keeps its units.
    @Test func presetsRunWithTheCachesAndCoresThatThereAre() {
        var machine = Self.machine("znver4", Self.zen4)
        (machine.cores, machine.caches.level2, machine.speed.task) = (64, 3 << 20, 1000)
        let target = Target.x86AVX2.on(machine)
        #expect(target.cores == 64 && target.caches == machine.caches && target.speed == machine.speed)
        #expect(target.vectors == .avx2 && target.features == Target.x86AVX2.features && target.name == "x86-64-avx2")
        #expect(machine.withoutTiles.on(machine) == machine.withoutTiles)
    }

    // MARK: Speed

    /// Zen 4's figures, which all algorithms of the goldens were chosen by, and whoever has none of his own goes by them.
    @Test func figuresAreThoseOfTheProcessor() {
        let zen4 =
            "lanes 16, load 1.0, store 2.0, task 500.0, level2 2.0, level3 2.5, memory 7.0, prefetched 9.2, cores 8, share 0.6, unhidden 0.1"
        #expect(MachineSpeed.amdZen4.figures == zen4 && MachineSpeed.amdZen4.cyclesPerSecond == 3.6e9)
        for target in [Target.x86AVX512, .x86AVX512BF16, .x86AVX2, .x86AVX2VNNI] { #expect(target.speed == .amdZen4) }
        #expect(Target.x86AMX.speed == .intelSapphireRapids)
        #expect(Target.aarch64NEON.speed == .armNeoverseN1 && Target.aarch64NEONBF16.speed == .armNeoverseV2)
        for processor in ["znver4", "znver5", "znver3", "skylake", "x86-64"] {
            #expect(Self.machine(processor, Self.zen4).speed == .amdZen4, "\(processor)")
        }
        // A virtual machine may have a name that says nothing; tiles do.
        #expect(Self.machine("sapphirerapids", Self.zen4).speed == .intelSapphireRapids)
        #expect(Self.machine("x86-64", Self.sapphireRapids).speed == .intelSapphireRapids)
        func arm(_ processor: String, _ features: String) -> MachineSpeed {
            .known(of: processor, features: FeatureList(features), isX86: false)
        }
        #expect(arm("neoverse-n1", "+neon") == .armNeoverseN1 && arm("generic", "+neon") == .armNeoverseN1)
        #expect(arm("neoverse-v1", "+neon") == .armNeoverseV2 && arm("generic", "+neon,+bf16") == .armNeoverseV2)
    }

    /// Bytes a second as cycles of a line: 170 GFLOP/s are 5.3125e9 multiply-adds of 16 lanes, so 141 GB/s are a line in 2.41 of them.
    @Test func bandwidthsBecomeCycles() {
        let speed = MachineSpeed.intelSapphireRapids
        #expect(speed.cyclesPerSecond == 5.3125e9 && abs(speed.level2Line - 2.411) < 1e-3 && abs(speed.level3Line - 12.14) < 1e-2)
        #expect(speed.memoryLine == 27.2 && speed.prefetchedLine == 27.2 && speed.pairRate == 1)
        #expect(abs(MachineSpeed.armNeoverseN1.memoryLine - 64 / 20.9 * 5) < 1e-12)
        #expect(MachineSpeed.cyclesOfLine(bytesPerSecond: 64e9, cyclesPerSecond: 3e9) == 3)
    }

    /// Choices compare cycles: how long one takes is no part of what they follow from, and neither is who measured it.
    @Test func figuresThatChoicesFollowFrom() {
        var speed = MachineSpeed.amdZen4
        (speed.cyclesPerSecond, speed.source) = (1e9, "measured")
        #expect(speed.figures == MachineSpeed.amdZen4.figures && speed != .amdZen4)
        speed.pairRate = 1
        #expect(speed.figures == MachineSpeed.amdZen4.figures + ", pairs 1.0")
    }

    // MARK: Feature lists

    @Test func theLastWordOnAFeatureCounts() {
        let list = FeatureList("+avx2,-avx2,+fma,+bf16,odd,")
        #expect(list.present == ["fma", "bf16"] && !list.contains("avx2") && !list.contains("odd"))
        #expect(FeatureList("-avx2,+avx2").contains("avx2"))
        #expect(list.without(["bf16", "amx-tile"]).text == "+avx2,-avx2,+fma,-bf16,odd")
        #expect(list.with(["fma", "dotprod"]).text == "+avx2,-avx2,+fma,+bf16,odd,+dotprod")
        #expect(FeatureList("").present.isEmpty && FeatureList("").text == "")
    }

    @Test func forbiddenUnitsAreDeniedToTheCodeGenerator() {
        let target = Target.x86AMX.withoutTiles.withoutDotProducts
        #expect(target.features == "+fma,-avx512bf16,-avx512vnni,-amx-tile,-amx-bf16,-amx-int8")
        #expect(target.tiles == nil && target.dotProducts.isEmpty && target.vectors == .avx512)
        #expect(Target.aarch64NEONBF16.withoutDotProducts.features == "+neon,-dotprod,-bf16")
        #expect(Target.x86AVX2.withoutTiles.withoutDotProducts == .x86AVX2)
    }
}
