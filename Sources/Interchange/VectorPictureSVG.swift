import Foundation

extension VectorPicture {
    /// The picture as the text of an SVG file.
    public func svg() -> String {
        let size = "width=\"\(width)\" height=\"\(height)\""
        let head =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) viewBox=\"0 0 \(width) \(height)\" font-family=\"sans-serif\" "
            + "font-size=\"\(Self.fontSize)\">\n<rect \(size) fill=\"white\"/>\n"
        return head + shapes.map { Self.element($0) + "\n" }.joined() + "</svg>\n"
    }

    private static func element(_ shape: Shape) -> String {
        switch shape {
        case .line(let points, let color, let width, let dash):
            let path = points.map { "\(number($0.x)),\(number($0.y))" }.joined(separator: " ")
            let dashes = dash.map { " stroke-dasharray=\"\(number($0))\"" } ?? ""
            return "<polyline points=\"\(path)\" fill=\"none\" stroke=\"\(name(color))\" stroke-width=\"\(number(width))\"\(dashes)/>"
        case .area(let corner, let width, let height, let color):
            return "<rect x=\"\(number(corner.x))\" y=\"\(number(corner.y))\" width=\"\(number(width))\" height=\"\(number(height))\" "
                + "fill=\"\(name(color))\"/>"
        case .dot(let place, let radius, let color):
            return "<circle cx=\"\(number(place.x))\" cy=\"\(number(place.y))\" r=\"\(number(radius))\" fill=\"\(name(color))\"/>"
        case .text(let text, let place, let anchor, let isBold, let color):
            let side = anchor == .start ? "" : " text-anchor=\"\(anchor.rawValue)\""
            let weight = isBold ? " font-weight=\"bold\"" : ""
            return "<text x=\"\(number(place.x))\" y=\"\(number(place.y))\"\(side)\(weight) fill=\"\(name(color))\">"
                + "\(text.escapedForXML)</text>"
        }
    }

    /// Tenths of a pixel, without a point where there are none.
    private static func number(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func name(_ color: Color) -> String { String(format: "#%02x%02x%02x", color.red, color.green, color.blue) }
}
