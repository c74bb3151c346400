import Graph
import Interchange
import Operators

extension ImportRule {
    /// The rules that follow from the catalog's rows: one for each form that has none of its own.
    static let ofForms: [ImportRule] = OperatorCatalog.standard.operators.flatMap { operation in
        operation.onnx.filter { !$0.isByRule }.map { form in
            ImportRule(form.name, sets: form.since...newestSet) { (scope) throws(ImportFault) in try scope.read(operation, form) }
        }
    }
}

extension NodeScope {
    /// Reads the node as a use of an operator, by the form that has the node's name.
    ///
    /// - Parameter given: operands in place of the node's own; there is no layer with weights then.
    func read(_ operation: Operator, given: [Value]? = nil) throws(ImportFault) -> [ImportedValue] {
        guard let form = operation.onnx.first(where: { $0.name == node.opType }) ?? operation.onnx.first else {
            throw .unsupported("'\(operation.name)' has no form in ONNX")
        }
        return try read(operation, form, given: given)
    }

    fileprivate func read(_ operation: Operator, _ form: ONNXForm, given: [Value]? = nil) throws(ImportFault) -> [ImportedValue] {
        switch form.operands {
        case .many:
            try requireFloating()
            return try result(joined(operation))
        case .repeated:
            try requireFloating()
            return try result(of: form, apply(operation, repeated()))
        case .inOrder: break
        }
        var attributes = form.fixed
        for attribute in form.attributes {
            if case .axes = attribute {
                if let nothing = try reductionOfNothing(form) { return [nothing] }
                try requireFloating(0..<1)
                if try isKeptWhole() { return try result(of: form, reducedAlone(operation, attributes)) }
            }
            try read(attribute, of: operation, into: &attributes)
        }
        if let given {
            for input in operation.inputs.dropFirst(given.count) { if let flag = input.condition { attributes[flag] = .boolean(false) } }
            return try result(of: form, apply(operation, given, attributes))
        }
        let label = operation.inputs.contains { $0.role != .operand } ? label() : nil
        var operands: [Value] = []
        for (index, input) in operation.inputs.enumerated() {
            if input.isVariadic {
                operands += try inputs.indices.map { (index) throws(ImportFault) in try value(index) }
                continue
            }
            if let flag = input.condition {
                if let fixed = form.fixed[flag] { attributes[flag] = fixed } else { attributes[flag] = .boolean(isGiven(index)) }
                if attributes[flag] == .boolean(false) { continue }
            }
            switch input.role {
            case .operand: operands.append(try value(index))
            case .weight: operands.append(try owned(index, input.name, of: label))
            case .state: operands.append(try owned(index, input.name, of: label, role: .state))
            }
        }
        return try result(of: form, apply(operation, operands, attributes, label: label))
    }

    private func result(of form: ONNXForm, _ value: Value) throws(ImportFault) -> [ImportedValue] {
        switch form.result {
        case .value:
            // Means and norms of integers are integers.
            if form.attributes.contains(where: { if case .axes = $0 { true } else { false } }) {
                try result(wholeWhereIntegers(value))
            } else {
                try result(value)
            }
        case .truth: try result(value, .bool)
        case .position: try result(value, .i64)
        }
    }

    /// What is computed of integers, towards zero as conversions go.
    func wholeWhereIntegers(_ value: Value) throws(ImportFault) -> Value {
        try element(0).isInteger ? map(ModelActivations.function("truncate(x)"), [value]) : value
    }

    // MARK: Attributes

    private func read(_ attribute: ONNXAttribute, of operation: Operator, into attributes: inout Attributes) throws(ImportFault) {
        switch attribute {
        case .named(let name, let parameter, let standard):
            switch standard {
            case .integer(let value): attributes[parameter] = .integer(try integer(name, default: value))
            case .boolean(let value): attributes[parameter] = .boolean(try boolean(name, default: value))
            case .number(let value): attributes[parameter] = .number(shortNumber(name, default: value))
            case .text(let value): attributes[parameter] = .text(text(name, default: value))
            case .integers(let values): attributes[parameter] = .integers(try integers(name) ?? values)
            case .numbers, .function, .shape: throw .unsupported("'\(name)'")
            }
        case .axis(let standard):
            attributes["axis"] = .integer(try axis(integer("axis", default: standard), rank: rank(0)))
        case .axes:
            let (rank, given) = (try rank(0), try axes(rank: rank(0)) ?? [])
            attributes["axes"] = .integers(given.isEmpty ? Array(0..<rank) : given)
            attributes["keep"] = .boolean(try boolean("keepdims", default: true))
        case .soleAxis:
            attributes["axes"] = .integers([try axis(integer("axis", default: 0), rank: rank(0))])
            attributes["keep"] = .boolean(try boolean("keepdims", default: true))
        case .lastAxes:
            let rank = try rank(0)
            attributes["axes"] = .integers(Array(try axis(integer("axis", default: -1), rank: rank)..<rank))
        case .order:
            let rank = try rank(0)
            let order = try integers("perm") ?? Array((0..<rank).reversed())
            guard order.sorted() == Array(0..<rank) else { throw .malformed("'perm' \(order) of a tensor of rank \(rank)") }
            attributes["axes"] = .integers(order)
        case .window(let isPool): try readWindow(isPool: isPool, of: operation, into: &attributes)
        case .extent(let parameter, let input, let axis):
            let shape = try shape(input)
            guard axis < shape.rank, let extent = shape[axis].value else { throw .malformed("'\(node.input[input])' is \(shape)") }
            attributes[parameter] = .integer(extent)
        case .complement(let name, let parameter, let standard):
            // In as few digits as the difference has.
            attributes[parameter] = .number(((1 - shortNumber(name, default: standard)) * 1e6).rounded() / 1e6)
        case .whole(let name, let parameter, let standard): attributes[parameter] = .number(try power(name, default: standard))
        case .square(let name, let parameter, let standard): attributes[parameter] = .integer(try integer(name, default: standard))
        case .word(let name, let parameter, let spellings, let standard):
            let word = text(name, default: standard)
            guard let own = spellings.first(where: { $0.value == word })?.key else { throw .malformed("'\(name)' is '\(word)'") }
            attributes[parameter] = .text(own)
        case .constant(let name, let value):
            guard try integer(name, default: value) == value else { throw .unsupported("'\(name)' that is not \(value)") }
        }
    }

    /// The p of a norm, which no f32 is taken to beyond a bound.
    func power(_ name: String = "p", default value: Int = 2) throws(ImportFault) -> Double {
        let p = try integer(name, default: value)
        guard 1...(1 << 20) ~= p else { throw .unsupported("'\(name)' is \(p)") }
        return Double(p)
    }

    private func readWindow(isPool: Bool, of operation: Operator, into attributes: inout Attributes) throws(ImportFault) {
        let rank = try rank(0)
        // That of a layer is its weight's.
        let ofWeight = isPool ? nil : Array(try extents(1).dropFirst(2))
        guard let kernel = try integers("kernel_shape") ?? ofWeight, rank >= 3, kernel.count == rank - 2 else {
            throw .malformed("'kernel_shape' does not go with \(try shape(0))")
        }
        let window = try SlidingWindow(self, kernel: kernel) { () throws(ImportFault) in try extents(0, from: 2) }
        attributes["kernel"] = SlidingWindow.pair(kernel)
        attributes["stride"] = isPool ? window.poolStride : SlidingWindow.pair(window.strides)
        attributes["pad"] = window.padding
        if operation.parameters.contains(where: { $0.name == "dilation" }) {
            attributes["dilation"] = SlidingWindow.pair(window.dilations)
        } else if window.dilations.contains(where: { $0 != 1 }) {
            throw .unsupported("'dilations' of \(operation.name)")
        }
        if isPool { attributes["ceil"] = .boolean(try boolean("ceil_mode", default: false)) }
    }

    // MARK: Operands

    /// Before operator set 7 the second operand was repeated where an attribute said so, along axes from one on.
    func repeated() throws(ImportFault) -> [Value] {
        guard set < 7, inputs.count == 2, try boolean("broadcast", default: false), has("axis") else { return try aligned() }
        let (first, second) = (try shape(0), try shape(1))
        let axis = try axis(integer("axis", default: 0), rank: first.rank)
        guard axis + second.rank <= first.rank else { throw .malformed("'axis' is \(axis), with operands \(first) and \(second)") }
        let ones = { (count: Int) in [Dimension](repeating: 1, count: count) }
        let shape = ones(axis) + second.dimensions + ones(first.rank - axis - second.rank)
        return [try value(0), try reshape(value(1), shape)]
    }

    /// All inputs, repeated to one shape, two at a time from the left.
    func joined(_ operation: Operator) throws(ImportFault) -> Value {
        let operands = try aligned()
        guard var result = operands.first else { throw .malformed("\(node.opType) of nothing") }
        for operand in operands.dropFirst() { result = try apply(operation, [result, operand]) }
        return result
    }

    // MARK: Reductions

    /// Whether no axis is given and none is meant.
    private func isKeptWhole() throws(ImportFault) -> Bool {
        let isGiven = try axes(rank: rank(0))?.isEmpty == false
        if isGiven { return false }
        return try rank(0) == 0 ? true : boolean("noop_with_empty_axes", default: false)
    }

    /// Each element reduced by itself.
    private func reducedAlone(_ operation: Operator, _ attributes: Attributes) throws(ImportFault) -> Value {
        let shape = try shape(0)
        let apart = try reshape(value(0), shape.dimensions + [1])
        return try apply(operation, [apart], attributes.with(["axes": .integers([shape.rank]), "keep": .boolean(false)]))
    }

    /// What comes of a tensor without elements; nil of others.
    func reductionOfNothing(_ form: ONNXForm) throws(ImportFault) -> ImportedValue? {
        guard let ofNothing = form.ofNothing, let known = try input(0).known, known.count == 0 else { return nil }
        let keep = try boolean("keepdims", default: true)
        let all = Array(known.shape.indices)
        let given = try axes(rank: all.count) ?? []
        let reduced = try isKeptWhole() ? [] : given.isEmpty ? all : given
        let kept = all.compactMap { axis -> Int? in reduced.contains(axis) ? (keep ? 1 : nil) : known.shape[axis] }
        let element = try element(0)
        // Of truth values the smallest is false.
        let value = element == .bool && ofNothing < 0 ? 0 : ofNothing
        return .known(try ImportRule.filled(self, element, kept, with: value))
    }
}
