import Graph
import Recipes
import Testing

@Suite struct LearningRateTests {
    /// The rates that `torch.optim.lr_scheduler` of PyTorch 2 gave for the same schedule, by step.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let schedule: Chosen<Schedule>
        let stepsPerEpoch: Int
        let epochs: Int
        let expected: [(step: Int, rate: Double)]

        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "OneCycleLR(0.1, total_steps=100)", schedule: Schedule.oneCycle(["peak": 0.1]), stepsPerEpoch: 20, epochs: 5,
            expected: [
                (0, 0.0040000000000000036), (1, 0.004281378056590748), (15, 0.05459866761210004), (29, 0.1), (30, 0.09994965352845243),
                (31, 0.09979871550490317), (64, 0.0500002), (98, 5.07464715475788e-05), (99, 4e-07),
            ]),
        Case(
            name: "OneCycleLR(0.5, total_steps=7, pct_start=0.4, div_factor=10, final_div_factor=100)",
            schedule: Schedule.oneCycle(["peak": 0.5, "rise": 0.4, "start_divisor": 10, "end_divisor": 100]), stepsPerEpoch: 7, epochs: 1,
            expected: [
                (0, 0.04999999999999999), (1, 0.31407083997505925), (2, 0.49721049884972585), (3, 0.4059665780142187),
                (4, 0.23158615912679054), (5, 0.06717029501050087), (6, 0.0005),
            ]),
        Case(
            name: "OneCycleLR(0.1, total_steps=4685)", schedule: Schedule.oneCycle(["peak": 0.1]), stepsPerEpoch: 937, epochs: 5,
            expected: [
                (0, 0.0040000000000000036), (1000, 0.08165692374255752), (1404, 0.0999999699802229), (1405, 0.09999999426461276),
                (3000, 0.05211901828302057), (4684, 4e-07),
            ]),
        Case(
            name: "CosineAnnealingLR(0.2, T_max=50, eta_min=0.001)", schedule: Schedule.cosine(["rate": 0.2, "floor": 0.001]),
            stepsPerEpoch: 10,
            epochs: 5,
            expected: [(0, 0.2), (1, 0.19980365947861303), (10, 0.18099719094030728), (25, 0.1005), (49, 0.0011963405213869798)]),
        Case(
            name: "StepLR(0.05, step_size=2, gamma=0.1)", schedule: Schedule.step(["rate": 0.05, "every": 2, "factor": 0.1]),
            stepsPerEpoch: 3, epochs: 7,
            expected: [(0, 0.05), (5, 0.05), (6, 0.005), (11, 0.005), (12, 0.0005), (18, 5e-5), (20, 5e-5)]),
        Case(
            name: "MultiStepLR(0.1, [3, 6, 9], gamma=0.1)", schedule: Schedule.multistep(["rate": 0.1, "at": [3, 6, 9]]), stepsPerEpoch: 3,
            epochs: 12,
            expected: [(0, 0.1), (8, 0.1), (9, 0.01), (17, 0.01), (18, 0.001), (26, 0.001), (27, 1e-4), (35, 1e-4)]),
        Case(
            name: "ExponentialLR(0.1, gamma=0.9)", schedule: Schedule.exponential(["rate": 0.1, "factor": 0.9]), stepsPerEpoch: 3,
            epochs: 4,
            expected: [(0, 0.1), (2, 0.1), (3, 0.09), (5, 0.09), (6, 0.081), (11, 0.0729)]),
        Case(
            name: "StepLR(0.045, step_size=2, gamma=0.94)", schedule: Schedule.exponential(["rate": 0.045, "factor": 0.94, "every": 2]),
            stepsPerEpoch: 2, epochs: 6,
            expected: [(0, 0.045), (3, 0.045), (4, 0.0423), (7, 0.0423), (8, 0.03976199999999999), (11, 0.03976199999999999)]),
        Case(
            name: "LambdaLR(0.1, lambda t: 0.9 ** (t / 6))",
            schedule: Schedule.exponential(["rate": 0.1, "factor": 0.9, "every": 2, "staircase": false]), stepsPerEpoch: 3, epochs: 4,
            expected: [(0, 0.1), (1, 0.098259319385269), (5, 0.09159436536204299), (6, 0.09), (11, 0.0824349288258387)]),
        Case(
            name: "PolynomialLR(0.04, 20)", schedule: Schedule.polynomial(["rate": 0.04]), stepsPerEpoch: 5, epochs: 4,
            expected: [(0, 0.04), (1, 0.038), (10, 0.02), (19, 0.002)]),
        Case(
            name: "PolynomialLR(0.04, 20, power=0.5)", schedule: Schedule.polynomial(["rate": 0.04, "power": 0.5]), stepsPerEpoch: 5,
            epochs: 4,
            expected: [(0, 0.04), (1, 0.038987177379235856), (10, 0.028284271247461905), (19, 0.008944271909999165)]),
        Case(
            name: "SequentialLR(LinearLR(0.2, 1 / 10, total_iters=9), CosineAnnealingLR(T_max=40, eta_min=0.001), milestones=[10])",
            schedule: Schedule.cosine(["rate": 0.2, "floor": 0.001, "warmup": 2]), stepsPerEpoch: 5, epochs: 10,
            expected: [
                (0, 0.02), (1, 0.04), (4, 0.1), (9, 0.2), (10, 0.2), (11, 0.19969327470644627), (30, 0.1005), (49, 0.0013067252935537676),
            ]),
        Case(
            name: "CosineAnnealingWarmRestarts(0.2, T_0=2, T_mult=2, eta_min=0.001)",
            schedule: Schedule.cosineRestarts(["rate": 0.2, "every": 2, "multiply": 2, "floor": 0.001]), stepsPerEpoch: 5, epochs: 8,
            expected: [
                (0, 0.2), (1, 0.1951301233713678), (5, 0.1005), (9, 0.005869876628632224), (10, 0.2), (11, 0.1987749898892162),
                (20, 0.1005),
                (29, 0.002225010110783803), (30, 0.2), (39, 0.1761603935772031),
            ]),
        Case(name: "constant", schedule: Schedule.constant(["rate": 0.3]), stepsPerEpoch: 2, epochs: 2, expected: [(0, 0.3), (3, 0.3)]),
    ]

    @Test(arguments: cases) func equalsPyTorch(_ schedule: Case) {
        let rate = LearningRate(schedule.schedule, stepsPerEpoch: schedule.stepsPerEpoch, epochs: schedule.epochs)
        for (step, expected) in schedule.expected {
            #expect(abs(rate(step) - expected) <= 1e-12 * max(1, expected / 1e-3), "step \(step): \(rate(step)), not \(expected)")
        }
    }

    /// What `ReduceLROnPlateau(factor=0.5, patience=1, threshold=0.01, cooldown=1, min_lr=0.02)` gave for these losses.
    @Test func fallsWhereLossesDoNot() {
        let schedule = Schedule.plateau([
            "rate": 0.1, "factor": 0.5, "patience": 1, "threshold": 1e-2, "cooldown": 1, "floor": 0.02,
        ])
        let losses = [1, 0.9, 0.895, 0.894, 0.893, 0.892, 0.89, 0.889, 0.5, 0.5, 0.5, 0.5, .infinity, 0.5, 0.5, 0.5, 0.5]
        let expected = [0.1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.025, 0.025, 0.025, 0.02, 0.02, 0.02, 0.02]
        let rate = LearningRate(schedule, stepsPerEpoch: 3, epochs: 18)
        for step in 0..<54 { #expect(abs(rate(step, heldOutLosses: losses) - expected[step / 3]) < 1e-15, "step \(step)") }
    }

    /// Before any schedule, up to its highest rate; those that count epochs count these, too.
    @Test func warmsUp() {
        let step = LearningRate(Schedule.step(["rate": 1, "every": 3, "warmup": 2]), stepsPerEpoch: 2, epochs: 6)
        #expect((0..<12).map { step($0) } == [0.25, 0.5, 0.75, 1, 1, 1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
        let linear = LearningRate(Schedule.polynomial(["rate": 1, "warmup": 1]), stepsPerEpoch: 2, epochs: 3)
        #expect((0..<6).map { linear($0) } == [0.5, 1, 1, 0.75, 0.5, 0.25])
    }

    /// Where a phase has no steps PyTorch divides by zero; here the rate stays within the schedule's bounds.
    @Test(arguments: [0, 0.3, 0.5, 1]) func staysWithinBoundsInShortTrainings(rise: Double) {
        for steps in 1...4 {
            let rate = LearningRate(Schedule.oneCycle(["peak": 0.1, "rise": .number(rise)]), stepsPerEpoch: steps, epochs: 1)
            for step in 0..<steps { #expect((0...0.1000001).contains(rate(step)), "\(steps) steps, step \(step): \(rate(step))") }
        }
    }

    /// A rise that takes as long as the training, or a part of an epoch.
    @Test(arguments: [0.2, 0.5, 2]) func risesWithinShortTrainings(warmup: Double) {
        let rate = LearningRate(Schedule.cosine(["rate": 0.1, "warmup": .number(warmup)]), stepsPerEpoch: 4, epochs: 2)
        for step in 0..<8 { #expect(rate(step) > 0 && rate(step) <= 0.1, "step \(step): \(rate(step))") }
        #expect((0..<8).contains { rate($0) == 0.1 })
    }

    /// A rise that is longer than the training is not squeezed into it: so one that goes on for more epochs is as one of these from the start.
    @Test func keepsTheLengthOfARise() {
        for schedule in [
            Schedule.constant(["rate": 0.8, "warmup": 4]), Schedule.step(["rate": 0.8, "every": 5, "warmup": 4]),
            Schedule.cosine(["rate": 0.8, "warmup": 4]),
        ] {
            let short = LearningRate(schedule, stepsPerEpoch: 2, epochs: 2), long = LearningRate(schedule, stepsPerEpoch: 2, epochs: 6)
            #expect((0..<4).map { short($0) } == (1...4).map { 0.8 * Double($0) / 8 }, "\(schedule)")
            #expect((0..<4).map { short($0) } == (0..<4).map { long($0) }, "\(schedule)")
        }
    }

    @Test func knowsWhatDependsOnTheLength() {
        let free: [Chosen<Schedule>] = [
            Schedule.constant(["rate": 1]), Schedule.step(["rate": 1, "every": 2]), Schedule.multistep(["rate": 1, "at": [1, 3]]),
            Schedule.exponential(["rate": 1, "factor": 0.5]), Schedule.cosineRestarts(["rate": 1, "every": 3]),
            Schedule.plateau(["rate": 1]),
        ]
        let bound: [Chosen<Schedule>] = [
            Schedule.oneCycle(["peak": 1]), Schedule.cosine(["rate": 1, "warmup": 1]), Schedule.polynomial(["rate": 1]),
        ]
        for schedule in free + bound {
            let (short, long) = (LearningRate(schedule, stepsPerEpoch: 2, epochs: 4), LearningRate(schedule, stepsPerEpoch: 2, epochs: 8))
            #expect(schedule.form.dependsOnLength == ((0..<8).contains { short($0) != long($0) }), "\(schedule)")
            // A step of a cycle need not meet its peak.
            let highest = (0..<16).map { long($0) }.max() ?? 0
            #expect(highest <= schedule.peak && highest > 0.98 * schedule.peak, "\(schedule)")
        }
    }

    /// Schedules count updates, of which the last of an epoch takes the batches that are left.
    @Test func countsUpdatesWhereGradientsAreAccumulated() {
        for schedule in [
            Schedule.cosine(["rate": 0.1, "warmup": 0.5]), Schedule.exponential(["rate": 0.1, "factor": 0.5, "staircase": false]),
            Schedule.oneCycle(["peak": 0.1]), Schedule.plateau(["rate": 0.1, "patience": 0]),
        ] {
            let batches = LearningRate(schedule, stepsPerEpoch: 10, epochs: 4, accumulation: 4)
            let updates = LearningRate(schedule, stepsPerEpoch: 3, epochs: 4)
            #expect(batches.totalSteps == 40)
            for step in 0..<40 {
                let update = step / 10 * 3 + step % 10 / 4
                #expect(batches(step, heldOutLosses: [1, 2, 3]) == updates(update, heldOutLosses: [1, 2, 3]), "\(schedule) at \(step)")
            }
        }
        let rate = LearningRate(Schedule.constant(["rate": 1]), stepsPerEpoch: 10, epochs: 2, accumulation: 4)
        let places = (8..<15).map { rate.placeInUpdate($0) }
        #expect(places.map(\.done) == [0, 1, 0, 1, 2, 3, 0] && places.map(\.count) == [2, 2, 4, 4, 4, 4, 4])
        #expect(LearningRate(Schedule.constant(["rate": 1]), stepsPerEpoch: 3, epochs: 1, accumulation: 65_536).placeInUpdate(2) == (2, 3))
    }
}
