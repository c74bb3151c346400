/// Prints diagnostics with their source lines, markers, notes and repairs, in the manner of rustc.
public struct DiagnosticRenderer: Sendable {
    let map: SourceMap
    let usesColor: Bool

    /// - Parameter usesColor: Whether to write ANSI escape codes; for terminals only.
    public init(_ map: SourceMap, usesColor: Bool = false) {
        self.map = map
        self.usesColor = usesColor
    }

    /// How many diagnostics are drawn at once: more than anybody reads, and few enough that a broken file of any size is answered at once.
    public static let maximumDrawn = 100

    /// Returns the diagnostics in reading order, an empty line between two. Of more than `maximumDrawn` the first ones, errors before
    /// warnings, and how many there are besides.
    public func render(_ diagnostics: some Sequence<Diagnostic>) -> String {
        let ordered = diagnostics.inReadingOrder()
        guard ordered.count > Self.maximumDrawn else { return ordered.map(render).joined(separator: "\n") }
        let errors = ordered.filter { $0.severity == .error }
        let drawn = (errors + ordered.filter { $0.severity != .error }).prefix(Self.maximumDrawn).inReadingOrder()
        let rest = "... and \(ordered.count - drawn.count) more: repair these first, and look again\n"
        return (drawn.map(render) + [rest]).joined(separator: "\n")
    }

    /// Returns one diagnostic, ending in a line break.
    public func render(_ diagnostic: Diagnostic) -> String {
        let severity: Style = diagnostic.severity == .error ? .error : .warning
        var lines = [paint(diagnostic.severity.rawValue, severity) + paint(": " + DisplayText.sanitized(diagnostic.message), .bold)]
        let annotations = annotations(of: diagnostic)
        let gutter = String((annotations.map(\.line).max() ?? 0) + 1).count
        let margin = String(repeating: " ", count: gutter)

        var isFirst = true
        for file in filesInOrder(annotations) {
            let here = annotations.filter { $0.file == file }
            guard let head = here.first(where: \.isPrimary) ?? here.first else { continue }
            let location = map.location(of: head.span).map { DisplayText.sanitized($0.description) } ?? ""
            lines.append(paint(margin + (isFirst ? "--> " : "::: "), .gutter) + location)
            lines.append(paint(margin + " |", .gutter))
            lines += snippet(here, in: file, gutter: gutter, severity: severity)
            isFirst = false
        }
        let trailers = diagnostic.notes.map { ("note", $0) } + (diagnostic.help.map { [("help", $0)] } ?? [])
        if !annotations.isEmpty, !trailers.isEmpty { lines.append(paint(margin + " |", .gutter)) }
        for (kind, text) in trailers {
            let body = DisplayText.sanitized(text).split(separator: "\n", omittingEmptySubsequences: false)
            let indent = String(repeating: " ", count: gutter + 3 + kind.count + 2)
            lines.append(paint(margin + " = ", .gutter) + paint(kind, .bold) + ": " + (body.first ?? ""))
            lines += body.dropFirst().map { $0.isEmpty ? "" : indent + $0 }
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

extension DiagnosticRenderer {
    /// A label on one line; a label over several lines is marked on its first.
    struct Annotation {
        let file: FileID
        let span: Span
        let line: Int
        /// Bytes within the line.
        var range: Range<Int>
        let isPrimary: Bool
        let text: String
    }

    private func annotations(of diagnostic: Diagnostic) -> [Annotation] {
        let labels = [(diagnostic.primary, true)] + diagnostic.secondary.map { ($0, false) }
        return labels.compactMap { label, isPrimary in
            guard let file = map[label.span.file] else { return nil }
            let start = min(label.span.range.lowerBound, file.bytes.count)
            let line = file.lineIndex(at: start)
            let whole = file.lineRange(line)
            let lower = min(start, whole.upperBound)
            let upper = max(lower, min(label.span.range.upperBound, whole.upperBound))
            return Annotation(
                file: label.span.file, span: label.span, line: line, range: (lower - whole.lowerBound)..<(upper - whole.lowerBound),
                isPrimary: isPrimary, text: DisplayText.sanitized(label.text))
        }
    }

    private func filesInOrder(_ annotations: [Annotation]) -> [FileID] {
        var files: [FileID] = []
        for annotation in annotations where !files.contains(annotation.file) { files.append(annotation.file) }
        return files
    }

    private func snippet(_ annotations: [Annotation], in file: FileID, gutter: Int, severity: Style) -> [String] {
        guard let source = map[file] else { return [] }
        let margin = String(repeating: " ", count: gutter)
        var lines: [String] = []
        var previous: Int?
        for line in Set(annotations.map(\.line)).sorted() {
            if let previous, line == previous + 2 {
                lines.append(numbered(previous + 1, marked(previous + 1, of: source, []).text, gutter))
            } else if let previous, line > previous + 2 {
                lines.append(paint("...", .gutter))
            }
            previous = line
            let marked = marked(line, of: source, annotations.filter { $0.line == line })
            lines.append(numbered(line, marked.text, gutter))
            for row in marked.markerRows {
                let painted = row.map { paint($0.text, $0.isPrimary.map { $0 ? severity : .secondary } ?? .plain) }.joined()
                lines.append(paint(margin + " |", .gutter) + (painted.isEmpty ? "" : " " + painted))
            }
        }
        return lines
    }

    /// Lays out a line with its markers; of a line of any length only what may be shown is looked at.
    private func marked(_ line: Int, of source: SourceFile, _ annotations: [Annotation]) -> MarkedLine {
        let range = source.lineRange(line)
        let first = annotations.map(\.range.lowerBound).min() ?? 0
        let reach = 8 * MarkedLine.maximumWidth
        let part = source.wholeScalars(
            in: range.lowerBound + max(0, first - reach)..<min(range.upperBound, range.lowerBound + first + reach))
        let shift = part.lowerBound - range.lowerBound
        let visible = annotations.filter { $0.range.lowerBound - shift <= part.count }.map { annotation in
            var annotation = annotation
            annotation.range = annotation.range.lowerBound - shift..<min(annotation.range.upperBound - shift, part.count)
            return annotation
        }
        return MarkedLine(source.text(in: part), visible)
    }

    private func numbered(_ line: Int, _ text: String, _ gutter: Int) -> String {
        let number = String(line + 1)
        let head = number + String(repeating: " ", count: gutter - number.count) + " |"
        return paint(head, .gutter) + (text.isEmpty ? "" : " " + text)
    }
}

extension DiagnosticRenderer {
    enum Style: String {
        case plain = ""
        case bold = "1"
        case error = "1;31"
        case warning = "1;33"
        case secondary = "1;34"
        case gutter = "34"
    }

    private func paint(_ text: String, _ style: Style) -> String {
        usesColor && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
