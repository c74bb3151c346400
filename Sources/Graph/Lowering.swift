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
    /// A call of a C function over arrays.
    case foreign(ForeignCall)
    /// Written with other operators; `decompose` replaces the node by them.
    case composite(@Sendable (Decomposition) -> Value)
}

/// A rearrangement that computes nothing.
public enum View: Hashable, Sendable {
    /// The same elements in row-major order under another shape.
    case reshape
    /// The operands one after another along an axis.
    case concatenate(axis: Int)
    /// `count` positions along `axis`, from `start`.
    case slice(axis: Int, start: Int, count: Int)
    /// The elements of the only operand in other places.
    case rearrange(Rearrangement)
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
