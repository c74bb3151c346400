import Graph

/// How the rows of the catalog are written: their rules see a `Checker` that the operator makes of its own name, inputs and parameters.
extension Operator {
    /// A row with a rule for its type.
    ///
    /// - Parameters:
    ///   - weights: sees the operands that flow through the network only; the others are what it declares.
    ///   - trainingFault: what is wrong with training a use; nil where nothing is.
    convenience init(
        _ name: String, _ summary: String, inputs: [OperatorInput], parameters: [OperatorParameter] = [],
        isInLanguage: Bool = true, isRandom: Bool = false, results: OperatorResults? = nil,
        weights: (@Sendable (Checker) throws(TypeError) -> [WeightDeclaration])? = nil,
        type: @escaping @Sendable (Checker) throws(TypeError) -> TensorType,
        trainingFault: @escaping @Sendable (Checker) -> TypeError? = { _ in nil },
        lowering: @escaping @Sendable (Signature) -> Lowering, gradient: Gradient, onnx: [ONNXForm] = [], examples: [OperatorExample]
    ) {
        self.init(
            name, summary, inputs: inputs, parameters: parameters, isInLanguage: isInLanguage, isRandom: isRandom, results: results,
            weights: Self.declarations(name, inputs, weights),
            inferType: { (signature) throws(TypeError) in try type(Checker(name, inputs, signature)) },
            trainingFault: { trainingFault(Checker(name, accepted: $0)) },
            lowering: lowering, gradient: gradient, onnx: onnx, examples: examples)
    }

    /// A row that says once what it slides, cuts or sums over: its type, doubts and lowering follow from that.
    ///
    /// - Parameters:
    ///   - geometry: the method of `Checker` that checks all operands and parameters, such as `Checker.pooling`.
    ///   - doubt: what is allowed and yet doubtful about a use; nil where nothing is.
    convenience init<Geometry>(
        _ name: String, _ summary: String, inputs: [OperatorInput], parameters: [OperatorParameter] = [],
        isInLanguage: Bool = true, results: OperatorResults? = nil,
        weights: (@Sendable (Checker) throws(TypeError) -> [WeightDeclaration])? = nil,
        geometry: @escaping @Sendable (Checker) -> () throws(TypeError) -> Geometry,
        type: @escaping @Sendable (Geometry) -> TensorType,
        doubt: @escaping @Sendable (Geometry, Checker) -> TypeError? = { _, _ in nil },
        lowering: @escaping @Sendable (Geometry, Signature) -> Lowering, gradient: Gradient, onnx: [ONNXForm] = [],
        examples: [OperatorExample]
    ) {
        @Sendable func known(_ signature: Signature) -> (geometry: Geometry, check: Checker) {
            let check = Checker(name, accepted: signature)
            return (unfailing { () throws(TypeError) in try geometry(check)() }, check)
        }
        self.init(
            name, summary, inputs: inputs, parameters: parameters, isInLanguage: isInLanguage, results: results,
            weights: Self.declarations(name, inputs, weights),
            inferType: { (signature) throws(TypeError) in
                let check = try Checker(name, inputs, signature)
                let result = type(try geometry(check)())
                try check.checkSound(result.shape)
                return result
            },
            doubt: { signature in
                let (geometry, check) = known(signature)
                return doubt(geometry, check)
            },
            lowering: { lowering(known($0).geometry, $0) }, gradient: gradient, onnx: onnx, examples: examples)
    }

    /// What `rule` declares, given a checker of the operands alone; nothing without a rule.
    private static func declarations(
        _ name: String, _ inputs: [OperatorInput], _ rule: (@Sendable (Checker) throws(TypeError) -> [WeightDeclaration])?
    ) -> @Sendable (Signature) throws(TypeError) -> [WeightDeclaration] {
        guard let rule else { return { (_) throws(TypeError) in [] } }
        let operands = inputs.filter { $0.role == .operand }
        return { (signature) throws(TypeError) in
            let given = Signature(Array(signature.operands.prefix(operands.count)), signature.attributes)
            return try rule(Checker(name, operands, given))
        }
    }
}
