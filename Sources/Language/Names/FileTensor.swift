import Source

/// A tensor of a file, from which a program takes it.
public struct FileTensor: Sendable {
    /// Reads an array file; its path is relative to the root file's folder as that was given. What cannot be read is a `TensorFileError`.
    public typealias Reader = @Sendable (_ path: String) throws(TensorFileError) -> FileTensor

    public var extents: [Int]
    /// In row-major order.
    public var values: [Float]

    public init(extents: [Int], values: [Float]) {
        self.extents = extents
        self.values = values
    }
}

/// Why a file that a program takes a tensor from cannot be read.
public struct TensorFileError: Mistake {
    public var message: String
    public var repair: String

    public init(_ message: String, repair: String) {
        self.message = message
        self.repair = repair
    }

    public var diagnostic: Diagnostic { Diagnostic(message, at: .none, help: repair) }
}
