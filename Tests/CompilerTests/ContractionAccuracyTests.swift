import Foundation
import Graph
import LoopNest
import Operators
import TestSupport
import Testing

@testable import Compiler
@testable import Kernels
@testable import Runtime

/// Errors of convolutions and linear layers, measured against fp64.
@Suite struct ContractionAccuracyTests {
    /// Every kind of convolution: square ones of several sizes, one-dimensional, strided and 1x1; a residual sum written in place, a
    /// concatenation whose parts are written where they belong, channels that are no whole blocks.
    private static let source = """
        network kinds() {
            input image: f32[N, 24, 19, 17]
            let stem = image |> stem: conv(64, 3, pad: 1, bias: false) |> bn: batchnorm |> relu
            let main = stem |> square: conv(64, 3, pad: 1) |> relu |> point: conv(64, 1)
            let sum = relu(main + stem)
            let joined = concat(
                sum |> wide: conv(48, 5, pad: 2) |> relu,
                sum |> row: conv(40, (1, 7), pad: (0, 3)) |> relu)
            output scores = joined |> down: conv(72, 3, stride: 2, pad: 1) |> relu |> global_avg_pool |> flatten |> fc: linear(10)
        }

        training of kinds {
            target label: i32[N]
            loss cross_entropy(scores, label)
            optimizer sgd(momentum: 0.9)
            schedule constant(rate: 0.01)
        }
        """
    private static let labels = ["stem", "square", "point", "wide", "row", "down", "fc"]

    private static func network() throws -> Network { try Network.read(source, path: "kinds.braid") }

    private static func errors(
        _ numerics: Numerics, _ precision: Precision = .f32, target: Target = .host, training: Bool = false
    ) throws -> [ContractionAccuracy] {
        let compiler = Compiler(target: target, cache: nil, threads: 2, numerics: numerics, precision: precision)
        return try compiler.measureErrors(BenchmarkOptions(batch: 2, isTraining: training), of: network())
    }

    @Test func everyContractionIsAsExactAsStated() throws {
        let errors = try Self.errors(.standard)
        #expect(errors.map { String($0.summary.prefix { $0 != " " }) } == Self.labels)
        #expect(errors.map(\.terms) == [24 * 9, 64 * 9, 64, 64 * 25, 64 * 7, 88 * 9, 72])
        #expect(errors.contains { $0.algorithm.hasPrefix("Winograd") } && errors.contains { $0.algorithm == "direct" })
        for error in errors {
            #expect(error.rootMeanSquare > 0 && error.rootMeanSquare < 4 * error.stated, "\(error)")
            #expect(error.largest > 0 && error.largest < 40 * error.stated, "\(error)")
            #expect(error.samples == 20 || error.samples > 256, "\(error)")
        }
    }

    /// What is rounded to bf16, factors and results, is stated beside what the algorithm loses: by dot products where the machine has them,
    /// and without.
    @Test(arguments: [Numerics.standard, .strict], [Target.host, .host.withoutDotProducts])
    func narrowContractionsAreAsExactAsStated(numerics: Numerics, target: Target) throws {
        let errors = try Self.errors(numerics, .bf16, target: target)
        #expect(errors.count == Self.labels.count)
        let hasDot = numerics == .standard && target.dotProducts[.bfloat16] != nil
        #expect(errors.contains { $0.algorithm == "dot" } == hasDot)
        for error in errors {
            // Of the last layer alone nothing is stored as bf16.
            let isStored = error.terms != 72
            let expected = (isStored ? 0x1p-9 : 0) * (error.algorithm == "dot" ? 3.0 : 1).squareRoot()
            if isStored {
                #expect(abs(error.stated - expected) < 0.01 * expected, "\(error)")
                #expect(error.rootMeanSquare > error.stated / 3 && error.rootMeanSquare < 1.2 * error.stated, "\(error)")
            } else if error.algorithm == "dot" {
                #expect(error.rootMeanSquare < 1.2 * error.stated, "\(error)")
            } else {
                #expect(error.stated < 1e-6 && error.rootMeanSquare < 4 * error.stated, "\(error)")
            }
        }
    }

    @Test func strictSumsAreFarMoreExact() throws {
        let (standard, strict) = (try Self.errors(.standard), try Self.errors(.strict))
        #expect(strict.count == standard.count)
        for (strict, standard) in zip(strict, standard) {
            #expect(strict.algorithm == "direct" && strict.rootMeanSquare < 6e-8, "\(strict)")
            #expect(strict.terms < 100 || strict.rootMeanSquare < standard.rootMeanSquare / 3, "\(strict) beside \(standard)")
        }
    }

    @Test func gradientsAreMeasuredToo() throws {
        let errors = try Self.errors(.standard, training: true)
        // Forward, the gradients of all weights, and of all operands but the image.
        #expect(errors.count == 3 * Self.labels.count - 1)
        let algorithms = Set(errors.map(\.algorithm))
        #expect(algorithms.isSuperset(of: ["direct", "reduction split"]) && algorithms.contains { $0.hasPrefix("Winograd gradient") })
        for error in errors { #expect(error.rootMeanSquare > 0 && error.rootMeanSquare < 8 * error.stated, "\(error)") }
    }

    /// One wrong number among what was prepared for a step shows in its error, and in no other: each is compared from its own operands.
    @Test func aWrongPreparedWeightIsSeen() throws {
        let compiler = Compiler(cache: nil, threads: 1)
        let network = try Self.network()
        let executable = try compiler.executable(network, batch: 1, pool: ThreadPool(threads: 1), keepsOperands: true)
        try compiler.fill(executable, BenchmarkOptions(), network)
        executable.run()
        let plan = executable.plan
        let values = Set(plan.bufferOf.values)
        let index = try #require(plan.steps.firstIndex { $0.choice?.chosen.algorithm.hasPrefix("Winograd") == true })
        let prepared = try #require(
            plan.steps[index].buffers.first { plan.buffers[$0].storage == .prepared && !values.contains($0) })
        let place = executable.places[prepared]
        // A weight of the first block of channels: it reaches every tile.
        for element in 0..<16 { place.buffer.elements(Float.self, at: place.offset, count: 16)[element] += 1 }
        for error in executable.contractionAccuracies(.standard, samples: 256) {
            if error.kernel == plan.kernels[plan.steps[index].kernel].name {
                #expect(error.rootMeanSquare > 1e-3 && error.largest > 1e-3, "\(error)")
            } else {
                #expect(error.rootMeanSquare < 4 * error.stated, "\(error)")
            }
        }
    }

    @Test func numbersThatAreNoneAreInfinitelyWrong() {
        var samples = ErrorSamples()
        samples.note(1, expected: 1)
        samples.note(.nan, expected: .nan)
        #expect(samples.rootMeanSquare == 0 && samples.largest == 0 && samples.count == 2)
        samples.note(3, expected: 2)
        #expect(samples.largest == 0.5 && samples.rootMeanSquare == (1.0 / 5).squareRoot())
        samples.note(.nan, expected: 1)
        #expect(samples.largest == .infinity && samples.rootMeanSquare == .infinity)
        var zeros = ErrorSamples()
        zeros.note(1e-30, expected: 0)
        #expect(zeros.rootMeanSquare == .infinity)
    }

    @Test(arguments: [[], [1], [3, 5], [300], [2, 70, 9, 1], [1, 512, 7, 7]]) func samplesReachAllEnds(extents: [Int]) {
        let positions = SamplePositions.of(extents, count: 128, seed: 3)
        #expect(positions == SamplePositions.of(extents, count: 128, seed: 3) && Set(positions).count == positions.count)
        #expect(positions.count == extents.reduce(1, *) || positions.count > 100)
        for axis in extents.indices {
            let coordinates = positions.map { $0[axis] }
            #expect(coordinates.min() == 0 && coordinates.max() == extents[axis] - 1)
        }
    }

    /// Elements one by one are those of whole tensors, to the bit: from their operands, and from what is given alone.
    @Test(arguments: 0..<12) func singleElementsAreThoseOfTensors(seed: Int) {
        let graph = RandomNetwork.make(seed: seed, training: seed % 2 == 1).decomposed(mode: .inference)
        let given = graph.randomTensors(seed: seed)
        let values = ReferenceEvaluator().values(of: graph, inputs: given.inputs, parameters: given.parameters)
        func elements(of value: Value) -> PointEvaluator.Elements {
            let tensor = values[value.index]
            return { position in tensor.values[zip(position, tensor.extents).reduce(0) { $0 * $1.1 + $1.0 }] }
        }
        func check(_ value: Value, _ number: Int, _ evaluator: PointEvaluator) {
            let tensor = values[value.index]
            var (rest, position) = (number, tensor.extents)
            for axis in position.indices.reversed() { (rest, position[axis]) = rest.quotientAndRemainder(dividingBy: tensor.extents[axis]) }
            let element = evaluator.element(of: value, at: position)
            #expect(element == tensor.values[number] || element.isNaN && tensor.values[number].isNaN, "\(value) at \(position)")
        }
        var random = SplitMix(seed: seed)
        let computed = graph.values.filter { graph[$0].operation != nil }
        for value in computed {
            let evaluator = PointEvaluator(graph) { $0 == value ? nil : elements(of: $0) }
            for _ in 0..<8 { check(value, Int.random(in: 0..<values[value.index].values.count, using: &random), evaluator) }
        }
        // Elements behind many sums take long: the first few values alone.
        let evaluator = PointEvaluator(graph) { computed.contains($0) ? nil : elements(of: $0) }
        for value in computed.prefix(4) { check(value, values[value.index].values.count - 1, evaluator) }
    }
}
