/// An error of what a person gave: a text, a file, an option, a machine that lacks something. It says what is wrong, where, and how to repair it.
///
/// All errors that a part lets out are mistakes, so that whoever reports one needs to know no more. What cannot happen is a precondition.
public protocol Mistake: Error, Sendable, CustomStringConvertible {
    /// The mistake for a person; of several, the first. Its place is `Span.none` where no source text is at fault.
    var diagnostic: Diagnostic { get }
}

extension Mistake {
    /// One line: what is wrong; how to repair it.
    public var description: String { ([diagnostic.message] + [diagnostic.help].compactMap(\.self)).joined(separator: "; ") }
}
