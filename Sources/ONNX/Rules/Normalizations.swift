import Graph
import Interchange
import Operators

extension ImportRule {
    /// Normalizations over the batch, the channels, groups or axes.
    static let normalizations: [ImportRule] = [
        ImportRule("BatchNormalization", batch),
        ImportRule("InstanceNormalization") { (scope) throws(ImportFault) in
            if let ofGroups = try groups(scope) { return ofGroups }
            return try scope.read(.instanceNormalization)
        },
        ImportRule("GroupNormalization", group),
        ImportRule("LayerNormalization", layer),
        ImportRule("RMSNormalization") { (scope) throws(ImportFault) in
            let rank = try scope.rank(0)
            let axes = Attribute.integers(Array(try scope.axis(scope.integer("axis", default: -1), rank: rank)..<rank))
            let x = try scope.value(0)
            let squares = try scope.apply(.mean, [scope.apply(.multiply, [x, x])], ["axes": axes, "keep": .boolean(true)])
            let spread = try scope.map(
                ModelActivations.function("sqrt(x)"),
                [scope.apply(.add, [squares, scope.constant(scope.shortNumber("epsilon", default: 1e-5))])])
            return try scope.result(scope.apply(.multiply, [scope.apply(.divide, [x, spread]), scope.aligned(1, rank: rank)]))
        },
        ImportRule("MeanVarianceNormalization") { (scope) throws(ImportFault) in
            let rank = try scope.rank(0)
            let axes = Attribute.integers(try scope.axes(input: .max, rank: rank) ?? [0, 2, 3])
            let x = try scope.value(0)
            let distance = try scope.apply(.subtract, [x, scope.apply(.mean, [x], ["axes": axes, "keep": .boolean(true)])])
            let variance = try scope.apply(.mean, [scope.apply(.multiply, [distance, distance])], ["axes": axes, "keep": .boolean(true)])
            let spread = try scope.apply(.add, [scope.map(ModelActivations.function("sqrt(x)"), [variance]), scope.constant(1e-9)])
            return try scope.result(scope.apply(.divide, [distance, spread]))
        },
        ImportRule("LpNormalization") { (scope) throws(ImportFault) in
            let axis = try scope.axis(scope.integer("axis", default: -1), rank: scope.rank(0))
            let p = try scope.power()
            let x = try scope.value(0)
            let norm = try scope.apply(.norm, [x], ["axes": .integers([axis]), "keep": .boolean(true), "p": .number(p)])
            // What has no length stays zero.
            return try scope.result(scope.apply(.divide, [x, scope.apply(.maximum, [norm, scope.constant(1e-37)])]))
        },
        ImportRule("LRN") { (scope) throws(ImportFault) in
            let size = try scope.integer("size", default: 1)
            guard size % 2 == 1 else { throw .unsupported("an even number of channels, \(size), around each") }
            return try scope.read(.localResponseNormalization)
        },
    ]

    private static func epsilon(_ scope: NodeScope) -> Attribute { .number(scope.shortNumber("epsilon", default: 1e-5)) }

    private static func batch(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        if scope.set < 9, try !scope.boolean("spatial", default: true) {
            throw .unsupported("statistics of single pixels ('spatial' is 0)")
        }
        let wanted = scope.node.output.dropFirst().filter { !$0.isEmpty }
        if scope.set >= 14, try scope.boolean("training_mode", default: false) { return try trainedBatch(scope) }
        guard wanted.isEmpty else { throw .unsupported("the statistics that a batch normalization in training gives") }
        return try scope.read(.batchNormalization)
    }

    /// As in training: normalized by its own statistics, which move the running ones.
    private static func trainedBatch(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        guard shape.rank >= 2 else { throw .malformed("a batch normalization of \(shape)") }
        let axes = Attribute.integers([0] + Array(2..<shape.rank))
        let x = try scope.value(0)
        let channels = [1, shape[1]] + [Dimension](repeating: 1, count: shape.rank - 2)
        func ofChannels(_ index: Int) throws(ImportFault) -> Value { try scope.reshape(scope.value(index), channels) }
        let mean = try scope.apply(.mean, [x], ["axes": axes, "keep": .boolean(true)])
        let distance = try scope.apply(.subtract, [x, mean])
        let variance = try scope.apply(.mean, [scope.apply(.multiply, [distance, distance])], ["axes": axes, "keep": .boolean(true)])
        let spread = try scope.map(
            ModelActivations.function("sqrt(x)"),
            [scope.apply(.add, [variance, scope.constant(scope.shortNumber("epsilon", default: 1e-5))])])
        let scaled = try scope.apply(.multiply, [scope.apply(.divide, [distance, spread]), ofChannels(1)])
        let result = try scope.apply(.add, [scaled, ofChannels(2)])
        let momentum = scope.shortNumber("momentum", default: 0.9)
        func moved(_ index: Int, _ statistic: Value) throws(ImportFault) -> ImportedValue {
            let old = try scope.apply(.multiply, [scope.value(index), scope.constant(momentum)])
            let new = try scope.apply(.multiply, [scope.reshape(statistic, [shape[1]]), scope.constant(1 - momentum)])
            return .computed(try scope.apply(.add, [old, new]), try scope.element(index))
        }
        return try [.computed(result, scope.element(0)), moved(3, mean), moved(4, variance)]
    }

    /// Images whose channels were joined to groups, normalized without a scale or a shift: as exporters write group normalization. Nil of others.
    private static func groups(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue]? {
        guard case .computed(let grouped, let element) = try scope.input(0), case let node = scope.builder.graph[grouped],
            node.operation == .reshape, node.type.rank == 3, let groups = node.type.shape[1].value,
            case .known(let scale) = try scope.input(1), case .known(let shift) = try scope.input(2),
            scale.doubles.allSatisfy({ $0 == 1 }), shift.doubles.allSatisfy({ $0 == 0 }), scale.count == groups, shift.count == groups,
            case let image = node.operands[0], case let shape = scope.type(of: image).shape,
            shape.rank >= 2, shape[0] == node.type.shape[0], let channels = shape[1].value, channels % groups == 0, channels > groups
        else { return nil }
        let attributes: Attributes = ["groups": .integer(groups), "epsilon": epsilon(scope), "affine": .boolean(false)]
        let plain = try scope.apply(.groupNormalization, [image], attributes)
        return [.computed(try scope.reshape(plain, node.type.shape.dimensions), element)]
    }

    /// Scales and shifts are those of groups before operator set 21, of channels since.
    private static func group(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let groups = try scope.integer("num_groups", default: 1)
        let shape = try scope.shape(0)
        guard shape.rank >= 2, let channels = shape[1].value, groups > 0, channels % groups == 0 else {
            throw .malformed("\(groups) groups of the channels of \(shape)")
        }
        if scope.set >= 21 { return try scope.read(.groupNormalization) }
        let attributes: Attributes = ["groups": .integer(groups), "epsilon": epsilon(scope)]
        let plain = try scope.apply(.groupNormalization, [scope.value(0)], attributes.with(["affine": .boolean(false)]))
        let rest = shape.dimensions.dropFirst(2).reduce(Dimension.fixed(channels / groups)) { Dimension($0.expression * $1.expression) }
        let grouped = try scope.reshape(plain, [shape[0], .fixed(groups), rest])
        let scaled = try scope.apply(.multiply, [grouped, scope.reshape(scope.value(1), [1, .fixed(groups), 1])])
        let shifted = try scope.apply(.add, [scaled, scope.reshape(scope.value(2), [1, .fixed(groups), 1])])
        return try scope.result(scope.reshape(shifted, shape.dimensions))
    }

    private static func layer(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let first = try scope.axis(scope.integer("axis", default: -1), rank: shape.rank)
        let axes = Array(first..<shape.rank)
        let isPlain = scope.node.output.dropFirst().allSatisfy(\.isEmpty)
        let own = Shape(Array(shape.dimensions[first...]))
        if isPlain, first > 0, scope.isGiven(2), try scope.shape(1) == own, try scope.shape(2) == own {
            return try scope.read(.layerNormalization)
        }
        let x = try scope.value(0)
        let attributes: Attributes = ["axes": .integers(axes), "keep": .boolean(true)]
        let mean = try scope.apply(.mean, [x], attributes)
        let distance = try scope.apply(.subtract, [x, mean])
        let variance = try scope.apply(.mean, [scope.apply(.multiply, [distance, distance])], attributes)
        let spread = try scope.map(
            ModelActivations.function("sqrt(x)"),
            [scope.apply(.add, [variance, scope.constant(scope.shortNumber("epsilon", default: 1e-5))])])
        var result = try scope.apply(.multiply, [scope.apply(.divide, [distance, spread]), scope.aligned(1, rank: shape.rank)])
        if scope.isGiven(2) { result = try scope.apply(.add, [result, scope.aligned(2, rank: shape.rank)]) }
        let inverse = try scope.map(ModelActivations.function("reciprocal(x)"), [spread])
        return [.computed(result, try scope.element(0)), .computed(mean, .f32), .computed(inverse, .f32)]
    }
}
