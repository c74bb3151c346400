import Graph
import Operators
import Testing

/// One example of one row of the catalog.
struct ExampleCase: CustomTestStringConvertible, Sendable {
    let operation: Operator
    let example: OperatorExample

    var testDescription: String { "\(operation.name): \(example.note)" }
    var signature: Signature { example.signature }

    static let all = OperatorCatalog.standard.operators.flatMap { operation in
        operation.examples.map { ExampleCase(operation: operation, example: $0) }
    }

    /// The role of operand `index`; a variadic input's for all of its operands.
    func role(of index: Int) -> InputRole {
        operation.inputs.isEmpty ? .operand : operation.inputs[min(index, operation.inputs.count - 1)].role
    }

    func name(of index: Int) -> String { "operand\(index)" }

    /// A graph with the example alone, its result the output `y`. `types` replaces those of the operands.
    func graph(types: [TensorType]? = nil, then extend: (GraphBuilder, Value) -> Void = { _, _ in }) throws -> Graph {
        let builder = GraphBuilder(name: "example")
        let operands = (types ?? signature.operands).enumerated().map { index, type in
            switch role(of: index) {
            case .operand: builder.input(name(of: index), type)
            case .weight: builder.parameter(Parameter(name(of: index), .weight, .zeros), type)
            case .state: builder.parameter(Parameter(name(of: index), .state, .zeros), type)
            }
        }
        let result = try builder.append(operation, operands, signature.attributes)
        builder.output("y", result)
        extend(builder, result)
        return builder.finish()
    }

    /// The operands' types with the symbol `N` for the number of images, and how many these are; nil where no operand is of images.
    var openBatch: (types: [TensorType], images: Int)? {
        guard let images = signature.operands.filter({ $0.rank >= 2 }).compactMap({ $0.shape[0].value }).max() else { return nil }
        let types = signature.operands.enumerated().map { index, type in
            var type = type
            let isBatched = type.rank >= 2 || (type.element == .i32 && type.rank == 1)
            if isBatched, role(of: index) == .operand, type.shape[0].value == images { type.shape[0] = .symbol("N") }
            return type
        }
        return types == signature.operands ? nil : (types, images)
    }

    /// A value for every operand by its name, and for the inputs that composites add.
    func values(seed: UInt64) -> [String: ReferenceTensor] {
        var random = Random(seed: seed)
        var values = ["seed": ReferenceTensor.scalar(7)]
        for (index, type) in signature.operands.enumerated() {
            let extents = type.shape.extents!
            let count = extents.reduce(1, *)
            let source = example.values[index]
            values[name(of: index)] = ReferenceTensor(
                extents,
                (0..<count).map { _ in
                    switch source {
                    case .normal: random.normal()
                    case .positive: random.uniform() * 1.5 + 0.5
                    case .labels(let below): Double(Int(random.uniform() * Double(below)))
                    }
                })
        }
        return values
    }
}

/// SplitMix64 (Steele, Lea & Flood 2014).
struct Random {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    /// In [0, 1).
    mutating func uniform() -> Double {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return Double((z ^ (z >> 31)) >> 11) * 0x1p-53
    }

    /// About normal: the sum of twelve uniform numbers has variance 1.
    mutating func normal() -> Double { (0..<12).reduce(-6.0) { sum, _ in sum + uniform() } }

    mutating func tensor(_ extents: [Int]) -> ReferenceTensor {
        ReferenceTensor(extents, (0..<extents.reduce(1, *)).map { _ in normal() })
    }
}

extension Graph {
    /// The graph with what `extend` appends; it gets the new value of every old one.
    func extended(_ extend: (GraphBuilder, [Value]) -> Void) -> Graph {
        let builder = GraphBuilder(name: name)
        var copies: [Value] = []
        for node in nodes {
            (builder.currentSpan, builder.currentLabel) = (node.span, node.label)
            copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] }))
        }
        for output in outputs { builder.output(output.name, copies[output.value.index]) }
        for update in updates { builder.update(copies[update.state.index], to: copies[update.value.index]) }
        extend(builder, copies)
        return builder.finish()
    }

    func value(named name: String) -> Value? {
        values.first { self[$0].inputName == name || self[$0].parameter?.name == name }
    }

    /// The operators of all nodes, in order.
    var operatorNames: [String] { nodes.compactMap { $0.operation?.name } }
}

/// All tensors that a run may ask for, as inputs and as parameters alike.
func run(_ graph: Graph, _ tensors: [String: ReferenceTensor], mode: Mode = .inference) -> ReferenceEvaluator.Result {
    ReferenceEvaluator(mode: mode).run(graph, inputs: tensors, parameters: tensors)
}

/// Expects two numbers or lists of them to agree relative to the largest.
func expectClose(
    _ observed: [Double], _ expected: [Double], tolerance: Double, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(observed.count == expected.count, "\(what): different counts", sourceLocation: sourceLocation)
    let scale = expected.map(abs).max() ?? 0
    let worst = zip(observed, expected).map { abs($0 - $1) }.max() ?? 0
    #expect(
        worst <= tolerance * max(scale, 1e-3), "\(what): off by \(worst) of \(scale): \(observed.prefix(8)) not \(expected.prefix(8))",
        sourceLocation: sourceLocation)
}
