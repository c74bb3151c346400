import Analysis
import Compiler
import Foundation
import Graph
import Language
import Source

extension Inspection {
    /// What is known at a byte of the document: the value of the innermost expression there, and what its name stands for.
    ///
    /// - Parameter importers: inspections of other documents that import this one; what they know counts where it knows nothing itself.
    func hover(at offset: Int, in document: Document, importers: [(inspection: Inspection, file: FileID)] = []) -> Hover? {
        let offset = UInt32(clamping: offset)
        let token = token(at: offset)
        var place: Span?
        var parts: [String] = []
        for (inspection, file) in [(self, file)] + importers {
            place = inspection.innermostPlace(at: offset, name: token, in: file)
            guard let place else { continue }
            parts += inspection.values(at: place)
            break
        }
        if let token, token.kind == .name, let text = program.map.text(of: token.span) {
            if let setting = setting(token) {
                parts = ["`\(text)`: " + setting.summary]
            } else if let precision = precision(token) {
                parts = ["`\(text)`: " + precision.summary]
            } else if let described = describe(text, at: token.span) {
                parts.append(described)
            }
        }
        guard !parts.isEmpty, let span = place ?? token?.span else { return nil }
        return Hover(contents: Hover.Content(value: parts.joined(separator: "\n\n")), range: document.source.range(of: span))
    }

    /// The token that covers a byte, or ends just before it.
    func token(at offset: UInt32) -> Token? {
        let tokens = program.root.lexed.tokens
        let covering = tokens.first { $0.span.lower <= offset && offset < $0.span.upper }
        return covering ?? tokens.first { $0.span.upper == offset && $0.kind == .name }
    }

    private func innermostPlace(at offset: UInt32, name: Token?, in file: FileID) -> Span? {
        var best: Span?
        for record in records {
            for span in record.places.keys where span.file == file && span.lower <= offset && offset <= span.upper {
                // At the border of two places the one with the name under the cursor counts.
                if offset == span.upper, name?.span.upper != offset { continue }
                if best.map({ span.upper - span.lower < $0.upper - $0.lower }) ?? true { best = span }
            }
        }
        return best
    }

    /// The values at a place: one of one, or a row for each of several calls.
    private func values(at span: Span) -> [String] {
        let found = records.compactMap { record in record.places[span].map { (record, $0) } }
        guard let (record, place) = found.first, let entry = place.entries.first else { return [] }
        var text = "```\n\(entry.value)\n```"
        if let sizes = sizes(of: entry, in: record) { text += "\n" + sizes }
        let count = found.reduce(0) { $0 + $1.1.count }
        guard count > 1 else { return [text] }
        let entries = found.flatMap { record, place in place.entries.map { (record, $0) } }
        let isAlike = entries.allSatisfy { $1.value == entry.value }
        var rows = ["elaborated \(count) times" + (isAlike ? "" : "; above, the first")]
        for (record, entry) in entries.prefix(8) {
            let network = program.networks.count > 1 ? record.network + ": " : ""
            let sizes = sizes(of: entry, in: record).map { ", " + $0 } ?? ""
            rows.append("- \(network)\(entry.path.isEmpty ? "" : "`\(entry.path)` ")`\(entry.value)`\(sizes)")
        }
        if count > min(8, entries.count) { rows.append("- and \(count - min(8, entries.count)) more") }
        return [text, rows.joined(separator: "\n")]
    }

    /// `36,864 parameters, 28,901,376 MACs an image`, nil where the expression made nothing that has any.
    private func sizes(of entry: ElaborationRecord.Entry, in record: ElaborationRecord) -> String? {
        // What a network of any size costs is told at one, if there is one that fits.
        let sizes = record.graph.typicalSizes
        let graph = record.graph.bound(sizes ?? [:])
        var parameters = 0
        var macs = 0
        for index in entry.nodes {
            let node = graph.nodes[index]
            if node.parameter?.role == .weight { parameters += node.type.shape.elementCount ?? 0 }
            if sizes != nil { macs = .clampedSum(macs, NetworkDescription.macs(of: graph.values[index], in: graph)) }
        }
        guard parameters > 0 || macs > 0 else { return nil }
        let places = sizes?.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ") ?? ""
        return "\(Self.grouped(parameters)) parameters"
            + (sizes == nil ? "" : ", \(Self.grouped(macs)) MACs an image" + (places.isEmpty ? "" : " at \(places)"))
    }

    /// `1,234,567`
    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (index, digit) in String(number).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return String(text.reversed())
    }

    /// The signature and documentation of what a name calls; nil for names of values.
    private func describe(_ name: String, at span: Span) -> String? {
        if let definition = references[span], program.map[definition.file] != nil, !isDefinition(definition, of: name) { return nil }
        let isNetwork = program.networks.first { $0.name.text == name && ($0.name.span == span || references[span] == $0.name.span) }
        if let network = isNetwork {
            return "```braid\nnetwork \(name)\n```" + (network.documentation.isEmpty ? "" : "\n" + network.documentation)
        }
        guard let callable = program.describe(callable: name) else { return nil }
        var text = "```braid\n\(callable.kind.rawValue) \(callable.signature)\n```"
        if !callable.documentation.isEmpty { text += "\n" + callable.documentation }
        for parameter in callable.parameters where !parameter.summary.isEmpty { text += "\n- `\(parameter.name)`: \(parameter.summary)" }
        return text
    }

    /// Whether a place is where a block, activation or network of the name is defined.
    private func isDefinition(_ span: Span, of name: String) -> Bool {
        program.definitionPlaces[name] == span || program.networks.contains { $0.name.span == span }
    }
}
