/// What kind of tensor an operator's input is.
public enum InputRole: Hashable, Sendable {
    /// Flows through the network.
    case operand
    /// A trainable parameter that the operator owns: the language creates it under the node's label.
    case weight
    /// Persistent but not trained, such as running statistics.
    case state
}

/// One tensor input of an operator.
public struct OperatorInput: Sendable {
    public var name: String
    public var role: InputRole
    public var summary: String
    /// Takes any number of operands (one or more); only the sole input may.
    public var isVariadic: Bool
    /// The boolean parameter without which the input is missing, if there is one.
    public var condition: String?

    public init(_ name: String, _ role: InputRole, variadic: Bool = false, onlyIf condition: String? = nil, _ summary: String) {
        self.name = name
        self.role = role
        self.summary = summary
        self.condition = condition
        isVariadic = variadic
    }

    /// An input that flows through the network.
    public init(_ name: String, variadic: Bool = false, _ summary: String) { self.init(name, .operand, variadic: variadic, summary) }
}

/// One parameter of an operator: an attribute with its kind, default and meaning.
public struct OperatorParameter: Sendable {
    public var name: String
    public var kind: AttributeKind
    /// Nil when the parameter must be given.
    public var defaultValue: Attribute?
    public var summary: String

    public init(_ name: String, _ kind: AttributeKind, default defaultValue: Attribute? = nil, _ summary: String) {
        self.name = name
        self.kind = kind
        self.defaultValue = defaultValue
        self.summary = summary
    }
}

/// How a parameter tensor gets its first values; fan-in and fan-out follow from its shape `[out, in, kernel...]`.
public enum Initializer: Hashable, Sendable {
    case zeros
    case ones
    case constant(Double)
    /// Normal with standard deviation sqrt(2 / fan-in) (He et al., arXiv 1502.01852).
    case heNormal
    case heUniform
    /// The same by fan-out, which keeps the variance of gradients instead of that of values.
    case heNormalFanOut
    case heUniformFanOut
    /// Uniform in +-sqrt(6 / (fan-in + fan-out)) (Glorot & Bengio 2010).
    case xavierUniform
    case xavierNormal
    /// Uniform in +-1 / sqrt(fan-in), the default of the common PyTorch layers. `fanIn` is given where the shape does not show it (a bias).
    case fanInUniform(fanIn: Int?)
    /// Normal with the given standard deviation.
    case normal(Double)
    /// Normal with the given standard deviation, drawn anew where it lies beyond two of them (Szegedy et al., arXiv 1512.00567).
    case truncatedNormal(Double)
    /// Uniform in +-bound.
    case uniform(Double)
    /// `gain` times a random matrix `[out, in * kernel...]` with orthonormal rows, or columns where these are fewer (Saxe et al.,
    /// arXiv 1312.6120).
    case orthogonal(gain: Double)
}

/// A parameter that an operator asks the language to create for one of its weight or state inputs.
public struct WeightDeclaration: Sendable {
    /// The input's name; the parameter is called `label.name`.
    public var name: String
    public var type: TensorType
    public var initializer: Initializer

    public init(_ name: String, _ type: TensorType, _ initializer: Initializer) {
        self.name = name
        self.type = type
        self.initializer = initializer
    }
}

/// The operand types and attributes of one node: all that an operator's rules look at.
public struct Signature: Sendable {
    public var operands: [TensorType]
    public var attributes: Attributes

    public init(_ operands: [TensorType], _ attributes: Attributes = [:]) {
        self.operands = operands
        self.attributes = attributes
    }
}

/// Why an operator cannot take its operands: a sentence, and when there is one, the repair.
public struct TypeError: Error, Hashable, Sendable, CustomStringConvertible {
    public var message: String
    public var repair: String?
    /// The operand at fault, if it is one.
    public var operand: Int?
    /// The parameter at fault, if it is one.
    public var parameter: String?
    /// The axis of the first operand whose extent is at fault, if it is one: what made it so explains the fault.
    public var axis: Int?

    public init(_ message: String, repair: String? = nil, operand: Int? = nil, parameter: String? = nil, axis: Int? = nil) {
        self.message = message
        self.repair = repair
        self.operand = operand
        self.parameter = parameter
        self.axis = axis
    }

    public var description: String { repair.map { "\(message); \($0)" } ?? message }
}

/// A rearrangement that computes nothing.
public enum View: Hashable, Sendable {
    /// The same elements in row-major order under another shape.
    case reshape
    /// The operands one after another along an axis.
    case concatenate(axis: Int)
    /// `count` positions along `axis`, from `start`.
    case slice(axis: Int, start: Int, count: Int)
}

/// Whether a graph is made to be trained or to predict: batch normalization and dropout differ.
public enum Mode: String, Hashable, Sendable { case inference, training }

/// What an operator computes, as data. Passes and kernels decide by this kind, never by the operator's name.
public enum Lowering: Sendable {
    /// One scalar expression over the operands, element by element. An operand has the result's shape, or broadcasts: it is a scalar
    /// `[]`, a vector along the channels (`[C]`, axis 1 of the result), or of the result's rank with extents of 1.
    case elementwise(Scalar)
    /// A sum or maximum over axes of one operand.
    case reduction(Formula)
    /// A sum of products of two operands: convolutions, linear layers and their gradients.
    case contraction(Formula)
    /// A reduction over a small window: pooling and its gradients.
    case window(Formula)
    case view(View)
    /// Written with other operators; `decompose` replaces the node by them.
    case composite(@Sendable (Decomposition) -> Value)
}

/// What a composite operator's rule sees.
public struct Decomposition {
    public let builder: GraphBuilder
    public let operands: [Value]
    public let signature: Signature
    public let mode: Mode
    /// Distinct for every decomposed node of a graph, the same from compilation to compilation: the stream of its random numbers.
    public let ordinal: Int

    public init(builder: GraphBuilder, operands: [Value], signature: Signature, mode: Mode, ordinal: Int) {
        self.builder = builder
        self.operands = operands
        self.signature = signature
        self.mode = mode
        self.ordinal = ordinal
    }
}

/// What an operator's gradient rule sees: the node's operands and result in the graph under construction, and the gradient of the
/// loss with respect to the result.
public struct GradientContext {
    public let builder: GraphBuilder
    public let operands: [Value]
    public let result: Value
    public let gradient: Value
    public let signature: Signature
    /// Which operands' gradients are wanted; rules may return nil for the others.
    public let wanted: [Bool]

    public init(builder: GraphBuilder, operands: [Value], result: Value, gradient: Value, signature: Signature, wanted: [Bool]) {
        self.builder = builder
        self.operands = operands
        self.result = result
        self.gradient = gradient
        self.signature = signature
        self.wanted = wanted
    }
}

/// How a node's operands get their gradients.
public enum Gradient: Sendable {
    /// From the scalar expression's own derivative; for element-wise operators.
    case derived
    /// One gradient an operand, nil for one that takes none.
    case rule(@Sendable (GradientContext) -> [Value?])
    /// Gradients do not flow through (integer results, comparisons).
    case stops
}

/// One use of an operator for the tests and the reference pages: every catalog test runs over these.
public struct OperatorExample: Sendable {
    /// Where the values of an operand are drawn from.
    public enum Values: Sendable {
        case normal
        /// In [0.5, 2]: for logarithms, roots and variances.
        case positive
        /// Integers in 0..<below.
        case labels(below: Int)
    }

    public var note: String
    public var signature: Signature
    public var values: [Values]

    /// - Parameter values: one an operand; missing ones are `.normal`.
    public init(_ note: String, _ operands: [TensorType], _ attributes: Attributes = [:], values: [Values] = []) {
        self.note = note
        signature = Signature(operands, attributes)
        self.values = operands.indices.map { $0 < values.count ? values[$0] : .normal }
    }
}

/// An operator: one row of the catalog, from which the parser, printer, verifier, differentiation, lowering, documentation and tests work.
public final class Operator: Sendable, Hashable, CustomStringConvertible {
    /// The name in the graph's text and in the language.
    public let name: String
    public let summary: String
    public let inputs: [OperatorInput]
    public let parameters: [OperatorParameter]
    /// The parameters that the operator wants created, in input order, given the types of its `.operand` inputs.
    public let weights: @Sendable (Signature) throws(TypeError) -> [WeightDeclaration]
    /// The result's type; checks every operand and attribute.
    public let inferType: @Sendable (Signature) throws(TypeError) -> TensorType
    /// What is allowed and yet doubtful about a use that `inferType` accepts: shown as a warning. Nil where nothing is.
    public let doubt: @Sendable (Signature) -> TypeError?
    public let lowering: @Sendable (Signature) -> Lowering
    public let gradient: Gradient
    /// With the defaults of all parameters filled in.
    public let examples: [OperatorExample]
    /// Whether a network may call it by name; gradients' own operators are internal.
    public let isInLanguage: Bool
    /// Whether two nodes with the same operands and attributes differ all the same, as two dropouts do; they are never merged.
    public let isRandom: Bool

    public init(
        _ name: String, _ summary: String, inputs: [OperatorInput], parameters: [OperatorParameter] = [],
        isInLanguage: Bool = true, isRandom: Bool = false,
        weights: @escaping @Sendable (Signature) throws(TypeError) -> [WeightDeclaration] = { (_) throws(TypeError) in [] },
        inferType: @escaping @Sendable (Signature) throws(TypeError) -> TensorType,
        doubt: @escaping @Sendable (Signature) -> TypeError? = { _ in nil },
        lowering: @escaping @Sendable (Signature) -> Lowering, gradient: Gradient, examples: [OperatorExample]
    ) {
        self.name = name
        self.summary = summary
        self.inputs = inputs
        self.parameters = parameters
        self.isInLanguage = isInLanguage
        self.isRandom = isRandom
        self.weights = weights
        self.inferType = inferType
        self.doubt = doubt
        self.lowering = lowering
        self.gradient = gradient
        self.examples = examples.map { example in
            var example = example
            for parameter in parameters where example.signature.attributes[parameter.name] == nil {
                example.signature.attributes[parameter.name] = parameter.defaultValue.flatMap(parameter.kind.convert)
            }
            for (key, value) in example.signature.attributes.values {
                guard let kind = parameters.first(where: { $0.name == key })?.kind else { continue }
                example.signature.attributes[key] = kind.convert(value) ?? value
            }
            return example
        }
    }

    public static func == (a: Operator, b: Operator) -> Bool { a.name == b.name }
    public func hash(into hasher: inout Hasher) { hasher.combine(name) }
    public var description: String { name }

    /// `attributes` with the default of every parameter that is missing, or an error that names what is missing, unknown or ill-typed.
    public func completing(_ attributes: Attributes) throws(TypeError) -> Attributes {
        var result = attributes
        for name in attributes.values.keys.sorted() where !parameters.contains(where: { $0.name == name }) {
            let known = parameters.map(\.name).joined(separator: ", ")
            throw TypeError("'\(self.name)' has no parameter '\(name)'", repair: known.isEmpty ? nil : "it takes \(known)", parameter: name)
        }
        for parameter in parameters {
            guard let value = result[parameter.name] ?? parameter.defaultValue else {
                throw TypeError("'\(name)' needs '\(parameter.name)': \(parameter.summary)", parameter: parameter.name)
            }
            guard let converted = parameter.kind.convert(value) else {
                throw TypeError(
                    "'\(parameter.name)' of '\(name)' must be \(parameter.kind.phrase)", repair: parameter.summary,
                    parameter: parameter.name)
            }
            result[parameter.name] = converted
        }
        return result
    }
}

extension AttributeKind {
    /// `value` as this kind, nil if it is not one; an integer serves as a number and, doubled, as a pair.
    public func convert(_ value: Attribute) -> Attribute? {
        switch (self, value) {
        case (.integer, .integer), (.number, .number), (.boolean, .boolean), (.integers, .integers), (.text, .text), (.function, .function),
            (.shape, .shape):
            value
        case (.number, .integer(let integer)): .number(Double(integer))
        case (.pair, .integer(let integer)): .integers([integer, integer])
        case (.pair, .integers(let list)) where list.count == 2: value
        case (.integers, .integer(let integer)), (.padding, .integer(let integer)): .integers([integer])
        case (.padding, .integers): value
        case (_, .text(let text)) where words.contains(text): value
        default: nil
        }
    }

    /// The kind in words, with its article.
    public var phrase: String {
        switch self {
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .pair: "an integer or a pair of integers"
        case .integers: "a list of integers"
        case .padding: "an integer, a list of integers or \"\(words.joined(separator: "\" or \""))\""
        case .text: "a text"
        case .function: "a scalar function"
        case .shape: "a shape"
        }
    }
}

/// The operators a reader, a parser or a test may use, by name.
public struct OperatorCatalog: Sendable {
    public let operators: [Operator]
    private let byName: [String: Operator]

    public init(_ operators: [Operator]) {
        self.operators = operators
        byName = Dictionary(operators.map { ($0.name, $0) }) { first, second in
            preconditionFailure("two operators are called '\(first.name)'")
        }
    }

    public subscript(name: String) -> Operator? { byName[name] }
}
