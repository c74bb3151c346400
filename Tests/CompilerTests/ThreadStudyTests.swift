import Foundation
import LoopNest
import Testing

@testable import Compiler

/// What the model says of machines with more cores. No test depends on how fast this machine is.
@Suite struct ThreadStudyTests {
    private static func study(
        _ cores: [Int], batch: Int = 1, assumptions: ThreadStudy.Assumptions = .init(), target: Target = .x86AVX512
    ) throws -> ThreadStudy {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let network = try Network.load(root.appending(path: "graphs/resnet.braid").path, name: "resnet18")
        return try Compiler(target: target, cache: nil).studyThreads(network, batch: batch, cores: cores, assumptions: assumptions)
    }

    @Test func oneCoreLosesNothing() throws {
        let study = try Self.study([1])
        let machine = try #require(study.machines.first)
        #expect(machine.cores == 1 && machine.speedup == 1 && machine.efficiency == 1 && machine.stepsWithFewTasks == 0)
        #expect(machine.lostToMemory == 0 && machine.lostToBarriers == 0 && abs(machine.lostToCut) < 1e-12)
        #expect(study.steps.count == machine.stepCount && study.steps.allSatisfy { abs($0.lostSeconds) < 1e-15 })
    }

    @Test(arguments: [1, 16]) func moreCoresTakeLessTimeAndLoseMore(batch: Int) throws {
        let study = try Self.study([1, 2, 4, 8, 16, 64], batch: batch)
        #expect(study.machines.map(\.cores) == [1, 2, 4, 8, 16, 64])
        for (fewer, more) in zip(study.machines, study.machines.dropFirst()) {
            #expect(more.seconds < fewer.seconds && more.efficiency < fewer.efficiency + 0.02, "\(fewer), \(more)")
        }
        for machine in study.machines {
            let lost = machine.lostToCut + machine.lostToMemory + machine.lostToBarriers
            #expect(abs(machine.efficiency + lost - 1) < 1e-12 && machine.lostToMemory >= 0)
            #expect(machine.secondsSideBySide <= machine.seconds * 1.02 && machine.secondsSideBySide > machine.seconds / 2)
        }
        #expect(study.machines[1].efficiency > 0.9)
        #expect(study.steps == study.steps.sorted { $0.lostSeconds > $1.lostSeconds })
        // Maps of 7x7 have too little to cut for 64 cores.
        if batch == 1 { #expect(study.steps[0].summary.hasPrefix("layer4") && study.machines[5].efficiency < 0.6) }
    }

    /// A machine whose memory and barriers cost nothing loses to the cut alone; one with slow memory to that.
    @Test func assumptionsCount() throws {
        var free = ThreadStudy.Assumptions()
        (free.memoryPerCore, free.memory, free.cachePerCore, free.barrier, free.barrierPerDoubling) = (1e15, 1e15, 1e15, 0, 0)
        let cut = try Self.study([16], assumptions: free).machines[0]
        #expect(cut.lostToMemory == 0 && cut.lostToBarriers == 0 && cut.lostToCut > 0)
        var slow = ThreadStudy.Assumptions()
        slow.memory = slow.memoryPerCore
        slow.coresPerCache = 1024
        let shared = try Self.study([16], assumptions: slow)
        #expect(shared.machines[0].lostToMemory > 0.1 && shared.steps.contains { $0.limit == .memory })
        var waiting = ThreadStudy.Assumptions()
        waiting.barrier = 1e-3
        #expect(try Self.study([16], assumptions: waiting).steps.allSatisfy { $0.limit == .barrier })
    }

    /// Which algorithm computes a step is the same for every number of cores, so that results are.
    @Test func algorithmsDoNotDependOnCores() throws {
        func algorithms(_ cores: Int) throws -> [String: String?] {
            // A stem's packing is a step of its own, of the same summary, without an algorithm.
            let steps = try Self.study([cores]).steps.filter { $0.algorithm != nil }
            return Dictionary(steps.map { ($0.summary, $0.algorithm) }) { first, _ in first }
        }
        #expect(try algorithms(1) == algorithms(64))
    }
}
