import Source

/// A training that has left the finite numbers.
public struct Divergence: Mistake {
    /// What was found, and what to do about it.
    public let error: TrainingError
    /// The step that left them, counted from 0, or one after it: it was since the last checkpoint.
    public let last: Int

    public var diagnostic: Diagnostic { error.diagnostic }
    public var description: String { error.description }
}
