import Graph

/// What elements ONNX has each of its operators take, as the operator set has it that takes most.
///
/// What a model may not have is refused where it is read: results count as elements of their operands' type, so that a function of
/// floating-point numbers, applied to integers, would leave fractions that count as integers and name positions.
enum OperandKinds {
    /// What an input takes.
    private enum Entry {
        case floating, integers, truth
        /// Floating-point numbers or integers.
        case numbers
        case any
        /// What an input before it is of.
        case like(Int)
    }

    /// Operators that take the same, with an entry for each input; the last is for those behind it, too.
    private static let rows: [(entries: [Entry], operators: String)] = [
        (
            [.floating],
            """
            AveragePool BatchNormalization Ceil Celu Conv ConvTranspose DynamicQuantizeLinear Elu Exp Floor Gelu GlobalAveragePool \
            GlobalLpPool GlobalMaxPool GroupNormalization HardSigmoid HardSwish InstanceNormalization IsNaN LRN LayerNormalization \
            LeakyRelu Log LogSoftmax LpNormalization LpPool Mean MeanVarianceNormalization Mish RMSNormalization Reciprocal Round Selu \
            Sigmoid Softmax Softplus Softsign Sqrt Sum Swish Tanh ThresholdedRelu
            """
        ),
        ([.floating, .floating, .truth], "Dropout"),
        ([.floating, .integers, .floating], "Adagrad Adam Momentum NegativeLogLikelihoodLoss SoftmaxCrossEntropyLoss"),
        (
            [.numbers, .like(0)],
            """
            Abs Add ArgMax ArgMin Clip Div Erf Gemm Greater GreaterOrEqual Less LessOrEqual MatMul Max MaxPool Min Mod Mul Neg PRelu Range \
            Relu Shrink Sign Sub
            """
        ),
        (
            [.numbers, .integers],
            "CumSum ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMean ReduceProd ReduceSum ReduceSumSquare TopK"
        ),
        ([.numbers, .numbers], "Pow"),
        ([.numbers, .numbers, .any], "OneHot"),
        ([.numbers, .numbers, .integers], "QuantizeLinear"),
        ([.integers], "ConstantOfShape ConvInteger MatMulInteger"),
        ([.integers, .floating, .integers], "DequantizeLinear"),
        ([.integers, .floating, .integers, .integers, .floating, .integers, .floating, .integers], "QLinearMatMul"),
        ([.truth], "And If Not Or Xor"),
        ([.truth, .any, .like(1)], "Where"),
        ([.any], "Cast CastLike Constant DepthToSpace Flatten Identity Shape Size SpaceToDepth Transpose"),
        ([.any, .like(0)], "Concat Equal"),
        ([.any, .integers], "Expand Gather GatherElements ReduceMax ReduceMin Reshape Slice Split Squeeze Tile Unsqueeze"),
        ([.any, .integers, .like(0), .integers], "Pad"),
        ([.any, .floating, .floating, .integers], "Resize"),
        ([.any, .floating], "Upsample"),
    ]

    private static let listed: [(name: String, entries: [Entry])] = rows.flatMap { row in
        row.operators.split(separator: " ").map { (String($0), row.entries) }
    }

    private static let byName = Dictionary(listed.map { ($0.name, $0.entries) }, uniquingKeysWith: { first, _ in first })

    /// The operators that have a row.
    static var operators: [String] { listed.map(\.name) }

    /// Throws where an input of a node is of elements that its operator does not take.
    static func check(_ scope: NodeScope) throws(ImportFault) {
        guard let entries = byName[scope.node.opType], let last = entries.last else { return }
        for index in scope.inputs.indices where scope.isGiven(index) {
            let element = try scope.element(index)
            // Such elements are refused by themselves.
            guard element.stored != nil else { continue }
            let name = scope.node.input[index]
            let isTaken: Bool
            let kind: String
            switch index < entries.count ? entries[index] : last {
            case .any: continue
            case .floating: (isTaken, kind) = (element.isFloating, "floating-point numbers")
            case .integers: (isTaken, kind) = (element.isInteger, "integers")
            case .truth: (isTaken, kind) = (element == .bool, "truth values")
            case .numbers: (isTaken, kind) = (element != .bool, "numbers")
            case .like(let first):
                let other = try scope.element(first)
                isTaken = other.isFloating == element.isFloating && other.isInteger == element.isInteger
                kind = "\(other) like '\(scope.node.input[first])'"
            }
            guard isTaken else { throw .malformed("'\(name)' is of \(element), and must be of \(kind)") }
        }
    }
}
