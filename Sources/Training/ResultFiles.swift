import Foundation
import Interchange
import Runtime

/// The files of one training, named after where the weights go.
public struct ResultFiles: Sendable {
    /// The path of the weights without its ending.
    public let stem: String

    private static let ending = ".safetensors"

    /// Takes what was given with `-o`: a path with or without its ending, or a folder, in which the files are named after the network, as
    /// they are in the current folder where nothing was given. Throws where the path names no file.
    public init(output: String?, network: String) throws(InterchangeError) {
        let path = try output.map { given throws(InterchangeError) in
            try OutputPath.file(given, orInFolder: network, ending: Self.ending)
        }
        stem = path.map { $0.hasSuffix(Self.ending) ? String($0.dropLast(Self.ending.count)) : $0 } ?? network
    }

    /// Checks that all files can be written, before there is something to write.
    public func requireWritable() throws(InterchangeError) {
        for path in [weights, checkpoint, history, curves] { try OutputPath.requireWritable(path) }
    }

    /// Checks that the disk has room for the weights, the checkpoint, and another one while it replaces the first.
    public func requireRoom(weightBytes: Int, checkpointBytes: Int) throws(InterchangeError) {
        try OutputPath.requireWritable(checkpoint, bytes: weightBytes + 2 * checkpointBytes)
    }

    public var weights: String { stem + ".safetensors" }
    public var checkpoint: String { stem + ".checkpoint.safetensors" }
    public var history: String { stem + ".history.json" }
    public var curves: String { stem + ".curves.svg" }
}

/// What weights remember of their training besides the tensors: how pictures were normalized and what the classes are called.
public struct WeightsMetadata: Equatable, Sendable {
    public var normalization: Normalization?
    public var classNames: [String]?
    public var network: String?

    public init(normalization: Normalization?, classNames: [String]?, network: String?) {
        self.normalization = normalization
        self.classNames = classNames
        self.network = network
    }

    /// Reads what a file has of it; throws where it has a normalization that cannot be.
    public init(_ file: Safetensors) throws(InterchangeError) {
        normalization = try Normalization.remembered(in: file.metadata, path: file.path)
        let names = file.metadata["classes"].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) }
        // Names are shown on terminals, which control characters would steer.
        classNames = names?.map { String(String.UnicodeScalarView($0.unicodeScalars.filter { $0.properties.generalCategory != .control })) }
        network = file.metadata["network"]
    }

    /// The metadata of a safetensors file.
    public var fields: [String: String] {
        var fields = normalization?.metadata ?? [:]
        fields["network"] = network
        if let classNames, let data = try? JSONEncoder().encode(classNames) { fields["classes"] = String(decoding: data, as: UTF8.self) }
        return fields
    }
}

extension Executable {
    /// The bytes of all parameters, as a file holds them.
    public var parameterBytes: Int { plan.parameters.reduce(0) { $0 + 4 * plan.buffers[$1.buffer].extents.reduce(1, *) } }
}

extension TrainingHistory {
    /// Writes the history as JSON, atomically.
    public func write(to path: String) throws(InterchangeError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { preconditionFailure("a history cannot be written as JSON") }
        try AtomicFile.write(data, to: path)
    }

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
