import Graph
import Source

/// A function of elements and numbers that a file of another language defines.
public protocol ForeignFunction: Sendable {
    /// The formula with the parameters bound.
    ///
    /// - Parameter arguments: one a parameter; numbers are constants.
    func expression(of arguments: [Scalar]) throws(ForeignProblem) -> Scalar
}

/// Why a function of another language has no formula for some arguments.
public struct ForeignProblem: Error {
    public var message: String
    /// Where in its file.
    public var span: Span
    public var help: String?

    public init(message: String, span: Span, help: String? = nil) {
        self.message = message
        self.span = span
        self.help = help
    }
}
