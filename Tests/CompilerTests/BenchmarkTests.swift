import Analysis
import Foundation
import Graph
import Interchange
import Machine
import Runtime
import Testing

@testable import Compiler
@testable import Kernels
@testable import LoopNest

/// What a benchmark says about steps, keeps in files and compares. No test depends on how fast the machine is.
@Suite struct BenchmarkTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func network() throws -> Network { try Network.load(root.appending(path: "graphs/mnist_resnet.braid").path) }

    // MARK: Work of steps

    @Test(arguments: [1, 3]) func stepsHaveTheNetworksWork(batch: Int) throws {
        let network = try Self.network()
        let macs = try NetworkDescription(network).macs * batch
        let inference = try Compiler(cache: nil).plan(network, batch: batch)
        #expect(inference.steps.reduce(0) { $0 + $1.multiplyAccumulates } == macs)
        // The gradients of the weights and of the data; the stem's data has none.
        let stem = 28 * 28 * 32 * 9 * batch
        let training = try Compiler(cache: nil).plan(network, training: true, batch: batch)
        #expect(training.steps.reduce(0) { $0 + $1.multiplyAccumulates } == 3 * macs - stem)
        for step in inference.steps + training.steps {
            #expect(step.choice != nil || step.multiplyAccumulates == 0, "\(step.summary)")
        }
        let algorithms = Set(training.steps.compactMap(\.choice?.chosen.algorithm))
        let filtered = algorithms.filter { $0.hasPrefix("Winograd F(") || $0.hasPrefix("Winograd gradient F(") }
        #expect(algorithms.subtracting(filtered) == ["direct", "direct, 4 phases", "matrix product", "reduction split"])
        #expect(filtered.contains { $0.hasPrefix("Winograd gradient") } && filtered.contains("Winograd F(4x4, 3x3)"))
    }

    /// The chosen algorithm is the fastest of those that are allowed, by the predictions it is chosen by, or the direct one for want of a
    /// form that is clearly faster.
    @Test(arguments: [Numerics.standard, .tolerance(1e-6), .strict]) func choicesAreTheLeastOfWhatIsAllowed(numerics: Numerics) throws {
        let plan = try Compiler(target: .x86AVX512, cache: nil, numerics: numerics).plan(try Self.network(), batch: 1)
        let choices = plan.steps.compactMap(\.choice).filter { !$0.rejected.isEmpty }
        // All of 3 x 3, two of them of stride 2, and the stem.
        #expect(choices.count == 13)
        for choice in choices {
            let chosen = try #require(choice.chosen.predictedSeconds)
            #expect(choice.chosen.reason == nil && chosen > 0)
            for other in choice.rejected {
                #expect((other.predictedSeconds == nil) == (other.reason != nil), "\(other)")
                let share = choice.chosen.algorithm == "direct" ? ContractionAlgorithm.winograd.worthwhileShare : 1
                #expect(other.predictedSeconds ?? .infinity >= chosen * share, "\(choice)")
            }
        }
        #expect(
            numerics != .strict || choices.allSatisfy { $0.chosen.algorithm == "direct" && $0.rejected.allSatisfy { $0.reason != nil } })
    }

    /// What is known of a machine decides, not what is known of one kind of them.
    @Test func choicesGoByTheTargetsSpeed() throws {
        func choices(_ change: (inout MachineSpeed) -> Void) throws -> [AlgorithmChoice.Candidate] {
            var target = Target.x86AVX512
            change(&target.speed)
            return try Compiler(target: target, cache: nil).plan(Self.network(), batch: 1).steps.compactMap(\.choice?.chosen)
        }
        let known = try choices { _ in }
        #expect(known.contains { $0.algorithm != "direct" })
        let slow = try choices { $0.cyclesPerSecond /= 2 }
        #expect(slow.map(\.algorithm) == known.map(\.algorithm))
        #expect(zip(slow, known).allSatisfy { $0.predictedSeconds == $1.predictedSeconds.map { 2 * $0 } })
        // Where the weights of minimal filtering, which are more, hardly come out of memory, there is none.
        #expect(try choices { $0.prefetchedLine *= 1000 }.allSatisfy { $0.algorithm == "direct" })
    }

    @Test func stepsHaveTheirTraffic() throws {
        let network = try Network.load(
            written: """
                network join() {
                    input image: f32[N, 16, 8, 8]
                    output result = concat(image |> a: conv(16, 1, bias: false), image |> b: conv(32, 1, bias: false)) |> relu
                }
                """)
        let plan = try Compiler(target: .x86AVX512, cache: nil).plan(network, batch: 2)
        let pixels = 2 * 64 * 4
        for (label, width) in [("a", 16), ("b", 32)] {
            let step = try #require(plan.steps.first { $0.summary.hasPrefix(label + " ") })
            // Its own part of the concatenation, not all of it.
            #expect(step.bytes == pixels * (16 + width) + 16 * width * 4, "\(step.summary)")
            #expect(step.keptBytes == 16 * width * 4 && step.multiplyAccumulates == 2 * 64 * 16 * width)
        }
    }

    /// Of the steps with a prediction, those that it is within 15 % of.
    @Test func predictionsAreJudged() throws {
        func step(_ predicted: Double?, _ measured: Double) -> Benchmark.Step {
            Benchmark.Step(
                kernel: "k", summary: "s", seconds: 2 * measured, fastestSeconds: measured, multiplyAccumulates: 1, bytes: 1,
                choice: predicted.map { AlgorithmChoice(.init("direct", predictedSeconds: $0)) }, unit: .multiplyAdds, leastSeconds: 0,
                bound: .multiplyAdds)
        }
        let quality = PredictionQuality([
            step(1.14, 1), step(0.86, 1), step(1.16, 1), step(0.84, 1), step(nil, 1), step(1e-3, 1e-3),
        ])
        #expect(quality.contractions == 5 && quality.good == 3)
        #expect(abs(quality.predictedMs - 4001) < 1e-9 && abs(quality.measuredMs - 4001) < 1e-9)
    }

    /// Dot products are weighed by what was measured of them, else by what is known of their instruction.
    @Test func dotProductsAreWeighedByWhatWasMeasured() throws {
        func seconds(_ rate: Double?) throws -> [Double] {
            var target = Target.x86AVX512BF16
            target.speed.pairRate = rate
            return try Compiler(target: target, cache: nil, precision: .bf16).plan(Self.network(), batch: 1).steps.compactMap(\.choice)
                .flatMap { [$0.chosen] + $0.rejected }.filter { $0.algorithm == "dot" }.compactMap(\.predictedSeconds)
        }
        let (known, slow) = (try seconds(nil), try seconds(1))
        let same = try seconds(2)
        #expect(!known.isEmpty && known == same && zip(known, slow).allSatisfy { $0 < $1 })
    }

    // MARK: The machine's peak

    private static let presets = [Target.x86AVX512, .x86AVX512BF16, .x86AVX2, .aarch64NEON]

    @Test(arguments: presets) func peakKernelsComputeWhatTheyCount(target: Target) throws {
        let (tasks, passes, count) = (2, 3, target.lanes * 8 * 4)
        let reads = PeakKernels.reads(lanes: target.lanes, count: count, passes: passes, tasks: tasks)
        var buffers = reads.parameters.map { KernelArray.f32([Float](repeating: 1, count: $0.count)) }
        try KernelInterpreter().run(reads, &buffers)
        #expect(buffers[1].numbers.reduce(0, +) == Double(count * passes * tasks))

        let adds = PeakKernels.multiplyAdds(target, turns: 5, tasks: tasks)
        buffers = adds.parameters.map { KernelArray.f32([Float](repeating: 1, count: $0.count)) }
        try KernelInterpreter().run(adds, &buffers)
        #expect(buffers[1].numbers.allSatisfy { $0 == 6 })

        let products = PeakKernels.dotProducts(target, turns: 5, tasks: tasks)
        buffers = products.parameters.map { KernelArray.f32([Float](repeating: 1, count: $0.count)) }
        try KernelInterpreter().run(products, &buffers)
        #expect(buffers[1].numbers.allSatisfy { $0 == 11 })
    }

    /// As many multiply-adds as sums, all in registers.
    @Test(arguments: [Target.x86AVX512, .x86AVX2]) func peakStaysInRegisters(target: Target) throws {
        let kernel = PeakKernels.multiplyAdds(target, turns: 1000, tasks: 1)
        let object = try CodeGenerator(for: target).object([(kernel, "kernel")])
        let functions = try Disassembly.functions(of: object, for: target)
        let loops = functions.flatMap { function in function.microkernels.map { function.instructions[$0] } }
        let multiplyAdds = try #require(loops.first).filter { $0.hasPrefix("vfmadd") }
        #expect(multiplyAdds.count % (target.vectors.registers * 3 / 4) == 0)
        #expect(!multiplyAdds.contains { $0.contains("(") } && functions.allSatisfy { $0.microkernelSpills == [] }, "\(loops)")
    }

    /// As many dot products as sums, and nothing that converts numbers.
    @Test(arguments: [(Target.x86AVX512BF16, "vdpbf16ps", "("), (.aarch64NEONBF16, "bfdot", "[")])
    func peakOfDotProductsStaysInRegisters(target: Target, instruction: String, address: String) throws {
        let kernel = PeakKernels.dotProducts(target, turns: 1000, tasks: 1)
        let functions = try Disassembly.functions(of: CodeGenerator(for: target).object([(kernel, "kernel")]), for: target)
        // From the first to the last of them lies the loop, and nothing else.
        let task = try #require(functions.first { $0.name == "kernel.task" }).instructions
        let first = try #require(task.firstIndex { $0.hasPrefix(instruction) })
        let last = try #require(task.lastIndex { $0.hasPrefix(instruction) })
        let loop = task[first...last]
        #expect(loop.filter { $0.hasPrefix(instruction) }.count % (target.vectors.registers * 3 / 4) == 0)
        #expect(!loop.contains { $0.contains(address) || $0.hasPrefix("vcvt") }, "\(loop)")
    }

    @Test(arguments: [1, 2]) func peakIsMeasured(threads: Int) throws {
        let compiler = Compiler(cache: nil, threads: threads)
        let peak = try compiler.measurePeak(ThreadPool(threads: threads), seconds: 0.01)
        #expect(peak.threads == threads && peak.gigaflops > 0 && peak.level2 > 0 && peak.memory > 0 && peak.level3 ?? 1 > 0)
        #expect(peak.dotGigaflops == nil && peak.gigaflops(of: .multiplyAdds) == peak.gigaflops)
        guard compiler.target.dotProducts[.bfloat16] != nil else { return }
        let both = try compiler.measurePeak(ThreadPool(threads: threads), of: [.multiplyAdds, .dotProducts], seconds: 0.01)
        #expect(both.gigaflops > 0 && both.gigaflops(of: .dotProducts) ?? 0 > 0)
    }

    @Test(arguments: [1, 2, 64, 1024]) func peakKernelsFitEveryMachine(threads: Int) {
        var small = Target.aarch64NEON
        small.caches.level3 = small.caches.level2
        for target in Self.presets + [small] {
            for units: Set<ProductUnit> in [[], Set(ProductUnit.allCases)] {
                let peak = PeakKernels(target: target, units: units, threads: threads, memoryLimit: 1 << 30)
                #expect(peak.dataBytes <= max(1 << 27, threads << 20))
                for nest in peak.nests {
                    #expect(max(nest.bytes * nest.places, nest.kernel.parameters[0].count * 4) <= peak.dataBytes && nest.places >= 1)
                    #expect(nest.kernel.parameters[1].count * 4 <= peak.resultBytes && nest.work > 0 && nest.kernel.taskCount == threads)
                }
                let measured = peak.nests.map(\.measures)
                #expect(
                    measured.filter { $0 != .level3 } == (units.isEmpty ? [.multiplyAdds] : [.multiplyAdds, .dotProducts, .tiles]) + [
                        .level2, .memory,
                    ])
                #expect(measured.contains(.level3) == (threads <= 2 && target.caches != small.caches))
            }
        }
    }

    @Test func theLongerBoundApplies() {
        let peak = MachinePeak(threads: 1, gigaflops: 100, level2: 100, level3: 50, memory: 10)
        let target = Target.x86AVX512
        func bound(macs: Int, bytes: Int, kept: Int = 0, footprint: Int = 1 << 16) -> (seconds: Double, bound: StepBound) {
            var step = Plan.Step(kernel: 0, buffers: [], summary: "")
            (step.multiplyAccumulates, step.bytes, step.keptBytes) = (macs, bytes, kept)
            return peak.leastTime(of: step, footprint: footprint, target)
        }
        #expect(bound(macs: 50_000_000, bytes: 1000) == (1e-3, .multiplyAdds))
        #expect(bound(macs: 1, bytes: 100_000) == (1e-6, .level2))
        #expect(bound(macs: 0, bytes: 10_000_000) == (2e-4, .level3))
        #expect(bound(macs: 0, bytes: 100_000_000) == (1e-2, .memory))
        // Weights of a network that no cache holds come from memory, however few a step has.
        #expect(bound(macs: 0, bytes: 110_000, kept: 100_000, footprint: 1 << 30) == (1e-5 + 1e-7, .memory))
    }

    /// Products are compared with what their own unit does.
    @Test func theBoundIsOfTheUnit() {
        let peak = MachinePeak(threads: 1, gigaflops: 100, dotGigaflops: 200, level2: 100, level3: 50, memory: 10)
        var step = Plan.Step(kernel: 0, buffers: [], summary: "", multiplyAccumulates: 50_000_000)
        func least() -> (seconds: Double, bound: StepBound) { peak.leastTime(of: step, footprint: 0, .x86AVX512) }
        #expect(step.unit == .multiplyAdds && least() == (1e-3, .multiplyAdds))
        step.choice = AlgorithmChoice(.init("dot", unit: .dotProducts))
        #expect(step.unit == .dotProducts && least() == (5e-4, .dotProducts))
        step.bytes = 100_000_000
        #expect(least() == (1e-2, .memory))
        step.multiplyAccumulates = 0
        #expect(step.unit == nil)
    }

    /// What is chosen says what it runs on, and what is stored narrower moves fewer bytes.
    @Test func narrowStepsSayTheirUnit() throws {
        let network = try Self.network()
        func steps(_ precision: Precision, _ target: Target) throws -> [Plan.Step] {
            try Compiler(target: target, cache: nil, precision: precision).plan(network, batch: 1).steps
        }
        let (exact, narrow) = (try steps(.f32, .x86AVX512BF16), try steps(.bf16, .x86AVX512BF16))
        #expect(exact.allSatisfy { $0.unit != .dotProducts } && narrow.contains { $0.unit == .dotProducts })
        for step in exact + narrow {
            #expect((step.unit == nil) == (step.multiplyAccumulates == 0), "\(step.summary)")
            #expect((step.unit == .dotProducts) == (step.choice?.chosen.algorithm == "dot"), "\(step.summary)")
        }
        #expect(try steps(.bf16, .x86AVX512).allSatisfy { $0.unit != .dotProducts })
        // A convolution from 32 to 64 channels of stride 2, read, kept in pairs and written as bf16.
        let step = try #require(narrow.first { $0.summary.hasPrefix("blocks.2.conv1 ") })
        #expect(step.unit == .dotProducts && step.keptBytes == 2 * 9 * 32 * 64 + 4 * 64)
        #expect(step.bytes - step.keptBytes == 2 * (32 * 28 * 28 + 64 * 14 * 14))
    }

    // MARK: Files and comparisons

    private static func record(median: Double = 2e-3, steps: [(String, Double)]? = [("a conv", 1e-3), ("a conv", 5e-4), ("b relu", 1e-4)])
        -> BenchmarkRecord
    {
        var result = Benchmark(
            network: "net", batch: 4, threads: 2, cores: 2, numerics: .standard, precision: "f32", isTraining: false,
            seconds: [0.9, 1, 1.1].map { $0 * median }, compileSeconds: 0.1, firstRunSeconds: 0.01, memoryBytes: 1 << 20,
            peakMemoryBytes: 1 << 24, kernels: 3, cachedKernels: 1, macs: 1000)
        if let steps {
            result.peak = MachinePeak(threads: 2, gigaflops: 200, level2: 100, level3: nil, memory: 20)
            result.steps = steps.map { summary, seconds in
                let choice = AlgorithmChoice(
                    .init("direct", predictedSeconds: 1e-3), rejected: [.init("winograd", reason: "the kernel is 1x1")])
                return .init(
                    kernel: "k", summary: summary, seconds: seconds * 1.5, fastestSeconds: seconds, multiplyAccumulates: 10_000,
                    bytes: 2000, choice: choice, unit: .multiplyAdds,
                    leastSeconds: 1e-4, bound: .multiplyAdds)
            }
        }
        return BenchmarkRecord(result, target: .x86AVX2, at: Date(timeIntervalSince1970: 1_800_000_000))
    }

    @Test func recordsReadBack() throws {
        let folder = NSTemporaryDirectory() + "/braid-benchmark-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for record in [Self.record(), Self.record(steps: nil)] {
            try record.write(to: folder + "/record.json")
            #expect(try BenchmarkRecord(reading: folder + "/record.json") == record)
        }
        // Versions that knew f32 alone wrote neither units nor the peak of dot products.
        var older = Self.record()
        for index in older.steps!.indices { older.steps![index].unit = nil }
        try older.write(to: folder + "/record.json")
        let text = try String(contentsOfFile: folder + "/record.json", encoding: .utf8)
        #expect(!text.contains("\"unit\"") && !text.contains("dot_gigaflops"))
        #expect(try BenchmarkRecord(reading: folder + "/record.json") == older)
        #expect(BenchmarkComparison(earlier: older, now: Self.record()).warnings == [])
        var narrow = Self.record()
        narrow.peak?.dotGigaflops = 400
        (narrow.steps![0].unit, narrow.steps![0].bound) = (.dotProducts, .dotProducts)
        try narrow.write(to: folder + "/record.json")
        #expect(try BenchmarkRecord(reading: folder + "/record.json") == narrow)
        let record = Self.record()
        #expect(record.medianMs == 2 && abs(record.p90Ms - 2.2) < 1e-12 && record.measuredAt == "2027-01-15T08:00:00Z")
        let step = try #require(record.steps?[0])
        for (rate, expected) in [
            (step.ms, 1.5), (step.minMs, 1), (step.gflops, 0.02), (step.gbPerS, 0.002), (step.shareOfPeak, 0.1),
        ] {
            #expect(abs(rate - expected) < 1e-12)
        }
    }

    @Test(arguments: [
        ("", "this is no JSON"), ("[]", "this is not what a measurement has there"), ("{}", "it has no '"),
        ("{\"network\":1", "this is no JSON"), (#""median_ms":2,"# + "=" + #""median_ms":0,"#, "median_ms: a time is not 0.0 ms"),
        (#""median_ms":2,"# + "=" + #""median_ms":"fast","#, "median_ms: this is not what a measurement has there"),
        (#""median_ms":2,"# + "=" + #""median_ms":-1,"#, "median_ms: a time is not -1.0 ms"),
        (#""median_ms":2,"# + "=" + "", "it has no 'median_ms'"),
        (#""unit":"FMA""# + "=" + #""unit":"ALU""#, "unit: this is not what a measurement has there"),
        (#""bound":"FMA""# + "=" + #""bound":"ALU""#, "bound: this is not what a measurement has there"),
        (#""network":"net""# + "=" + #""network":"\u001b[2J""#, "network: the text has control characters"),
        (#""macs":1000"# + "=" + #""macs":1e99"#, "this is no JSON of a measurement"),
    ])
    func badFilesAreTold(text: String, message: String) throws {
        let path = NSTemporaryDirectory() + "/braid-benchmark-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        var content = text
        if let split = text.firstIndex(of: "=") {
            // A sound record with one thing replaced.
            try Self.record().write(to: path)
            let sound = try String(contentsOfFile: path, encoding: .utf8)
            #expect(sound.contains(text[..<split]))
            content = sound.replacingOccurrences(of: text[..<split], with: text[text.index(after: split)...])
        }
        try content.write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: InterchangeError.self) { try BenchmarkRecord(reading: path) }
        #expect("\(error!)".contains(message), "\(error!)")
        #expect(error!.repair == "name a file that `braid bench --save` wrote")
    }

    @Test func comparisonsMatchStepsBySummary() {
        let before = Self.record()
        let now = Self.record(median: 1e-3, steps: [("a conv", 1e-3), ("c new", 1e-5)])
        let comparison = BenchmarkComparison(earlier: before, now: now)
        #expect(comparison.ratio == 2 && comparison.isClear && comparison.warnings == [])
        let kernels = comparison.kernels ?? []
        #expect(kernels.map(\.summary) == ["a conv", "b relu", "c new"])
        #expect(kernels[0].earlierMs == 1.5 && kernels[0].ms == 1 && kernels[0].difference == -0.5)
        #expect(kernels[1].ms == nil && kernels[2].earlierMs == nil)
        #expect(!BenchmarkComparison(earlier: before, now: Self.record(median: 1.9e-3)).isClear)
    }

    @Test func comparisonsWarn() {
        let before = Self.record()
        var now = before
        now.machine.processor = "vax"
        (now.batch, now.threads, now.numerics, now.training, now.network, now.cores) = (8, 1, "strict", true, "other", 1)
        let warnings = BenchmarkComparison(earlier: before, now: now).warnings
        for what in [
            "another network: net then, other now", "another kind of run: inference then, a training step now",
            "another batch: 4 then, 8 now", "another number of threads: 2 then, 1 now", "another number of cores: 2 then, 1 now",
            "another numerics: default then, strict now", "another machine: ",
        ] { #expect(warnings.contains { $0.hasPrefix(what) }, "\(what): \(warnings)") }
        #expect(warnings.count == 7)
        // With other units, and the file of a version that did not tell of them.
        var restricted = before
        restricted.machine.target = "host,no-tiles"
        #expect(BenchmarkComparison(earlier: before, now: restricted).warnings.contains { $0.hasSuffix(", target host,no-tiles now") })
        var older = before
        older.machine.units = nil
        (older.machine.costModel, older.machine.figures) = (nil, nil)
        #expect(BenchmarkComparison(earlier: older, now: before).warnings == [])
        var measured = before
        measured.machine.figures = "load 2.0"
        let models = BenchmarkComparison(earlier: before, now: measured).warnings
        #expect(models.count == 1 && models[0].hasPrefix("another cost model: lanes 16, ") && models[0].hasSuffix(" then, load 2.0 now"))
        let bare = BenchmarkComparison(earlier: Self.record(steps: nil), now: before)
        #expect(bare.kernels == nil && bare.warnings == ["the earlier run has no kernels: save it with --per-kernel"])
        #expect(BenchmarkComparison(earlier: before, now: Self.record(steps: nil)).warnings == [])
    }
}

extension Network {
    /// The network of a text.
    static func load(written text: String) throws -> Network {
        let path = NSTemporaryDirectory() + "/braid-benchmark-\(UUID().uuidString).braid"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return try Network.load(path)
    }
}
