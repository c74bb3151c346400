/// How ONNX (https://onnx.ai) writes uses of an operator, as data: the part `ONNX` makes the rules of both directions from it, and the reference
/// page its line. An operator's first form that takes a use is the one that is written.
///
/// What has no such form is written with several of ONNX's operators, or read differently in older operator sets: by a rule of its own in
/// that part, which goes before the form.
public struct ONNXForm: Sendable {
    /// ONNX's operator, such as `ReduceL1`.
    public let name: String
    /// What the parameters are called there, in the order in which they are written.
    public let attributes: [ONNXAttribute]
    /// Parameters that are always this: `norm` is `ReduceL1` where its p is 1.
    public let fixed: Attributes
    /// The first operator set that means this by the name.
    public let since: Int
    public let operands: Operands
    public let result: Result
    /// What it makes of no elements, where ONNX says so; the graph has no such tensors.
    public let ofNothing: Double?
    /// Which uses are written so, besides what the attributes can say.
    public let takes: @Sendable (Signature) -> Bool

    /// Whether rules of the part `ONNX` read and write it in its place, since data cannot say how: then only the name counts.
    public let isByRule: Bool

    /// A form that the part `ONNX` has rules for.
    public static func byRule(_ name: String) -> ONNXForm { ONNXForm(name, isByRule: true) }

    public enum Operands: Sendable {
        /// The operator's inputs, in their order; those that it owns are the layer's weights.
        case inOrder
        /// Two tensors that are repeated to one shape as NumPy does it.
        case repeated
        /// One tensor or more, repeated, and taken two at a time from the left.
        case many
    }

    public enum Result: Sendable {
        /// Of the first operand's element type.
        case value
        /// True or false: 1 or 0 in the graph.
        case truth
        /// Positions, int64 in ONNX.
        case position
    }

    public init(
        _ name: String, _ attributes: [ONNXAttribute] = [], fixed: Attributes = [:], since: Int = 1, operands: Operands = .inOrder,
        result: Result = .value, ofNothing: Double? = nil, isByRule: Bool = false,
        takes: @escaping @Sendable (Signature) -> Bool = { _ in true }
    ) {
        self.name = name
        self.attributes = attributes
        self.fixed = fixed
        self.since = since
        self.operands = operands
        self.result = result
        self.ofNothing = ofNothing
        self.isByRule = isByRule
        self.takes = takes
    }
}

/// What one or several parameters of an operator are in ONNX.
public enum ONNXAttribute: Sendable {
    /// A parameter under this name, with the default that ONNX has.
    case named(String, of: String, default: Attribute)
    /// The parameter `axis`, counted from the first or back from the last, with the default that ONNX has.
    case axis(default: Int)
    /// The parameters `axes` and `keep`: `axes` and `keepdims`, of which the axes became an input later. None are all.
    case axes
    /// The parameters `axes` and `keep`, of one axis only: `axis` and `keepdims`.
    case soleAxis
    /// The parameter `axes`, from one on to the last: `axis`.
    case lastAxes
    /// The parameter `axes` as the order of the axes: `perm`.
    case order
    /// The parameters `kernel`, `stride`, `pad` and `dilation` of a window that slides; `isPool` where it moves by its kernel if nothing is
    /// said, and `ceil`.
    case window(isPool: Bool)
    /// A parameter that is an extent of an input.
    case extent(of: String, input: Int, axis: Int)
    /// What is left of a parameter to 1, as of momentum: the share of the new there, of the old here.
    case complement(String, of: String, default: Double)
    /// A number that must be whole.
    case whole(String, of: String, default: Int)
    /// One integer that stands for both of a pair.
    case square(String, of: String, default: Int)
    /// A parameter's words under other spellings.
    case word(String, of: String, spellings: [String: String], default: String)
    /// An attribute that is always this.
    case constant(String, Int)
}
