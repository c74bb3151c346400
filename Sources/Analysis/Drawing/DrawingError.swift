import Source

/// Why a network cannot be laid out as a picture.
public struct DrawingError: Mistake {
    public var diagnostic: Diagnostic

    init(_ message: String, repair: String) { diagnostic = Diagnostic(message, at: .none, help: repair) }
}
