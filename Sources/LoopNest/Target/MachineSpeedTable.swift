// The figures that are known of processors, with where they are from; `braid tune --machine` measures those of the machine at hand.
//
// What a source does not say is what Zen 4 has: a load as long as a multiply-add, a store twice, 500 cycles to start a task, and a tenth
// of what overlaps that shows. Weights that are prefetched are taken to come as fast as other reads of memory.
extension MachineSpeed {
    /// AMD Zen 4, measured with AVX-512 (Zen 5's ratios are near): prefetched weights come at 25 GB/s however register tiles are cut, where
    /// a loop that only reads gets 34; 0 to 0.2 of the shorter of arithmetic and streams showed.
    public static let amdZen4 = MachineSpeed(
        source: "AMD Zen 4", lanes: 16, cyclesPerSecond: 3.6e9, load: 1, store: 2, task: 500, level2Line: 2, level3Line: 2.5, memoryLine: 7,
        prefetchedLine: 9.2, coresOfLevel3: 8, memoryShare: 0.6, unhidden: 0.1)

    /// Intel Sapphire Rapids, measured on two cores of one: multiply-adds at 170 GFLOP/s a core with AVX-512, reads of 141 GB/s from the
    /// second-level cache, 28 from the last one and 12.5 from memory; `vdpbf16ps` is no faster than multiply-adds there. All cores share the
    /// last-level cache and eight channels of DDR5-4800 (307 GB/s by its data sheet). Direct kernels reached 106 to 145 GFLOP/s there, 62 to
    /// 85 % of the peak, and minimal filtering 190 to 300, where its parts would add up to 360 to 545.
    public static let intelSapphireRapids = {
        var speed = streaming(
            source: "Intel Sapphire Rapids", lanes: 16, multiplyAdds: 170e9 / 32, level2: 141e9, level3: 28e9, memory: 12.5e9,
            sharedMemory: 307e9, cores: 60, pairRate: 1)
        (speed.registerTiles, speed.filtering) = (1.3, 1.8)
        return speed
    }()

    /// Arm Neoverse N1 (Graviton 2): two multiply-adds a cycle at 2.5 GHz, and what Arm's learning path on memory subsystems measures of its
    /// 64 cores with ASCT: 73.4 GB/s from the second-level cache, 35.9 from the last one, 20.9 from memory, 169.6 by all cores.
    public static let armNeoverseN1 = streaming(
        source: "Arm Neoverse N1", lanes: 4, multiplyAdds: 2 * 2.5e9, level2: 73.4e9, level3: 35.9e9, memory: 20.9e9,
        sharedMemory: 169.6e9, cores: 64)

    /// Arm Neoverse V2 (Graviton 4): four multiply-adds a cycle at 2.8 GHz, and from the same place 95.1, 78.0, 37.0 and 465.5 GB/s.
    public static let armNeoverseV2 = streaming(
        source: "Arm Neoverse V2", lanes: 4, multiplyAdds: 4 * 2.8e9, level2: 95.1e9, level3: 78e9, memory: 37e9, sharedMemory: 465.5e9,
        cores: 64)

    /// What is known of a processor that the code generator names, or of the nearest one.
    ///
    /// - Parameter features: tell of a processor without an entry how recent it is.
    public static func known(of processor: String, features: FeatureList, isX86: Bool) -> MachineSpeed {
        if let row = table.first(where: { $0.processors.contains(processor) }) { return row.speed }
        if isX86 { return features.contains("amx-tile") ? intelSapphireRapids : amdZen4 }
        return features.contains("bf16") ? armNeoverseV2 : armNeoverseN1
    }

    private static let table: [(processors: [String], speed: MachineSpeed)] = [
        (["znver4", "znver5"], amdZen4), (["sapphirerapids", "emeraldrapids", "graniterapids"], intelSapphireRapids),
        (["neoverse-n1", "neoverse-e1"], armNeoverseN1), (["neoverse-v1", "neoverse-v2", "neoverse-n2"], armNeoverseV2),
    ]

    /// - Parameters:
    ///   - multiplyAdds: of vectors, a second.
    ///   - level2, level3, memory: bytes a second that one core reads.
    ///   - sharedMemory: those of all cores together.
    private static func streaming(
        source: String, lanes: Int, multiplyAdds: Double, level2: Double, level3: Double, memory: Double, sharedMemory: Double, cores: Int,
        pairRate: Double? = nil
    ) -> MachineSpeed {
        func line(_ rate: Double) -> Double { cyclesOfLine(bytesPerSecond: rate, cyclesPerSecond: multiplyAdds) }
        return MachineSpeed(
            source: source, lanes: lanes, cyclesPerSecond: multiplyAdds, load: 1, store: 2, task: 500, level2Line: line(level2),
            level3Line: line(level3), memoryLine: line(memory), prefetchedLine: line(memory), coresOfLevel3: cores,
            memoryShare: memory / sharedMemory, unhidden: 0.1, pairRate: pairRate)
    }
}
