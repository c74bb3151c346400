import LoopNest
import Testing

@testable import Kernels

/// What predictions are made of.
@Suite struct CostModelTests {
    /// The figures of Zen 4, in cycles of a multiply-add of 16 lanes; a narrower vector's cycle is shorter.
    @Test func figuresAreTheTargets() {
        let wide = CostModel(.x86AVX512), narrow = CostModel(.x86AVX2)
        #expect([wide.load, wide.store, wide.task] == [1, 2, 500])
        #expect([wide.level2(bytes: 64), wide.level3(bytes: 64), wide.memory(bytes: 64, threads: 1)] == [2, 2.5, 7])
        #expect([narrow.level2(bytes: 64), narrow.level3(bytes: 64), narrow.memory(bytes: 64, threads: 1)] == [4, 5, 14])
        // From the second core on they wait for each other, and eight share a way to memory.
        #expect(wide.memory(bytes: 640, threads: 2) == 70 * 1.2 && wide.memory(bytes: 640, threads: 8) == 70 * (0.6 * 8))
        #expect(wide.memory(bytes: 64, threads: 64) == wide.memory(bytes: 64, threads: 8))
        #expect(wide.weights(bytes: 64, threads: 1) == 9.2 && wide.weights(bytes: 64, threads: 4) == wide.memory(bytes: 64, threads: 4))
        #expect(wide.together(100, 50) == 105 && wide.together(50, 100) == 105)
        #expect(wide.seconds(3.6e9) == 1 && narrow.seconds(3.6e9) == 0.5)
    }

    /// Every figure of a target's speed counts.
    @Test func measuredFiguresReplaceThem() {
        let figures: [(figure: WritableKeyPath<MachineSpeed, Double>, cost: (CostModel) -> Double)] = [
            (\.load, { $0.load }), (\.store, { $0.store }), (\.task, { $0.task }), (\.level2Line, { $0.level2(bytes: 64) }),
            (\.level3Line, { $0.level3(bytes: 64) }), (\.memoryLine, { $0.memory(bytes: 64, threads: 1) }),
            (\.memoryShare, { $0.memory(bytes: 64, threads: 8) }), (\.prefetchedLine, { $0.weights(bytes: 64, threads: 1) }),
            (\.unhidden, { $0.together(0, 1) + $0.together(1, 1) - 2 }), (\.cyclesPerSecond, { 1 / $0.seconds(1) }),
        ]
        for (figure, cost) in figures {
            var target = Target.x86AVX512
            let before = cost(CostModel(target))
            target.speed[keyPath: figure] *= 4
            #expect(abs(cost(CostModel(target)) - 4 * before) < 1e-9 * before, "\(figure)")
        }
        var target = Target.x86AVX512
        target.speed.coresOfLevel3 = 2
        #expect(CostModel(target).sharing(64) == 2)
    }
}
