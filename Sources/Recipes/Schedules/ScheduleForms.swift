import Foundation
import Graph

/// The formulas are those of `torch.optim.lr_scheduler`.
extension Schedule {
    public static let all = [constant, step, multistep, exponential, polynomial, cosine, cosineRestarts, oneCycle, plateau]

    public static let constant = Schedule("constant", [rate, epochs, warmup], "`rate`") { values, _ in values.number("rate") }

    public static let step = Schedule(
        "step", [rate, .integer("every", 1...100_000), factor(default: 0.1), epochs, warmup],
        "multiplied by `factor` after every `every` epochs", source: "`StepLR`"
    ) { values, position in
        values.number("rate") * pow(values.number("factor"), Double(position.epoch / values.integer("every")))
    }

    public static let multistep = Schedule(
        "multistep", [rate, .integers("at", 1...100_000), factor(default: 0.1), epochs, warmup],
        "multiplied by `factor` after each of these numbers of epochs, such as `at: [30, 60, 90]`", source: "`MultiStepLR`"
    ) { values, position in
        values.number("rate") * pow(values.number("factor"), Double(values.integers("at").count { $0 <= position.epoch }))
    }

    public static let exponential = Schedule(
        "exponential",
        [rate, factor(), .number("every", 1e-3...1e5, default: 1), .boolean("staircase", default: true), epochs, warmup],
        "multiplied by `factor` after every `every` epochs, which may be a fraction; `staircase: false` spreads it over the steps between",
        source: "`ExponentialLR`"
    ) { values, position in
        let periods = Double(position.step) / (values.number("every") * Double(position.stepsPerEpoch))
        return values.number("rate") * pow(values.number("factor"), values.boolean("staircase") ? periods.rounded(.down) : periods)
    }

    public static let polynomial = Schedule(
        "polynomial", [rate, .number("power", 0...100, default: 1), epochs, warmup], dependsOnLength: true,
        "`rate * (1 - part)^power`, where `part` of the steps are done: linear to zero for a power of 1", source: "`PolynomialLR`"
    ) { values, position in
        values.number("rate") * pow(1 - Double(position.step) / Double(position.totalSteps), values.number("power"))
    }

    public static let cosine = Schedule(
        "cosine", [rate, floor, warmup, epochs], dependsOnLength: true, "along half a cosine down to `floor`",
        source: "Loshchilov & Hutter, arXiv 1608.03983, one period; `CosineAnnealingLR`"
    ) { values, position in
        anneal(from: values.number("rate"), to: values.number("floor"), Double(position.step) / Double(position.totalSteps))
    }

    public static let cosineRestarts = Schedule(
        "cosine_restarts",
        [
            rate, .integer("every", 1...100_000, "the epochs of the first period"),
            .integer("multiply", 1...1000, default: 1, "how many times longer each period is than the one before"), floor, epochs, warmup,
        ],
        "along half a cosine down to `floor`, and then from `rate` again, period after period",
        source: "Loshchilov & Hutter, arXiv 1608.03983; `CosineAnnealingWarmRestarts`"
    ) { values, position in
        var (period, begin) = (Double(values.integer("every")), 0.0)
        while begin + period <= position.epochs {
            begin += period
            period *= Double(values.integer("multiply"))
        }
        return anneal(from: values.number("rate"), to: values.number("floor"), (position.epochs - begin) / period)
    }

    /// Counts as PyTorch does: an epoch is bad whose loss is not below the best one by `threshold` of it.
    public static let plateau = Schedule(
        "plateau",
        [
            rate, factor(default: 0.1), .integer("patience", 0...100_000, default: 10, "the bad epochs in a row that are borne"),
            .number("threshold", FormParameter.share, default: 1e-4, "the part of the best loss by which a better one is below it"),
            .integer("cooldown", 0...100_000, default: 0, "the epochs after a reduction in which none is bad"), floor, epochs, warmup,
        ],
        "multiplied by `factor`, down to `floor`, when the held-out loss, or that of the training where nothing is held out, has not fallen for "
            + "more than `patience` epochs",
        source: "`ReduceLROnPlateau`"
    ) { values, position in
        let (factor, floor) = (values.number("factor"), values.number("floor"))
        var rate = values.number("rate")
        var (best, bad, rest) = (Double.infinity, 0, 0)
        for loss in position.heldOutLosses {
            if loss < best * (1 - values.number("threshold")) {
                (best, bad) = (loss, 0)
            } else {
                bad += 1
            }
            if rest > 0 { (rest, bad) = (rest - 1, 0) }
            if bad > values.integer("patience") {
                // A change that is too small to matter is not made.
                let reduced = max(rate * factor, floor)
                if rate - reduced > 1e-8 { rate = reduced }
                (rest, bad) = (values.integer("cooldown"), 0)
            }
        }
        return rate
    }

    public static let oneCycle = Schedule(
        "one_cycle",
        [
            .number("peak", FormParameter.positive), epochs, .number("rise", FormParameter.share, default: 0.3),
            .number("start_divisor", 1...1e9, default: 25), .number("end_divisor", 1...1e9, default: 1e4),
        ],
        dependsOnLength: true,
        "along half a cosine from `peak / start_divisor` up to `peak` in the `rise` part of the steps, along another down to "
            + "`peak / start_divisor / end_divisor`",
        source: "Smith & Topin, arXiv 1708.07120; `OneCycleLR`"
    ) { values, position in
        let peak = values.number("peak")
        let start = peak / values.number("start_divisor")
        let top = values.number("rise") * Double(position.totalSteps) - 1, end = Double(position.totalSteps - 1)
        let step = Double(position.step)
        if step <= top { return anneal(from: start, to: peak, top > 0 ? step / top : 1) }
        return anneal(from: peak, to: start / values.number("end_divisor"), end > top ? (step - top) / (end - top) : 1)
    }

    private static let floor = FormParameter.number("floor", 0...1e6, default: 0)

    private static func factor(default value: Double? = nil) -> FormParameter { .number("factor", FormParameter.share, default: value) }

    /// Half a cosine: `first` at 0, `last` at 1.
    private static func anneal(from first: Double, to last: Double, _ part: Double) -> Double {
        last + (first - last) / 2 * (cos(.pi * part) + 1)
    }
}
