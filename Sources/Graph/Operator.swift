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
    /// What is wrong with training a use whose number of images is known: an error. Nil where nothing is.
    public let trainingFault: @Sendable (Signature) -> TypeError?
    public let lowering: @Sendable (Signature) -> Lowering
    public let gradient: Gradient
    /// How ONNX writes it, if it is one of ONNX's operators; the first form that takes a use is the one that is written.
    public let onnx: [ONNXForm]
    /// With the defaults of all parameters filled in.
    public let examples: [OperatorExample]
    /// Whether a network may call it by name; gradients' own operators are internal.
    public let isInLanguage: Bool
    /// How many results a use has in the language, for an operator whose nodes are each one of several.
    public let results: OperatorResults?
    /// Whether two nodes with the same operands and attributes differ all the same, as two dropouts do; they are never merged.
    public let isRandom: Bool

    public init(
        _ name: String, _ summary: String, inputs: [OperatorInput], parameters: [OperatorParameter] = [],
        isInLanguage: Bool = true, isRandom: Bool = false, results: OperatorResults? = nil,
        weights: @escaping @Sendable (Signature) throws(TypeError) -> [WeightDeclaration] = { (_) throws(TypeError) in [] },
        inferType: @escaping @Sendable (Signature) throws(TypeError) -> TensorType,
        doubt: @escaping @Sendable (Signature) -> TypeError? = { _ in nil },
        trainingFault: @escaping @Sendable (Signature) -> TypeError? = { _ in nil },
        lowering: @escaping @Sendable (Signature) -> Lowering, gradient: Gradient, onnx: [ONNXForm] = [], examples: [OperatorExample]
    ) {
        self.name = name
        self.summary = summary
        self.inputs = inputs
        self.parameters = parameters
        self.isInLanguage = isInLanguage
        self.isRandom = isRandom
        self.results = results
        self.weights = weights
        self.inferType = inferType
        self.doubt = doubt
        self.trainingFault = trainingFault
        self.lowering = lowering
        self.gradient = gradient
        self.onnx = onnx
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
