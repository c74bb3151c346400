import Source

/// The id of a node, and of the one tensor it makes. Operands precede their users.
public struct Value: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var index: Int
    public init(_ index: Int) { self.index = index }
    public static func < (a: Value, b: Value) -> Bool { a.index < b.index }
    public var description: String { "%\(index)" }
}

/// Whether a parameter is trained or merely kept from step to step.
public enum ParameterRole: String, Hashable, Sendable {
    case weight
    /// Running statistics, optimizer state.
    case state
}

/// A tensor that outlives one run of the graph.
public struct Parameter: Hashable, Sendable {
    public var name: String
    public var role: ParameterRole
    public var initializer: Initializer

    public init(_ name: String, _ role: ParameterRole, _ initializer: Initializer) {
        self.name = name
        self.role = role
        self.initializer = initializer
    }
}

/// One node of the graph: where a tensor comes from.
public struct Node: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case input(String)
        case parameter(Parameter)
        /// A scalar `f32[]`.
        case constant(Double)
        /// A tensor of f32 that the program gives; its shape is the node's.
        case tensor(ConstantTensor)
        case operation(Operator, Attributes)
    }

    public var kind: Kind
    public var operands: [Value]
    public var type: TensorType
    /// The author's label, such as `layer1.0.conv1`, for names of parameters and kernels.
    public var label: String?
    /// Where in the source the node comes from.
    public var span: Span
    /// The calls around that place by which the node came into being.
    public var calls = CallChain()
    /// How the tensor lies in memory, once `assign_layouts` has decided.
    public var layout: Layout?
    /// Nodes of one group become one kernel; a node with none is computed inside each kernel that reads it. Decided by `fuse`.
    public var group: Int?
    /// Of an input for pictures: how files become its values, where the author says so.
    public var preparation: PicturePreparation?
    /// Where in another tensor's memory this one lies, if it has none of its own. Decided by `place_concats`.
    public var place: Placement?
    /// Whether a convolution is summed as it is written, since its result's exact zeros and signs matter. Decided by `keep_signs`.
    public var isDirect = false
    /// What the tensor's elements are stored as, where that is not its own type. Decided by `choose_precision`.
    public var stored: StoredElement?
    /// What the factors of a contraction's products may be rounded to. Decided by `choose_precision`.
    public var factors: StoredElement?
    /// What a pass made it from.
    public var provenance = Provenance()

    public init(
        _ kind: Kind, operands: [Value] = [], type: TensorType, label: String? = nil,
        span: Span = .none, preparation: PicturePreparation? = nil
    ) {
        self.kind = kind
        self.operands = operands
        self.type = type
        self.label = label
        self.span = span
        self.preparation = preparation
    }

    public var operation: Operator? { if case .operation(let operation, _) = kind { operation } else { nil } }
    public var attributes: Attributes { if case .operation(_, let attributes) = kind { attributes } else { [:] } }
    public var parameter: Parameter? { if case .parameter(let parameter) = kind { parameter } else { nil } }
    public var inputName: String? { if case .input(let name) = kind { name } else { nil } }
    public var tensor: ConstantTensor? { if case .tensor(let values) = kind { values } else { nil } }
    /// Whether it is stored before anything runs, and kept: a parameter, or a tensor that the program gives.
    public var isKept: Bool { parameter != nil || tensor != nil }
    public var constant: Double? { if case .constant(let value) = kind { value } else { nil } }
}

extension Node {
    /// Whether an extent or a position that an attribute gives is no number yet.
    fileprivate var sizedAttributes: Bool {
        guard case .operation(let operation, let attributes) = kind else { return false }
        return operation.parameters.contains { parameter in
            guard [.extent, .extents].contains(parameter.kind), case .shape? = attributes[parameter.name] else { return false }
            return true
        }
    }
}

/// A network, or a whole training step, as a list of nodes in which operands precede users.
public struct Graph: Hashable, Sendable {
    public struct Output: Hashable, Sendable {
        public var name: String
        public var value: Value
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }

    /// A parameter's next value: written over `state` when a run of the graph ends.
    public struct Update: Hashable, Sendable {
        public var state: Value
        public var value: Value
        public init(state: Value, value: Value) {
            self.state = state
            self.value = value
        }
    }

    public var name: String
    public var nodes: [Node]
    public var outputs: [Output]
    public var updates: [Update]
    /// What the author says of precision; `choose_precision` goes by it.
    public var precisions: PrecisionClauses
    /// What holds for the symbols in shapes.
    public var constraints: [SizeConstraint]
    /// What the classes of outputs are called, by the output's name: one name a class.
    public var classLabels: [String: [String]]

    public init(
        name: String, nodes: [Node] = [], outputs: [Output] = [], updates: [Update] = [], precisions: PrecisionClauses = PrecisionClauses(),
        constraints: [SizeConstraint] = [], classLabels: [String: [String]] = [:]
    ) {
        self.name = name
        self.nodes = nodes
        self.outputs = outputs
        self.updates = updates
        self.precisions = precisions
        self.constraints = constraints
        self.classLabels = classLabels
    }

    public subscript(value: Value) -> Node {
        get { nodes[value.index] }
        _modify { yield &nodes[value.index] }
    }

    public var values: [Value] { nodes.indices.map(Value.init) }

    /// The types of `value`'s operands with its attributes: what its operator's rules look at.
    public func signature(of value: Value) -> Signature {
        Signature(self[value].operands.map { self[$0].type }, self[value].attributes)
    }

    /// What `value` computes, nil for inputs, parameters and constants.
    public func lowering(of value: Value) -> Lowering? { self[value].operation?.lowering(signature(of: value)) }

    /// The users of every value, in order; a node that reads a value twice is listed once.
    public func users() -> [[Value]] {
        var users = [[Value]](repeating: [], count: nodes.count)
        for value in values {
            for operand in Set(self[value].operands) { users[operand.index].append(value) }
        }
        return users
    }

    /// The names of the symbols that occur in shapes, in order of appearance.
    public var symbols: [String] {
        var seen: [String] = []
        func add(_ shape: Shape) {
            for case .size(let size) in shape.dimensions {
                for name in size.symbols.map(\.name).sorted() where !seen.contains(name) { seen.append(name) }
            }
        }
        for node in nodes {
            add(node.type.shape)
            for case .shape(let shape) in node.attributes.values.values { add(shape) }
        }
        return seen
    }

    /// The symbol that stands for the number of images: the first extent of an input.
    public var batchSymbol: String? {
        for node in nodes where node.inputName != nil {
            if let symbol = node.type.shape.dimensions.first?.symbol { return symbol }
        }
        return nil
    }

    /// Whether something is done with the batch but to keep it in front, as joining and cutting along it does: such a graph is bound to a
    /// number of images before passes see it, for rules ask for extents.
    public var movesBatch: Bool {
        guard let batch = batchSymbol else { return false }
        func moves(_ shape: Shape) -> Bool {
            shape.dimensions.enumerated().contains { axis, dimension in
                guard case .size(let size) = dimension, size.symbols.contains(where: { $0.name == batch }) else { return false }
                return axis > 0 || dimension.symbol != batch
            }
        }
        return nodes.contains { node in moves(node.type.shape) || node.sizedAttributes }
    }

    /// Whether what is computed of an image depends on the others of its batch: the batch is moved, or worked along.
    public var mixesImages: Bool {
        guard let batch = batchSymbol else { return false }
        func isOfImages(_ shape: Shape) -> Bool { shape.dimensions.first?.symbol == batch }
        return movesBatch
            || nodes.contains { node in
                guard case .operation(let operation, let attributes) = node.kind,
                    let operand = node.operands.first(where: { isOfImages(self[$0].type.shape) })
                else { return false }
                let rank = self[operand].type.rank
                return !isOfImages(node.type.shape)
                    || operation.parameters.contains { parameter in
                        switch attributes[parameter.name] {
                        case .integer(let axis)? where parameter.name == "axis": [0, -rank].contains(axis)
                        case .integers(let axes)? where parameter.name == "axes": axes.contains(0) || axes.contains(-rank)
                        default: false
                        }
                    }
            }
    }

    /// The symbols other than the batch.
    public var sizeSymbols: [String] { symbols.filter { $0 != batchSymbol } }

    /// The graph with every symbol in `bindings` replaced by its value in all types and attributes. Constraints stay that hold a symbol still.
    ///
    /// The values are those of a batch, or were found to fit by `bound(sizes:)`.
    public func bound(_ bindings: [String: Int]) -> Graph {
        var graph = self
        for index in graph.nodes.indices {
            graph.nodes[index].type.shape = graph.nodes[index].type.shape.bound(bindings)
            if case .operation(let operation, let attributes) = graph.nodes[index].kind {
                var bound = attributes.bound(bindings)
                // What is a number now is written as one.
                for parameter in operation.parameters where [.extent, .extents].contains(parameter.kind) {
                    bound[parameter.name] = bound[parameter.name].flatMap(parameter.kind.convert)
                }
                graph.nodes[index].kind = .operation(operation, bound)
            }
        }
        graph.constraints = constraints.map { $0.bound(bindings) }.filter { !$0.symbols.isEmpty }
        return graph
    }
}
