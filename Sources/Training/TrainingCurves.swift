import Foundation
import Interchange

extension TrainingHistory {
    /// Loss and accuracy over the steps as two curves with axes (SVG); the held-out values are dots.
    public func curves(title: String, stepsPerEpoch: Int) -> String {
        let heldOutLoss = epochs.compactMap { epoch in epoch.heldOutLoss.map { (epoch.epoch * stepsPerEpoch, $0) } }
        let heldOutAccuracy = epochs.compactMap { epoch in epoch.heldOutAccuracy.map { (epoch.epoch * stepsPerEpoch, $0 * 100) } }
        let panels = [
            CurvePanel(title: "loss", line: points.map { ($0.step, $0.loss) }, dots: heldOutLoss),
            CurvePanel(title: "accuracy, %", line: points.map { ($0.step, $0.accuracy * 100) }, dots: heldOutAccuracy),
        ]
        let body = panels.enumerated().map { index, panel in panel.svg(y: 40 + index * 230) }.joined()
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="720" height="500" font-family="sans-serif" font-size="12">
            <rect width="720" height="500" fill="white"/>
            <text x="60" y="24" font-size="15">\(title.escapedForXML): training (line), held out (dots)</text>
            \(body)</svg>

            """
    }
}

/// One curve with its axes.
private struct CurvePanel {
    let title: String
    let line: [(step: Int, value: Double)]
    let dots: [(step: Int, value: Double)]

    private static let (left, width, height) = (60.0, 630.0, 180.0)

    func svg(y top: Int) -> String {
        let all = line + dots
        guard let low = all.map(\.value).min(), let high = all.map(\.value).max(), let end = all.map(\.step).max() else { return "" }
        let range = high > low ? high - low : 1
        func place(_ point: (step: Int, value: Double)) -> (x: String, y: String) {
            let x = Self.left + Double(point.step) / Double(max(1, end)) * Self.width
            let y = Double(top) + (1 - (point.value - low) / range) * Self.height
            return (text(x), text(y))
        }
        let path = line.map { place($0) }.map { "\($0.x),\($0.y)" }.joined(separator: " ")
        let circles = dots.map { place($0) }.map { "<circle cx=\"\($0.x)\" cy=\"\($0.y)\" r=\"4\" fill=\"#c33\"/>" }.joined()
        let bottom = Double(top) + Self.height
        let grid = (0...4).map { index in
            let value = low + range * Double(index) / 4
            let y = text(bottom - Self.height * Double(index) / 4)
            return "<path d=\"M60,\(y)h630\" stroke=\"#ddd\"/><text x=\"54\" y=\"\(y)\" text-anchor=\"end\" dy=\"4\">\(label(value))</text>"
        }
        return """
            \(grid.joined(separator: "\n"))
            <polyline points="\(path)" fill="none" stroke="#27c" stroke-width="1.5"/>
            \(circles)
            <text x="64" y="\(top - 4)" font-weight="bold">\(title)</text>
            <text x="690" y="\(text(bottom + 16))" text-anchor="end">step \(end)</text>

            """
    }

    private func text(_ value: Double) -> String { String(format: "%.1f", value) }
    private func label(_ value: Double) -> String { String(format: abs(value) < 10 ? "%.2f" : "%.1f", value) }
}
