import Foundation
import Interchange
import Machine
import Testing

@testable import Compiler
@testable import Kernels
@testable import LoopNest

/// How a machine is measured, what becomes of it, and how it is kept. No test depends on how fast the machine is, or on the user's files.
@Suite struct MachineMeasurementTests {
    // MARK: Kernels

    private static let presets = [Target.x86AVX512, .x86AVX512BF16, .x86AMX, .x86AVX2, .aarch64NEON]

    @Test(arguments: presets) func kernelsComputeWhatTheyCount(target: Target) throws {
        let count = target.lanes * 8 * 4
        let streams = SpeedKernels.streams(lanes: target.lanes, count: count, products: 3)
        var buffers = streams.parameters.map { KernelArray.f32([Float](repeating: 1, count: $0.count)) }
        try KernelInterpreter().run(streams, &buffers)
        #expect(buffers[1].numbers.reduce(0, +) == Double(count) * 3 / 2)

        let writes = SpeedKernels.writes(lanes: target.lanes, count: count, passes: 5)
        buffers = writes.parameters.map { KernelArray.f32([Float](repeating: 0, count: $0.count)) }
        try KernelInterpreter().run(writes, &buffers)
        #expect(buffers[0].numbers == [Double](repeating: 5, count: count))

        let chain = PeakKernels.multiplyAdds(target, turns: 4, tasks: 1, sums: 1)
        buffers = chain.parameters.map { KernelArray.f32([Float](repeating: 1, count: $0.count)) }
        try KernelInterpreter().run(chain, &buffers)
        #expect(buffers[1].numbers == [Double](repeating: 5, count: target.lanes))
    }

    /// Nothing reads or writes beyond its buffers, whatever the machine's caches are.
    @Test(arguments: [1, 2, 64]) func kernelsFitEveryMachine(threads: Int) throws {
        var odd = Target.aarch64NEON
        odd.caches = DataCaches(level1: 5000, level2: 70_000, level3: 70_000)
        for target in Self.presets + [odd] {
            let kernels = SpeedKernels(target: target, threads: threads, memoryLimit: 1 << 30)
            let nests = kernels.nests + [kernels.streams(.readsBesideArithmetic, products: 7)]
            #expect(Set(nests.map(\.measures)).count == nests.count)
            #expect(nests.contains { $0.measures == .sharedMemoryReads } == (threads > 1))
            #expect(nests.contains { $0.measures == .dotProducts } == (target.speed.pairRate ?? (target == .x86AVX512BF16 ? 2 : 0) > 0))
            #expect(nests.contains { $0.measures == .tileProducts } == (target == .x86AMX))
            for nest in nests {
                try nest.kernel.verify()
                #expect(nest.kernel.taskCount == (nest.isShared ? threads : 1) && nest.work > 0 && nest.places >= 1)
                for parameter in nest.kernel.parameters {
                    let bytes = parameter.count * parameter.element.size + (parameter.access == .read ? (nest.places - 1) * nest.bytes : 0)
                    #expect(bytes <= (parameter.access == .read ? kernels.dataBytes : kernels.resultBytes), "\(nest.measures)")
                }
            }
        }
    }

    // MARK: Figures

    private static func figures(_ values: [SpeedFigure: Double]) -> [MachineMeasurement.Figure] {
        SpeedFigure.allCases.compactMap { name in values[name].map { .init(name: name, value: $0, noise: 0.01) } }
    }

    /// Rates of a Zen 4 become the figures that are known of it, in two digits.
    private static let zen4: [SpeedFigure: Double] = [
        .multiplyAdds: 115.2, .multiplyAddLatency: 1.11, .dotProducts: 230.4, .level1Reads: 230.4, .level1Writes: 115.2,
        .level2Reads: 115.2, .level3Reads: 92.16, .memoryReads: 32.9, .sharedMemoryReads: 54.8, .prefetchedReads: 25.04,
        .readsBesideArithmetic: 22.8,
    ]

    @Test func ratesBecomeCycles() throws {
        let speed = MachineSpeed(Self.figures(Self.zen4), products: 9, sharing: 8, of: .x86AVX512BF16, source: "AMD Zen 4")
        var known = MachineSpeed.amdZen4
        known.pairRate = 2
        #expect(speed == known, "\(speed.figures)")
        // A line is two registers of eight lanes, and a cycle is half as long.
        var narrow = Self.zen4
        narrow[.dotProducts] = nil
        let half = MachineSpeed(Self.figures(narrow), products: 9, sharing: 8, of: .x86AVX2, source: "")
        #expect(half.cyclesPerSecond == 7.2e9 && half.load == 1 && half.store == 2 && half.level2Line == 4 && half.memoryLine == 14)
        // Where two cores read no more than one, or others kept them from it, each of them fills the way.
        var shared = Self.zen4
        shared[.sharedMemoryReads] = 20
        #expect(MachineSpeed(Self.figures(shared), products: 9, sharing: 2, of: .x86AVX512, source: "").memoryShare == 1)
        // 3,000 GFLOP/s of tiles beside 115.2 of multiply-adds: 16,384 operations in 19.66 of their cycles.
        var tiled = Self.zen4
        tiled[.tileProducts] = 3000
        let tiles = MachineSpeed(Self.figures(tiled), products: 9, sharing: 2, of: .x86AMX, source: "").tiles
        #expect(tiles.product == 20 && tiles.load == TileSpeed.intelSapphireRapids.load)
        // Without a last-level cache, or another core, what is known stands in.
        var small = Self.zen4
        (small[.level3Reads], small[.sharedMemoryReads], small[.readsBesideArithmetic]) = (nil, nil, 100)
        let least = MachineSpeed(Self.figures(small), products: 9, sharing: 1, of: .x86AVX512, source: "")
        var flat = Target.x86AVX512
        flat.caches.level3 = flat.caches.level2
        #expect(MachineSpeed(Self.figures(small), products: 9, sharing: 1, of: flat, source: "").level3Line == least.level2Line)
        #expect(least.level3Line == least.memoryLine && least.memoryShare == 0.6 && least.unhidden == 0 && least.coresOfLevel3 == 1)
    }

    @Test func noiseIsTold() {
        func measurement(_ noise: Double, shared: Double) -> MachineMeasurement {
            var values = Self.zen4
            values[.sharedMemoryReads] = shared
            var figures = Self.figures(values)
            figures[3].noise = noise
            return MachineMeasurement(model: "m", cores: 2, measuredAt: "", figures: figures, speed: .amdZen4)
        }
        #expect(!measurement(0.05, shared: 40).isNoisy && measurement(0.2, shared: 40).isNoisy && measurement(0.05, shared: 20).isNoisy)
        #expect(abs((measurement(0, shared: 40).clock ?? 0) - 3.6) < 0.01)
    }

    /// A whole measurement, as short as it can be.
    @Test func aMachineIsMeasured() throws {
        var seen: [Int] = []
        let compiler = Compiler(cache: nil)
        let measurement = try compiler.measureMachine(seconds: 0, at: Date(timeIntervalSince1970: 0)) { _, done, total in
            #expect(done < total)
            seen.append(done)
        }
        #expect(seen == Array(0..<seen.count) && measurement.measuredAt == "1970-01-01T00:00:00Z")
        #expect(measurement.speed.source == "measured 1970-01-01" && measurement.speed.lanes == compiler.target.lanes)
        #expect(measurement.figures.allSatisfy { $0.value > 0 && $0.value.isFinite && (0...1).contains($0.noise) })
        #expect(seen.count == 5 * measurement.figures.count)
        let target = Target.host.measured(measurement)
        #expect(target.speed == measurement.speed && Target.host.measured(nil) == .host)
        try Self.withStore { store in
            try store.write(measurement, for: .host)
            #expect(try store.readMeasurement(for: .host) == measurement)
        }
    }

    // MARK: File

    private static func withStore(_ body: (TuningStore) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-machine-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(TuningStore(directory: folder))
    }

    private static let measurement = MachineMeasurement(
        model: "Some Processor", cores: 2, measuredAt: "2026-11-28T12:00:00Z", figures: figures(zen4), speed: .amdZen4)

    @Test func measurementsAreKept() throws {
        try Self.withStore { store in
            #expect(try store.readMeasurement(for: .x86AVX512) == nil)
            #expect(try !store.clearMeasurement(for: .x86AVX512))
            try store.requireMeasurementWritable(for: .x86AVX512)
            try store.write(Self.measurement, for: .x86AVX512)
            #expect(try store.readMeasurement(for: .x86AVX512) == Self.measurement)
            #expect(try store.readMeasurement(for: .x86AVX2) == nil)
            // Its own figures do not move it.
            #expect(store.measurementPath(for: .x86AVX512) == store.measurementPath(for: Target.x86AVX512.measured(Self.measurement)))
            // Tuned choices are another file, and neither is forgotten with the other.
            try store.add([], measured: [], for: .x86AVX512)
            #expect(try store.clear(for: .x86AVX512).count == 1)
            #expect(try store.readMeasurement(for: .x86AVX512) != nil)
            #expect(try store.clearMeasurement(for: .x86AVX512))
            #expect(try store.readMeasurement(for: .x86AVX512) == nil)
        }
    }

    @Test(arguments: [
        ("", "this is no measurement of a machine"), ("{}", "this is no measurement of a machine"),
        ("braid-machine-1=braid-machine-0", "this machine and version"), ("16 lanes=8 lanes", "this machine and version"),
        (#""load" : 1,"# + "=" + #""load" : -1,"#, "load: no machine has such a figure"),
        (#""load" : 1,"# + "=" + #""load" : 1e300,"#, "load: no machine has such a figure"),
        (#""load" : 1,"# + "=" + #""load" : 1e999,"#, "this is no measurement of a machine"),
        (#""lanes" : 16"# + "=" + #""lanes" : 8"#, "lanes: no machine has such a figure"),
        (#""cores_of_level3" : 8"# + "=" + #""cores_of_level3" : 0"#, "cores_of_level3: no machine has such a figure"),
        (#""memory_line" : 7"# + "=" + #""memory_line" : 0"#, "memory_line: no machine has such a figure"),
        (#""cycles_per_second" : 3600000000"# + "=" + #""cycles_per_second" : 0"#, "cycles_per_second: no machine"),
        ("AMD Zen 4=\\u001b[2J", "this is no measurement of a machine"), ("Some Processor=\\u0007", "this is no measurement of a machine"),
    ])
    func damagedFilesAreTold(text: String, message: String) throws {
        try Self.withStore { store in
            try store.write(Self.measurement, for: .x86AVX512)
            let path = store.measurementPath(for: .x86AVX512)
            let sound = try String(contentsOfFile: path, encoding: .utf8)
            var content = text
            if let split = text.firstIndex(of: "=") {
                #expect(sound.contains(text[..<split]), "\(sound)")
                content = sound.replacingOccurrences(of: text[..<split], with: text[text.index(after: split)...])
            }
            try content.write(toFile: path, atomically: true, encoding: .utf8)
            let error = try #require(throws: InterchangeError.self) { try store.readMeasurement(for: .x86AVX512) }
            #expect("\(error)".contains(message) && error.repair.contains("braid tune --machine"), "\(error)")
            // It is replaced, or removed.
            try store.write(Self.measurement, for: .x86AVX512)
            #expect(try store.readMeasurement(for: .x86AVX512) == Self.measurement)
        }
    }
}
