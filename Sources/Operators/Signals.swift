import Graph

extension Operator {
    /// The operator, which slides something over images `[N, C, H, W]`, with signals `[N, C, L]` taken too: they are images of one row, and
    /// what is one number an axis is that of the row; along the other axis nothing is padded, and windows have one position.
    func takingSignals(_ examples: [OperatorExample]) -> Operator {
        let image = self
        return Operator(
            name, summary, inputs: inputs.map { $0.saying("; of signals", ["H, W": "L", "kh, kw": "k"]) }, parameters: parameters,
            isInLanguage: isInLanguage, isRandom: isRandom, results: results,
            weights: { (signature) throws(TypeError) in
                guard signature.isOfSignals else { return try image.weights(signature) }
                return try image.signalWeights(signature)
            },
            inferType: { (signature) throws(TypeError) in
                guard signature.isOfSignals else { return try image.inferType(signature) }
                let raised = try image.raised(signature)
                let type = try TypeError.renamingAxes(axisOfSignal) { () throws(TypeError) in try image.inferType(raised) }
                try image.requireRanks(of: image.signalWeights(signature), in: signature)
                return TensorType(.f32, type.shape.lowered)
            },
            doubt: { signature in
                guard signature.isOfSignals else { return image.doubt(signature) }
                return image.doubt(unfailing { () throws(TypeError) in try image.raised(signature) })
            },
            trainingFault: image.trainingFault,
            lowering: { signature in
                guard signature.isOfSignals else { return image.lowering(signature) }
                return .composite { context in
                    let raised = unfailing { () throws(TypeError) in try image.raised(context.signature) }
                    let operands = zip(context.operands, raised.operands).map { operand, type in
                        type == context.builder.type(of: operand)
                            ? operand : context.builder.apply(Operator.reshape, operand, attributes: ["shape": .shape(type.shape)])
                    }
                    let result = context.builder.apply(image, operands, raised.attributes)
                    let shape = context.builder.type(of: result).shape.lowered
                    return context.builder.apply(Operator.reshape, result, attributes: ["shape": .shape(shape)])
                }
            },
            gradient: gradient, onnx: onnx, examples: self.examples + examples)
    }

    /// The weights of a use of signals.
    private func signalWeights(_ signature: Signature) throws(TypeError) -> [WeightDeclaration] {
        let raised = try raised(signature)
        let declarations = try TypeError.renamingAxes(axisOfSignal) { () throws(TypeError) in try weights(raised) }
        return declarations.map { declaration in
            var declaration = declaration
            declaration.type.shape = declaration.type.shape.lowered
            return declaration
        }
    }

    /// Checks that weights which are operands have as many axes as `declarations` say: one of images, beside signals or volumes, could look like
    /// what theirs is turned into.
    func requireRanks(of declarations: [WeightDeclaration], in signature: Signature) throws(TypeError) {
        let check = Checker(name, accepted: signature)
        let first = inputs.filter { $0.role == .operand }.count
        for (index, declaration) in zip(first..., declarations) where signature.operands.indices.contains(index) {
            guard signature.operands[index].rank != declaration.type.rank else { continue }
            try check.require(index, is: declaration.type, role: declaration.name)
        }
    }

    /// The use of images of one row that a use of signals is.
    private func raised(_ signature: Signature) throws(TypeError) -> Signature {
        var attributes = signature.attributes
        for parameter in parameters {
            guard case .integers(let values)? = attributes[parameter.name] else { continue }
            let (name, kind) = (parameter.name, parameter.kind)
            func fault(_ repair: String) -> TypeError {
                TypeError(
                    "'\(self.name)' cannot use \(values.count) numbers as '\(name)' of a signal f32[N, C, L]", repair: repair,
                    parameter: name)
            }
            switch kind {
            case .pair:
                guard values.count == 2, values[0] == values[1] else { throw fault("give one: signals have one axis") }
                attributes[name] = .integers([name == "output_pad" ? 0 : 1, values[0]])
            case .padding:
                guard values.count <= 2, let last = values.last else { throw fault("give one, or two (before, after)") }
                attributes[name] = .integers([0, values[0], 0, last])
            case .integers where name == "stride" && !values.isEmpty:
                guard values.count == 1 else { throw fault("give one: signals have one axis") }
                attributes[name] = .integers([1, values[0]])
            default: break
            }
        }
        let operands = signature.operands.map { type in
            var type = type
            if type.rank == 3 { type.shape.dimensions.insert(1, at: 2) }
            return type
        }
        return Signature(operands, attributes)
    }
}

extension OperatorInput {
    /// The input whose summary also says what of other things the tensor in brackets is: with other axes in place of those of images.
    func saying(_ words: String, _ axes: [String: String]) -> OperatorInput {
        guard let start = summary.firstIndex(of: "["), let end = summary[start...].firstIndex(of: "]") else { return self }
        let form = summary[start...end]
        guard let (own, other) = axes.first(where: { form.hasSuffix($0.key + "]") }) else { return self }
        var input = self
        input.summary += "\(words) \(form.replacing(own, with: other))"
        return input
    }
}

/// The axis of signals that an axis of images of one row is.
private func axisOfSignal(_ axis: Int) -> Int? { axis == 2 ? nil : Swift.min(axis, 2) }

extension Signature {
    /// Whether the first operand is a signal `[N, C, L]`.
    fileprivate var isOfSignals: Bool { operands.first?.rank == 3 }
}

extension Shape {
    /// The shape of signals of an image of one row, or of the weight that is slid along it.
    fileprivate var lowered: Shape {
        guard rank == 4 else { return self }
        return Shape([self[0], self[1], self[3]])
    }
}
