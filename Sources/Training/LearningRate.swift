import Foundation
import Graph

/// The learning rate of every step of a training: a pure function of the step, with the formulas of `torch.optim.lr_scheduler`.
public struct LearningRate: Sendable {
    public let schedule: TrainingRecipe.Schedule
    public let stepsPerEpoch: Int
    public let epochs: Int

    public init(_ schedule: TrainingRecipe.Schedule, stepsPerEpoch: Int, epochs: Int) {
        precondition(stepsPerEpoch > 0 && epochs > 0, "no learning rate for \(epochs) epochs of \(stepsPerEpoch) steps")
        self.schedule = schedule
        self.stepsPerEpoch = stepsPerEpoch
        self.epochs = epochs
    }

    /// All steps of the training.
    public var totalSteps: Int { stepsPerEpoch * epochs }

    /// Returns the rate of a step, counted from 0 over all epochs.
    public func callAsFunction(_ step: Int) -> Double {
        switch schedule {
        case .constant(let rate): return rate
        case .step(let rate, let period, let factor): return rate * pow(factor, Double(step / stepsPerEpoch / max(1, period)))
        case .multistep(let rate, let milestones, let factor):
            return rate * pow(factor, Double(milestones.count { $0 <= step / stepsPerEpoch }))
        case .exponential(let rate, let factor, let period, let isStaircase):
            let periods = Double(step) / (period * Double(stepsPerEpoch))
            return rate * pow(factor, isStaircase ? periods.rounded(.down) : periods)
        case .polynomial(let rate, let power): return rate * pow(1 - Double(step) / Double(totalSteps), power)
        case .cosine(let rate, let floor, let warmup):
            let rising = min(totalSteps, Int((warmup * Double(stepsPerEpoch)).rounded()))
            if step < rising { return rate * Double(step + 1) / Double(rising) }
            return Self.anneal(from: rate, to: floor, Double(step - rising) / Double(max(1, totalSteps - rising)))
        case .oneCycle(let peak, let rise, let startDivisor, let endDivisor):
            let start = peak / startDivisor
            let top = rise * Double(totalSteps) - 1, end = Double(totalSteps - 1)
            let step = Double(step)
            if step <= top { return Self.anneal(from: start, to: peak, top > 0 ? step / top : 1) }
            return Self.anneal(from: peak, to: start / endDivisor, end > top ? (step - top) / (end - top) : 1)
        }
    }

    /// Half a cosine: `first` at 0, `last` at 1.
    private static func anneal(from first: Double, to last: Double, _ part: Double) -> Double {
        last + (first - last) / 2 * (cos(.pi * part) + 1)
    }
}

extension TrainingRecipe.Schedule {
    /// Whether the rate of a step depends on how many steps there are in all.
    public var dependsOnLength: Bool {
        switch self {
        case .constant, .step, .multistep, .exponential: false
        case .oneCycle, .cosine, .polynomial: true
        }
    }

    /// The highest rate.
    public var peak: Double {
        switch self {
        case .constant(let rate), .step(let rate, _, _), .multistep(let rate, _, _), .exponential(let rate, _, _, _),
            .polynomial(let rate, _), .cosine(let rate, _, _), .oneCycle(let rate, _, _, _):
            rate
        }
    }
}
