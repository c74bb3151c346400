import Foundation
import Interchange

/// Writes a diagram as SVG: dark text on light ground, a title and a legend above.
struct SVGWriter {
    private let diagram: Diagram
    private let layout: DiagramLayout
    private static let margin = 24.0
    private static let heading = 26.0
    private static let font = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
    private static let ink = "#1d2430"
    private static let faint = "#566070"
    private static let outline = "#66707f"

    init(_ diagram: Diagram, _ layout: DiagramLayout) {
        self.diagram = diagram
        self.layout = layout
    }

    var text: String {
        let (legend, legendWidth) = legend()
        let titleWidth = TextMetrics.width(diagram.name, size: 17, isBold: true)
        let captionWidth = TextMetrics.width(diagram.caption, size: 11)
        let inner = [layout.width, legendWidth, titleWidth, captionWidth].max()!.rounded(.up)
        let above = Self.heading + 18 + 30
        let (width, height) = (inner + 2 * Self.margin, layout.height + above + 2 * Self.margin)
        var parts = [
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(n(width))" height="\(n(height))" \
            viewBox="0 0 \(n(width)) \(n(height))" font-family="\(Self.font)" fill="\(Self.ink)">
            <title>\(diagram.name.escapedForXML)</title>
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" \
            markerUnits="userSpaceOnUse"><path d="M0,0.8 L7.5,4 L0,7.2 z" fill="\(Self.outline)"/></marker></defs>
            <rect width="100%" height="100%" fill="#ffffff"/>
            <text x="\(n(Self.margin))" y="\(n(Self.margin + 14))" font-size="17" font-weight="bold">\(diagram.name.escapedForXML)</text>
            <text x="\(n(Self.margin))" y="\(n(Self.margin + Self.heading + 6))" font-size="11" fill="\(Self.faint)">\
            \(diagram.caption.escapedForXML)</text>
            <g transform="translate(\(n(Self.margin)),\(n(Self.margin + Self.heading + 18)))">
            """
        ]
        parts += legend
        parts.append("</g>")
        let left = Self.margin + ((inner - layout.width) / 2).rounded()
        parts.append("<g transform=\"translate(\(n(left)),\(n(Self.margin + above)))\">")
        for index in diagram.groups.indices.dropFirst() { parts += group(index) }
        parts.append("<g fill=\"none\" stroke=\"\(Self.outline)\" stroke-width=\"1.3\">")
        var drawn: Set<Piece> = []
        for line in layout.lines { parts.append(path(line, &drawn)) }
        parts.append("</g>")
        for index in diagram.boxes.indices { parts += box(index) }
        parts.append("</g>\n</svg>\n")
        return parts.joined(separator: "\n")
    }

    // MARK: - Parts

    private func legend() -> (parts: [String], width: Double) {
        let present = Set(diagram.boxes.flatMap { $0.strips.map(\.kind) })
        var x = 0.0
        var parts: [String] = []
        for kind in Diagram.Kind.allCases where present.contains(kind) {
            parts.append(
                """
                <rect x="\(n(x + 0.5))" y="0.5" width="13" height="13" rx="3" fill="\(kind.color)" stroke="\(Self.outline)"/>\
                <text x="\(n(x + 19))" y="10.5" font-size="10.5">\(kind.phrase)</text>
                """)
            x += 19 + TextMetrics.width(kind.phrase, size: 10.5) + 16
        }
        return (parts, x)
    }

    private func group(_ index: Int) -> [String] {
        let frame = layout.groups[index]
        let tint = diagram.groups[index].depth % 2 == 1 ? "#f3f6fa" : "#e9eef5"
        return [
            """
            <rect x="\(n(frame.x))" y="\(n(frame.y))" width="\(n(frame.width))" height="\(n(frame.height))" rx="9" fill="\(tint)" \
            stroke="#b4bfcd"/>
            """,
            """
            <text x="\(n(frame.x + layout.titles[index]))" y="\(n(frame.y + 14.5))" font-size="\(n(DiagramLayout.groupSize))" \
            font-weight="600" fill="\(Self.faint)">\(diagram.groups[index].title.escapedForXML)</text>
            """,
        ]
    }

    /// Corners come in pairs: down within a row, then over to another column in the gap between two. What another line of the same
    /// value has drawn already is left out.
    private func path(_ line: DiagramLayout.Line, _ drawn: inout Set<Piece>) -> String {
        var text = ""
        for (index, (start, end)) in zip(line.points, line.points.dropFirst()).enumerated() {
            // A piece without length has no direction, which some browsers would turn the arrow by.
            guard start != end, drawn.insert(Piece(value: line.value, start: start, end: end)).inserted else { continue }
            if text.isEmpty { text = "M\(n(start.x)),\(n(start.y))" }
            if index % 2 == 0 || start.x == end.x {
                text += " V\(n(end.y))"
            } else {
                let middle = n((start.y + end.y) / 2)
                text += " C\(n(start.x)),\(middle) \(n(end.x)),\(middle) \(n(end.x)),\(n(end.y))"
            }
        }
        return "<path d=\"\(text)\"\(line.target == nil ? "" : " marker-end=\"url(#arrow)\"")/>"
    }

    private struct Piece: Hashable {
        var value: Int
        var start: Point
        var end: Point
    }

    private func box(_ index: Int) -> [String] {
        let (box, frame) = (diagram.boxes[index], layout.boxes[index])
        let (left, right, middle) = (n(frame.x), n(frame.right), n(frame.x + frame.width / 2))
        var parts = ["<g><title>\(box.hover.escapedForXML)</title>"]
        let isTerminal = box.kind == .input || box.kind == .output
        let radius = isTerminal ? 10.0 : 5.0
        let outer = "x=\"\(left)\" y=\"\(n(frame.y))\" width=\"\(n(frame.width))\" height=\"\(n(frame.height))\" rx=\"\(n(radius))\""
        parts.append("<rect \(outer) fill=\"\(box.kind.color)\"/>")
        var y = frame.y + DiagramLayout.headerHeight
        parts.append(
            "<text x=\"\(middle)\" y=\"\(n(y - 6))\" font-size=\"\(n(DiagramLayout.titleSize))\" font-weight=\"600\" "
                + "text-anchor=\"middle\">\(box.strips[0].text.escapedForXML)</text>")
        for strip in box.strips.dropFirst() {
            parts.append(
                """
                <rect x="\(left)" y="\(n(y))" width="\(n(frame.width))" height="\(n(DiagramLayout.stripHeight))" \
                fill="\(strip.kind.color)"/><text x="\(middle)" y="\(n(y + 10.5))" font-size="\(n(DiagramLayout.stripSize))" \
                text-anchor="middle">\(strip.text.escapedForXML)</text>
                """)
            y += DiagramLayout.stripHeight
        }
        let corner = n(radius)
        if !isTerminal {
            parts.append(
                """
                <path d="M\(left),\(n(y)) H\(right) V\(n(frame.bottom - radius)) a\(corner),\(corner) 0 0 1 -\(corner),\(corner) \
                H\(n(frame.x + radius)) a\(corner),\(corner) 0 0 1 -\(corner),-\(corner) z" fill="#ffffff"/>
                """)
        }
        let style = "y=\"\(n(frame.bottom - 4.5))\" font-size=\"\(n(DiagramLayout.labelSize))\" fill=\"\(Self.faint)\""
        if box.label.isEmpty {
            parts.append("<text x=\"\(middle)\" \(style) text-anchor=\"middle\">\(box.shape.escapedForXML)</text>")
        } else {
            parts.append(
                "<text x=\"\(n(frame.x + 8))\" \(style)>\(box.label.escapedForXML)</text><text x=\"\(n(frame.right - 8))\" \(style) "
                    + "text-anchor=\"end\">\(box.shape.escapedForXML)</text>")
        }
        parts.append("<rect \(outer) fill=\"none\" stroke=\"\(Self.outline)\"/></g>")
        return parts
    }

    // MARK: - Text

    /// A number with at most one digit behind the point.
    private func n(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let text = "\(abs(tenths) / 10)" + (tenths % 10 == 0 ? "" : ".\(abs(tenths) % 10)")
        return tenths < 0 ? "-" + text : text
    }
}

extension Diagram.Kind {
    /// The ground that dark text stands on.
    var color: String {
        switch self {
        case .input, .output: "#ffffff"
        case .contraction: "#cfe1f8"
        case .window: "#d3eccf"
        case .normalization: "#fbe9c4"
        case .activation: "#fad7d0"
        case .join: "#e4d7f5"
        case .view: "#e6e8eb"
        case .block: "#d9e5ea"
        }
    }
}
