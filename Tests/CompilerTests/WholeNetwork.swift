import Foundation
import Graph
import Operators
import Recipes
import TestSupport
import Testing

@testable import Compiler

/// Networks of `graphs/` in their own widths, and parameters' values, as `Cases/whole_networks.py` has them.
enum WholeNetwork {
    /// - Parameters:
    ///   - file: its name without the ending.
    ///   - changes: what stands in the text of the file, and what is put in its place.
    ///   - picture: channels, height and width, in place of the network's own. Nothing is dropped.
    ///   - optimizer: in place of the recipe's.
    static func read(
        _ file: String, _ name: String, _ definitions: [String: String], changes: [String: String] = [:], picture: [Int],
        _ optimizer: Chosen<Optimizer>
    ) throws -> Network {
        let path = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../graphs/\(file).braid").standardized.path
        var text = try Network.readText(path)
        for (old, new) in changes {
            try #require(text.contains(old), "\(path) has no \(old)")
            text = text.replacing(old, with: new)
        }
        let extents = picture.map(String.init).joined(separator: ", ")
        text =
            text
            .replacing(/input image: f32\[[^\]]*\]( prepare.*)?/, with: "input image: f32[N, \(extents)]")
            .replacing(/dropout\([0-9.]+\)/, with: "dropout(0)")
        var network = try Network.read(text, path: path, name: name, definitions: definitions)
        let training = try #require(network.training)
        network.training = .init(graph: training.graph, recipe: TrainingRecipe(optimizer: optimizer), targets: training.targets)
        return network
    }

    /// The values of `whole_networks.py`, whose seeds count the names in alphabetical order, and momentum of 0.
    static func parameters(of step: Graph) -> [String: ReferenceTensor] {
        let all = step.nodes.compactMap { node in node.parameter.map { ($0.name, node.type.shape.extents ?? []) } }
        var values = Dictionary(uniqueKeysWithValues: all.map { ($0, ReferenceTensor($1, repeating: 0)) })
        for (seed, (name, extents)) in all.filter({ !$0.0.hasSuffix(".momentum") }).sorted(by: { $0.0 < $1.0 }).enumerated() {
            values[name] = ReferenceTensor(extents, KnownNumbers.ofParameter(name, extents: extents, seed: seed))
        }
        return values
    }
}
