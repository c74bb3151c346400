import Foundation
import Graph
import Operators

extension ImportRule {
    private static let domain = "ai.onnx.preview.training"

    /// One step of an optimizer, over any number of tensors.
    static let optimizers: [ImportRule] = [
        ImportRule("Adagrad", domain: domain, adagrad), ImportRule("Adam", domain: domain, adam),
        ImportRule("Momentum", domain: domain, momentum),
    ]

    /// The number of tensors, whose gradients and states follow, `kinds` of each.
    private static func count(_ scope: NodeScope, kinds: Int) throws(ImportFault) -> Int {
        guard scope.inputs.count > 2, (scope.inputs.count - 2) % kinds == 0 else { throw .malformed("\(scope.inputs.count) inputs") }
        return (scope.inputs.count - 2) / kinds
    }

    /// The gradient, with that of the squared weights that are to stay small.
    private static func gradient(_ scope: NodeScope, _ x: Int, _ gradient: Int) throws(ImportFault) -> Value {
        let factor = scope.number("norm_coefficient", default: 0)
        if factor == 0 { return try scope.value(gradient) }
        return try scope.apply(.add, [scope.apply(.multiply, [scope.value(x), scope.constant(factor)]), scope.value(gradient)])
    }

    /// a * x + b * y.
    private static func mixed(_ scope: NodeScope, _ a: Double, _ x: Value, _ b: Double, _ y: Value) throws(ImportFault) -> Value {
        try scope.apply(.add, [scope.apply(.multiply, [x, scope.constant(a)]), scope.apply(.multiply, [y, scope.constant(b)])])
    }

    private static func rate(_ scope: NodeScope) throws(ImportFault) -> Value { try scope.reshape(scope.value(0), []) }

    private static func adagrad(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let count = try count(scope, kinds: 3)
        let steps = try scope.number(1)
        let decay = 1 + steps * scope.number("decay_factor", default: 0)
        let rate = try scope.apply(.divide, [rate(scope), scope.constant(decay)])
        var (moved, sums): ([ImportedValue], [ImportedValue]) = ([], [])
        for index in 0..<count {
            let (x, g, h) = (2 + index, 2 + count + index, 2 + 2 * count + index)
            let gradient = try gradient(scope, x, g)
            let sum = try scope.apply(.add, [scope.value(h), scope.apply(.multiply, [gradient, gradient])])
            let root = try scope.map(ModelActivations.function("sqrt(x)"), [sum])
            let spread = try scope.apply(.add, [root, scope.constant(scope.number("epsilon", default: 0))])
            let step = try scope.apply(.divide, [scope.apply(.multiply, [gradient, rate]), spread])
            moved.append(.computed(try scope.apply(.subtract, [scope.value(x), step]), try scope.element(x)))
            sums.append(.computed(sum, try scope.element(h)))
        }
        return moved + sums
    }

    private static func adam(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let count = try count(scope, kinds: 4)
        let steps = try scope.number(1)
        let (alpha, beta) = (scope.shortNumber("alpha", default: 0.9), scope.shortNumber("beta", default: 0.999))
        var rate = try rate(scope)
        if steps > 0 {
            rate = try scope.apply(.multiply, [rate, scope.constant((1 - pow(beta, steps)).squareRoot() / (1 - pow(alpha, steps)))])
        }
        var (moved, means, squares): ([ImportedValue], [ImportedValue], [ImportedValue]) = ([], [], [])
        for index in 0..<count {
            let (x, g, v, h) = (2 + index, 2 + count + index, 2 + 2 * count + index, 2 + 3 * count + index)
            let gradient = try gradient(scope, x, g)
            let mean = try mixed(scope, alpha, scope.value(v), 1 - alpha, gradient)
            let square = try mixed(scope, beta, scope.value(h), 1 - beta, scope.apply(.multiply, [gradient, gradient]))
            let root = try scope.map(ModelActivations.function("sqrt(x)"), [square])
            let spread = try scope.apply(.add, [root, scope.constant(scope.number("epsilon", default: 0))])
            let step = try scope.apply(.divide, [scope.apply(.multiply, [mean, rate]), spread])
            var next = try scope.apply(.subtract, [scope.value(x), step])
            let decay = scope.number("norm_coefficient_post", default: 0)
            if decay != 0 { next = try scope.apply(.multiply, [next, scope.constant(1 - decay)]) }
            moved.append(.computed(next, try scope.element(x)))
            means.append(.computed(mean, try scope.element(v)))
            squares.append(.computed(square, try scope.element(h)))
        }
        return moved + means + squares
    }

    private static func momentum(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let count = try count(scope, kinds: 3)
        let steps = try scope.number(1)
        let alpha = scope.number("alpha", default: 0.9)
        let beta = steps > 0 ? scope.number("beta", default: 1) : 1
        let rate = try rate(scope)
        var (moved, velocities): ([ImportedValue], [ImportedValue]) = ([], [])
        for index in 0..<count {
            let (x, g, v) = (2 + index, 2 + count + index, 2 + 2 * count + index)
            let gradient = try gradient(scope, x, g)
            let velocity = try mixed(scope, alpha, scope.value(v), beta, gradient)
            let direction =
                try scope.text("mode", default: "standard") == "nesterov" ? mixed(scope, 1, gradient, alpha, velocity) : velocity
            moved.append(
                .computed(try scope.apply(.subtract, [scope.value(x), scope.apply(.multiply, [direction, rate])]), try scope.element(x)))
            velocities.append(.computed(velocity, try scope.element(v)))
        }
        return moved + velocities
    }
}
