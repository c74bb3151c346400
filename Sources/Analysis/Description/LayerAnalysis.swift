import Graph
import Operators

/// What a layer is, as far as its lowering tells; drawings colour by it.
public enum LayerKind: String, Sendable, CaseIterable {
    /// Sums of products with weights: convolutions, linear layers.
    case contraction
    /// Pooling, and reductions to fewer elements.
    case window
    /// Element by element with parameters of its own, or with sums over a tensor of the same shape.
    case normalization
    /// Element by element.
    case activation
    /// Several values become one: sums, products, concatenations.
    case join
    /// Reshapes and slices.
    case view
}

/// What follows from a node's operand types and attributes alone.
///
/// Composites are decomposed as for inference, a batch of any size counts as one image.
struct LayerAnalysis {
    /// Multiply-accumulates for one image: the sizes of the iteration spaces of the contractions that the layer is made of, as far as what
    /// they make is not cut off, as rows between the planes of a volume are.
    let macs: Int
    let kind: LayerKind
    private let graph: Graph
    /// What each node of `graph` computes; nil for inputs and constants.
    private let lowerings: [Lowering?]

    fileprivate init(_ key: LayerAnalyses.Key) {
        let builder = GraphBuilder(name: "layer")
        let operands = key.operands.enumerated().map { builder.input("\($0)", $1.type) }
        builder.output("result", builder.apply(key.operation, operands, key.attributes))
        let graph = builder.finish().decomposed(mode: .inference)
        let lowerings = graph.values.map(graph.lowering)
        self.graph = graph
        self.lowerings = lowerings
        macs = zip(graph.values, Self.readElements(graph, lowerings)).reduce(0) { sum, part in
            guard case .contraction(let formula)? = lowerings[part.0.index] else { return sum }
            let (made, read) = (graph[part.0].type.shape.elementsOfImage, part.1)
            return .clampedSum(sum, read == made ? formula.termCount : .clampedProduct(read, formula.termCount / max(1, made)))
        }
        let result = graph[graph.outputs[0].value].type
        kind = Self.kind(lowerings.compactMap { $0 }, key.operands, result: result)
    }

    /// How many elements of each value are read on the way to the result: all, but of what is only passed on to slices.
    private static func readElements(_ graph: Graph, _ lowerings: [Lowering?]) -> [Int] {
        var read = [Int](repeating: 0, count: graph.nodes.count)
        for output in graph.outputs { read[output.value.index] = graph[output.value].type.shape.elementsOfImage }
        for value in graph.values.reversed() {
            guard let lowering = lowerings[value.index] else { continue }
            for operand in graph[value].operands {
                let all = graph[operand].type.shape.elementsOfImage
                let isPassedOn =
                    switch lowering {
                    case .view(.concatenate): false
                    case .view: true
                    case .elementwise: graph[operand].type.shape == graph[value].type.shape
                    default: false
                    }
                read[operand.index] = max(read[operand.index], isPassedOn ? min(all, read[value.index]) : all)
            }
        }
        return read
    }

    private static func kind(_ lowerings: [Lowering], _ operands: [LayerAnalyses.Key.Operand], result: TensorType) -> LayerKind {
        let values = operands.filter { $0.role == .value }
        var (reduces, computes) = (false, false)
        for lowering in lowerings {
            switch lowering {
            case .contraction: return .contraction
            case .window, .foreign: return .window
            case .reduction: reduces = true
            case .elementwise: computes = true
            case .view, .composite: break
            }
        }
        if reduces { return values.contains { $0.type.shape == result.shape } ? .normalization : .window }
        if values.count > 1 { return .join }
        if !computes { return lowerings.isEmpty ? .activation : .view }
        return operands.contains { $0.role == .parameter } ? .normalization : .activation
    }

    /// What an element of the result sees of the images, given what elements of the operands see.
    func receptiveField(_ operands: [ReceptiveField?]) -> ReceptiveField? {
        var fields = [ReceptiveField?](repeating: nil, count: graph.nodes.count)
        for value in graph.values {
            let node = graph[value]
            if let name = node.inputName.flatMap({ Int($0) }) {
                fields[value.index] = operands[name]
            } else if let lowering = lowerings[value.index] {
                fields[value.index] = ReceptiveField.after(
                    lowering, node.operands.map { (graph[$0].type, fields[$0.index]) }, result: node.type)
            }
        }
        return fields[graph.outputs[0].value.index]
    }
}

/// The analyses of a network's nodes: layers that repeat are looked at once.
struct LayerAnalyses {
    struct Key: Hashable {
        enum Role { case value, parameter, constant }
        struct Operand: Hashable {
            var type: TensorType
            var role: Role
        }
        var operation: Operator
        var operands: [Operand]
        var attributes: Attributes
    }

    private var known: [Key: LayerAnalysis] = [:]

    /// The analysis of an operation of `graph`.
    mutating func analysis(of node: Node, _ operation: Operator, in graph: Graph) -> LayerAnalysis {
        let operands = node.operands.map { operand in
            let source = graph[operand]
            let role: Key.Role = source.parameter != nil ? .parameter : source.constant != nil || source.tensor != nil ? .constant : .value
            return Key.Operand(type: source.type, role: role)
        }
        let key = Key(operation: operation, operands: operands, attributes: node.attributes)
        if let found = known[key] { return found }
        let analysis = LayerAnalysis(key)
        known[key] = analysis
        return analysis
    }
}

extension Shape {
    /// The elements for one image.
    fileprivate var elementsOfImage: Int { dimensions.reduce(1) { .clampedProduct($0, $1.value ?? 1) } }
}
