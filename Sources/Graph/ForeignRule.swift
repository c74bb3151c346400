/// What a function over arrays takes and gives: `image: f32[N, C, H, W], offsets: f32[N, 2, H, W] -> f32[N, C, H, W]`.
///
/// A symbol that stands alone as an extent of an input takes the extent that is given; where it stands again, the same must be given. The first
/// extent of the results is the batch. Inputs that begin with it are given picture by picture, the others whole.
public struct ForeignRule: Hashable, Sendable {
    public struct Input: Hashable, Sendable {
        public var name: String
        public var shape: Shape

        public init(_ name: String, _ shape: Shape) {
            self.name = name
            self.shape = shape
        }
    }

    public let inputs: [Input]
    public let results: [Shape]
    /// The symbol of the batch.
    public let batch: String

    /// - Throws: what is wrong with the rule itself; `operand` is the input at fault, and the number of inputs for the result.
    public init(_ inputs: [Input], gives results: [Shape]) throws(TypeError) {
        guard let batch = results.first?.dimensions.first?.symbol else {
            throw TypeError(
                "the first extent of the result must be the batch, a name that nothing is computed with",
                repair: "write `f32[N, …]`", operand: inputs.count)
        }
        func names(_ dimension: Dimension) -> Set<String> { Set(dimension.expression.symbols.map(\.name)) }
        for (index, shape) in (inputs.map(\.shape) + results).enumerated() {
            for (axis, dimension) in shape.dimensions.enumerated() where axis > 0 || dimension.symbol != batch {
                guard names(dimension).contains(batch) else { continue }
                throw TypeError(
                    "'\(batch)' is the batch, and can only be a first extent", repair: "give the size a name of its own, such as 'H'",
                    operand: min(index, inputs.count))
            }
        }
        guard results.allSatisfy({ $0.dimensions.first?.symbol == batch }) else {
            throw TypeError("all results begin with the batch, '\(batch)'", operand: inputs.count)
        }
        if let scalar = inputs.firstIndex(where: { $0.shape.rank == 0 }) {
            throw TypeError("an input needs an extent", repair: "write `f32[1]`", operand: scalar)
        }
        guard inputs.contains(where: { $0.shape.dimensions.first?.symbol == batch }) else {
            throw TypeError("no input begins with the batch, '\(batch)'", repair: "write `f32[\(batch), …]`", operand: inputs.count)
        }
        let given = Set(inputs.flatMap { $0.shape.dimensions.compactMap(\.symbol) })
        for (index, shape) in (inputs.map(\.shape) + results).enumerated() {
            for dimension in shape.dimensions {
                guard let unknown = names(dimension).subtracting(given).min() else { continue }
                throw TypeError(
                    "'\(unknown)' is the extent of no input", repair: "an input whose extent is '\(unknown)' alone says what it is",
                    operand: min(index, inputs.count))
            }
        }
        (self.inputs, self.results, self.batch) = (inputs, results, batch)
    }

    /// Whether all pictures share an input, which does not begin with the batch.
    public func isShared(_ index: Int) -> Bool { inputs[index].shape.dimensions.first?.symbol != batch }

    /// The rule of the gradient: further takes the gradient of the result, and gives that of each input, of shared ones one a picture.
    public var gradient: ForeignRule {
        let results = inputs.indices.map { index in
            Shape((isShared(index) ? [.symbol(batch)] : []) + inputs[index].shape.dimensions)
        }
        return unfailing { () throws(TypeError) in
            try ForeignRule(inputs + [Input("gradient", self.results[0])], gives: results)
        }
    }
}

// MARK: - Shapes

extension ForeignRule {
    /// The shapes of the results for operands of these types.
    ///
    /// - Throws: which operand does not fit.
    public func results(of operands: [TensorType]) throws(TypeError) -> [Shape] {
        guard operands.count == inputs.count else {
            throw TypeError("the function takes \(inputs.count) tensors, not \(operands.count)")
        }
        var values: [String: SizeExpression] = [:]
        for (index, (input, type)) in zip(inputs, operands).enumerated() {
            guard type.element == .f32, type.rank == input.shape.rank else { throw misfit(index, type, values) }
            for (dimension, given) in zip(input.shape.dimensions, type.shape.dimensions) {
                if let symbol = dimension.symbol, values[symbol] == nil { values[symbol] = given.expression }
            }
        }
        for (index, (input, type)) in zip(inputs, operands).enumerated() {
            guard resolved(input.shape, values) == type.shape else { throw misfit(index, type, values) }
        }
        var shapes: [Shape] = []
        for result in results {
            let shape = resolved(result, values)
            for dimension in shape.dimensions {
                guard !dimension.expression.isUnbounded, dimension.value ?? 1 > 0 else {
                    throw TypeError("the result \(TensorType(.f32, result)) would have an extent of \(dimension)" + values.phrase)
                }
            }
            shapes.append(shape)
        }
        return shapes
    }

    private func resolved(_ shape: Shape, _ values: [String: SizeExpression]) -> Shape {
        Shape(shape.dimensions.map { Dimension($0.expression.substituting(values)) })
    }

    private func misfit(_ index: Int, _ type: TensorType, _ values: [String: SizeExpression]) -> TypeError {
        let input = inputs[index]
        let names = Set(input.shape.dimensions.flatMap { $0.expression.symbols.map(\.name) })
        return TypeError(
            "'\(input.name)' must be \(TensorType(.f32, input.shape)), not \(type)" + values.filter { names.contains($0.key) }.phrase,
            operand: index)
    }
}

extension [String: SizeExpression] {
    /// `, with C = 3, H = 8`.
    fileprivate var phrase: String {
        isEmpty ? "" : ", with " + sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
    }
}

// MARK: - Text

extension ForeignRule: CustomStringConvertible {
    public var description: String {
        inputs.map { "\(TextScanner.text(ofName: $0.name)): \(TensorType(.f32, $0.shape).text)" }.joined(separator: ", ") + " -> "
            + results.map { TensorType(.f32, $0).text }.joined(separator: ", ")
    }

    /// Reads a rule as `description` writes it.
    public init(reading text: String) throws(TypeError) {
        var (inputs, results): ([Input], [Shape]) = ([], [])
        do throws(TextError) {
            var scanner = TextScanner(text)
            func shape() throws(TextError) -> Shape {
                let type = try TensorType(reading: &scanner)
                guard type.element == .f32 else { throw scanner.error("C functions take f32 only") }
                return type.shape
            }
            repeat {
                let name = try scanner.name("an input's name")
                try scanner.expect(":")
                inputs.append(Input(name, try shape()))
            } while scanner.accept(",")
            try scanner.expect("->")
            repeat { results.append(try shape()) } while scanner.accept(",")
            guard scanner.isAtEnd else { throw scanner.error("expected the end of the rule, found \(scanner.found)") }
        } catch {
            throw TypeError("the rule cannot be read: \(error.message)", parameter: "rule")
        }
        try self.init(inputs, gives: results)
    }
}
