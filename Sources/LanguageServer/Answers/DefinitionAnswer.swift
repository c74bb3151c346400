import Language
import Source

extension Inspection {
    /// Where what stands at a byte of the document is defined: a name's binding or definition, an import's file.
    func definition(at offset: Int, in document: Document) -> Location? {
        guard let token = token(at: UInt32(clamping: offset)) else { return nil }
        if token.kind == .text, let item = program.root.syntax.imports.first(where: { $0.span == token.span }) {
            guard let path = program.target(of: item), program.identity(ofFile: path) != nil else { return nil }
            let start = Position(line: 0, character: 0)
            return Location(uri: Document.uri(of: path), range: PositionRange(start: start, end: start))
        }
        return reference(at: token.span).flatMap { location(of: $0, in: document) }
    }

    /// The binding of the name at a place; a parenthesized name is used with its parentheses.
    private func reference(at span: Span) -> Span? {
        if let found = references[span] { return found }
        let around = references.filter { $0.key.file == span.file && $0.key.lower <= span.lower && span.upper <= $0.key.upper }
        return around.min { $0.key.upper - $0.key.lower < $1.key.upper - $1.key.lower }?.value
    }
}
