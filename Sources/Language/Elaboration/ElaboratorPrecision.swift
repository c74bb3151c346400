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

/// What a block that is called without a label says of all in it.
struct UnlabelledPrecision {
    /// Its path is that around the block.
    var clause: PrecisionClause
    /// What the block labels, as indices of all labels.
    var labels: Range<Int>
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
        defer { if frame.kind == .network { applyUnlabelledPrecisions() } }
        let named = frame.precisions.filter(\.isNamed)
        if let first = named.first {
            let made = labels[frame.firstLabel...]
            guard takeStep(at: first.span, making: made.count) else { return }
            // What another error has left out may have made the label.
            let known = isWhole ? SortedLabels(made) : nil
            for clause in named {
                guard takeStep(at: clause.span) else { return }
                if let known, !known.hasAny(beneath: clause.path) {
                    reportUnknownLabel(clause, among: made)
                } else {
                    enter(clause.precision, of: clause.path, at: clause.span)
                }
            }
        }
        let whole = frame.precisions.filter { !$0.isNamed }
        guard let clause = whole.first else { return }
        // The same clause, in a loop, says the same again.
        if let second = whole.first(where: { $0.span != clause.span }) {
            reportTwice("this body", at: second.span, first: clause.span)
        } else if isLabelled {
            enter(clause.precision, of: clause.path, at: clause.span)
        } else {
            unlabelledPrecisions.append(UnlabelledPrecision(clause: clause, labels: frame.firstLabel..<labels.count))
        }
    }

    /// Enters what blocks that are called without a label say of all in them, once every other clause is known: no path stands for such a
    /// block, so that its clause is entered for what it labels, unless one of a longer path than that around the block holds for it.
    private func applyUnlabelledPrecisions() {
        guard let first = unlabelledPrecisions.first, takeStep(at: first.clause.span, making: labels.count) else { return }
        let said = builder.graph.precisions
        let sorted = SortedLabels(labels[...])
        var entered: Set<String> = []
        // Of blocks within others, the innermost, whose body ends first, decides.
        for block in unlabelledPrecisions {
            var last: String?
            for label in labels[block.labels] where !(last.map { label.isBeneath($0) } ?? false) {
                guard takeStep(at: block.clause.span) else { return }
                // Where others' labels begin with that of a block in it, what lies in that block is entered one by one.
                if blocks[label] != nil, sorted.hasAny(beneath: label, outside: block.labels) { continue }
                last = label
                let isMoreSpecific = said.clause(for: label).map { $0.path.utf8.count > block.clause.path.utf8.count } ?? false
                guard !isMoreSpecific, entered.insert(label).inserted else { continue }
                builder.setPrecision(block.clause.precision, of: label)
            }
        }
        unlabelledPrecisions = []
    }

    private func enter(_ precision: Precision, of path: String, at span: Span) {
        if let first = precisionPlaces[path] {
            // The clause itself, elaborated again, says the same of what has the same label.
            if first == span { return }
            return reportTwice(path.isEmpty ? "the network" : "`\(path)`", at: span, first: first)
        }
        precisionPlaces[path] = span
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

/// Labels in the order of their bytes, so that those beneath a path are found at once.
private struct SortedLabels {
    private let labels: [(text: String, place: Int)]

    init(_ labels: ArraySlice<String>) {
        self.labels = zip(labels, labels.indices).sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map { ($0, $1) }
    }

    /// - Parameter places: of labels among all that are not looked for.
    func hasAny(beneath path: String, outside places: Range<Int> = 0..<0) -> Bool {
        // The path itself, and what has a dot behind it, are apart.
        [path, path + "."].contains { start in
            labels[first(from: start)...].lazy.prefix { $0.text.isBeneath(path) }.contains { !places.contains($0.place) }
        }
    }

    /// The first label that does not come before a text.
    private func first(from text: String) -> Int {
        var (low, high) = (0, labels.count)
        while low < high {
            let middle = low + (high - low) / 2
            if labels[middle].text.utf8.lexicographicallyPrecedes(text.utf8) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
