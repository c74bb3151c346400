import Graph
import TestSupport
import Testing

@testable import Kernels
@testable import LoopNest

/// Where buffers come to lie.
@Suite struct MemoryPlanTests {
    @Test(arguments: 0..<20) func whatLivesTogetherLiesApart(seed: Int) {
        var random = SplitMix(seed: seed)
        let requests = (0..<60).map { _ in
            let first = Int(random.next() % 40)
            return MemoryPlan.Request(bytes: Int(random.next() % 5000), first: first, last: first + Int(random.next() % 8))
        }
        let plan = MemoryPlan(requests)
        #expect(plan.bytes >= plan.lowerBound)
        // Lifetimes at random are harder than those of networks, see `NetworkTests.plans`.
        #expect(Double(plan.bytes) <= 1.35 * Double(plan.lowerBound))
        for (index, request) in requests.enumerated() {
            #expect(plan.offsets[index] % MemoryPlan.alignment == 0 && plan.offsets[index] + request.bytes <= plan.bytes)
            for other in requests.indices.dropFirst(index + 1) {
                let (mine, theirs) = (plan.offsets[index], plan.offsets[other])
                let meet = request.first <= requests[other].last && requests[other].first <= request.last
                #expect(!meet || mine + request.bytes <= theirs || theirs + requests[other].bytes <= mine)
            }
        }
    }

    @Test func lowerBoundIsTheFullestStep() {
        let plan = MemoryPlan([
            .init(bytes: 64, first: 0, last: 1), .init(bytes: 100, first: 1, last: 2), .init(bytes: 64, first: 2, last: 3),
        ])
        #expect(plan.lowerBound == 192 && plan.bytes == 192)
    }

    // MARK: Streamed parameters

    /// `y = x * (a + b)`, with two steps of preparation that could share memory, written in an order in which they could not.
    private static func plan() -> Plan {
        func binary(_ name: String, _ operation: (KernelBuilder, Register, Register) -> Register) -> Kernel {
            let builder = KernelBuilder(name: name, lanes: 4, taskCount: 1)
            let (a, b) = (builder.parameter("a", count: 16, .read), builder.parameter("b", count: 16, .read))
            let to = builder.parameter("to", count: 16, .write)
            builder.loop("i", to: .constant(16), step: 4) {
                builder.store(to, $0, operation(builder, builder.load(a, $0), builder.load(b, $0)))
            }
            return builder.finish()
        }
        var plan = Plan(name: "streams")
        plan.kernels = [binary("add") { $0.binary(.add, $1, $2) }, binary("multiply") { $0.binary(.multiply, $1, $2) }]
        let names = ["a", "b", "c", "d"]
        plan.buffers = names.map { .init(storage: .parameter($0), element: .f32, extents: [16], layout: .plain) }
        plan.parameters = names.enumerated().map { (Parameter($1, .weight, .zeros), $0) }
        for storage: Plan.Storage in [.prepared, .prepared, .prepared, .prepared, .input("x"), .arena(0), .arena(64)] {
            plan.buffers.append(.init(storage: storage, element: .f32, extents: [16], layout: .plain))
        }
        plan.arenaBytes = 128
        plan.inputs = [("x", 8)]
        plan.outputs = [("y", 10)]
        // 4 = a + b, 5 = c + d, 6 = 4 * a, 7 = 5 * d
        plan.preparation = [(0, [0, 1, 4]), (0, [2, 3, 5]), (1, [4, 0, 6]), (1, [5, 3, 7])].map {
            .init(kernel: $0, buffers: $1, summary: "prepare")
        }
        plan.steps = [(1, [8, 6, 9]), (1, [9, 7, 10])].map { .init(kernel: $0, buffers: $1, summary: "multiply") }
        return plan
    }

    @Test func parametersThatNoStepReadsAreTemporary() throws {
        var plan = Self.plan()
        plan.streamParameters()
        // What one step computes is used up by the next.
        #expect(plan.preparation.map(\.buffers) == [[0, 1, 4], [4, 0, 6], [2, 3, 5], [5, 3, 7]])
        let isTemporary = plan.buffers.map { if case .temporary = $0.storage { true } else { false } }
        #expect(isTemporary == [true, true, true, true, true, true, false, false, false, false, false])
        #expect(plan.temporaryBytes == 3 * 64)
        var interpreter = PlanInterpreter(plan)
        for (number, name) in ["a", "b", "c", "d"].enumerated() {
            interpreter.setParameter(name, [Float](repeating: Float(number + 1), count: 16))
        }
        interpreter.setInput("x", [Double](repeating: 2, count: 16))
        try interpreter.run()
        #expect(interpreter.output("y") == [Double](repeating: 2 * (3 * 1) * (7 * 4), count: 16))
    }

    @Test func whatStepsReadStays() {
        var plan = Self.plan()
        plan.steps[0].buffers[1] = 0
        plan.streamParameters()
        #expect(plan.buffers[0].storage == .parameter("a"))
        // Nothing needs what was computed for it alone.
        #expect(plan.preparation.map(\.buffers) == [[2, 3, 5], [5, 3, 7]])
    }
}
