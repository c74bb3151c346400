import Graph
import Machine
import Testing

@testable import Kernels
@testable import LoopNest
@testable import Runtime

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

    @Test(arguments: [1, 3, 40]) func inputsAreFilledImageByImage(threads: Int) throws {
        let executable = try Self.executable(threads: threads)
        try executable.setParameter("scale", to: [1] as [Float])
        try executable.fillInput("x") { (row, values: UnsafeMutableBufferPointer<Float>) in
            for channel in values.indices { values[channel] = Self.values[row * Self.channels + channel] }
        }
        executable.run()
        #expect(try executable.output("y") == Self.values)
        #expect(throws: RuntimeError.self) { try executable.fillInput("z") { (_, _: UnsafeMutableBufferPointer<Float>) in } }
        #expect(throws: RuntimeError.self) { try executable.fillInput("x") { (_, _: UnsafeMutableBufferPointer<Int32>) in } }
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

    // MARK: Streamed parameters

    private struct Source: ParameterSource {
        struct Broken: Error {}
        var scale: Float?

        func read(
            _ parameter: Parameter, extents: [Int], granule: Int, _ store: (UnsafeBufferPointer<Float>) -> Void
        ) throws(Broken) -> Bool {
            guard let scale else { throw Broken() }
            [scale].withUnsafeBufferPointer(store)
            return true
        }
    }

    private static func streaming(threads: Int) throws -> Executable {
        var plan = plan()
        plan.streamParameters()
        let program = try KernelCompiler(target: .host, cache: nil, threads: 1).compile(plan.kernels)
        return try Executable(plan, program, pool: ThreadPool(threads: threads))
    }

    @Test(arguments: [1, 2]) func sourcesAreAskedAgain(threads: Int) throws {
        let (executable, training) = (try Self.streaming(threads: threads), try Self.executable(threads: 1))
        try executable.setInput("x", to: Self.values)
        func check(_ scale: Float) throws {
            for _ in 0..<3 {
                executable.run()
                #expect(try executable.output("y") == Self.values.map { $0 * (scale * scale) * (scale * scale) })
            }
        }
        for scale in [3, 0.5] as [Float] {
            try executable.setParameters(from: Source(scale: scale))
            try check(scale)
        }
        #expect(throws: Source.Broken.self) { try executable.setParameters(from: Source(scale: nil)) }
        try executable.setParameters(from: Source(scale: 2))
        try check(2)
        for scale in [5, 7] as [Float] {
            try training.setParameter("scale", to: [scale])
            try executable.copyParameters(from: training)
            try check(scale)
        }
    }

    @Test func streamedParametersAreNotKept() throws {
        let (executable, training) = (try Self.streaming(threads: 1), try Self.executable(threads: 1))
        #expect(throws: RuntimeError.notKept(name: "scale")) { try executable.setParameter("scale", to: [1 as Float]) }
        #expect(throws: RuntimeError.notKept(name: "scale")) { try executable.parameter("scale") as [Float] }
        #expect(throws: RuntimeError.notKept(name: "scale")) { try training.copyParameters(from: executable) }
        #expect(executable.memoryBytes < training.memoryBytes)
        #expect("\(RuntimeError.notKept(name: "w"))" == "'w' is not kept for inference: set all parameters again, from a source")
    }

    /// Weights of every shape: whole blocks, rests, more rows than are copied together, rows too long for one table.
    @Test(arguments: [[64, 32, 3, 3], [20, 7, 3, 3], [1000, 5], [3, 80000], [33], [2, 70000, 2], [5, 0, 3], []])
    func layoutsAreCopiedThereAndBack(extents: [Int]) {
        let blocks =
            extents.count >= 2
            ? [Layout.Block(axis: 1, size: 16), .init(axis: 0, size: 16)] : extents.isEmpty ? [] : [.init(axis: 0, size: 16)]
        for layout in [Layout.plain, Layout(blocks), Layout(blocks.reversed()), Layout(Array(blocks.prefix(1)))] {
            let values = (0..<extents.reduce(1, *)).map { Float($0 + 1) }
            let copy = LayoutCopy(layout, extents)
            #expect(copy.rowCount * copy.rowLength == values.count)
            var stored = [Float](repeating: 0, count: layout.storedCount(extents))
            stored.withUnsafeMutableBufferPointer { stored in values.withUnsafeBufferPointer { copy.scatter($0, to: stored) } }
            #expect(stored == layout.stored(values, extents: extents))
            #expect(stored.withUnsafeMutableBufferPointer { copy.gather($0) } == values)
        }
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
