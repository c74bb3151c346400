/// How a parameter tensor gets its first values; fan-in and fan-out follow from its shape `[out, in, kernel...]`.
public enum Initializer: Hashable, Sendable {
    case zeros
    case ones
    case constant(Double)
    /// The values themselves, as many as the parameter has.
    case values(ConstantTensor)
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
