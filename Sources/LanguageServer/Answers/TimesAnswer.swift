import Compiler
import Foundation

extension MeasuredLines.Measurement {
    /// `12.3 % · 1.25 ms`
    var title: String { "\(Self.percent(time.share)) · \(Self.milliseconds(time.ms))" }

    /// A sentence of what was measured, for hover.
    func sentence(in document: Document) -> String {
        let kind = record.training ? "a training step" : "a run"
        let threads = record.threads == 1 ? "1 thread" : "\(record.threads) threads"
        let precision = record.precision.map { $0 == "f32" ? "" : ", \($0)" } ?? ""
        let steps = time.steps == 1 ? "one kernel" : "\(time.steps) kernels"
        let fused = time.fused.isEmpty ? "" : ", with what line\(time.fused.count == 1 ? "" : "s") \(Self.list(time.fused)) adds to them"
        return "**\(Self.percent(time.share))** of \(kind) of `\(record.network)`: \(Self.milliseconds(time.ms)) in \(steps)\(fused) "
            + "(batch \(record.batch), \(threads)\(precision), \(record.machine.processor), \(record.measuredAt.prefix(10)))"
    }

    private static func list(_ numbers: [Int]) -> String {
        numbers.prefix(6).map(String.init).joined(separator: ", ") + (numbers.count > 6 ? ", …" : "")
    }

    private static func percent(_ share: Double) -> String { String(format: "%.1f %%", share * 100) }

    private static func milliseconds(_ ms: Double) -> String { String(format: ms < 0.1 ? "%.4f ms" : ms < 10 ? "%.2f ms" : "%.1f ms", ms) }
}

extension Document {
    /// A lens above each line that was measured: what it takes, of each network that has it.
    func lenses(_ measured: [Int: [MeasuredLines.Measurement]]) -> [CodeLens] {
        measured.sorted { $0.key < $1.key }.map { line, measurements in
            let named = measurements.count > 1
            let texts = measurements.map { (named ? "\($0.record.network)\($0.record.training ? " training" : ""): " : "") + $0.title }
            let end = source.position(of: source.lineRange(line).upperBound)
            return CodeLens(
                range: PositionRange(start: Position(line: line, character: 0), end: end),
                command: CodeLens.Command(title: texts.prefix(4).joined(separator: ", ") + (texts.count > 4 ? ", …" : "")))
        }
    }

    /// A hover with what was measured of the line added to it.
    func adding(_ measurements: [MeasuredLines.Measurement], to hover: Hover?, at offset: Int) -> Hover? {
        guard !measurements.isEmpty else { return hover }
        let text = measurements.prefix(4).map { $0.sentence(in: self) }.joined(separator: "\n\n")
        guard var hover else {
            let line = source.lineRange(source.lineIndex(at: offset))
            let range = PositionRange(start: source.position(of: line.lowerBound), end: source.position(of: line.upperBound))
            return Hover(contents: Hover.Content(value: text), range: range)
        }
        hover.contents.value += "\n\n" + text
        return hover
    }
}
