import Graph
import Recipes
import Source

/// A layer whose gradients and activations are watched: the weights under one label with what is computed from them, or an activation
/// function that belongs to none.
public struct WatchedLayer: Sendable {
    /// What a layer hands on, once for each of its uses: the result of its weights, behind the activation function that follows.
    public struct Activation: Sendable {
        public let value: Value
        /// The activation function's argument and slope, where there is one.
        public let function: (argument: Value, slope: ActivationSlope)?
        /// The axis along which the units lie: channels, or features of tokens. Nil for a vector over the batch.
        public let unitAxis: Int?
    }

    /// The label, or for what has none the name of the weight or of the function; of several alike the second has `#2` behind it.
    public let name: String
    public let span: Span
    /// The names of its weights.
    public let weights: [String]
    public let activations: [Activation]

    /// The layers of a training's graph, as its author wrote it, in the order in which they are computed.
    ///
    /// - Parameter loss: the name of the output that is minimized: what is computed for it alone is no layer's activation.
    public static func all(in graph: Graph, loss: String) -> [WatchedLayer] { LayerSearch(graph, loss: loss).layers }
}

/// Finds which values belong to which layer.
private struct LayerSearch {
    private let graph: Graph
    /// What the outputs besides the loss are computed from, and of that what depends on an input.
    private var isForward: [Bool]
    private var isOfData: [Bool] = []
    /// The number of the use whose result each value still is, behind whatever only moves it, pools it or scales it.
    private var uses: [Int?]
    /// The axis of the units of each value, as far as it is not the second.
    private var unitAxes: [Int?]

    private struct Use {
        var layer: String
        /// Whether it is of weights, not of an activation function alone.
        var isOfWeights: Bool
        var result: Value
        var activation: WatchedLayer.Activation?
    }

    private var found: [Use] = []

    init(_ graph: Graph, loss: String) {
        self.graph = graph
        let own = graph.outputs.filter { ![loss, Metric.amountOutput, Metric.weightOutput, LabelLoss.weightOutput].contains($0.name) }
        isForward = [Bool](repeating: false, count: graph.nodes.count)
        for output in own.isEmpty ? graph.outputs : own { isForward[output.value.index] = true }
        for value in graph.values.reversed() where isForward[value.index] {
            for operand in graph[value].operands { isForward[operand.index] = true }
        }
        (uses, unitAxes) = ([Int?](repeating: nil, count: graph.nodes.count), [Int?](repeating: nil, count: graph.nodes.count))
        // The labels of the weights that each value is computed from without data.
        var owners = [[String]](repeating: [], count: graph.nodes.count)
        for value in graph.values {
            let node = graph[value]
            isOfData.append(node.inputName != nil || node.operands.contains { isOfData[$0.index] })
            if node.parameter?.role == .weight { owners[value.index] = [Self.name(ofWeight: node)] }
            guard node.operation != nil else { continue }
            let names = node.operands.filter { !isOfData[$0.index] }.flatMap { owners[$0.index] }
            if isOfData[value.index] {
                if isForward[value.index] { place(value, owner: names.first) }
            } else {
                owners[value.index] = names
            }
        }
    }

    private static func name(ofWeight node: Node) -> String { node.label ?? node.parameter!.name }

    /// Decides whose a value is that depends on data.
    ///
    /// - Parameter owner: the layer whose weights it reads, if it does.
    private mutating func place(_ value: Value, owner: String?) {
        let node = graph[value]
        let data = node.operands.filter { isOfData[$0.index] }
        unitAxes[value.index] = data.filter { graph[$0].type.shape == node.type.shape }.compactMap { unitAxes[$0.index] }.first
        if let owner {
            // What an earlier step of the same layer made goes on.
            if let use = data.compactMap({ uses[$0.index] }).first(where: { found[$0].layer == owner && found[$0].activation == nil }) {
                (found[use].result, uses[value.index]) = (value, use)
            } else {
                found.append(Use(layer: owner, isOfWeights: true, result: value))
                uses[value.index] = found.count - 1
            }
            unitAxes[value.index] = unitAxis(of: value)
            return
        }
        guard Set(data).count == 1, let operand = data.first else { return }
        if case .elementwise(let expression)? = graph.lowering(of: value), node.operands.count == 1,
            let slope = ActivationSlope(expression)
        {
            let activation = WatchedLayer.Activation(value: value, function: (operand, slope), unitAxis: axis(of: value))
            if let use = uses[operand.index], found[use].activation == nil {
                found[use].activation = activation
            } else {
                let name = node.label ?? Self.name(ofFunction: node)
                found.append(Use(layer: name, isOfWeights: false, result: value, activation: activation))
            }
        } else {
            uses[value.index] = uses[operand.index].flatMap { found[$0].activation == nil ? $0 : nil }
        }
    }

    private static func name(ofFunction node: Node) -> String {
        if case .function(let function)? = node.attributes["function"] { return function.name }
        return node.operation?.name ?? ""
    }

    /// The axis of the units of what weights make: the last one where a matrix is multiplied with rows, or where the vectors of a
    /// normalization are as long as that and not as the second; else the second.
    private func unitAxis(of value: Value) -> Int? {
        let node = graph[value]
        let weights = node.operands.filter { !isOfData[$0.index] }.map { graph[$0].type.shape }
        let last = node.type.rank - 1
        guard last > 1, let widest = weights.max(by: { $0.rank < $1.rank }) else { return nil }
        if widest.rank == 2 { return last }
        return widest.rank == 1 && widest[0] != node.type.shape[1] && widest[0] == node.type.shape[last] ? last : nil
    }

    private func axis(of value: Value) -> Int? { graph[value].type.rank < 2 ? nil : unitAxes[value.index] ?? 1 }

    /// Rows are computed in the order of their first use, or of their weights where nothing of them is watched.
    var layers: [WatchedLayer] {
        struct Row {
            var first: Value
            var span: Span
            var weights: [String] = []
            var activations: [WatchedLayer.Activation] = []
        }
        var rows: [String: Row] = [:]
        for value in graph.values {
            let node = graph[value]
            guard let parameter = node.parameter, parameter.role == .weight else { continue }
            rows[Self.name(ofWeight: node), default: Row(first: value, span: node.span)].weights.append(parameter.name)
        }
        for use in found {
            let value = use.activation?.value ?? use.result
            guard graph[value].type.element == .f32, graph[value].type.rank > 0 else { continue }
            let activation = use.activation ?? WatchedLayer.Activation(value: value, function: nil, unitAxis: axis(of: value))
            if use.isOfWeights {
                if rows[use.layer]!.activations.isEmpty {
                    (rows[use.layer]!.first, rows[use.layer]!.span) = (use.result, graph[use.result].span)
                }
                rows[use.layer]!.activations.append(activation)
            } else {
                var (name, number) = (use.layer, 1)
                while rows[name] != nil {
                    number += 1
                    name = "\(use.layer)#\(number)"
                }
                rows[name] = Row(first: value, span: graph[value].span, activations: [activation])
            }
        }
        return rows.sorted { ($0.value.first, $0.key) < ($1.value.first, $1.key) }.map { name, row in
            WatchedLayer(name: name, span: row.span, weights: row.weights, activations: row.activations)
        }
    }
}
