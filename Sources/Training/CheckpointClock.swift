/// How often a checkpoint is written, besides after each epoch.
public enum CheckpointInterval: Equatable, Sendable {
    case steps(Int)
    /// By the clock; more seldom where writing takes long.
    case seconds(Double)
}

/// Says when the next checkpoint is due.
struct CheckpointClock {
    private let interval: CheckpointInterval
    private var stepsSinceLast = 0
    private var begin = ContinuousClock.now
    /// When the last one was written, or the training began.
    private var last = ContinuousClock.now
    /// What it took to write the last one.
    private var writingSeconds = 0.0

    init(_ interval: CheckpointInterval) { self.interval = interval }

    mutating func endStep() { stepsSinceLast += 1 }

    var isDue: Bool {
        switch interval {
        case .steps(let count): stepsSinceLast >= count
        // A large network's checkpoint takes long: never more than a twentieth of the time.
        case .seconds(let seconds): (ContinuousClock.now - last).seconds >= max(seconds, 20 * writingSeconds)
        }
    }

    mutating func beginWriting() { begin = .now }

    mutating func endWriting() {
        stepsSinceLast = 0
        last = .now
        writingSeconds = (last - begin).seconds
    }
}
