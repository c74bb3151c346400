import Graph
import Machine
import Runtime
import Testing

@testable import Kernels

/// Plans made by hand, run on machine code.
@Suite struct ExecutableTests {
    static let (rows, channels) = (37, 20)
    private static let lanes = Target.host.lanes
    private static let width = (channels + lanes - 1) / lanes * lanes

    /// `to = from * factor`, a row a task, with the row kept in scratch on the way.
    private static func scaling(_ name: String) -> Kernel {
        let builder = KernelBuilder(name: name, lanes: lanes, taskCount: rows)
        let from = builder.parameter("from", count: rows * width, .read)
        let factor = builder.parameter("factor", count: 1, .read)
        let to = builder.parameter("to", count: rows * width, .write)
        let scratch = builder.scratch("row", count: width)
        builder.loop("i", to: .constant(width), step: lanes) { i in
            let value = builder.load(from, builder.task * width + i)
            builder.store(scratch, i, builder.binary(.multiply, value, builder.broadcast(factor, 0)))
        }
        builder.loop("j", to: .constant(width), step: lanes) { builder.store(to, builder.task * width + $0, builder.load(scratch, $0)) }
        return builder.finish()
    }

    /// `to = from * from` for a single number.
    private static var squaring: Kernel {
        let builder = KernelBuilder(name: "square", lanes: lanes, taskCount: 1)
        let from = builder.parameter("from", count: 1, .read)
        let to = builder.parameter("to", count: 1, .write)
        let value = builder.broadcast(from, 0)
        builder.store(to, 0, builder.binary(.multiply, value, value), active: 1)
        return builder.finish()
    }

    /// `y = x * scale^4` over a blocked layout: scale is squared in preparation, then multiplied in twice by way of the arena.
    private static func plan() -> Plan {
        var plan = Plan(name: "scaling")
        plan.kernels = [squaring, scaling("scale")]
        let layout = Layout.channels(rank: 2, lanes: width)
        func matrix(_ storage: Plan.Storage) -> Plan.PlannedBuffer {
            .init(storage: storage, element: .f32, extents: [rows, channels], layout: layout)
        }
        plan.buffers = [
            matrix(.input("x")), .init(storage: .parameter("scale"), element: .f32, extents: [1], layout: .plain),
            .init(storage: .prepared, element: .f32, extents: [1], layout: .plain), matrix(.arena(0)), matrix(.arena(rows * width * 4)),
        ]
        plan.arenaBytes = 2 * rows * width * 4
        plan.inputs = [("x", 0)]
        plan.parameters = [(Parameter("scale", .weight, .zeros), 1)]
        plan.outputs = [("y", 4)]
        plan.preparation = [.init(kernel: 0, buffers: [1, 2], summary: "square")]
        plan.steps = [.init(kernel: 1, buffers: [0, 2, 3], summary: "once"), .init(kernel: 1, buffers: [3, 2, 4], summary: "twice")]
        return plan
    }

    private static func executable(threads: Int) throws -> Executable {
        let plan = plan()
        let program = try KernelCompiler(target: .host, cache: nil, threads: 1).compile(plan.kernels)
        return try Executable(plan, program, pool: ThreadPool(threads: threads))
    }

    private static let values = (0..<rows * channels).map { Float($0) / 7 }

    @Test(arguments: [1, 2, 3, 40]) func resultsDoNotDependOnThreads(threads: Int) throws {
        let executable = try Self.executable(threads: threads)
        try executable.setInput("x", to: Self.values)
        for scale in [3, 0.5] as [Float] {
            try executable.setParameter("scale", to: [scale])
            for _ in 0..<20 { executable.run() }
            #expect(try executable.output("y") == Self.values.map { $0 * (scale * scale) * (scale * scale) })
            #expect(try executable.parameter("scale") == [scale])
        }
    }

    @Test func stepsAreTimed() throws {
        let executable = try Self.executable(threads: 2)
        executable.run()
        #expect(executable.stepSeconds == [0, 0])
        executable.measuresSteps = true
        executable.run()
        #expect(executable.stepSeconds.count == 2 && executable.stepSeconds.allSatisfy { $0 > 0 && $0 < 60 })
    }

    @Test func parametersAreTakenOver() throws {
        let (first, second) = (try Self.executable(threads: 1), try Self.executable(threads: 2))
        try first.setParameter("scale", to: [2 as Float])
        try second.setInput("x", to: Self.values)
        second.run()
        try second.copyParameters(from: first)
        second.run()
        #expect(try second.output("y") == Self.values.map { $0 * 16 })
    }

    @Test func wrongUseIsAnError() throws {
        let executable = try Self.executable(threads: 1)
        #expect(throws: RuntimeError.unknownName(kind: "input", name: "z", known: ["x"])) { try executable.setInput("z", to: Self.values) }
        #expect(throws: RuntimeError.wrongCount(name: "x", expected: [37, 20], observed: 1)) {
            try executable.setInput("x", to: [1 as Float])
        }
        #expect(throws: RuntimeError.wrongElement(name: "x", expected: .f32, observed: .i32)) {
            try executable.setInput("x", to: [1 as Int32])
        }
        #expect(throws: RuntimeError.unknownName(kind: "output", name: "x", known: ["y"])) { try executable.output("x") as [Float] }
        #expect("\(RuntimeError.wrongCount(name: "x", expected: [2, 3], observed: 5))" == "'x' has 2 x 3 = 6 elements, got 5")
    }
}
