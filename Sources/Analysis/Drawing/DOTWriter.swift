/// Writes a diagram in the language of Graphviz, blocks as clusters.
struct DOTWriter {
    private let diagram: Diagram

    init(_ diagram: Diagram) { self.diagram = diagram }

    var text: String {
        var lines = [
            "digraph \(Self.quoted([diagram.name])) {",
            "  graph [fontname=\"Helvetica\", fontsize=11, labelloc=t, label=\(Self.quoted([diagram.name, diagram.caption])), "
                + "nodesep=0.25, ranksep=0.35]",
            "  node [fontname=\"Helvetica\", fontsize=11, shape=box, style=\"rounded,filled\", color=\"#66707f\"]",
            "  edge [color=\"#66707f\", arrowsize=0.7]",
        ]
        add(0, to: &lines)
        for edge in diagram.edges { lines.append("  n\(edge.from) -> n\(edge.to)") }
        return lines.joined(separator: "\n") + "\n}\n"
    }

    private func add(_ group: Int, to lines: inout [String]) {
        let margin = String(repeating: "  ", count: diagram.groups[group].depth + 1)
        for child in diagram.groups[group].children {
            switch child {
            case .box(let index):
                let box = diagram.boxes[index]
                let details = [box.label, box.shape].filter { !$0.isEmpty }.joined(separator: "  ")
                let label = Self.quoted(box.strips.map(\.text) + [details])
                lines.append("\(margin)n\(index) [label=\(label), fillcolor=\"\(box.kind.color)\", tooltip=\(Self.quoted([box.hover]))]")
            case .group(let inner):
                let tint = diagram.groups[inner].depth % 2 == 1 ? "#f3f6fa" : "#e9eef5"
                lines.append("\(margin)subgraph cluster_\(inner) {")
                lines.append(
                    "\(margin)  label=\(Self.quoted([diagram.groups[inner].title])); labeljust=l; style=\"rounded,filled\"; "
                        + "fillcolor=\"\(tint)\"; color=\"#b4bfcd\"")
                add(inner, to: &lines)
                lines.append("\(margin)}")
            }
        }
    }

    /// Lines as one quoted text; a backslash would begin an escape of Graphviz's own.
    static func quoted(_ lines: [String]) -> String {
        let escaped = lines.map { line in
            var result = ""
            for scalar in line.unicodeScalars {
                switch scalar {
                case "\"": result += "\\\""
                case "\\": result += "\\\\"
                case "\n": result += "\\n"
                case "\u{0}"..<" ", "\u{7F}"..."\u{9F}": result += "\u{FFFD}"
                default: result.unicodeScalars.append(scalar)
                }
            }
            return result
        }
        return "\"" + escaped.joined(separator: "\\n") + "\""
    }
}
