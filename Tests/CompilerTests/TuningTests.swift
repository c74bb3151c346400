import Foundation
import Interchange
import Runtime
import Testing

@testable import Compiler
@testable import Kernels
@testable import LoopNest

/// What tuning keeps, how it is checked, and what it changes. No test depends on how fast the machine is, or on the user's files.
@Suite struct TuningTests {
    /// A convolution that Winograd's forms suit, one of stride 2, and one of 1 x 1.
    private static let text = """
        network net() {
            input image: f32[N, 32, 14, 14]
            output result = image |> a: conv(64, 3, pad: 1) |> relu |> b: conv(64, 3, stride: 2, pad: 1) |> c: conv(48, 1) |> relu
        }
        """

    private static func problems(
        _ text: String = text, numerics: Numerics = .standard, target: Target = .x86AVX512, limit: Int = 8
    ) throws -> [TuningProblem] {
        let compiler = Compiler(target: target, cache: nil, threads: 2, numerics: numerics)
        let graph = compiler.bind(try compiler.optimize(Network.load(written: text)), batch: 1)
        return TuningProblem.all(of: graph, target: target, numerics: numerics, limit: limit)
    }

    private static func plan(
        _ tuned: TunedChoices, _ numerics: Numerics = .standard, target: Target = .x86AVX512, _ text: String = text
    ) throws -> Plan {
        try Compiler(target: target, cache: nil, threads: 2, numerics: numerics, tuned: tuned).plan(
            Network.load(written: text), batch: 1)
    }

    private static func entry(_ problem: TuningProblem, _ choice: TunedChoice, threads: Int = 2) -> TuningEntry {
        TuningEntry(
            shape: problem.key, numerics: "default", threads: threads, choice: choice, layer: problem.summary, msBefore: 2, msAfter: 1)
    }

    // MARK: Candidates

    @Test(arguments: [Numerics.standard, .tolerance(5e-7), .strict], Target.presets)
    func candidatesAreAllowedAndChangeThePlan(numerics: Numerics, target: Target) throws {
        let plain = try Self.plan(.none, numerics, target: target)
        let problems = try Self.problems(numerics: numerics, target: target)
        #expect(problems.count == 3 && Set(problems.map(\.key)).count == 3)
        for problem in problems {
            #expect(!problem.candidates.isEmpty && problem.candidates.count <= 8)
            #expect(!problem.candidates.contains(problem.predicted))
            #expect(Set(problem.candidates).count == problem.candidates.count)
            let step = try #require(plain.steps.first { $0.choice?.key == problem.key })
            for candidate in problem.candidates {
                let tuned = try Self.plan(TunedChoices([problem.key: candidate]), numerics, target: target)
                let changed = try #require(tuned.steps.first { $0.choice?.key == problem.key })
                #expect(changed.choice?.isTuned == true, "\(candidate)")
                #expect(changed.choice?.chosen.algorithm.contains(candidate.algorithm) == true, "\(candidate)")
                #expect(tuned.kernels[changed.kernel] != plain.kernels[step.kernel], "\(candidate)")
                for kernel in tuned.kernels { try kernel.verify() }
                let others = tuned.steps.filter { $0.choice?.key != problem.key }
                #expect(others.allSatisfy { $0.choice?.isTuned != true })
            }
        }
        let algorithms = Set(problems.flatMap { [$0.predicted] + $0.candidates }.map(\.algorithm))
        #expect(algorithms.contains("direct") && (algorithms.count == 1) == (numerics == .strict), "\(algorithms)")
    }

    /// In a deep network errors pile up, so that its plan refuses forms that a shallow one allows: they are not worth measuring.
    @Test func deepNetworksMeasureNothingThatTheirPlanRefuses() throws {
        let layers = (1...70).map { " |> c\($0): conv(32, 3, pad: 1) |> relu" }.joined()
        let text = "network deep() { input image: f32[N, 32, 14, 14]; output result = image\(layers) }"
        let problem = try #require(try Self.problems(text).max { $0.layers < $1.layers })
        #expect(problem.layers > 60 && problem.candidates.contains { $0.algorithm != "direct" })
        for candidate in problem.candidates {
            let tuned = try Self.plan(TunedChoices([problem.key: candidate]), .standard, target: .x86AVX512, text)
            #expect(tuned.steps.contains { $0.choice?.isTuned == true }, "\(candidate)")
        }
    }

    /// The cost model's own choice, given back as a tuned one, is the same plan.
    @Test func predictionsAreChoices() throws {
        let problems = try Self.problems()
        let tuned = try Self.plan(TunedChoices(Dictionary(uniqueKeysWithValues: problems.map { ($0.key, $0.predicted) })))
        #expect(tuned.kernels == (try Self.plan(.none)).kernels)
        #expect(try Self.problems(limit: 1).allSatisfy { $0.candidates.count <= 1 })
    }

    /// Schedules leave the bits of a form, and of the direct algorithm, as they are.
    @Test func schedulesDoNotChangeResults() throws {
        let network = try Network.load(written: Self.text)
        let pool = ThreadPool(threads: 2)
        var known: [[String]: [Float]] = [:]
        let problems = try Self.problems(target: .host)
        for round in 0..<8 {
            let choices = problems.map { round < $0.candidates.count ? $0.candidates[round] : $0.predicted }
            var compiler = Compiler(cache: nil, threads: 2)
            compiler.tuned = TunedChoices(Dictionary(uniqueKeysWithValues: zip(problems.map(\.key), choices)))
            func result(_ compiler: Compiler) throws -> [Float] {
                let executable = try compiler.tunable(network, TuningOptions(), pool)
                return try executable.output("result")
            }
            let values = try result(compiler)
            #expect(values.allSatisfy(\.isFinite) && values.contains { $0 != 0 })
            let algorithms = choices.map(\.algorithm)
            if known[algorithms] == nil {
                compiler.tuned = TunedChoices(Dictionary(uniqueKeysWithValues: zip(problems.map(\.key), choices.map(\.withoutSchedule))))
                known[algorithms] = try result(compiler)
            }
            #expect(values == known[algorithms], "\(choices)")
        }
    }

    /// What is not allowed, or cannot be, is as if it were not there.
    @Test func unsoundChoicesAreNotUsed() throws {
        let plain = try Self.plan(.none)
        let (a, b) = (try Self.problems()[0], try Self.problems()[1])
        let form = "F(4x4, 3x3)"
        let huge = [Int.max, Int.min, 0, -1, 1 << 40]
        var choices: [TunedChoice] = [TunedChoice("F(6x6, 3x3)"), TunedChoice("F(9x9, 3x3)"), TunedChoice(""), TunedChoice("magic")]
        for number in huge + [17] {
            choices += [
                TunedChoice(form, WinogradSchedule(tiles: number, registerTiles: 1, laneBlocks: 1, chunk: 1, parts: 1)),
                TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: number, laneBlocks: 1, chunk: 1, parts: 1)),
                TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: 1, laneBlocks: number, chunk: 1, parts: 1)),
                TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: 1, laneBlocks: 1, chunk: number, parts: 1)),
                TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: 1, laneBlocks: 1, chunk: 1, parts: number)),
                TunedChoice("direct", DirectSchedule(rows: number, laneParts: 1, points: 1, laneBlocks: 1)),
                TunedChoice("direct", DirectSchedule(rows: 1, laneParts: number, points: 1, laneBlocks: 1)),
                TunedChoice("direct", DirectSchedule(rows: 1, laneParts: 1, points: number, laneBlocks: 1)),
                TunedChoice("direct", DirectSchedule(rows: 1, laneParts: 1, points: 1, laneBlocks: number)),
            ]
        }
        // Parts and chunks that do not divide, and tiles that do not fit the registers.
        choices += [
            TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: 4, laneBlocks: 1, chunk: 3, parts: 1)),
            TunedChoice(form, WinogradSchedule(tiles: 4, registerTiles: 4, laneBlocks: 1, chunk: 1, parts: 3)),
            TunedChoice(form, WinogradSchedule(tiles: 16, registerTiles: 14, laneBlocks: 4, chunk: 4, parts: 1)),
            TunedChoice("direct", DirectSchedule(rows: 1, laneParts: 3, points: 1, laneBlocks: 1)),
            TunedChoice("direct", DirectSchedule(rows: 1, laneParts: 1, points: 14, laneBlocks: 4)),
            // A schedule of the other algorithm.
            TunedChoice("direct", WinogradSchedule(tiles: 4, registerTiles: 4, laneBlocks: 1, chunk: 1, parts: 1)),
            TunedChoice(form, DirectSchedule(rows: 1, laneParts: 1, points: 1, laneBlocks: 1)),
        ]
        for choice in choices {
            let tuned = try Self.plan(TunedChoices([a.key: choice, b.key: choice, "nonsense": choice]))
            // The algorithm may be the asked one; its schedule is the cost model's.
            let sound = try Self.plan(TunedChoices([a.key: choice.withoutSchedule, b.key: choice.withoutSchedule]))
            #expect(tuned.kernels == sound.kernels, "\(choice)")
        }
        // A form that the numerics do not allow is not taken.
        let strict = try Self.plan(TunedChoices([a.key: TunedChoice(form)]), .strict)
        #expect(strict.kernels == (try Self.plan(.none, .strict)).kernels)
        #expect(try Self.plan(TunedChoices([a.key: TunedChoice("magic")])).kernels == plain.kernels)
    }

    // MARK: Table

    @Test func oneAlgorithmAShapeWhateverTheThreads() throws {
        let problem = try Self.problems()[0]
        let direct = TunedChoice("direct", DirectSchedule(rows: 2, laneParts: 1, points: 7, laneBlocks: 2))
        let winograd = TunedChoice("F(4x4, 3x3)", WinogradSchedule(tiles: 4, registerTiles: 4, laneBlocks: 2, chunk: 2, parts: 1))
        var table = TuningTable(.x86AVX512)
        func note(_ choice: TunedChoice, threads: Int) {
            let entry = Self.entry(problem, choice, threads: threads)
            table.note([entry], measured: [.init(entry)])
        }
        note(direct, threads: 1)
        note(direct, threads: 2)
        #expect(table.entries.count == 2)
        #expect(table.choices(numerics: .standard, threads: 2)[problem.key] == direct)
        #expect(table.choices(numerics: .standard, threads: 3)[problem.key] == direct.withoutSchedule)
        #expect(table.choices(numerics: .strict, threads: 2).isEmpty)
        note(winograd, threads: 2)
        #expect(table.entries.map(\.choice) == [winograd])
        #expect(table.choices(numerics: .standard, threads: 1)[problem.key] == winograd.withoutSchedule)
        // The cost model's choice, of the same algorithm, is as good with one thread: nothing of what is known changes.
        table.note([], measured: [.init(shape: problem.key, numerics: "default", threads: 1, algorithm: winograd.algorithm)])
        #expect(table.entries.map(\.choice) == [winograd])
        table.note([], measured: [.init(shape: problem.key, numerics: "default", threads: 1, algorithm: "direct")])
        #expect(table.entries.isEmpty)
    }

    // MARK: Store

    private static func withStore(_ body: (TuningStore) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-tuning-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try body(TuningStore(directory: folder))
    }

    @Test func storesComeBack() throws {
        try Self.withStore { store in
            #expect(try store.read(for: .x86AVX2).entries.isEmpty)
            let entries = try Self.problems().flatMap { problem in problem.candidates.prefix(1).map { Self.entry(problem, $0) } }
            // Every target has a file of its own, and so has a machine without some of its units.
            var faster = Target.x86AVX512
            faster.speed.memoryLine /= 2
            let targets = Target.presets + [.x86AMX.withoutTiles, .x86AMX.withoutDotProducts, faster]
            #expect(Set(targets.map(store.path)).count == targets.count)
            try store.add(entries, measured: entries.map(TuningTable.Verdict.init), for: .x86AVX512)
            #expect(try store.read(for: .x86AVX512).entries == entries)
            #expect(try store.read(for: .x86AVX2).entries.isEmpty)
            let plan = try Self.plan(store.read(for: .x86AVX512).choices(numerics: .standard, threads: 2))
            #expect(plan.steps.filter { $0.choice?.isTuned == true }.count == entries.count)
            // What was measured beside other figures counts no more than theirs, and is forgotten with the rest.
            try store.add(entries, measured: [], for: faster)
            try store.add(entries, measured: [], for: .x86AMX)
            #expect(try store.clear(for: .x86AVX512) == [store.path(for: .x86AVX512), store.path(for: faster)])
            #expect(try store.clear(for: .x86AVX512).isEmpty)
            #expect(try store.clear(for: .x86AMX).count == 1)
            #expect(try store.read(for: .x86AVX512).entries.isEmpty)
        }
    }

    @Test func damagedStoresAreToldAndReplaced() throws {
        try Self.withStore { store in
            let entries = try Self.problems().prefix(2).map { Self.entry($0, $0.candidates[0]) }
            try store.add(entries, measured: [], for: .x86AVX512)
            let path = store.path(for: .x86AVX512)
            let sound = try String(contentsOfFile: path, encoding: .utf8)
            let lines = sound.split(separator: "\n").map(String.init)
            for (damaged, place) in [
                ("", "version"), ("\u{0}\u{1}", "version"), (lines[1], "version"),
                (sound.replacingOccurrences(of: "braid-tuning-1", with: "braid-tuning-0"), "version"),
                (sound.replacingOccurrences(of: "x86-64-v4", with: "x86-64-v9"), "version"),
                (String(sound.dropLast(9)), "line 3"), (lines[0] + "\n{}\n", "line 2"), (lines[0] + "\n[]\n", "line 2"),
                (sound.replacingOccurrences(of: "\"threads\":2", with: "\"threads\":0"), "line 2"),
                (sound.replacingOccurrences(of: "\"threads\":2", with: "\"threads\":1e99"), "line 2"),
                (sound.replacingOccurrences(of: "\"ms_after\":1", with: "\"ms_after\":-1"), "line 2"),
                (sound.replacingOccurrences(of: "\"algorithm\":\"", with: "\"algorithm\":\"magic "), "line 2"),
                (sound.replacingOccurrences(of: "\"numerics\":\"default\"", with: "\"numerics\":\"\\u001b[2J\""), "line 2"),
            ] {
                try damaged.write(toFile: path, atomically: true, encoding: .utf8)
                let error = #expect(throws: InterchangeError.self, "\(damaged)") { try store.read(for: .x86AVX512) }
                #expect(error?.description.contains(place) == true && error?.repair.contains("braid tune") == true, "\(damaged)")
            }
            try store.add(entries, measured: [], for: .x86AVX512)
            #expect(try store.read(for: .x86AVX512).entries == entries)
            // What cannot be read or written is told, whatever it is.
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
            #expect(throws: InterchangeError.self) { try store.read(for: .x86AVX512) }
            #expect(throws: InterchangeError.self) { try store.add(entries, measured: [], for: .x86AVX512) }
        }
    }

    /// Writers that run at once lose nothing of each other.
    @Test func writersAddToEachOther() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-tuning-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = TuningStore(directory: folder)
        let problem = try Self.problems()[0]
        await withTaskGroup(of: Bool.self) { group in
            for threads in 1...12 {
                group.addTask {
                    let entry = Self.entry(problem, problem.candidates[0], threads: threads)
                    return (try? store.add([entry], measured: [.init(entry)], for: .x86AVX512)) != nil
                }
            }
            for await done in group { #expect(done) }
        }
        #expect(try Set(store.read(for: .x86AVX512).entries.map(\.threads)) == Set(1...12))
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.count == 2, "the table and its lock: \(files)")
    }

    // MARK: Tuning

    /// A whole measurement: every shape is measured, and what is kept is sound.
    @Test func tunesANetwork() throws {
        let network = try Network.load(written: Self.text)
        var rounds: [TuningProgress] = []
        let compiler = Compiler(cache: nil, threads: 2)
        let result = try compiler.tune(network, TuningOptions(candidates: 3, seconds: 0)) { rounds.append($0) }
        #expect(rounds.map(\.round) == Array(0..<rounds.count) && rounds.allSatisfy { $0.rounds == rounds.count && $0.shapes == 3 })
        #expect(result.layers.count == 3 && result.verdicts.count == 3)
        #expect(result.layers.allSatisfy { (1...3).contains($0.candidates) && $0.secondsBefore > 0 && $0.layers == 1 })
        #expect(result.entries.count == result.layers.filter { $0.after != nil }.count)
        var table = TuningTable(.host)
        table.note(result.entries, measured: result.verdicts)
        var tuned = compiler
        tuned.tuned = table.choices(numerics: .standard, threads: 2)
        #expect(try tuned.plan(network, batch: 1).steps.filter { $0.choice?.isTuned == true }.count == result.entries.count)
    }
}
