import Source

/// Why a training cannot start or go on, and what to do about it.
public struct TrainingError: Mistake, Equatable {
    /// One sentence without a final stop.
    public let message: String
    /// What to do about it, without a final stop.
    public let repair: String

    public init(_ message: String, repair: String) {
        self.message = message
        self.repair = repair
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }
    public var description: String { "\(message); \(repair)" }
}
