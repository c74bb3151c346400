import Graph
import Operators
import TestSupport
import Testing

@testable import Kernels
@testable import LoopNest

/// Minimal filtering: its transforms, its kernels and its errors.
@Suite struct WinogradTests {
    static let filters = [[3, 3], [5, 5], [1, 3], [3, 1], [1, 7], [7, 1]]

    /// `A^T ((G g) * (B^T d))` is the filter, exactly.
    @Test(arguments: [2, 3, 4, 5, 7], 1...6) func transformsAreExact(taps: Int, outputs: Int) {
        guard taps + outputs - 1 <= ToomCook.mostMultiplications else { return }
        let transform = ToomCook(outputs: outputs, taps: taps)
        var random = SeededGenerator(seed: taps * 10 + outputs)
        func numbers(_ count: Int) -> [Rational] { (0..<count).map { _ in Rational(random.number(0..<9) - 4) } }
        func times(_ matrix: [[Rational]], _ vector: [Rational]) -> [Rational] {
            matrix.map { zip($0, vector).reduce(.zero) { $0 + $1.0 * $1.1 } }
        }
        let (data, filter) = (numbers(transform.size), numbers(taps))
        let products = zip(times(transform.filter.matrix, filter), times(transform.input.matrix, data)).map { $0 * $1 }
        let expected = (0..<outputs).map { output in (0..<taps).reduce(Rational.zero) { $0 + filter[$1] * data[output + $1] } }
        #expect(times(transform.output.matrix, products) == expected)
    }

    /// Sharing what rows have in common saves a good part of the operations.
    @Test func commonPartsAreSharedOnce() {
        let transform = ToomCook(outputs: 4, taps: 3)
        let plain = transform.input.matrix.reduce(0) { $0 + $1.filter { $0 != .zero }.count - 1 }
        #expect(transform.input.operationCount <= 16 && plain >= 20, "\(transform.input.operationCount) of \(plain)")
        #expect(transform.output.operationCount <= 12)
    }

    @Test(arguments: filters, [16, 8, 4]) func everyMapIsItsMatrix(taps: [Int], lanes: Int) throws {
        for form in WinogradForm.forms(taps: taps) {
            for map in form.sides.flatMap({ [$0.input, $0.filter, $0.output] }) {
                let builder = KernelBuilder(name: "map", lanes: lanes, taskCount: 1)
                let (from, to) = (
                    builder.parameter("from", count: map.columnCount * lanes, .read),
                    builder.parameter("to", count: map.rowCount * lanes, .write)
                )
                let inputs = (0..<map.columnCount).map { builder.load(from, .constant($0 * lanes)) }
                for (row, register) in map.apply(inputs, builder).enumerated() { builder.store(to, .constant(row * lanes), register) }
                let numbers = FusedGroupTests.random([map.columnCount, lanes], seed: 3).values
                var buffers = [KernelArray.f32(numbers.map(Float.init)), .f32([Float](repeating: .nan, count: map.rowCount * lanes))]
                try KernelInterpreter(order: .shuffled(seed: 1)).run(builder.finish(), &buffers)
                for row in 0..<map.rowCount {
                    let terms = map.matrix[row].map(\.value)
                    let scale = terms.reduce(0) { $0 + abs($1) }
                    for lane in 0..<lanes {
                        let expected = terms.indices.reduce(0.0) { $0 + terms[$1] * numbers[$1 * lanes + lane] }
                        #expect(abs(buffers[1].numbers[row * lanes + lane] - expected) <= 1e-6 * scale)
                    }
                }
            }
        }
    }

    /// A convolution, a sum and a ReLU in one group.
    struct Case: CustomTestStringConvertible {
        var images = 1
        var channels: (input: Int, output: Int)
        var extents: [Int]
        var taps: [Int]
        var padding: [Int]
        var strides = [1, 1]
        /// Whether the images lie row-major, as a network's input does.
        var isPlain = false
        /// Whether it is the gradient of a convolution's data, whose filters are reversed, instead of a convolution.
        var isGradient = false
        /// Whether its operand is computed in its loads, as a normalization and its ReLU are in training.
        var isComputed = false

        var testDescription: String {
            "\(images)x\(channels) \(extents) taps \(taps) padding \(padding) strides \(strides)"
                + (isPlain ? ", plain" : "") + (isGradient ? ", gradient" : "") + (isComputed ? ", computed" : "")
        }

        var phaseTaps: [Int] { zip(taps, strides).map { ($0 + $1 - 1) / $1 } }

        func graph(lanes: Int) -> (graph: Graph, inputs: [String: ReferenceTensor]) {
            let sketch = FusedGroupTests.Sketch()
            let filters = isGradient ? [channels.input, channels.output] : [channels.output, channels.input]
            let (x, w) = (sketch.input("x", [images, channels.input] + extents), sketch.input("w", filters + taps))
            var operand = x
            if isComputed {
                let scale = sketch.input("scale", [channels.input])
                operand = sketch.map(.maximum(.argument(0) * .argument(1) + 0.5, 0), x, scale)
            }
            let convolution: Value
            if isGradient {
                let size = (0..<2).map { extents[$0] + taps[$0] - 1 - 2 * padding[$0] }
                convolution = sketch.builder.apply(
                    OperatorCatalog.standard["conv_backward_data"]!, [operand, w], ["pad": .integers(padding), "size": .integers(size)])
            } else {
                convolution = sketch.builder.apply(
                    .convolution, [operand, w],
                    [
                        "channels": .integer(channels.output), "kernel": .integers(taps), "pad": .integers(padding),
                        "stride": .integers(strides), "bias": .boolean(false),
                    ])
            }
            let result = sketch.builder.type(of: convolution).shape.extents!
            let shortcut = sketch.input("shortcut", result)
            let sum = sketch.map(.maximum(.argument(0) + .argument(1), 0), convolution, shortcut)
            sketch.groups = [[convolution, sum]]
            let graph = sketch.graph(outputs: [sum]) { value, rank in
                if value == w {
                    let (output, input) = isGradient ? (1, 0) : (0, 1)
                    return Layout((isPlain ? [] : [.init(axis: input, size: lanes)]) + [.init(axis: output, size: lanes)])
                }
                return value == x && isPlain ? .plain : .channels(rank: rank, lanes: lanes)
            }
            var inputs = [
                "x": FusedGroupTests.random([images, channels.input] + extents, seed: 1),
                "w": FusedGroupTests.random(filters + taps, seed: 2),
                "shortcut": FusedGroupTests.random(result, seed: 3),
            ]
            if isComputed { inputs["scale"] = FusedGroupTests.random([channels.input], seed: 4) }
            return (graph, inputs)
        }
    }

    static let cases = [
        Case(channels: (16, 16), extents: [8, 8], taps: [3, 3], padding: [1, 1]),
        Case(images: 2, channels: (20, 40), extents: [7, 9], taps: [3, 3], padding: [1, 1]),
        Case(channels: (16, 24), extents: [6, 5], taps: [3, 3], padding: [0, 0]),
        Case(channels: (16, 16), extents: [3, 3], taps: [3, 3], padding: [2, 2]),
        Case(images: 3, channels: (17, 33), extents: [5, 6], taps: [5, 5], padding: [2, 2]),
        Case(channels: (16, 48), extents: [4, 11], taps: [1, 7], padding: [0, 3]),
        Case(channels: (24, 16), extents: [9, 3], taps: [7, 1], padding: [3, 0]),
        Case(channels: (16, 16), extents: [8, 8], taps: [1, 3], padding: [0, 1]),
        Case(channels: (16, 16), extents: [8, 7], taps: [3, 1], padding: [1, 0]),
        Case(channels: (20, 32), extents: [9, 12], taps: [3, 3], padding: [1, 1], strides: [2, 2]),
        Case(images: 2, channels: (16, 16), extents: [11, 7], taps: [3, 3], padding: [0, 0], strides: [2, 2]),
        Case(channels: (16, 16), extents: [17, 13], taps: [7, 7], padding: [3, 3], strides: [2, 2]),
        Case(channels: (16, 16), extents: [8, 9], taps: [4, 4], padding: [1, 1], strides: [2, 2]),
        Case(channels: (16, 16), extents: [20, 21], taps: [11, 11], padding: [2, 2], strides: [4, 4]),
        Case(images: 2, channels: (3, 24), extents: [17, 20], taps: [7, 7], padding: [3, 3], strides: [2, 2], isPlain: true),
        Case(channels: (3, 16), extents: [21, 19], taps: [11, 11], padding: [2, 2], strides: [4, 4], isPlain: true),
        Case(images: 2, channels: (1, 32), extents: [6, 7], taps: [3, 3], padding: [1, 1], isPlain: true),
        Case(channels: (3, 16), extents: [9, 8], taps: [3, 3], padding: [0, 0], strides: [2, 2], isPlain: true),
        Case(images: 2, channels: (20, 40), extents: [7, 9], taps: [3, 3], padding: [1, 1], isGradient: true),
        Case(channels: (16, 24), extents: [6, 5], taps: [3, 3], padding: [0, 0], isGradient: true),
        Case(channels: (16, 16), extents: [3, 5], taps: [3, 3], padding: [2, 2], isGradient: true, isComputed: true),
        Case(images: 2, channels: (17, 33), extents: [5, 6], taps: [5, 5], padding: [2, 1], isGradient: true),
        Case(channels: (16, 16), extents: [4, 11], taps: [1, 7], padding: [0, 2], isGradient: true),
        Case(images: 2, channels: (20, 40), extents: [7, 9], taps: [3, 3], padding: [1, 1], isComputed: true),
        Case(channels: (33, 16), extents: [9, 12], taps: [3, 3], padding: [1, 1], strides: [2, 2], isComputed: true),
    ]

    /// Every form of every filter, cut in many ways, in the interpreter, which checks all bounds.
    @Test(arguments: cases, [16, 8, 4]) func kernelsComputeTheConvolution(_ example: Case, lanes: Int) throws {
        let (graph, inputs) = example.graph(lanes: lanes)
        let target = Target.preset(lanes: lanes)
        let outputBlocks = (example.channels.output + lanes - 1) / lanes
        for form in WinogradForm.forms(taps: example.phaseTaps) {
            var schedules = [
                WinogradSchedule(tiles: 5, registerTiles: 2, laneBlocks: 1, chunk: 1, parts: 1),
                WinogradSchedule(tiles: 200, registerTiles: 3, laneBlocks: min(2, outputBlocks), chunk: outputBlocks, parts: 1),
            ]
            if outputBlocks > 1 && outputBlocks % 2 == 0 {
                schedules.append(WinogradSchedule(tiles: 3, registerTiles: 3, laneBlocks: 1, chunk: 1, parts: 2))
            }
            if !example.isPlain {
                schedules.append(
                    WinogradSchedule(
                        tiles: 4, registerTiles: 4, laneBlocks: 1, chunk: outputBlocks, parts: 1, transformsWeights: true))
            }
            for schedule in schedules {
                let harness = LoweringHarness(
                    graph: graph, target: target,
                    lower: { group, target in
                        let shape = ContractionShape.phases(of: group.members[0], in: group, lanes: lanes)![0]
                        let problem = WinogradShape(shape, group, lanes: lanes)!
                        return WinogradLowering(problem: problem, form: form, schedule: schedule, group: group, target: target).lower()
                    }, relativeTolerance: 2e-5)
                try harness.check(inputs, "\(form), \(schedule)")
            }
        }
    }

    /// The schedules that the cost model chooses are sound, whatever the threads.
    @Test(arguments: cases, [1, 2, 5, 64]) func chosenSchedulesCoverTheWork(_ example: Case, threads: Int) throws {
        let (graph, _) = example.graph(lanes: 16)
        let group = Group.all(of: GraphFacts(graph))[0]
        let problem = WinogradShape(ContractionShape.phases(of: group.members[0], in: group, lanes: 16)![0], group, lanes: 16)!
        for form in WinogradForm.forms(taps: example.phaseTaps) {
            let (schedule, cycles) = WinogradCost(problem, form, .x86AVX512).best(threads: threads)
            #expect(cycles > 0 && cycles.isFinite)
            #expect(schedule.registerTiles <= schedule.tiles && schedule.laneBlocks <= 4)
            let lowered = WinogradLowering(problem: problem, form: form, schedule: schedule, group: group, target: .x86AVX512).lower()
            for call in lowered.preparation + lowered.calls { try call.kernel.verify() }
        }
    }

    /// A stride of 2 leaves four phases, of which one has all taps; a form's last row and column take only those that reach them.
    @Test func stridesBecomePhases() throws {
        let example = Case(channels: (16, 16), extents: [8, 8], taps: [3, 3], padding: [1, 1], strides: [2, 2])
        let group = Group.all(of: GraphFacts(example.graph(lanes: 16).graph))[0]
        let problem = WinogradShape(ContractionShape.phases(of: group.members[0], in: group, lanes: 16)![0], group, lanes: 16)!
        #expect(problem.phases.map(\.start) == [[0, 1], [0, 0], [1, 0], [1, 1]])
        #expect(problem.phases.map(\.taps) == [[2, 1], [2, 2], [1, 2], [1, 1]])
        let classes = problem.classes(of: WinogradForm(outputs: [4, 4], taps: [2, 2]))
        // 4 x 4 positions of all phases, 4 + 4 of two, 1 of one: 81 products for 16 outputs of 9 taps.
        #expect(classes.map(\.panelCount) == [64, 8, 8, 1])
        #expect(classes.map(\.phases) == [0..<4, 1..<3, 0..<2, 1..<2])
    }

    /// Small maps of many channels, large maps, and numerics: what the cost model decides.
    @Test func choosesByShape() throws {
        func form(
            _ channels: Int, _ size: Int, _ numerics: Numerics = .standard, images: Int = 1, changing: Bool = false, gradient: Bool = false
        ) throws -> String? {
            let example = Case(
                images: images, channels: (channels, channels), extents: [size, size], taps: [3, 3], padding: [1, 1], isGradient: gradient,
                isComputed: changing && !gradient)
            var graph = example.graph(lanes: 16).graph
            let weight = try #require(graph.values.first { graph[$0].inputName == "w" })
            if !changing { graph[weight].kind = .parameter(Parameter("w", .weight, .zeros)) }
            let group = Group.all(of: GraphFacts(graph))[0]
            let problem = try #require(ContractionProblem(group, target: .x86AVX512, numerics: numerics))
            let name = try #require(ContractionSelection(problem).choose()).variant.name
            return name == "direct" ? nil : name
        }
        for (channels, size) in [(64, 56), (128, 28), (256, 14), (64, 224), (512, 28)] {
            #expect(try form(channels, size) == "F(4x4, 3x3)", "\(channels) channels, \(size)")
        }
        #expect(try form(512, 7, images: 16) == "F(4x4, 3x3)")
        // In training each run transforms the weights.
        for (channels, size) in [(64, 56), (128, 28), (256, 14), (512, 7)] {
            #expect(try form(channels, size, images: 16, changing: true) == "F(4x4, 3x3)", "\(channels) channels, \(size)")
            #expect(try form(channels, size, images: 16, changing: true, gradient: true) == "F(4x4, 3x3)", "\(channels) channels, \(size)")
        }
        #expect(try form(512, 7, changing: true) == nil)
        #expect(try form(64, 56, .strict) == nil)
        #expect(try form(64, 56, .tolerance(5e-7)) == "F(2x2, 3x3)")
        #expect(try form(64, 56, .tolerance(1e-9)) == nil)
    }
}

/// Results are the same bits however the work is cut.
@Suite struct WinogradBitsTests {
    @Test(arguments: [
        WinogradTests.Case(channels: (32, 32), extents: [7, 7], taps: [3, 3], padding: [1, 1]),
        WinogradTests.Case(channels: (16, 32), extents: [9, 9], taps: [3, 3], padding: [1, 1], strides: [2, 2]),
        WinogradTests.Case(channels: (32, 32), extents: [7, 7], taps: [3, 3], padding: [1, 1], isGradient: true, isComputed: true),
    ]) func schedulesDoNotMatter(_ example: WinogradTests.Case) throws {
        let (graph, inputs) = example.graph(lanes: 16)
        let group = Group.all(of: GraphFacts(graph))[0]
        let problem = WinogradShape(ContractionShape.phases(of: group.members[0], in: group, lanes: 16)![0], group, lanes: 16)!
        for form in WinogradForm.forms(taps: problem.phaseTaps) {
            let schedules = [
                WinogradSchedule(tiles: 9, registerTiles: 9, laneBlocks: 2, chunk: 2, parts: 1),
                WinogradSchedule(tiles: 2, registerTiles: 2, laneBlocks: 1, chunk: 1, parts: 2),
                WinogradSchedule(tiles: 4, registerTiles: 3, laneBlocks: 1, chunk: 2, parts: 1, transformsWeights: true),
            ]
            let results = try schedules.map { schedule in
                let lowered = WinogradLowering(
                    problem: problem, form: form, schedule: schedule, group: group, target: .x86AVX512
                ).lower()
                return try Self.run(lowered, group, inputs)
            }
            #expect(results[1] == results[0] && results[2] == results[0], "\(form)")
        }
    }

    static func run(_ lowered: LoweredGroup, _ group: Group, _ inputs: [String: ReferenceTensor]) throws -> [Float] {
        let graph = group.graph
        var memory: [Value: KernelArray] = [:]
        for value in graph.values {
            if let name = graph[value].inputName { memory[value] = .f32(graph.layout(value).stored(inputs[name]!)) }
        }
        let result = group.results[0]
        memory[result] = .f32([Float](repeating: 0, count: graph.storedCount(result)))
        var prepared = lowered.prepared.map(\.spoiled)
        var workspaces = lowered.workspaces.map(\.spoiled)
        for call in lowered.preparation + lowered.calls {
            var buffers = call.arguments.map { argument -> KernelArray in
                switch argument {
                case .value(let value): memory[value]!
                case .prepared(let index): prepared[index]
                case .workspace(let index): workspaces[index]
                }
            }
            try KernelInterpreter(order: .shuffled(seed: 3)).run(call.kernel, &buffers)
            for (argument, contents) in zip(call.arguments, buffers) {
                switch argument {
                case .value(let value): memory[value] = contents
                case .prepared(let index): prepared[index] = contents
                case .workspace(let index): workspaces[index] = contents
                }
            }
        }
        return memory[result]!.numbers.map(Float.init)
    }
}
