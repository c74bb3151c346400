import Analysis
import Graph

/// A layer, or an input, of the graph that a page draws.
struct PageLayer: Encodable, Sendable {
    struct Parameter: Encodable, Sendable {
        var node: Int
        var name: String
        var type: String
        /// `weight`, or `state` where it is no trained one.
        var role: String
        var initializer: String
    }

    /// The node in the first graph.
    var node: Int
    /// The author's label; empty without one.
    var label: String
    var operation: String
    /// The operation with what matters of its parameters.
    var summary: String
    var kind: String
    var type: String
    /// Trained values, counted where they first occur.
    var parameters: Int
    /// Multiply-accumulates for one image.
    var macs: Int
    /// Bytes of the result for the batch.
    var activationBytes: Int
    /// In pixels, such as `35 x 35`; nil where no picture comes before it.
    var receptiveField: String?
    /// The nodes that it reads, without parameters.
    var operands: [Int]
    /// The parameters that it reads.
    var weights: [Parameter]

    /// - Parameter graph: the one that was described, as the passes begin with it.
    static func all(_ description: NetworkDescription, _ graph: Graph) -> [PageLayer] {
        let inputs = graph.values.filter { graph[$0].inputName != nil }
        let described = zip(description.inputs, inputs).map { input, value in
            PageLayer(
                node: value.index, label: input.name, operation: "input", summary: description.interfaceDocumentation[input.name] ?? "",
                kind: "input", type: input.type.text, parameters: 0, macs: 0, activationBytes: 0, operands: [], weights: [])
        }
        return described
            + description.layers.map { layer in
                let operands = graph[layer.value].operands
                return PageLayer(
                    node: layer.value.index, label: layer.label, operation: layer.operation, summary: layer.summary,
                    kind: layer.kind.rawValue, type: layer.type.text, parameters: layer.parameters, macs: layer.macs,
                    activationBytes: layer.activationBytes, receptiveField: layer.receptiveField.map(text),
                    operands: operands.filter { !graph[$0].isKept && graph[$0].constant == nil }.map(\.index),
                    weights: operands.compactMap { operand in
                        graph[operand].parameter.map {
                            Parameter(
                                node: operand.index, name: $0.name, type: graph[operand].type.text, role: $0.role.rawValue,
                                initializer: $0.initializer.text)
                        }
                    })
            }
    }

    /// `35 x 35`, or `whole` for an axis of which all is seen.
    private static func text(_ field: ReceptiveField) -> String {
        let pixels = field.extents.map { extent in extent.map { "\(Int($0.size.rounded(.up)))" } ?? "whole" }
        return Set(pixels).count == 1 && field.isWhole ? "whole" : pixels.joined(separator: " x ")
    }
}
