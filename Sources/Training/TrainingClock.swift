/// The speed of a training: steps and evaluations so far, and what is left of them.
struct TrainingClock {
    private let clock = ContinuousClock()
    private var start: ContinuousClock.Instant
    private var steps = 0
    private var stepSeconds = 0.0
    private var evaluations = 0
    private var evaluationSeconds = 0.0

    init() { start = clock.now }

    /// Starts to measure a step or an evaluation.
    mutating func begin() { start = clock.now }

    /// Adds a step; the first one, which pays for cold caches and fresh pages, counts as long as the second.
    mutating func endStep() {
        steps += 1
        if steps == 2 { stepSeconds = elapsed }
        stepSeconds += elapsed
    }

    /// Leaves out seconds of what is being measured, which something beside it took.
    mutating func leaveOut(_ seconds: Double) { start = start.advanced(by: .seconds(seconds)) }

    mutating func endEvaluation() {
        evaluationSeconds += elapsed
        evaluations += 1
    }

    private var elapsed: Double { (clock.now - start).seconds }

    /// The seconds of all steps, with the waiting for their batches.
    var trainingSeconds: Double { stepSeconds }

    var secondsPerStep: Double { stepSeconds / Double(max(1, steps)) }

    func secondsLeft(steps: Int, evaluations: Int) -> Double {
        let perEvaluation = self.evaluations > 0 ? evaluationSeconds / Double(self.evaluations) : 0
        return Double(steps) * secondsPerStep + Double(evaluations) * perEvaluation
    }
}

extension Duration {
    /// The duration in seconds.
    public var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
