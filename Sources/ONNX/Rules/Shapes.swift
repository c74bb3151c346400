import Graph
import Interchange
import Operators

extension ImportRule {
    /// Views: what changes the shape and the order of elements, and what a shape is.
    static let shapes: [ImportRule] = [
        ImportRule("Shape") { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            func bound(_ name: String, _ value: Int) throws(ImportFault) -> Int {
                let position = try scope.integer(name, default: value)
                return min(max(position < 0 ? position + shape.rank : position, 0), shape.rank)
            }
            let (start, end) = (try bound("start", 0), try bound("end", shape.rank))
            return [.of(Array(shape.dimensions[start..<max(start, end)]))]
        },
        ImportRule("Size") { (scope) throws(ImportFault) in [.of([Dimension(try scope.shape(0).elementTally)], isScalar: true)] },
        ImportRule("Reshape") { (scope) throws(ImportFault) in
            let target = try scope.sizes(1)
            return [try reshaped(scope, target, zeroIsKept: scope.boolean("allowzero", default: false))]
        },
        ImportRule("Flatten") { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let given = try scope.integer("axis", default: 1)
            let axis = given < 0 ? given + shape.rank : given
            guard 0...shape.rank ~= axis else { throw .malformed("the axis \(given) of \(shape)") }
            if axis == 1, shape.rank >= 2, case .computed(let value, let element) = try scope.input(0) {
                return [.computed(try scope.apply(.flatten, [scope.floating(value)]), element)]
            }
            return [try reshaped(scope, [tally(shape.dimensions[..<axis]), tally(shape.dimensions[axis...])], zeroIsKept: true)]
        },
        ImportRule("Squeeze") { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let given = try scope.axes(rank: shape.rank)
            // For one image the batch goes, and for several it stays.
            if given == nil, scope.isBatch(1, at: 0, of: shape) { throw .openBatch(shape[0]) }
            let axes = given ?? shape.dimensions.indices.filter { shape[$0] == 1 }
            for axis in axes where shape[axis] != 1 { throw .malformed("the axis \(axis) of \(shape) is not 1") }
            if case .computed(let value, let element) = try scope.input(0), !axes.contains(0), shape.rank - axes.count >= 1, !axes.isEmpty {
                return [.computed(try scope.apply(.squeeze, [scope.floating(value)], ["axes": .integers(axes.sorted())]), element)]
            }
            let kept = shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] }
            return [try reshaped(scope, kept, zeroIsKept: true)]
        },
        ImportRule("Unsqueeze") { (scope) throws(ImportFault) in
            let shape = try scope.shape(0)
            let count = try (scope.set < 13 ? scope.integers("axes") ?? [] : scope.integers(1)).count
            guard count <= TensorReader.mostAxes else { throw .unsupported("\(count) axes more") }
            guard let axes = try scope.axes(rank: shape.rank + count), Set(axes).count == axes.count else {
                throw .malformed("an axis is named twice")
            }
            if case .computed(let value, let element) = try scope.input(0), axes.count == 1, axes[0] > 0 {
                return [.computed(try scope.apply(.unsqueeze, [scope.floating(value)], ["axis": .integer(axes[0])]), element)]
            }
            var rest = shape.dimensions[...]
            let target = (0..<shape.rank + axes.count).map { axes.contains($0) ? .fixed(1) : rest.removeFirst() }
            return [try reshaped(scope, target, zeroIsKept: true)]
        },
        ImportRule("Transpose") { (scope) throws(ImportFault) in
            let rank = try scope.rank(0)
            let order = try scope.integers("perm") ?? Array((0..<rank).reversed())
            if order == Array(0..<rank) { return [try scope.keptInput()] }
            guard case .known(let tensor) = try scope.input(0), scope.importer.allowance.mayCopy(tensor.bytes.count) else {
                return try scope.read(.permute)
            }
            guard order.sorted() == Array(0..<rank) else { throw .malformed("'perm' \(order) of a tensor of rank \(rank)") }
            // A weight in another order is a weight still.
            scope.keepInitializer()
            return [.known(tensor.permuted(order))]
        },
        ImportRule("Concat", concatenation), ImportRule("Split", split), ImportRule("Slice", slice), ImportRule("Expand", expansion),
        ImportRule("Tile", tiling), ImportRule("Pad", padding),
    ]

    /// The first input under another shape, in which 0 stands for the extent at its place and -1 for what is left.
    static func reshaped(_ scope: NodeScope, _ target: [Dimension], zeroIsKept: Bool) throws(ImportFault) -> ImportedValue {
        let shape = try scope.shape(0)
        guard target.count <= TensorReader.mostAxes else { throw .unsupported("a tensor of \(target.count) axes") }
        var dimensions = try target.enumerated().map { (axis, dimension) throws(ImportFault) -> Dimension in
            if scope.isBatch(dimension, at: axis, of: shape) { return shape[0] }
            guard dimension == 0, !zeroIsKept else { return dimension }
            guard axis < shape.rank else { throw .malformed("the shape \(target) copies an extent that \(shape) does not have") }
            return shape[axis]
        }
        if let open = dimensions.firstIndex(where: { $0.value == -1 }) {
            let others = dimensions.enumerated().filter { $0.offset != open }.reduce(SizeExpression(1)) { $0 * $1.element.expression }
            let isEmpty = shape.dimensions.contains(0)
            guard isEmpty || others != SizeExpression(0),
                let rest = isEmpty ? SizeExpression(0) : shape.elementTally.dividedExactly(by: others)
            else {
                throw .unsupported("\(shape) as \(Shape(target)): what stands for -1 is no integer")
            }
            dimensions[open] = Dimension(rest)
        }
        guard dimensions.allSatisfy({ ($0.value ?? 1) >= 0 }) else { throw .malformed("the shape \(Shape(target))") }
        guard Shape(dimensions).elementTally == shape.elementTally else {
            throw .malformed("\(shape) as \(Shape(dimensions)), which has another number of elements")
        }
        switch try scope.input(0) {
        case .known(let tensor):
            guard let extents = Shape(dimensions).extents else { throw .malformed("\(shape) as \(Shape(dimensions))") }
            scope.keepInitializer()
            return .known(tensor.reshaped(extents))
        default: return .computed(try scope.reshape(scope.value(0), dimensions), try scope.element(0))
        }
    }

    private static func concatenation(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let rank = try scope.rank(0)
        let axis = try scope.axis(scope.integer("axis", default: 1), rank: rank)
        let filled = scope.inputs.indices.filter { scope.inputs[$0].known?.count != 0 }
        guard let first = filled.first else { return [try scope.input(0)] }
        if filled.count == 1 { return [try scope.input(first)] }
        let operands = try filled.map { (index) throws(ImportFault) in try scope.value(index) }
        return try scope.result(scope.apply(.concat, operands, ["axis": .integer(axis)]), scope.element(first))
    }

    private static func split(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let axis = try scope.axis(scope.integer("axis", default: 0), rank: shape.rank)
        let count = scope.node.output.count
        var sizes: [Int]
        if scope.isGiven(1) {
            sizes = try scope.integers(1)
        } else if let given = try scope.integers("split") {
            sizes = given
        } else {
            guard let extent = shape[axis].value else { throw .unsupported("parts of the size \(shape[axis])") }
            let parts = try scope.integer("num_outputs", default: count)
            guard parts > 0, parts == count else { throw .malformed("\(parts) parts for \(count) outputs") }
            let size = (extent + parts - 1) / parts
            sizes = (0..<parts).map { max(0, min(size, extent - $0 * size)) }
        }
        guard sizes.count == count, sizes.allSatisfy({ $0 >= 0 }), shape[axis].value.map({ $0 == sizes.reduce(0, +) }) ?? true else {
            throw .malformed("\(count) parts \(sizes) of \(shape) along the axis \(axis)")
        }
        if sizes.count == 1 { return [try scope.input(0)] }
        let element = try scope.element(0)
        let filled = sizes.filter { $0 > 0 }
        var (number, start) = (-1, 0)
        if filled.isEmpty { return sizes.map { _ in inputs(scope, 0) } }
        let x = try scope.value(0)
        return try sizes.map { (size) throws(ImportFault) in
            guard size > 0 else {
                var extents = shape.extents ?? []
                guard !extents.isEmpty else { throw .unsupported("a part without elements of \(shape)") }
                extents[axis] = 0
                return .known(HostTensor(element, shape: extents, numbers: []))
            }
            number += 1
            defer { start += size }
            if filled.count == 1 { return inputs(scope, 0) }
            // Each of the parts of a split says how long all are.
            if filled.count > 64 {
                let place: Attributes = ["axis": .integer(axis), "start": .integer(start), "count": .integer(size)]
                return .computed(try scope.apply(.slice, [x], place), element)
            }
            return .computed(
                try scope.apply(.split, [x], ["sizes": .integers(filled), "axis": .integer(axis), "part": .integer(number)]), element)
        }
    }

    /// The product of extents.
    static func tally(_ extents: ArraySlice<Dimension>) -> Dimension {
        extents.reduce(.fixed(1)) { Dimension($0.expression * $1.expression) }
    }

    private static func inputs(_ scope: NodeScope, _ index: Int) -> ImportedValue { scope.inputs[index] }

    private static func slice(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let isOld = scope.set < 10
        let starts = try isOld ? scope.integers("starts") ?? [] : scope.integers(1)
        let ends = try isOld ? scope.integers("ends") ?? [] : scope.integers(2)
        let axes = try scope.axes(input: isOld ? .max : 3, rank: shape.rank) ?? Array(starts.indices)
        let steps = try !isOld && scope.isGiven(4) ? scope.integers(4) : starts.map { _ in 1 }
        guard starts.count == ends.count, starts.count == axes.count, starts.count == steps.count, axes.allSatisfy({ $0 < shape.rank })
        else {
            throw .malformed("\(starts.count) starts, \(ends.count) ends, \(axes.count) axes and \(steps.count) steps")
        }
        var cuts: [(axis: Int, start: Int, count: Int, step: Int)] = []
        var extents = shape.dimensions
        for ((start, end), (axis, step)) in zip(zip(starts, ends), zip(axes, steps)) {
            guard step != 0 else { throw .malformed("a step of 0") }
            guard let extent = shape[axis].value else {
                // All of a size, or all behind its first positions.
                guard step == 1, start >= 0, end >= Int(Int32.max) else {
                    throw .unsupported("positions \(start) to \(end) of the size \(shape[axis])")
                }
                if start > 0 { cuts.append((axis, start, -1, 1)) }
                extents[axis] = Dimension(shape[axis].expression - SizeExpression(start))
                continue
            }
            let count: Int
            var from = start < 0 ? start + extent : start
            var to = end < 0 ? end + extent : end
            if step > 0 {
                (from, to) = (min(max(from, 0), extent), min(max(to, 0), extent))
                count = to > from ? (to - from + step - 1) / step : 0
            } else {
                (from, to) = (min(max(from, 0), extent - 1), min(max(to, -1), extent - 1))
                count = from > to ? (from - to - step - 1) / -step : 0
            }
            extents[axis] = .fixed(count)
            if count == extent, step == 1 { continue }
            cuts.append((axis, from, count, count == 1 ? 1 : step))
        }
        if extents.contains(0) {
            guard let known = Shape(extents).extents else { throw .unsupported("no elements of \(shape)") }
            return [.known(HostTensor(try scope.element(0), shape: known, numbers: []))]
        }
        if cuts.isEmpty { return [try scope.input(0)] }
        var result = try scope.value(0)
        for cut in cuts {
            result = try scope.apply(
                .slice, [result],
                ["axis": .integer(cut.axis), "start": .integer(cut.start), "count": .integer(cut.count), "step": .integer(cut.step)])
        }
        return try scope.result(result)
    }

    /// A tensor repeated along axes of extent 1, to a shape that it has in all others.
    static func repeated(_ scope: NodeScope, _ value: Value, _ target: [Dimension]) throws(ImportFault) -> Value {
        let shape = scope.type(of: value).shape
        let padded = [Dimension](repeating: 1, count: target.count - shape.rank) + shape.dimensions
        if padded == target { return try scope.reshape(value, target) }
        func attribute(_ dimensions: [Dimension]) -> Attribute {
            Shape(dimensions).extents.map(Attribute.integers) ?? .shape(Shape(dimensions))
        }
        if padded.count >= 2, padded[0] == target[0] {
            return try scope.apply(.expand, [scope.reshape(value, padded)], ["extents": attribute(Array(target.dropFirst()))])
        }
        if padded.count >= 2, padded[0] == 1, scope.type(of: value).element == .f32, let zeros = try zeros(scope, target) {
            let rest = Array(target.dropFirst())
            let each = try scope.reshape(value, padded)
            let one = rest == Array(padded.dropFirst()) ? each : try scope.apply(.expand, [each], ["extents": attribute(rest)])
            return try scope.apply(.add, [zeros, one])
        }
        let inFront = try scope.reshape(value, [1] + padded)
        return try scope.reshape(scope.apply(.expand, [inFront], ["extents": attribute(target)]), target)
    }

    /// Zeros [N, 1, …, 1] for a shape of `target`'s rank that has the batch in front and nowhere else; nil for others.
    ///
    /// No attribute of an operator says how many images there are, in a source or before a run. So an element of each image of an input is
    /// compared with itself: it is never greater, not even if it is no number.
    private static func zeros(_ scope: NodeScope, _ target: [Dimension]) throws(ImportFault) -> Value? {
        let graph = scope.builder.graph
        guard let batch = graph.batchSymbol, target[0].symbol == batch,
            !target.dropFirst().contains(where: { $0.expression.symbols.contains { $0.name == batch } }),
            let input = graph.values.first(where: { graph[$0].inputName != nil && graph[$0].type.shape.dimensions.first?.symbol == batch })
        else { return nil }
        var element = scope.floating(input)
        if graph[input].type.rank > 1 {
            element = try scope.reshape(
                element, [target[0], Dimension(Shape(Array(graph[input].type.shape.dimensions.dropFirst())).elementTally)])
            element = try scope.apply(
                .slice, [element], ["axis": .integer(1), "start": .integer(0), "count": .integer(1), "step": .integer(1)])
        }
        element = try scope.reshape(element, [target[0]] + target.dropFirst().map { _ in 1 })
        return try scope.apply(.greater, [element, element])
    }

    private static func expansion(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let wanted = try scope.sizes(1)
        guard wanted.allSatisfy({ ($0.value ?? 1) >= 0 }) else { throw .malformed("\(shape) repeated to \(Shape(wanted))") }
        let rank = max(shape.rank, wanted.count)
        let own = [Dimension](repeating: 1, count: rank - shape.rank) + shape.dimensions
        let other = [Dimension](repeating: 1, count: rank - wanted.count) + wanted
        let target = try zip(own, other).map { (a, b) throws(ImportFault) -> Dimension in
            if a == b || b == 1 { return a }
            if a == 1 { return b }
            throw .malformed("\(shape) repeated to \(Shape(wanted))")
        }
        if target == shape.dimensions { return [try scope.input(0)] }
        if target.contains(0), let extents = Shape(target).extents {
            return [.known(HostTensor(try scope.element(0), shape: extents, numbers: []))]
        }
        return try scope.result(repeated(scope, scope.value(0), target))
    }

    private static func tiling(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let counts = try scope.sizes(1)
        guard counts.count == shape.rank, counts.allSatisfy({ ($0.value ?? 1) >= 0 }) else {
            throw .malformed("\(Shape(counts)) repeats of \(shape)")
        }
        let target = zip(counts, shape.dimensions).map { Dimension($0.expression * $1.expression) }
        if target.contains(0), let extents = Shape(target).extents {
            return [.known(HostTensor(try scope.element(0), shape: extents, numbers: []))]
        }
        // Axis by axis: all before it, once each of the tiles, all from it on.
        var result = try scope.value(0)
        var extents = shape.dimensions
        for (axis, count) in counts.enumerated() where count != 1 {
            let before = tally(extents[..<axis])
            let behind = tally(extents[axis...])
            let apart = try scope.reshape(result, [before, 1, behind])
            extents[axis] = Dimension(extents[axis].expression * count.expression)
            result = try scope.reshape(repeated(scope, apart, [before, count, behind]), extents)
        }
        return try scope.result(result)
    }

    private static func padding(_ scope: NodeScope) throws(ImportFault) -> [ImportedValue] {
        let shape = try scope.shape(0)
        let isOld = scope.set < 11
        let given = try isOld ? scope.integers(scope.has("pads") ? "pads" : "paddings") ?? [] : scope.integers(1)
        let value = try isOld ? scope.shortNumber("value", default: 0) : scope.isGiven(2) ? scope.number(2) : 0
        let axes = try scope.axes(input: isOld ? .max : 3, rank: shape.rank) ?? Array(0..<shape.rank)
        guard given.count == 2 * axes.count else { throw .malformed("\(given.count) pads of \(axes.count) axes") }
        var (before, behind) = ([Int](repeating: 0, count: shape.rank), [Int](repeating: 0, count: shape.rank))
        for (index, axis) in axes.enumerated() { (before[axis], behind[axis]) = (given[index], given[axes.count + index]) }
        let mode: String
        switch scope.text("mode", default: "constant") {
        case "constant": mode = "constant"
        case "reflect": mode = "reflect"
        case "edge": mode = "replicate"
        case "wrap": mode = "circular"
        case let other: throw .unsupported("padding in the mode '\(other)'")
        }
        guard let padded = try padded(scope, before, behind, ["mode": .text(mode), "value": .number(value)]) else {
            return [try scope.input(0)]
        }
        return try scope.result(padded)
    }

    /// The first input with so many positions before and behind each axis, negative numbers cutting off; nil where there are none.
    static func padded(
        _ scope: NodeScope, _ before: [Int], _ behind: [Int], _ attributes: Attributes = [:]
    ) throws(ImportFault) -> Value? {
        guard let first = before.indices.first(where: { before[$0] != 0 || behind[$0] != 0 }) else { return nil }
        // What is padded follows the channels, of which there may be one that is put in front.
        let lead = max(0, 2 - first)
        let dimensions = try scope.shape(0).dimensions
        let x = lead == 0 ? try scope.value(0) : try scope.reshape(scope.value(0), [Dimension](repeating: 1, count: lead) + dimensions)
        let axis = 2 - lead
        let padded = try scope.apply(.pad, [x], attributes.with(["pad": .integers(Array(before[axis...]) + Array(behind[axis...]))]))
        return lead == 0 ? padded : try scope.reshape(padded, Array(scope.type(of: padded).shape.dimensions.dropFirst(lead)))
    }
}
