/// Products of matrices to which a vector is added, and which nothing else reads: linear layers, as exporters write those of more than two axes.
struct BiasedProducts {
    /// What is added and what the sum is called, by the name of the product.
    private var sums: [String: (bias: String, sum: String)] = [:]
    /// The sums that are in the graph already, each as its layer.
    private var made: [String: ImportedValue] = [:]

    init() {}

    /// - Parameters:
    ///   - outputs: names that the graph of the nodes gives, which are read, too.
    ///   - isOperator: whether a node is one of ONNX's operators, and no call of a function that is called so.
    init(_ nodes: [WireNode], for outputs: [String], where isOperator: (WireNode) -> Bool) {
        let products = Set(nodes.filter { $0.opType == "MatMul" }.flatMap(\.output))
        if products.isEmpty { return }
        var readers = Dictionary(outputs.map { ($0, 1) }) { $0 + $1 }
        for node in nodes { for name in node.allReads { readers[name, default: 0] += 1 } }
        for node in nodes where node.opType == "Add" && node.input.count == 2 && node.output.count == 1 && isOperator(node) {
            // Before operator set 7 this says along which axes the second operand is repeated.
            if node.attribute.contains(where: { $0.name == "axis" }) { continue }
            for (product, bias) in [(node.input[0], node.input[1]), (node.input[1], node.input[0])]
            where products.contains(product) && readers[product] == 1 { sums[product] = (bias, node.output[0]) }
        }
    }

    /// The name of what is added to a product.
    func bias(of product: String) -> String? { sums[product]?.bias }

    /// Notes that a product was made together with its sum.
    mutating func made(_ value: ImportedValue, asSumOf product: String) {
        if let sum = sums[product]?.sum { made[sum] = value }
    }

    /// What a node would make, where it is made.
    mutating func take(_ node: WireNode) -> ImportedValue? { node.output.first.flatMap { made.removeValue(forKey: $0) } }
}

extension WireNode {
    /// The names that the node reads, those within its branches among them, at any depth.
    var allReads: [String] {
        var names = input
        var graphs = attribute.filter(\.hasG).map(\.g)
        while let graph = graphs.popLast() {
            names += graph.output.map(\.name)
            for node in graph.node {
                names += node.input
                graphs += node.attribute.filter(\.hasG).map(\.g)
            }
        }
        return names
    }
}
