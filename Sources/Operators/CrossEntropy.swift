import Graph

extension Operator {
    /// The mean of `-sum(target * log_softmax(logits))` over pictures, or over their pixels; the target of a label is one-hot, mixed with
    /// `smoothing` parts of the uniform distribution over all classes (Szegedy et al., arXiv 1512.00567), as PyTorch has it.
    ///
    /// With weights of the classes, or a label that is ignored, the sum is divided by that of the weights of the labels that count; where
    /// none counts, it is 0 (PyTorch: not a number). Targets that are distributions are averaged without weights, as PyTorch does.
    ///
    /// The derived gradient is `(softmax - target) / N`.
    public static let crossEntropy: Operator = Operator(
        "cross_entropy", "Measures how far predicted scores are from labels.",
        inputs: [
            OperatorInput("logits", "scores [N, classes, …]: one distribution a picture, or one a pixel"),
            OperatorInput(
                "label", selecting: 1, of: 0,
                "the right classes i32[N, …]; or f32[N, classes, …], each one's part, such as those of mixed pictures"),
        ],
        parameters: [
            smoothing, ignoredLabel,
            OperatorParameter(
                "class_weights", .numbers, default: .numbers([]),
                "one factor a class, above 1 for those that matter more, such as rare ones; all count the same if left out"),
        ],
        type: { (check) throws(TypeError) in
            _ = try check.crossEntropy()
            return .f32()
        },
        lowering: { _ in
            .composite { context in
                let target = unfailing { () throws(TypeError) in try Checker("cross_entropy", accepted: context.signature).crossEntropy() }
                return target.mean(of: context.operands[0], context.operands[1], context.builder)
            }
        },
        gradient: .derived,
        examples: [
            OperatorExample("five classes", [.f32(4, 5), TensorType(.i32, [4])], values: [.normal, .labels(below: 5)]),
            OperatorExample(
                "smoothed", [.f32(3, 20), TensorType(.i32, [3])], ["smoothing": .number(0.1)], values: [.normal, .labels(below: 20)]),
            OperatorExample(
                "weights, and a class that does not count", [.f32(5, 3), TensorType(.i32, [5])],
                ["class_weights": .numbers([0.5, 2, 1]), "ignored_label": .integer(2), "smoothing": .number(0.2)],
                values: [.normal, .labels(below: 3)]),
            OperatorExample(
                "each pixel", [.f32(2, 3, 2, 4), TensorType(.i32, [2, 2, 4])], ["ignored_label": .integer(1)],
                values: [.normal, .labels(below: 3)]),
            OperatorExample("distributions", [.f32(4, 5), .f32(4, 5)], ["smoothing": .number(0.1)], values: [.normal, .positive]),
        ])

    /// What a `cross_entropy` of labels divides its sum by, f32[]: how many labels count, or the sum of their classes' weights.
    ///
    /// - Parameter loss: the result of the operator.
    /// - Returns: nil where all labels count the same, and where the targets are distributions.
    public static func crossEntropyDivisor(of loss: Value, _ builder: GraphBuilder) -> Value? {
        let graph = builder.graph
        let target = unfailing { () throws(TypeError) in
            try Checker("cross_entropy", accepted: graph.signature(of: loss)).crossEntropy()
        }
        return target.divisor(of: graph[loss].operands[1], builder)
    }

    /// `-target * x` for each class, `target` being one-hot at the label and smoothed.
    static let crossEntropyTerms: Operator = Operator(
        "cross_entropy_terms", "Weighs logarithms of probabilities by a smoothed one-hot target.",
        inputs: [
            OperatorInput("x", "logarithms of probabilities [N, classes, …]"),
            OperatorInput("label", selecting: 1, of: 0, "the right classes i32[N, 1, …]"),
        ],
        parameters: [smoothing, ignoredLabel], isInLanguage: false,
        type: { (check) throws(TypeError) in
            let x = try check.classScores()
            var label = x.dimensions
            label[1] = 1
            try check.require(1, is: TensorType(.i32, Shape(label)), role: "label")
            _ = try check.extent(x, 1)
            _ = try check.smoothing()
            _ = try check.ignoredLabel()
            return TensorType(.f32, x)
        },
        lowering: { signature in
            let classes = signature.operands[0].shape.number(1)
            let smoothing = signature.attributes.number("smoothing")
            let others = smoothing / Double(classes)
            // A choice between products, not a product with a choice: a class that does not count at all may be impossible, and zero
            // times the logarithm of its probability, minus infinity, would be no number.
            let term = Scalar.selecting(
                .equal, .argument(1), .coordinate(1), then: .constant(-(1 - smoothing + others)) * .argument(0),
                otherwise: .constant(-others) * .argument(0))
            let ignored = signature.attributes.integer("ignored_label")
            return .elementwise(
                ignored < 0 ? term : .selecting(.equal, .argument(1), .constant(Double(ignored)), then: 0, otherwise: term))
        },
        gradient: .derived,
        examples: [
            OperatorExample("five classes", [.f32(4, 5), TensorType(.i32, [4, 1])], values: [.normal, .labels(below: 5)]),
            OperatorExample(
                "smoothed", [.f32(3, 20), TensorType(.i32, [3, 1])], ["smoothing": .number(0.1)], values: [.normal, .labels(below: 20)]),
            OperatorExample(
                "each pixel", [.f32(2, 3, 2, 2), TensorType(.i32, [2, 1, 2, 2])], ["ignored_label": .integer(0)],
                values: [.normal, .labels(below: 3)]),
        ])

    private static let smoothing = OperatorParameter(
        "smoothing", .number, default: .number(0), "the part of the target that is spread over all classes")
    private static let ignoredLabel = OperatorParameter(
        "ignored_label", .integer, default: .integer(-1),
        "the label of what does not count, such as 255 for pixels at borders; -1 for none")
}

/// What scores are compared with.
private struct CrossEntropyTarget {
    var scores: Shape
    /// Whether the target is a class of each picture or pixel, or else a distribution over the classes.
    var isLabel: Bool
    var smoothing: Double
    /// -1 for none.
    var ignoredLabel: Int
    /// Empty where all count the same.
    var weights: [Double]

    private var classes: Int { scores.number(1) }

    func mean(of logits: Value, _ target: Value, _ builder: GraphBuilder) -> Value {
        let weights = weightTensor(builder)
        var terms: Value
        var label: Value?
        if isLabel {
            let column = column(target, builder)
            label = column
            terms = builder.apply(
                .crossEntropyTerms, builder.apply(Operator.logSoftmax, logits), column,
                attributes: ["smoothing": .number(smoothing), "ignored_label": .integer(ignoredLabel)])
        } else {
            let part: Scalar = .constant(1 - smoothing) * .argument(1) + .constant(smoothing / Double(classes))
            // What has no part may be impossible: see `crossEntropyTerms`.
            terms = builder.map(
                "distribution_terms", [("x", builder.apply(Operator.logSoftmax, logits)), ("target", target)],
                .select(.equal, part, 0, then: 0, otherwise: -part * .argument(0)))
        }
        if let weights { terms = builder.apply(.multiply, terms, weights) }
        let total = sum(terms, builder)
        guard let label, let divisor = divisor(of: label, weights, builder) else {
            let counted = Shape(scores.dimensions.enumerated().filter { $0.offset != 1 }.map(\.element))
            return builder.apply(.divide, total, builder.apply(.elementCount, [], ["shape": .shape(counted)]))
        }
        return builder.map("mean_of_counted", [("total", total), ("count", divisor)], .argument(0) / .maximum(.argument(1), 1e-30))
    }

    /// The sum of the weights of the labels that count; nil where all count the same.
    func divisor(of label: Value, _ builder: GraphBuilder) -> Value? {
        isLabel ? divisor(of: column(label, builder), weightTensor(builder), builder) : nil
    }

    private func divisor(of column: Value, _ weights: Value?, _ builder: GraphBuilder) -> Value? {
        guard weights != nil || ignoredLabel >= 0 else { return nil }
        let counts = { (what: Scalar) -> Scalar in
            ignoredLabel < 0 ? what : .select(.equal, .argument(0), .constant(Double(ignoredLabel)), then: 0, otherwise: what)
        }
        let counted =
            if let weights {
                builder.map(
                    "weight_of_label", [("label", column), ("weight", weights)],
                    counts(.select(.equal, .argument(0), .coordinate(1), then: .argument(1), otherwise: 0)))
            } else {
                builder.map("counts", [("label", column)], counts(1))
            }
        return sum(counted, builder)
    }

    /// The labels with an axis of extent 1 for the classes.
    private func column(_ label: Value, _ builder: GraphBuilder) -> Value {
        var dimensions = scores.dimensions
        dimensions[1] = 1
        return builder.apply(.reshape, label, attributes: ["shape": .shape(Shape(dimensions))])
    }

    /// The weights along the classes' axis; nil where there are none.
    private func weightTensor(_ builder: GraphBuilder) -> Value? {
        guard !weights.isEmpty else { return nil }
        let dimensions = scores.dimensions.indices.map { $0 == 1 ? Dimension.fixed(classes) : 1 }
        return builder.tensor(ConstantTensor(weights.map { Float($0) }), Shape(dimensions))
    }

    private func sum(_ terms: Value, _ builder: GraphBuilder) -> Value {
        builder.apply(.sum, terms, attributes: ["axes": .integers(Array(0..<scores.rank))])
    }
}

extension Checker {
    /// Operand 0, which must be scores of classes.
    func classScores() throws(TypeError) -> Shape {
        let type = signature.operands[0]
        guard type.element == .f32, type.rank >= 2 else {
            throw error("takes scores f32[N, classes, …], not \(type)", repair: "flatten the tensor first", operand: 0)
        }
        return type.shape
    }

    /// Checks that operand 1 is a class for each distribution of scores, or a distribution itself; says whether it is the class.
    func isLabel(of scores: Shape) throws(TypeError) -> Bool {
        let type = signature.operands[1]
        let label = TensorType(.i32, Shape(scores.dimensions.enumerated().filter { $0.offset != 1 }.map(\.element)))
        if type == label { return true }
        let distribution = TensorType(.f32, scores)
        guard type == distribution else {
            throw error("needs a label of type \(label), or of \(distribution), not \(type)", operand: 1)
        }
        return false
    }

    fileprivate func crossEntropy() throws(TypeError) -> CrossEntropyTarget {
        let scores = try classScores()
        let isLabel = try isLabel(of: scores)
        let ignored = try ignoredLabel()
        guard isLabel || ignored < 0 else {
            throw error(
                "ignores a label where labels are integers, not where they are \(signature.operands[1])", parameter: "ignored_label")
        }
        let weights = signature.attributes.numbers("class_weights")
        if !weights.isEmpty {
            let classes = try extent(scores, 1)
            guard weights.count == classes else {
                throw error("needs a weight for each of the \(classes) classes, not \(weights.count)", parameter: "class_weights")
            }
            if let wrong = weights.first(where: { !(0...1e6).contains($0) }) {
                throw error("needs 'class_weights' to be at least 0 and at most 1e6, not \(wrong)", parameter: "class_weights")
            }
        }
        if !isLabel { _ = try extent(scores, 1) }
        return CrossEntropyTarget(
            scores: scores, isLabel: isLabel, smoothing: try smoothing(), ignoredLabel: ignored, weights: weights)
    }

    fileprivate func smoothing() throws(TypeError) -> Double {
        try number("smoothing", in: 0..<1, "at least 0 and below 1")
    }

    fileprivate func ignoredLabel() throws(TypeError) -> Int {
        let label = signature.attributes.integer("ignored_label")
        guard (-1...Self.largestParameter).contains(label) else {
            throw error("needs 'ignored_label' to be from -1 to \(Self.largestParameter), not \(label)", parameter: "ignored_label")
        }
        return label
    }
}
