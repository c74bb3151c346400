import Analysis
import Language
import Source

extension Inspection {
    /// The identity of the document's own file.
    var file: FileID { program.root.lexed.tokens[program.root.lexed.tokens.count - 1].span.file }

    /// The diagnostics as the protocol has them. What is wrong in an imported file is reported where it is called or imported, with
    /// the place itself beside it.
    ///
    /// - Parameter findings: of the rules of `braid lint`, behind the others.
    func reports(in document: Document, _ findings: [LintFinding] = []) -> [ReportedDiagnostic] {
        diagnostics.map { report($0, in: document) }
            + findings.map { finding in
                var diagnostic = finding.diagnostic
                diagnostic.notes.append("rule `\(finding.rule)` of `braid lint`")
                return report(diagnostic, in: document)
            }
    }

    private func report(_ diagnostic: Diagnostic, in document: Document) -> ReportedDiagnostic {
        let isOwn = diagnostic.primary.span.file == file
        let place = isOwn ? diagnostic.primary.span : standIn(for: diagnostic)
        var related = diagnostic.secondary.filter { $0.span != place }
        if !isOwn { related.insert(Diagnostic.Label(diagnostic.primary.span, diagnostic.message), at: 0) }
        let label = diagnostic.primary.text
        let parts =
            [diagnostic.message + (label.isEmpty ? "" : ": " + label)] + diagnostic.notes + (diagnostic.help.map { ["help: " + $0] } ?? [])
        return ReportedDiagnostic(
            range: document.source.range(of: place), severity: diagnostic.severity == .error ? 1 : diagnostic.severity == .warning ? 2 : 3,
            message: parts.joined(separator: "\n"),
            relatedInformation: related.compactMap { label in
                location(of: label.span, in: document).map {
                    ReportedDiagnostic.Related(location: $0, message: label.text.isEmpty ? "here" : label.text)
                }
            })
    }

    /// The place of this file that has most to do with an error elsewhere: where the block is called, or its file imported.
    private func standIn(for diagnostic: Diagnostic) -> Span {
        if let call = diagnostic.secondary.first(where: { $0.span.file == file }) { return call.span }
        let name = program.map[diagnostic.primary.span.file]?.name
        let imports = program.root.syntax.imports
        let item = imports.first { program.target(of: $0) == name } ?? imports.first
        return item?.span ?? Span(file: file, lower: 0, upper: 0)
    }

    /// A place in the protocol's terms; nil where no file has it.
    func location(of span: Span, in document: Document) -> Location? {
        guard let source = program.map[span.file], source.name != Prelude.name else { return nil }
        // The client's own spelling of its document is kept.
        return Location(uri: span.file == file ? document.uri : Document.uri(of: source.name), range: source.range(of: span))
    }
}
