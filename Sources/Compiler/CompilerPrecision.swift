import Analysis
import Foundation
import Graph
import Kernels

extension Compiler {
    /// The precision of every layer, by its value in the network's graph, as the passes decide on it. A layer is missing of which they
    /// leave nothing of its own, such as a normalization that is folded into the convolution before it.
    public func layerPrecisions(of network: Network) throws(CompilerError) -> [Value: LayerPrecision] {
        // Passes keep the labels of what they rewrite, and decide by them only what clauses of the author's say of the blocks around: they
        // carry the layers through.
        let mark = ".#"
        var numbered = network
        for value in network.graph.values where network.graph[value].operation != nil {
            numbered.graph[value].label = (network.graph[value].label ?? "") + mark + String(value.index)
        }
        let graph: Graph
        do throws(CompilerError) {
            graph = try optimize(numbered)
        } catch {
            // Said of the author's labels.
            _ = try optimize(network)
            throw error
        }
        let facts = GraphFacts(graph)
        let stored = Set(Group.all(of: facts).flatMap(\.results))
        var precisions: [Value: LayerPrecision] = [:]
        for value in graph.values where graph[value].operation != nil && !facts.isPrepared(value) {
            guard let layer = graph[value].label?.components(separatedBy: mark).last.flatMap(Int.init).map(Value.init) else { continue }
            var precision = precisions[layer] ?? LayerPrecision()
            if facts.contraction(of: value) != nil { precision.factors = graph[value].factors ?? precision.factors ?? .f32 }
            // What comes last is the layer's result.
            precision.stored = stored.contains(value) ? graph.storedElement(of: value) : nil
            precisions[layer] = precision
        }
        return precisions
    }
}
