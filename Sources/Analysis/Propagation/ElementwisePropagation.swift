import Foundation
import Graph

extension PropagationRule {
    /// Functions of one operand are integrated; several operands count as independent, unless they are functions of one and the same.
    static let elementwise = PropagationRule(
        forward: { step in ElementwisePropagation(step).signal },
        backward: { step, gradient in ElementwisePropagation(step).send(gradient) })
}

/// An element-wise node as a function of values that do not depend on each other.
private struct ElementwisePropagation {
    struct Variable {
        var value: Value
        var signal: Signal
        /// As many as the result has.
        var extents: [Int]
    }

    let step: PropagationStep
    let extents: [Int]
    let roles: [AxisRole]
    /// Over the variables.
    var expression: Scalar
    var variables: [Variable] = []
    /// Whether all variables are one whose function the result is.
    var isFunction = false

    /// Expressions beyond are no longer followed back to what they are functions of.
    private static let largest = 60

    init(_ step: PropagationStep) {
        self.step = step
        extents = step.extents
        let rank = extents.count
        let operands = step.node.operands.map { value in
            let signal = step.propagator.signal(of: value)
            return Variable(value: value, signal: signal, extents: Self.aligned(signal.extents, to: rank))
        }
        let defaults = step.propagator.defaultRoles(rank)
        roles = extents.indices.map { [extents] axis in
            let full = operands.filter { $0.extents[axis] == extents[axis] && $0.signal.extents.count == rank }
            return (full.first { !$0.signal.isWeight } ?? full.first)?.signal.roles[axis] ?? defaults[axis]
        }
        guard case .elementwise(let body) = step.node.operation?.lowering(step.signature) else {
            preconditionFailure("'\(step.node.operation?.name ?? "")' is not element-wise")
        }
        expression = body.withoutPositions
        if expression != body { step.assume("numbers that depend on positions or chance are treated as their mean") }
        var replacements: [Scalar] = []
        for operand in operands {
            if let known = variables.firstIndex(where: { $0.value == operand.value }) {
                replacements.append(.argument(known))
            } else {
                replacements.append(.argument(variables.count))
                variables.append(operand)
            }
        }
        expression = expression.substituting(replacements)
        follow()
    }

    /// Goes back to what all operands that vary are functions of, if there is such.
    private mutating func follow() {
        let varying = variables.indices.filter { expression.reads(argument: $0) && !variables[$0].signal.isConstant }
        guard let first = varying.first else { return }
        let full = varying.allSatisfy { variables[$0].extents == extents && !variables[$0].signal.isWeight }
        let origins = varying.map { variables[$0].signal.origin ?? Signal.Origin(value: variables[$0].value, function: .argument(0)) }
        guard full, origins.allSatisfy({ $0.value == origins[0].value }) else {
            let values = Set(varying.map { variables[$0].signal.origin?.value ?? variables[$0].value })
            if values.count < varying.count { step.assume("operands that depend on each other are treated as independent") }
            isFunction = varying.count == 1 && full
            return
        }
        let origin = origins[0].value
        var replacements = variables.indices.map { Scalar.argument($0) }
        var sides: [Variable] = []
        for (place, index) in varying.enumerated() {
            let arguments = origins[place].sides.map { side -> Scalar in
                let known = variables.firstIndex { $0.value == side } ?? sides.firstIndex { $0.value == side }.map { variables.count + $0 }
                if let known { return .argument(known) }
                let signal = step.propagator.signal(of: side)
                sides.append(Variable(value: side, signal: signal, extents: Self.aligned(signal.extents, to: extents.count)))
                return .argument(variables.count + sides.count - 1)
            }
            replacements[index] = origins[place].function.substituting([.argument(first)] + arguments)
        }
        let followed = expression.substituting(replacements)
        isFunction = true
        guard followed.operationCount <= Self.largest else {
            isFunction = varying.count == 1
            return
        }
        expression = followed
        variables[first] = Variable(value: origin, signal: step.propagator.signal(of: origin), extents: extents)
        variables += sides
    }

    private static func aligned(_ extents: [Int], to rank: Int) -> [Int] {
        if extents.count == rank { return extents }
        var result = [Int](repeating: 1, count: rank)
        if let first = extents.first, rank >= 2 { result[1] = first }
        return result
    }

    /// Channels of the result that are alike in all variables, with the population of each variable.
    private var segments: [(channels: Int, populations: [Int])] {
        let whole = Signal(roles: roles, extents: extents, .constant(0)).channels
        let divided = variables.indices.filter { variables[$0].signal.populations.count > 1 && variables[$0].signal.channels == whole }
        var ends: Set<Int> = [whole]
        for index in divided {
            var end = 0
            for population in variables[index].signal.populations {
                end += population.channels
                ends.insert(end)
            }
        }
        var (start, result): (Int, [(channels: Int, populations: [Int])]) = (0, [])
        for end in ends.sorted() where end > start {
            let places = variables.indices.map { index -> Int in
                guard divided.contains(index) else { return 0 }
                var sum = 0
                return variables[index].signal.populations.firstIndex { population in
                    sum += population.channels
                    return sum > start
                } ?? 0
            }
            result.append((end - start, places))
            start = end
        }
        return result
    }

    private func moments(_ index: Int, _ population: Int) -> Moments {
        let variable = variables[index]
        let own = variable.signal.populations
        let whole = own.count == 1 ? own[0].moments : variable.signal.channels == channels ? own[population].moments : own.average
        guard variable.signal.isWeight else { return whole }
        // Weights that differ from position to position are the same for all images.
        let varies = extents.indices.contains { roles[$0] == .position && variable.extents[$0] > 1 }
        guard varies else { return whole }
        let (square, apart) = (whole.second.own, whole.mean * whole.mean)
        let places = zip(roles, variable.extents).reduce(1.0) { $1.0 == .position ? $0 * Double($1.1) : $0 }
        return Moments(
            mean: whole.mean, SecondMoments(own: square, near: apart, far: apart, other: apart + (square - apart) / places))
    }

    private var channels: Int { Signal(roles: roles, extents: extents, .constant(0)).channels }

    var signal: Signal {
        var result = Signal(
            roles: roles, extents: extents,
            segments.map { segment in
                let arguments = variables.indices.map { moments($0, segment.populations[$0]) }
                return Population(channels: segment.channels, moments: step.expectation.moments(expression, arguments))
            })
        result.profiles = profiles(result)
        let varying = variables.indices.filter { expression.reads(argument: $0) && !variables[$0].signal.isConstant }
        if isFunction, let only = varying.first, varying.count == 1 {
            let others = variables.indices.filter { $0 != only && expression.reads(argument: $0) }
            // They are the same in all channels, or there is no one function.
            if others.allSatisfy({ variables[$0].signal.populations.count == 1 }) {
                var replacements = variables.indices.map { _ in Scalar.constant(0) }
                replacements[only] = .argument(0)
                for (place, index) in others.enumerated() { replacements[index] = .argument(place + 1) }
                result.origin = Signal.Origin(
                    value: variables[only].value, sides: others.map { variables[$0].value },
                    function: expression.substituting(replacements))
            }
        }
        return result
    }

    /// Where operands are larger, the result is, by as much as its mean square grows with theirs.
    private func profiles(_ result: Signal) -> Profiles {
        let full = variables.indices.filter { variables[$0].extents == extents && expression.reads(argument: $0) }
        let uneven = Profiles.sum(full.map { (variables[$0].signal.profiles, variables[$0].signal.average.second.own) })
        guard !uneven.isEmpty else { return [:] }
        let growth = 1.1
        let arguments = variables.map { $0.signal.average }
        let larger = arguments.indices.map { index -> Moments in
            guard full.contains(index) else { return arguments[index] }
            return Moments(mean: growth.squareRoot() * arguments[index].mean, growth * arguments[index].second)
        }
        let (before, after) = (step.expectation.moments(expression, arguments), step.expectation.moments(expression, larger))
        guard before.second.own > 0, after.second.own > 0 else { return uneven }
        let elasticity = min(2, max(0, log(after.second.own / before.second.own) / log(growth)))
        return uneven.compactMapValues { $0.raised(to: elasticity) }
    }

    func send(_ gradient: SignalGradient) {
        let segments = segments
        for (index, variable) in variables.enumerated() where expression.reads(argument: index) {
            let derivative = expression.derivative(index)
            guard !derivative.isZero else { continue }
            var sent = [SecondMoments](repeating: .zero, count: variable.signal.populations.count)
            for (selection, second) in gradient.parts {
                var (sums, shares) = (sent.map { _ in SecondMoments.zero }, sent.map { _ in 0.0 })
                for (place, segment) in segments.enumerated() {
                    let arguments = variables.indices.map { moments($0, segment.populations[$0]) }
                    let own = sums.count == 1 ? 0 : segment.populations[index]
                    let incoming = second.count == segments.count ? second[place] : second[0]
                    sums[own] = sums[own] + Double(segment.channels) * (slope(derivative, of: index, arguments, at: selection) * incoming)
                    shares[own] += Double(segment.channels)
                }
                for place in sent.indices where shares[place] > 0 {
                    sent[place] = sent[place] + reduced((1 / shares[place]) * sums[place], to: variable)
                }
            }
            let isFull = variable.extents == extents
            step.propagator.add(SignalGradient(sent, isFull ? gradient.profiles : [:]), to: variable.value)
        }
    }

    /// The mean square of a derivative, and of its products at two places.
    private func slope(
        _ derivative: Scalar, of index: Int, _ arguments: [Moments], at selection: SignalGradient.Selection?
    ) -> SecondMoments {
        let others = variables.indices.filter { $0 != index && derivative.reads(argument: $0) && !arguments[$0].isConstant }
        guard let selection, others.isEmpty, !arguments[index].isConstant else {
            return step.expectation.moments(derivative, arguments).second
        }
        // Where the gradient arrives, the result is the largest of a window.
        let constants = arguments.indices.map { $0 == index ? Scalar.argument(0) : .constant(arguments[$0].mean) }
        let field = arguments[index]
        return step.propagator.maximum(of: field, expression.substituting(constants), selection)
            .moments(derivative.substituting(constants)).second
    }

    /// The gradient of an operand that is repeated: the sum over the places where it is.
    private func reduced(_ second: SecondMoments, to variable: Variable) -> SecondMoments {
        let repeated = extents.indices.filter { variable.extents[$0] == 1 && extents[$0] > 1 }
        guard !repeated.isEmpty else { return second }
        var result = second
        let places = repeated.filter { roles[$0] == .position }.map { extents[$0] }
        let whole = Positions(extents: places, images: step.images)
        if !places.isEmpty {
            let sum = whole.sumOverImage(second)
            let isAll = extents.indices.allSatisfy { roles[$0] != .position || variable.extents[$0] == 1 }
            let all = whole.count * whole.count
            result = isAll ? sum : SecondMoments(own: sum.own, near: all * second.far, far: all * second.far, other: sum.other)
        }
        if repeated.contains(where: { roles[$0] == .image }) { result = .constant(whole.sumOverImages(result)) }
        let channels = repeated.filter { roles[$0] == .channel }.reduce(1.0) { $0 * Double(extents[$1]) }
        return channels * result
    }
}

extension Signal {
    /// Whether each channel holds one number, or all do.
    fileprivate var isConstant: Bool { populations.allSatisfy(\.moments.isConstant) }
}

extension Scalar {
    /// The expression with positions at 0, and random numbers at their mean.
    fileprivate var withoutPositions: Scalar {
        switch self {
        case .coordinate: 0
        case .uniform: 0.5
        default: mapChildren(\.withoutPositions)
        }
    }
}
