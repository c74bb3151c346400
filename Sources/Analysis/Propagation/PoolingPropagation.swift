import Foundation
import Graph

extension PropagationRule {
    /// Windows whose elements are added up: averages, bins, resampling.
    static let windowSum = PropagationRule(
        forward: { step in
            let window = WindowPropagation(step)
            let profiles = window.axes.map { step.operand(0).profiles[$0.input] }
            return window.map { moments in
                Moments(mean: window.factor * moments.mean, moments.second.transferred(window.transfers, profiles, isCoherent: true))
            }
        },
        backward: { step, gradient in
            let window = WindowPropagation(step)
            let back = window.transfers.map(\.transposed)
            let profiles = window.axes.map { gradient.profiles[$0.result] }
            step.send(
                SignalGradient(gradient.total.map { $0.transferred(back, profiles, isCoherent: true) }, window.returned(gradient.profiles)),
                to: 0)
        })

    /// The largest of each window; its gradient goes to the element that was it.
    static let windowMaximum = PropagationRule(
        forward: { step in
            let window = WindowPropagation(step)
            let (field, function) = step.field
            return window.map(field.populations) { step.propagator.maximum(of: $0, function, window.selection).moments(function) }
        },
        backward: { step, gradient in
            let window = WindowPropagation(step)
            let (taps, shared) = (Double(window.selection.taps), Double(window.selection.shared))
            let coverage = window.transfers.reduce(1.0) { product, axis in
                product * Double(axis.terms.reduce(0) { $0 + $1.count }) / Double(axis.extent)
            }
            let sent = gradient.total.map { second -> SecondMoments in
                // An element that is the largest of one window is likely that of the next, too.
                let again = max(0, coverage - 1) / (2 * taps - shared)
                let once = coverage / taps
                return SecondMoments(
                    own: once * (second.own + again * taps * max(0, second.near)),
                    near: once * once * second.near * max(0, 1 - 1 / coverage),
                    far: once * once * second.far, other: once * once * second.other)
            }
            step.send(SignalGradient(sent, at: window.selection, window.returned(gradient.profiles)), to: 0)
        })

    /// The largest over axes, all of whose elements are one window.
    static let maximum = PropagationRule(
        forward: { step in
            let (field, function) = step.field
            let selection = step.wholeSelection
            var result = step.reduced
            result.populations = field.populations.map {
                Population(channels: $0.channels, moments: step.propagator.maximum(of: $0.moments, function, selection).moments(function))
            }
            if result.channels != step.operand(0).channels {
                result.populations = [Population(channels: max(1, result.channels), moments: result.populations.average)]
            }
            return result
        },
        backward: { step, gradient in
            let selection = step.wholeSelection
            let taps = Double(selection.taps)
            let x = step.operand(0)
            let total = gradient.total
            let average = gradient.average(step.result.populations)
            let sent = x.populations.indices.map { place in
                let second = total.count == x.populations.count ? total[place] : average
                return SecondMoments(own: second.own / taps, near: 0, far: 0, other: second.other / (taps * taps))
            }
            step.send(SignalGradient(sent, at: selection), to: 0)
        })

    /// Sums over axes.
    static let sum = PropagationRule(
        forward: { step in
            let x = step.operand(0)
            let (positions, channels) = (step.reducedPositions, step.reducedCount(.channel))
            var result = step.reduced
            func summed(_ moments: Moments) -> Moments {
                var second = positions.extents.isEmpty ? moments.second : positions.sumOverImage(moments.second)
                var mean = moments.mean * positions.count
                // Channels share their mean alone.
                second = channels * second + .constant(channels * (channels - 1) * mean * mean)
                mean *= channels
                if step.isReduced(.image) {
                    second = .constant(positions.sumOverImages(second))
                    mean *= Double(step.images)
                }
                return Moments(mean: mean, second)
            }
            result.populations = x.populations.map { Population(channels: $0.channels, moments: summed($0.moments)) }
            if channels > 1 || result.channels != x.channels {
                result.populations = [Population(channels: max(1, result.channels), moments: summed(x.average))]
            }
            return result
        },
        backward: { step, gradient in
            let x = step.operand(0)
            let (total, average) = (gradient.total, gradient.average(step.result.populations))
            let sent = x.populations.indices.map { place -> SecondMoments in
                var second = total.count == x.populations.count ? total[place] : average
                if !step.reducedPositions.extents.isEmpty { (second.near, second.far) = (second.own, second.own) }
                if step.isReduced(.image) { second.other = second.own }
                return second
            }
            step.send(SignalGradient(sent), to: 0)
        })
}

extension PropagationStep {
    /// The normal field that the operand is a function of, and the function.
    fileprivate var field: (Signal, Scalar) {
        let x = operand(0)
        guard let origin = x.origin else { return (x, .argument(0)) }
        let field = propagator.signal(of: origin.value)
        guard field.populations.count == x.populations.count else { return (x, .argument(0)) }
        let sides = origin.sides.map { Scalar.constant(propagator.signal(of: $0).average.mean) }
        return (field, origin.function.substituting([.argument(0)] + sides))
    }

    private var reducedAxes: [Int] {
        guard case .reduction(let formula) = node.operation?.lowering(signature) else { return [] }
        return formula.reads[0].position.indices.filter { axis in
            formula.reads[0].position[axis].terms.contains { $0.axis >= formula.resultRank }
        }
    }

    fileprivate func isReduced(_ role: AxisRole) -> Bool { reducedAxes.contains { operand(0).roles[$0] == role } }

    fileprivate func reducedCount(_ role: AxisRole) -> Double {
        let x = operand(0)
        return reducedAxes.reduce(1) { x.roles[$1] == role ? $0 * Double(x.extents[$1]) : $0 }
    }

    fileprivate var reducedPositions: Positions {
        let x = operand(0)
        return Positions(extents: reducedAxes.filter { x.roles[$0] == .position }.map { x.extents[$0] }, images: images)
    }

    fileprivate var wholeSelection: SignalGradient.Selection {
        let count = reducedCount(.position) * reducedCount(.channel)
        // The largest of more than so many is much the same.
        return SignalGradient.Selection(taps: max(1, Int(min(count, 400))), shared: 0)
    }

    /// The result, without its populations.
    fileprivate var reduced: Signal {
        let x = operand(0)
        let axes = reducedAxes
        let isKept = extents.count == x.extents.count
        let roles = isKept ? x.roles : x.roles.indices.filter { !axes.contains($0) }.map { x.roles[$0] }
        return Signal(roles: roles, extents: extents, [])
    }
}

/// What a window slides over, axis by axis.
private struct WindowPropagation {
    let step: PropagationStep
    private(set) var transfers: [AxisTransfer] = []
    /// Of each of these the axis of the operand, and of the result.
    private(set) var axes: [(input: Int, result: Int)] = []

    init(_ step: PropagationStep) {
        self.step = step
        guard case .window(let formula) = step.node.operation?.lowering(step.signature) else {
            preconditionFailure("'\(step.node.operation?.name ?? "")' has no window")
        }
        let x = step.operand(0)
        let extents = formula.axes.map { $0.extent.value ?? 1 }
        let middle = extents.map { $0 / 2 }
        let isSum = formula.combination == .sum
        // The factor of a term is a product over the axes, as far as it varies.
        let axes = formula.reads[0].position.indices.filter { x.roles[$0] == .position }
        let usual = isSum ? formula.body.evaluate([1], coordinates: middle) : 1
        for axis in axes {
            let index = formula.reads[0].position[axis]
            let result = index.terms.first { $0.axis < formula.resultRank }?.axis
            let tap = index.terms.first { $0.axis >= formula.resultRank }?.axis
            self.axes.append((axis, result ?? axis))
            let share = pow(abs(usual), 1 / Double(axes.count))
            transfers.append(
                AxisTransfer(
                    index, axes: extents.count, result: result, tap: tap,
                    extents: (x.extents[axis], result.map { extents[$0] } ?? 1, tap.map { extents[$0] } ?? 1)
                ) { place, number in
                    guard isSum, usual != 0 else { return 1 }
                    var coordinates = middle
                    if let result { coordinates[result] = place }
                    if let tap { coordinates[tap] = number }
                    return share * formula.body.evaluate([1], coordinates: coordinates) / usual
                })
        }
    }

    /// What a mean is multiplied by.
    var factor: Double {
        var product = 1.0
        for axis in transfers {
            let factors = axis.terms.joined().map(\.factor)
            product *= factors.reduce(0, +) / Double(axis.terms.count)
        }
        return product
    }

    var selection: SignalGradient.Selection {
        let widths = transfers.map { axis in max(1, axis.terms.map(\.count).max() ?? 1) }
        let taps = widths.reduce(1, *)
        // Of a window and its neighbour along an axis, on average over the axes.
        var shared = 0.0
        for (axis, width) in zip(transfers, widths) {
            let common = zip(axis.terms, axis.terms.dropFirst()).map { first, second in
                Set(first.map(\.position)).intersection(second.map(\.position)).count
            }
            shared += Double(common.max() ?? 0) * Double(taps / width) / Double(transfers.count)
        }
        return SignalGradient.Selection(taps: taps, shared: min(taps, Int(shared)))
    }

    /// The profiles of the gradient of the operand, given those of the result's.
    func returned(_ profiles: Profiles) -> Profiles {
        var result: Profiles = [:]
        for (transfer, axis) in zip(transfers, axes) {
            result[axis.input] = transfer.transposed.transferred(profiles[axis.result], isCoherent: false)
        }
        return result
    }

    func map(_ populations: [Population]? = nil, _ transform: (Moments) -> Moments) -> Signal {
        let x = step.operand(0)
        var result = Signal(
            roles: x.roles, extents: step.extents,
            (populations ?? x.populations).map { Population(channels: $0.channels, moments: transform($0.moments)) })
        for (transfer, axis) in zip(transfers, axes) {
            // Averages over a window, whatever is done with its elements.
            result.profiles[axis.result] = Profile(
                transfer.terms.map { row in
                    row.reduce(0) { $0 + (x.profiles[axis.input]?.values[$1.position] ?? 1) } / Double(max(1, row.count))
                })
        }
        return result
    }
}
