import Source

/// Gives a source text its one form: spaces, indentation, blank lines and columns, never another meaning.
///
/// Where lines break is the author's choice, but for bodies: the braces of one that spans several lines stand at the ends of lines.
/// Indentation follows from what is open: four blanks inside braces, parentheses and brackets, four more for a line that goes on with
/// a statement. A second blank before a `|>` asks for a table: there and in the neighbouring lines the marks stand in one column; so do
/// comments behind the code with more than two blanks before one of them.
public enum SourceFormatter {
    /// Returns the formatted text, nil where the file has syntax errors: what cannot be read is not changed.
    public static func format(_ source: SourceFile, _ parsed: ParsedFile) -> String? {
        guard !parsed.diagnostics.hasErrors else { return nil }
        var layout = LineLayout(PieceSequence(source, parsed))
        return layout.lines().aligned().map { $0.text + "\n" }.joined()
    }

    /// Returns the formatted text, nil with what is wrong where it has syntax errors.
    public static func format(_ text: String, name: String) -> (text: String?, diagnostics: [Diagnostic], map: SourceMap) {
        var map = SourceMap()
        let source = SourceFile(name: name, text: text)
        let parsed = Parser.parse(source, as: map.add(source))
        return (format(source, parsed), parsed.diagnostics, map)
    }
}
