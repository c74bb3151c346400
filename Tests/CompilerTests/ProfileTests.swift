import Foundation
import Graph
import Interchange
import Kernels
import LoopNest
import Testing

@testable import Compiler
@testable import Runtime

/// What is told of where time goes.
@Suite struct ProfileTests {
    private static let text = """
        network profiled {
            input image: f32[N, 12, 20, 20]
            output y = image |> a: conv(32, 3, pad: 1) |> relu |> b: conv(16, 1) |> relu |> max_pool(2) |> flatten |> fc: linear(10)
        }
        """

    private static func measured(threads: Int) throws -> (Benchmark, Network, Compiler) {
        let network = try Network.load(written: text)
        let compiler = Compiler(cache: nil, threads: threads)
        let options = BenchmarkOptions(batch: 4, runs: 3, seconds: 0, measuresSteps: true, tracesThreads: true)
        let result = try compiler.measure(options) { () throws(CompilerError) in network }
        return (result, network, compiler)
    }

    /// Each step is done by some thread; a thread does one step after the other, and no step begins before all tasks of those before it ended.
    @Test(arguments: [1, 3]) func threadsAreTraced(threads: Int) throws {
        let (result, _, _) = try Self.measured(threads: threads)
        let trace = try #require(result.trace)
        #expect(Set(trace.map(\.step)) == Set(result.steps.indices))
        for span in trace { #expect(span.start >= 0 && span.end >= span.start && (0..<threads).contains(span.thread)) }
        for thread in 0..<threads {
            let own = trace.filter { $0.thread == thread }.sorted { $0.step < $1.step }
            for (a, b) in zip(own, own.dropFirst()) { #expect(a.end <= b.start) }
        }
        for step in result.steps.indices.dropFirst() {
            let before = trace.filter { $0.step == step - 1 }.map(\.end)
            let starts = trace.filter { $0.step == step }.map(\.start)
            #expect((starts.min() ?? 0) >= (before.max() ?? 0))
        }
        struct Events: Decodable {
            struct Event: Decodable {
                var name: String
                var ph: String
                var tid: Int
                var ts: Double?
                var dur: Double?
            }
            var traceEvents: [Event]
        }
        let events = try JSONDecoder().decode(Events.self, from: try #require(result.chromeTrace)).traceEvents
        #expect(events.count { $0.ph == "X" } == trace.count && events.count { $0.name == "thread_name" } == threads)
        #expect(events.contains { $0.name.hasPrefix("a conv") && ($0.dur ?? 0) > 0 })
    }

    /// The contractions stand under the roofs.
    @Test func contractionsAreDrawn() throws {
        let (result, _, _) = try Self.measured(threads: 1)
        let plot = try #require(result.roofline)
        let dots = plot.panels[0].series.filter { $0.style == .dots }.flatMap(\.points)
        #expect(dots.count == result.steps.count { $0.unit != nil && $0.bytes > 0 } && dots.count == 3)
        let roof = try #require(result.peak).gigaflops
        #expect(plot.panels[0].series.contains { $0.style == .dashes && $0.points.allSatisfy { $0.y == roof } })
    }

    /// Steps of a few microseconds stay below their bounds, and it is said why.
    @Test func shortfallsHaveReasons() throws {
        let (result, network, compiler) = try Self.measured(threads: 1)
        let advice = try compiler.advise(result, network)
        let short = result.steps.indices.filter {
            let (step, total) = (result.steps[$0], result.steps.reduce(0) { $0 + $1.fastestSeconds })
            return step.shareOfPeak < KernelAdvice.share && step.fastestSeconds > KernelAdvice.leastTime * total
        }
        #expect(advice.map(\.step) == short && advice.allSatisfy { !$0.reasons.isEmpty && $0.reasons.allSatisfy { !$0.isEmpty } })
        let pooling = try #require(result.steps.firstIndex { $0.summary.contains("max_pool") })
        if let entry = advice.first(where: { $0.step == pooling }) { #expect(entry.reasons[0].contains("starting and ending a step")) }
    }
}
