import Graph
import Source

/// A clause of precision whose labels need not have been made yet.
struct PrecisionClause {
    /// The label's full path; that of the body around it where the clause names none.
    var path: String
    var precision: Precision
    /// The place of the label, or of the whole clause.
    var span: Span
    /// Whether the clause names a label.
    var isNamed: Bool
}

extension Elaborator {
    /// Notes a clause for the end of the body that it stands in: what is labelled behind it counts, too.
    func note(_ name: NameSyntax, of labels: [LabelSyntax], at span: Span) {
        guard let precision = Precision(rawValue: name.text) else { return }
        if labels.isEmpty {
            frame.precisions.append(
                PrecisionClause(path: path.joined(separator: "."), precision: precision, span: span, isNamed: false))
        }
        for syntax in labels {
            guard takeStep(at: syntax.span), let label = self.label(syntax) else { continue }
            frame.precisions.append(
                PrecisionClause(
                    path: (path + [label]).joined(separator: "."), precision: precision, span: syntax.span, isNamed: true))
        }
    }

    /// Enters the clauses of the body that is at its end.
    ///
    /// - Parameter isLabelled: whether a path stands for the whole body: a network, or a block that is called under a label.
    func applyPrecisions(isLabelled: Bool) {
        let clauses = frame.precisions
        guard !clauses.isEmpty else { return }
        let made = labels[frame.firstLabel...]
        // What another error has left out may have made the label.
        let isWhole = isWhole
        for clause in clauses where clause.isNamed {
            guard takeStep(at: clause.span, making: made.count) else { return }
            if isWhole, !made.contains(where: { $0.isBeneath(clause.path) }) {
                reportUnknownLabel(clause, among: made)
            } else {
                enter(clause.precision, of: clause.path, at: clause.span)
            }
        }
        let whole = clauses.filter { !$0.isNamed }
        if let second = whole.dropFirst().first {
            reportTwice("this body", at: second.span, first: whole[0].span)
        } else if let clause = whole.first {
            if isLabelled { return enter(clause.precision, of: clause.path, at: clause.span) }
            // Called without a label, the block is what it labels, and what lies within.
            var last: String?
            for label in made where !(last.map { label.isBeneath($0) } ?? false) {
                last = label
                guard precisionPlaces[label] == nil, takeStep(at: clause.span) else { continue }
                precisionPlaces[label] = .some(nil)
                builder.setPrecision(clause.precision, of: label)
            }
        }
    }

    private func enter(_ precision: Precision, of path: String, at span: Span) {
        if case .some(let first?) = precisionPlaces[path] {
            // The clause itself, elaborated again, says the same of what has the same label.
            if first == span { return }
            return reportTwice(path.isEmpty ? "the network" : "`\(path)`", at: span, first: first)
        }
        precisionPlaces[path] = .some(span)
        builder.setPrecision(precision, of: path)
    }

    private func reportTwice(_ what: String, at span: Span, first: Span) {
        counting {
            report(
                "the precision of \(what) is given twice", at: span, secondary: [Diagnostic.Label(first, "first given here")],
                help: "leave one of them out")
        }
    }

    private func reportUnknownLabel(_ clause: PrecisionClause, among made: ArraySlice<String>) {
        // As they are written where the clause stands.
        let prefix = path.isEmpty ? 0 : path.joined(separator: ".").count + 1
        let name = String(clause.path.dropFirst(prefix))
        // A block's label may be only in front of others'. Of hostile sources, so many as can be looked at.
        var known: Set<String> = []
        for label in made.prefix(1000) where label.utf8.count <= 256 {
            var label = String(label.dropFirst(prefix))[...]
            while !label.isEmpty, known.insert(String(label)).inserted { label = label[..<(label.lastIndex(of: ".") ?? label.startIndex)] }
        }
        let nearest = Spelling.nearest(to: name, in: known).map { "did you mean `\($0)`?" }
        let tops = known.filter { !$0.contains(".") }.sorted()
        let listed = tops.prefix(6).map { "`\($0)`" }.joined(separator: ", ") + (tops.count > 6 ? ", …" : "")
        counting {
            report(
                "no step is labelled `\(name)`", at: clause.span,
                help: nearest ?? (made.isEmpty ? "no step here has a label" : tops.isEmpty ? nil : "the labels here are \(listed)"))
        }
    }

    /// Counts the errors that are reported meanwhile as such about clauses of precision.
    private func counting(_ report: () -> Void) {
        let before = reported.count
        report()
        precisionErrors += reported.count - before
    }
}

extension String {
    /// Whether a label is a path, or what stands there lies in the block of the path.
    fileprivate func isBeneath(_ path: String) -> Bool {
        let (own, other) = (utf8, path.utf8)
        guard own.count >= other.count, own.starts(with: other) else { return false }
        return own.count == other.count || own.dropFirst(other.count).first == UInt8(ascii: ".")
    }
}
