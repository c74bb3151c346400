import Graph
import Operators

extension ImportRule {
    /// Activations that depend on their attributes, and what makes probabilities in older operator sets.
    static let activations: [ImportRule] = [
        selu, hardSigmoid, gelu, swish, clip, parametric, softmax("Softmax", .softmax), softmax("LogSoftmax", .logSoftmax),
    ]

    private static let selu = ImportRule("Selu") { (scope) throws(ImportFault) in
        let alpha = scope.number("alpha", default: 1.6732632423543772)
        let gamma = scope.number("gamma", default: 1.0507009873554805)
        let isStandard = Float(alpha) == 1.6732632423543772 && Float(gamma) == 1.0507009873554805
        let call = isStandard ? "selu(x)" : "scaled_elu(x, \(ModelActivations.text(alpha)), \(ModelActivations.text(gamma)))"
        return try scope.result(scope.map(ModelActivations.function(call), [scope.value(0)]))
    }

    private static let hardSigmoid = ImportRule("HardSigmoid") { (scope) throws(ImportFault) in
        let (alpha, beta) = (scope.shortNumber("alpha", default: 0.2), scope.shortNumber("beta", default: 0.5))
        // PyTorch writes a sixth with 8 digits.
        let isStandard = abs(alpha - 1 / 6.0) < 1e-7 && beta == 0.5
        let call = isStandard ? "hard_sigmoid(x)" : "linear_sigmoid(x, \(ModelActivations.text(alpha)), \(ModelActivations.text(beta)))"
        return try scope.result(scope.map(ModelActivations.function(call), [scope.value(0)]))
    }

    private static let gelu = ImportRule("Gelu") { (scope) throws(ImportFault) in
        let call = scope.text("approximate", default: "none") == "tanh" ? "gelu_tanh(x)" : "gelu(x)"
        return try scope.result(scope.map(ModelActivations.function(call), [scope.value(0)]))
    }

    private static let swish = ImportRule("Swish") { (scope) throws(ImportFault) in
        let alpha = scope.shortNumber("alpha", default: 1)
        let call = alpha == 1 ? "silu(x)" : "swish(x, \(ModelActivations.text(alpha)))"
        return try scope.result(scope.map(ModelActivations.function(call), [scope.value(0)]))
    }

    /// Bounds were attributes before operator set 11.
    private static let clip = ImportRule("Clip") { (scope) throws(ImportFault) in
        try scope.requireFloating(0..<1, orNarrow: true)
        var bounds: [Double?] = [nil, nil]
        var isKnown = true
        for (index, name) in ["min", "max"].enumerated() {
            if scope.set < 11 {
                bounds[index] = scope.has(name) ? scope.shortNumber(name, default: 0) : nil
            } else if scope.isGiven(index + 1) {
                guard case .known(let tensor) = try scope.input(index + 1), scope.importer.folding == nil else { isKnown = false; continue }
                bounds[index] = tensor.doubles.first
            }
        }
        let x = try scope.value(0)
        if !isKnown {
            var result = x
            if scope.isGiven(1) { result = try scope.apply(.maximum, [result, scope.aligned(1, rank: scope.rank(0))]) }
            if scope.isGiven(2) { result = try scope.apply(.minimum, [result, scope.aligned(2, rank: scope.rank(0))]) }
            return try scope.result(result)
        }
        let call: String
        // Bounds that no number of f32 exceeds are none.
        let (low, high) = (bounds[0].flatMap { $0 > -3.4e38 ? $0 : nil }, bounds[1].flatMap { $0 < 3.4e38 ? $0 : nil })
        switch (low, high) {
        case (nil, nil): return [try scope.input(0)]
        case (0, nil): call = "relu(x)"
        case (0, 6): call = "relu6(x)"
        case (let low?, let high?): call = "clip(x, \(ModelActivations.text(low)), \(ModelActivations.text(high)))"
        case (let low?, nil): return try scope.result(scope.apply(.maximum, [x, scope.constant(low)]))
        case (nil, let high?): return try scope.result(scope.apply(.minimum, [x, scope.constant(high)]))
        }
        return try scope.result(scope.map(ModelActivations.function(call), [x]))
    }

    /// The slopes are repeated as in NumPy; those of one value a channel are the row `prelu`.
    private static let parametric = ImportRule("PRelu") { (scope) throws(ImportFault) in
        let (shape, slope) = (try scope.shape(0), try scope.shape(1))
        let behind = slope.dimensions.dropFirst()
        let channels = shape.rank >= 2 ? shape[1] : nil
        let isOfChannels = slope.rank >= 1 && slope.rank == shape.rank - 1 && slope[0] == channels && behind.allSatisfy { $0 == 1 }
        let isShared = slope.elementCount == 1
        // Before operator set 7 a vector was one of channels.
        let isOldVector = scope.set < 7 && slope.rank == 1 && slope[0] == channels
        if case .known = try scope.input(1), shape.rank >= 2, isOfChannels || isShared || isOldVector, scope.importer.folding == nil {
            let label = scope.label()
            let count = isShared ? 1 : channels?.value ?? 1
            let weight = try scope.owned(1, "weight", of: label) { $0.reshaped([count]) }
            return try scope.result(
                scope.apply(.parametricRectifier, [scope.value(0), weight], ["shared": .boolean(isShared && channels != 1)], label: label))
        }
        let x = try scope.value(0)
        let slopes: Value
        if isOldVector {
            slopes = try scope.reshape(scope.value(1), [1] + slope.dimensions + [Dimension](repeating: 1, count: shape.rank - 2))
        } else {
            slopes = try scope.aligned(1, rank: shape.rank)
        }
        let zero = scope.constant(0)
        let negative = try scope.apply(.multiply, [scope.apply(.minimum, [x, zero]), slopes])
        return try scope.result(scope.apply(.add, [scope.apply(.maximum, [x, zero]), negative]))
    }

    /// Before operator set 13 all axes from the given one on counted as one.
    private static func softmax(_ name: String, _ operation: Operator) -> ImportRule {
        ImportRule(name) { (scope) throws(ImportFault) in
            let (rank, x) = (try scope.rank(0), try scope.value(0))
            if rank == 1 {
                let dimensions = try scope.shape(0).dimensions
                _ = try scope.axis(scope.integer("axis", default: scope.set < 13 ? 0 : -1), rank: rank)
                let row = try scope.apply(operation, [scope.reshape(x, [1] + dimensions)], ["axis": .integer(1)])
                return try scope.result(scope.reshape(row, dimensions))
            }
            if scope.set >= 13 { return try scope.read(operation) }
            let axis = try scope.axis(scope.integer("axis", default: 1), rank: rank)
            if axis == rank - 1 { return try scope.result(scope.apply(operation, [x], ["axis": .integer(axis)])) }
            // The images stay an axis of their own, of any number.
            let dimensions = try scope.shape(0).dimensions
            let rows = axis > 1 ? [dimensions[0], tally(dimensions[1..<axis])] : [tally(dimensions[..<axis])]
            let flat = try scope.reshape(x, rows + [tally(dimensions[axis...])])
            let row = try scope.apply(operation, [flat], ["axis": .integer(rows.count)])
            return try scope.result(scope.reshape(row, dimensions))
        }
    }
}

extension NodeScope {
    /// An attribute as the shortest decimal number that is the same f32: 0.2, and not 0.20000000298.
    func shortNumber(_ name: String, default value: Double) -> Double {
        let number = Float(self.number(name, default: value))
        return Double("\(number)") ?? Double(number)
    }
}
