/// How far tuning is.
public struct TuningProgress: Sendable {
    public var round: Int
    public var rounds: Int
    /// Shapes for which something faster was found so far, of how many.
    public var improved: Int
    public var shapes: Int
}
