import Source

/// A file of weights that parameters of a training begin with, as `initialize "encoder.*": from("encoder.safetensors")` says.
public struct InitialFile: Hashable, Sendable {
    /// As a file reader is asked for it.
    public var path: String
    /// Where it is named.
    public var span: Span
    /// The parameters, in the order of the graph; the file's tensors have their names.
    public var parameters: [String]
}
