import Foundation
import Graph

/// The learning rate over the course of a training; one row a schedule.
public struct Schedule: Form {
    public static let kind = "schedule"

    public let name: String
    public let parameters: [FormParameter]
    public let summary: String
    public let source: String
    /// Whether the rate of a step depends on how many steps there are in all.
    public let dependsOnLength: Bool
    fileprivate let rate: @Sendable (Attributes, SchedulePosition) -> Double

    /// - Parameters:
    ///   - parameters: the highest rate first.
    ///   - rate: of a step behind the warm-up; where it depends on the length, steps are counted from there.
    init(
        _ name: String, _ parameters: [FormParameter], dependsOnLength: Bool = false, _ summary: String, source: String = "",
        rate: @escaping @Sendable (Attributes, SchedulePosition) -> Double
    ) {
        self.name = name
        self.parameters = parameters
        self.dependsOnLength = dependsOnLength
        self.summary = summary
        self.source = source
        self.rate = rate
    }

    static let epochs = FormParameter.integer(
        "epochs", 1...100_000, isOptional: true, "the length of the training, which `--epochs` overrides"
    ).common
    static let warmup = FormParameter.number(
        "warmup", 0...1e5, default: 0, "epochs in which the rate grows evenly up to the highest (Goyal et al., arXiv 1706.02677)"
    ).common
    static let rate = FormParameter.number("rate", FormParameter.positive)
}

/// Where in a training a rate is asked for.
struct SchedulePosition {
    /// Counted from 0.
    var step: Int
    var stepsPerEpoch: Int
    var totalSteps: Int
    /// The losses of the held-out data after each of the epochs before.
    var heldOutLosses: ArraySlice<Double>

    /// The epochs that are done.
    var epoch: Int { step / stepsPerEpoch }
    /// The epochs that are done, with the fraction of this one.
    var epochs: Double { Double(step) / Double(stepsPerEpoch) }
}

/// The learning rate of every step of a training: a pure function of the step, and of the losses of the epochs before for a schedule that
/// looks at them.
///
/// A step is a batch. Where the gradients of several are averaged for one update, schedules count updates; the last one of an epoch takes
/// the batches that are left.
public struct LearningRate: Sendable {
    public let schedule: Chosen<Schedule>
    public let stepsPerEpoch: Int
    public let epochs: Int
    /// The batches of an update.
    public let accumulation: Int

    public init(_ schedule: Chosen<Schedule>, stepsPerEpoch: Int, epochs: Int, accumulation: Int = 1) {
        precondition(
            stepsPerEpoch > 0 && epochs > 0 && accumulation > 0,
            "no learning rate for \(epochs) epochs of \(stepsPerEpoch) steps, \(accumulation) an update")
        self.schedule = schedule
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
        self.accumulation = accumulation
    }

    /// Where a step stands in its update: how many batches are before it there, and how many the update has.
    public func placeInUpdate(_ step: Int) -> (done: Int, count: Int) {
        let batch = step % stepsPerEpoch
        let done = batch % accumulation
        return (done, min(accumulation, stepsPerEpoch - (batch - done)))
    }

    /// All steps of the training.
    public var totalSteps: Int { stepsPerEpoch * epochs }

    /// Returns the rate of a step, counted from 0 over all epochs.
    ///
    /// - Parameter heldOutLosses: of all epochs that are done.
    public func callAsFunction(_ step: Int, heldOutLosses: [Double] = []) -> Double {
        let epoch = step / stepsPerEpoch
        // Schedules see updates as steps.
        let updatesPerEpoch = (stepsPerEpoch - 1) / accumulation + 1
        let update = epoch * updatesPerEpoch + step % stepsPerEpoch / accumulation
        let updates = updatesPerEpoch * epochs
        var position = SchedulePosition(
            step: update, stepsPerEpoch: updatesPerEpoch, totalSteps: updates, heldOutLosses: heldOutLosses.prefix(epoch))
        let warmup = schedule["warmup"].map { _ in schedule.values.number("warmup") } ?? 0
        // Its own length, however short the training is: one that goes on for more epochs must be the same as one of these from the start.
        let rising = Int((warmup * Double(updatesPerEpoch)).rounded())
        if update < rising { return schedule.peak * Double(update + 1) / Double(rising) }
        if schedule.form.dependsOnLength {
            position.step -= rising
            position.totalSteps = max(1, updates - rising)
        }
        return schedule.form.rate(schedule.values, position)
    }
}

extension Chosen<Schedule> {
    /// The highest rate.
    public var peak: Double { values.number(form.parameters[0].name) }
}
