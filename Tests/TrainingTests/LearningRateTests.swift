import Graph
import Testing
import Training

@Suite struct LearningRateTests {
    /// The rates that `torch.optim.lr_scheduler` of PyTorch 2 gave for the same schedule, by step.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let schedule: TrainingRecipe.Schedule
        let stepsPerEpoch: Int
        let epochs: Int
        let expected: [(step: Int, rate: Double)]

        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "OneCycleLR(0.1, total_steps=100)", schedule: .oneCycle(peak: 0.1), stepsPerEpoch: 20, epochs: 5,
            expected: [
                (0, 0.0040000000000000036), (1, 0.004281378056590748), (15, 0.05459866761210004), (29, 0.1), (30, 0.09994965352845243),
                (31, 0.09979871550490317), (64, 0.0500002), (98, 5.07464715475788e-05), (99, 4e-07),
            ]),
        Case(
            name: "OneCycleLR(0.5, total_steps=7, pct_start=0.4, div_factor=10, final_div_factor=100)",
            schedule: .oneCycle(peak: 0.5, rise: 0.4, startDivisor: 10, endDivisor: 100), stepsPerEpoch: 7, epochs: 1,
            expected: [
                (0, 0.04999999999999999), (1, 0.31407083997505925), (2, 0.49721049884972585), (3, 0.4059665780142187),
                (4, 0.23158615912679054), (5, 0.06717029501050087), (6, 0.0005),
            ]),
        Case(
            name: "OneCycleLR(0.1, total_steps=4685)", schedule: .oneCycle(peak: 0.1), stepsPerEpoch: 937, epochs: 5,
            expected: [
                (0, 0.0040000000000000036), (1000, 0.08165692374255752), (1404, 0.0999999699802229), (1405, 0.09999999426461276),
                (3000, 0.05211901828302057), (4684, 4e-07),
            ]),
        Case(
            name: "CosineAnnealingLR(0.2, T_max=50, eta_min=0.001)", schedule: .cosine(rate: 0.2, floor: 0.001), stepsPerEpoch: 10,
            epochs: 5,
            expected: [(0, 0.2), (1, 0.19980365947861303), (10, 0.18099719094030728), (25, 0.1005), (49, 0.0011963405213869798)]),
        Case(
            name: "StepLR(0.05, step_size=2, gamma=0.1)", schedule: .step(rate: 0.05, epochs: 2, factor: 0.1), stepsPerEpoch: 3, epochs: 7,
            expected: [(0, 0.05), (5, 0.05), (6, 0.005), (11, 0.005), (12, 0.0005), (18, 5e-5), (20, 5e-5)]),
        Case(name: "constant", schedule: .constant(rate: 0.3), stepsPerEpoch: 2, epochs: 2, expected: [(0, 0.3), (3, 0.3)]),
    ]

    @Test(arguments: cases) func equalsPyTorch(_ schedule: Case) {
        let rate = LearningRate(schedule.schedule, stepsPerEpoch: schedule.stepsPerEpoch, epochs: schedule.epochs)
        for (step, expected) in schedule.expected {
            #expect(abs(rate(step) - expected) <= 1e-12 * max(1, expected / 1e-3), "step \(step): \(rate(step)), not \(expected)")
        }
    }

    /// Where a phase has no steps PyTorch divides by zero; here the rate stays within the schedule's bounds.
    @Test(arguments: [0, 0.3, 0.5, 1]) func staysWithinBoundsInShortTrainings(rise: Double) {
        for steps in 1...4 {
            let rate = LearningRate(.oneCycle(peak: 0.1, rise: rise), stepsPerEpoch: steps, epochs: 1)
            for step in 0..<steps { #expect((0...0.1000001).contains(rate(step)), "\(steps) steps, step \(step): \(rate(step))") }
        }
    }
}
