import Foundation
import Interchange
import Kernels

extension Benchmark {
    /// The contractions over their arithmetic intensity, under the roofs of memory, caches and the products' units (Williams, Waterman and
    /// Patterson, "Roofline", CACM 52(4), 2009). Useful work is counted, so that minimal filtering exceeds its roof.
    ///
    /// Nil where steps were not measured, or none is a contraction.
    public var roofline: Plot? {
        guard let peak else { return nil }
        func points(_ unit: ProductUnit) -> [(x: Double, y: Double)] {
            steps.filter { $0.unit == unit && $0.bytes > 0 }.map { step in
                let operations = 2 * Double(step.multiplyAccumulates * (step.choice?.chosen.productsOfEach ?? 1))
                return (operations / Double(step.bytes), operations * 1e-9 / max(step.fastestSeconds, 1e-12))
            }
        }
        let kernels = ProductUnit.allCases.compactMap { unit in
            let found = points(unit)
            return found.isEmpty ? nil : (unit, found)
        }
        let all = kernels.flatMap(\.1)
        guard let first = all.map(\.x).min(), let last = all.map(\.x).max() else { return nil }
        let (left, right) = (min(0.1, first / 2), max(1000, last * 2))
        // Points of a roof stand close, since a straight line in these scales is one of the logarithms.
        let places = (0...60).map { left * pow(right / left, Double($0) / 60) }
        let top = kernels.compactMap { peak.gigaflops(of: $0.0) }.max() ?? peak.gigaflops
        let levels = [("memory", peak.memory), ("L3", peak.level3), ("L2", peak.level2)].compactMap { name, rate in rate.map { (name, $0) }
        }
        let units = kernels.compactMap { unit, _ in peak.gigaflops(of: unit).map { (unit.rawValue, $0) } }
        let slopes = levels.map { name, rate in Plot.Series(name, places.filter { $0 * rate <= top }.map { ($0, $0 * rate) }) }
        let roofs = units.map { name, rate in Plot.Series(name, style: .dashes, places.map { ($0, rate) }) }
        func figures(_ rates: [(String, Double)]) -> String { rates.map { "\($0) \(Int($1.rounded()))" }.joined(separator: ", ") }
        let dots = kernels.map { unit, points in Plot.Series(kernels.count == 1 ? "kernels" : "on \(unit.rawValue)", style: .dots, points) }
        return Plot(
            "\(network), \(isTraining ? "training step" : "inference"), batch \(batch), \(threads) thread\(threads == 1 ? "" : "s")",
            [
                Plot.Panel(
                    "\(figures(levels)) GB/s; \(figures(units)) GFLOP/s", x: Plot.Axis("roofline: operations a byte", .logarithmic),
                    y: Plot.Axis("GFLOP/s", .logarithmic),
                    slopes + roofs + dots)
            ])
    }

    /// One run in the format of Chrome's and Perfetto's traces: a row a thread, a slice a step that the thread worked on.
    ///
    /// Nil where threads were not traced.
    public var chromeTrace: Data? {
        guard let trace else { return nil }
        struct Event: Encodable {
            var name: String
            var ph: String
            var pid = 1
            var tid: Int
            /// Microseconds.
            var ts: Double?
            var dur: Double?
            var cat: String?
            var args: [String: String]
        }
        var events = [Event(name: "process_name", ph: "M", tid: 0, args: ["name": "\(network), batch \(batch)"])]
        events += (0..<threads).map { Event(name: "thread_name", ph: "M", tid: $0, args: ["name": "thread \($0)"]) }
        events += trace.map { span in
            let step = steps.indices.contains(span.step) ? steps[span.step] : nil
            var facts = ["step": "\(span.step)"]
            if let algorithm = step?.choice?.text { facts["algorithm"] = algorithm }
            if let step { facts["bound"] = step.bound.rawValue }
            return Event(
                name: step.map { $0.summary.isEmpty ? $0.kernel : $0.summary } ?? "step \(span.step)", ph: "X", tid: span.thread,
                ts: span.start * 1e6,
                dur: (span.end - span.start) * 1e6, cat: step?.kernel, args: facts)
        }
        struct Trace: Encodable {
            var traceEvents: [Event]
            var displayTimeUnit = "ns"
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? encoder.encode(Trace(traceEvents: events)) else { preconditionFailure("a trace is plain data") }
        return data
    }
}
