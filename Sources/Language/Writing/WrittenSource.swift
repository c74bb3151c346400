import Graph

/// A graph as a source text of the language, with what became of its names and what the text cannot say.
public struct WrittenSource: Sendable {
    /// A constant tensor that stands in an array file beside the text, which names it.
    public struct TensorFile: Hashable, Sendable {
        /// The path as the text has it, relative to its own folder.
        public var path: String
        public var values: [Float]
        public var extents: [Int]
    }

    /// One network, with the blocks and activations that it uses; formatted.
    public var text: String
    /// What the text calls the network.
    public var network: String
    /// What the text calls each parameter, by its name in the graph; so with inputs, outputs and the symbols of sizes.
    public var parameters: [String: String]
    public var inputs: [String: String]
    public var outputs: [String: String]
    public var sizes: [String: String]
    /// How parameters begin, by their name in the text, where the operator that owns them says otherwise: the language says so in a
    /// training's `initialize`, and a graph has no training. A comment above the network has the clause.
    public var initializers: [String: Initializer]
    /// The files that the text reads tensors from; whoever writes the text writes them, too.
    public var files: [TensorFile]
}
