import Graph
import Interchange
import Operators

/// A node of the model while it is imported: its attributes, its inputs, and the graph that its rule appends to.
struct NodeScope {
    let importer: Importer
    let node: WireNode
    let inputs: [ImportedValue]
    /// The version of the operator set that the node goes by.
    let set: Int
    /// Those of all domains, for graphs within the node.
    let sets: [String: Int]

    /// The node with another value for one of its inputs.
    func replacing(_ index: Int, by value: ImportedValue) -> NodeScope {
        var inputs = inputs
        inputs[index] = value
        return NodeScope(importer: importer, node: node, inputs: inputs, set: set, sets: sets)
    }

    // MARK: Inputs

    func isGiven(_ index: Int) -> Bool {
        guard index < inputs.count, case .absent = inputs[index] else { return index < inputs.count }
        return false
    }

    func input(_ index: Int) throws(ImportFault) -> ImportedValue {
        guard isGiven(index) else { throw .malformed("the input \(index + 1) is missing") }
        return inputs[index]
    }

    /// Empty where the node has no such input.
    private func inputName(_ index: Int) -> String { index < node.input.count ? node.input[index] : "" }

    /// The values of an input, where they must be known: axes, shapes, sizes.
    func known(_ index: Int) throws(ImportFault) -> HostTensor {
        switch try input(index) {
        case .known(let tensor): return tensor
        case .computed, .sizes:
            if let tensor = importer.consume(inputName(index)) { return tensor }
            throw ImportFault(
                kind: .unsupported, message: "'\(inputName(index))' is computed, but decides a shape or an axis",
                input: importer.isInput(inputName(index)) ? inputName(index) : nil)
        case .absent, .missing: throw .malformed("the input \(index + 1) is missing")
        }
    }

    /// The integers of an input that is a list of axes, extents or positions along them.
    func integers(_ index: Int) throws(ImportFault) -> [Int] {
        let tensor = try known(index)
        // A few bytes of a model can stand for millions of them.
        guard tensor.count <= Self.mostIntegers else {
            throw .unsupported("'\(inputName(index))' has \(tensor.count) integers, more than \(Self.mostIntegers)")
        }
        guard let values = tensor.integers else { throw .malformed("'\(inputName(index))' must be of integers") }
        return try values.map { (value) throws(ImportFault) in try Self.bounded(value, inputName(index)) }
    }

    private static let mostIntegers = 65_536

    /// Integers or sizes, such as a shape.
    func sizes(_ index: Int) throws(ImportFault) -> [Dimension] {
        if case .sizes(let sizes, _) = try input(index) { return sizes }
        return try integers(index).map { .fixed($0) }
    }

    /// The one number that an input holds.
    func number(_ index: Int) throws(ImportFault) -> Double {
        let tensor = try known(index)
        guard tensor.count == 1 else { throw .malformed("'\(inputName(index))' must be one number, not \(tensor.shape)") }
        return tensor.doubles[0]
    }

    /// Axes that were an attribute once and are an input now.
    func axes(_ name: String = "axes", input index: Int = 1, rank: Int) throws(ImportFault) -> [Int]? {
        let axes = isGiven(index) ? try integers(index) : try integers(name)
        return try axes?.map { (axis) throws(ImportFault) in try self.axis(axis, rank: rank) }
    }

    /// An axis counted from the first.
    func axis(_ axis: Int, rank: Int) throws(ImportFault) -> Int {
        guard axis >= -rank, axis < rank else { throw .malformed("the axis \(axis) of a tensor of rank \(rank)") }
        return axis < 0 ? axis + rank : axis
    }

    func element(_ index: Int) throws(ImportFault) -> ElementCode {
        switch try input(index) {
        case .known(let tensor): ElementCode(tensor.element)
        case .computed(_, let element): element
        case .sizes: .i64
        case .absent, .missing: throw .malformed("the input \(index + 1) is missing")
        }
    }

    func shape(_ index: Int) throws(ImportFault) -> Shape {
        switch try input(index) {
        case .known(let tensor): Shape(tensor.shape)
        case .computed(let value, _): importer.builder.type(of: value).shape
        case .sizes(let sizes, let isScalar): isScalar ? [] : [.fixed(sizes.count)]
        case .absent, .missing: throw .malformed("the input \(index + 1) is missing")
        }
    }

    func rank(_ index: Int) throws(ImportFault) -> Int { try shape(index).rank }

    /// The extents of an input along its last axes, which must be numbers.
    ///
    /// - Parameter first: the first of these axes. Those before it, such as the number of images, may be sizes that are no numbers yet.
    func extents(_ index: Int, from first: Int = 0) throws(ImportFault) -> [Int] {
        let needed = Array(try shape(index).dimensions.dropFirst(first))
        guard let extents = Shape(needed).extents else { throw try needsNumbers(index, needed) }
        return extents
    }

    /// Whether the first extent of a shape that a node asks for means as many as there are images, where the model was for so many.
    func isBatch(_ extent: Dimension, at axis: Int, of shape: Shape) -> Bool {
        guard axis == 0, let images = importer.openedBatch else { return false }
        return extent.value == images && shape.dimensions.first?.symbol == "N"
    }

    /// Why a node cannot be imported that needs numbers for some sizes of an input.
    func needsNumbers(_ index: Int, _ sizes: [Dimension]) throws(ImportFault) -> ImportFault {
        let open = sizes.filter { $0.value == nil }.map(\.description).joined(separator: ", ")
        return .openSizes("\(open) in the shape \(try shape(index)) of '\(inputName(index))' must be a number", sizes)
    }

    /// The tensor of an input, as f32.
    func value(_ index: Int) throws(ImportFault) -> Value {
        switch try input(index) {
        case .known(let tensor): try importer.value(of: tensor, initializer: initializer(index))
        case .computed(let value, _): floating(value)
        case .sizes: throw .unsupported("sizes that are no numbers yet, as a tensor")
        case .absent, .missing: throw .malformed("the input \(index + 1) is missing")
        }
    }

    /// Integers that name classes or positions, as the graph has them.
    func positions(_ index: Int) throws(ImportFault) -> Value {
        switch try input(index) {
        case .known(let tensor): try importer.positions(tensor)
        case .computed(let value, _): value
        case .sizes, .absent, .missing: try value(index)
        }
    }

    /// The initializer that an input is, by the model's name.
    func initializer(_ index: Int) -> String? { initializer(named: inputName(index)) }

    func initializer(named name: String) -> String? { importer.initializers[name] }

    /// Makes the node's first result stand for the initializer that its first input is, whose elements it has.
    func keepInitializer() {
        if let name = initializer(0), let output = node.output.first { importer.initializers[output] = name }
    }

    /// The first input as the result.
    func keptInput() throws(ImportFault) -> ImportedValue {
        keepInitializer()
        return try input(0)
    }

    // MARK: Layers

    /// A label for a layer that owns parameters, after its weight.
    func label(weight index: Int = 1) -> String? {
        if importer.folding != nil { return nil }
        return importer.label(weight: index < inputs.count ? initializer(index) : nil, node)
    }

    /// An input that is a layer's own parameter: named after the layer and its part.
    func owned(
        _ index: Int, _ part: String, of label: String?, role: ParameterRole = .weight, _ change: (HostTensor) -> HostTensor = { $0 }
    ) throws(ImportFault) -> Value {
        guard case .known(let tensor) = try input(index) else { return try value(index) }
        return try owned(change(tensor), named: inputName(index), part, of: label, role: role)
    }

    /// A tensor that a name of the model stands for, as a layer's own parameter.
    func owned(
        _ tensor: HostTensor, named name: String, _ part: String, of label: String?, role: ParameterRole = .weight
    ) throws(ImportFault) -> Value {
        try importer.value(
            of: tensor, initializer: initializer(named: name) ?? name, label: label.map { "\($0).\(part)" }, role: role, isNumber: false)
    }

    // MARK: The graph

    var builder: GraphBuilder { importer.builder }

    func type(of value: Value) -> TensorType { builder.type(of: value) }
    func attributes(of value: Value) -> Attributes { builder.graph[value].attributes }

    func apply(_ operation: Operator, _ operands: [Value], _ attributes: Attributes = [:], label: String? = nil) throws(ImportFault)
        -> Value
    {
        do throws(TypeError) {
            return try builder.append(operation, operands, attributes, label: label)
        } catch {
            throw ImportFault(error)
        }
    }

    /// A scalar function, element by element, of operands that are repeated to one shape already.
    func map(_ function: ScalarFunction, _ operands: [Value]) throws(ImportFault) -> Value {
        try apply(.map, operands, ["function": .function(function)])
    }

    /// Integers as numbers.
    func floating(_ value: Value) -> Value {
        if type(of: value).element == .f32 { return value }
        return builder.map("number", [("x", value)], .argument(0))
    }

    /// A number for all elements.
    func constant(_ value: Double) -> Value {
        importer.builder.constant(value)
    }

    func reshape(_ value: Value, _ shape: [Dimension]) throws(ImportFault) -> Value {
        let own = type(of: value).shape
        if own == Shape(shape) { return value }
        // There and back.
        if case let node = builder.graph[value], node.operation == .reshape, type(of: node.operands[0]).shape == Shape(shape) {
            return node.operands[0]
        }
        if own.rank > 2, shape.count == 2, own[0] == shape[0], shape[0].value == nil { return try apply(.flatten, [value]) }
        guard !shape.isEmpty else { return try apply(.reshape, [value], ["extents": .integers([]), "whole": .boolean(true)]) }
        return try apply(.reshape, [value], .reshaping(own, to: Shape(shape), batch: builder.graph.batchSymbol))
    }

    /// The result of the node, of the element type of an input if not said otherwise.
    func result(_ value: Value, _ element: ElementCode? = nil) throws(ImportFault) -> [ImportedValue] {
        if let element { return [.computed(value, element)] }
        return [.computed(value, try self.element(0))]
    }

    /// Inputs as operands of an element-wise operator: with extents of 1 in front, so that NumPy's rules for repeating are the graph's.
    func aligned(_ indices: Range<Int>? = nil) throws(ImportFault) -> [Value] {
        let indices = indices ?? 0..<inputs.count
        let rank = try indices.map { (index) throws(ImportFault) in try self.rank(index) }.max() ?? 0
        return try indices.map { (index) throws(ImportFault) in try aligned(index, rank: rank) }
    }

    /// An input with extents of 1 in front up to `rank`; numbers stay numbers.
    func aligned(_ index: Int, rank: Int) throws(ImportFault) -> Value {
        let own = try shape(index)
        guard own.rank <= rank else { throw .malformed("'\(inputName(index))' of \(own) beside a tensor of rank \(rank)") }
        if own.rank == rank || own.rank == 0 || own.rank == 1 && rank == 2 { return try value(index) }
        if case .known(let tensor) = try input(index) {
            let padded = [Int](repeating: 1, count: rank - own.rank) + tensor.shape
            return try importer.value(of: tensor.reshaped(tensor.count == 1 ? [] : padded), initializer: initializer(index))
        }
        return try reshape(try value(index), [Dimension](repeating: 1, count: rank - own.rank) + own.dimensions)
    }

    /// Whether integers that the graph computes are of 32 bits at most: those from outside, and positions that something was found at.
    func holdsPositions(_ value: Value) -> Bool {
        let views: [Operator] = [.reshape, .flatten, .squeeze, .unsqueeze, .slice, .permute, .flip]
        var node = builder.graph[value]
        // Who looks at positions from many sides does so in a few steps.
        for _ in 0..<64 {
            if node.type.element == .i32 { return true }
            guard let operation = node.operation else { return false }
            if [Operator.argmax, .argmin, .topK].contains(operation) { return true }
            guard views.contains(operation) else { return false }
            node = builder.graph[node.operands[0]]
        }
        return false
    }

    /// Throws where known integers are larger than those that f64, in which constants are computed, has all of.
    private func requireExact() throws(ImportFault) {
        for case .known(let tensor) in inputs where ConstantFolding.wouldRound(tensor) {
            throw .unsupported("\(node.opType) of integers beyond 2^53")
        }
    }

    /// Throws where the graph would compute integers in floating point, in which large ones are not exact.
    ///
    /// - Parameter orNarrow: takes integers of 8 and 16 bits, too: for operators whose results are among their operands.
    func requireFloating(_ indices: Range<Int>? = nil, orNarrow: Bool = false) throws(ImportFault) {
        if importer.folding != nil { return try requireExact() }
        for index in indices ?? 0..<inputs.count where isGiven(index) {
            let element = try element(index)
            guard element.isFloating || element == .bool || orNarrow && element.isNarrow else {
                // What is given with the command may be computed once and for all.
                throw ImportFault(
                    kind: .unsupported, message: "\(node.opType) of \(element) that is computed while the network runs",
                    input: importer.isInput(inputName(index)) ? inputName(index) : nil)
            }
        }
    }
}

extension Importer {
    /// Whether a name is that of an input of the model, and not of something within a function.
    func isInput(_ name: String) -> Bool { depth == 0 && file.wire.graph.input.contains { $0.name == name } }
}
