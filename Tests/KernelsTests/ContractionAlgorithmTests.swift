import Foundation
import Graph
import LoopNest
import TestSupport
import Testing

@testable import Kernels
@testable import Operators

/// The table of algorithms: every row computes what it takes, however its work is cut, and refuses what does not fit.
@Suite struct ContractionAlgorithmTests {
    /// What a contraction is drawn as.
    enum Kind: CaseIterable {
        case convolution, stem, linear, dataGradient, weightGradient, stemWeightGradient, matrixProduct
        /// Rows along the last of three axes.
        case tokens, tokensWeightGradient
        /// Their factors may be rounded.
        case narrowConvolution, narrowLinear, narrowTokens, narrowDataGradient, narrowWeightGradient

        var isNarrow: Bool {
            [.narrowConvolution, .narrowLinear, .narrowTokens, .narrowDataGradient, .narrowWeightGradient].contains(self)
        }
    }

    /// A contraction with a sum and a ReLU behind it.
    struct Sample {
        var graph: Graph
        var inputs: [String: ReferenceTensor]
        var group: Group
        /// Whether it is a strided gradient, whose phases leave out products with zeros, so that the formula's terms are only about theirs.
        var hasPhases: Bool

        /// One of a random shape, its operands as the passes lay them out.
        init(_ kind: Kind, seed: Int, lanes: Int) {
            var random = SeededGenerator(seed: 100 * lanes + seed)
            let sketch = FusedGroupTests.Sketch()
            let isStem = kind == .stem || kind == .stemWeightGradient
            let (images, taps, stride) = (random.number(1..<3), random.number(1..<4), random.number(1..<3))
            let from = isStem ? random.number(1..<4) : random.number(1..<2 * lanes + 2)
            let (to, side) = (random.number(1..<3 * lanes), random.number(taps..<taps + 7))
            let size = (side + 2 * (taps / 2) - taps) / stride + 1
            let sliding: Attributes = ["stride": .integer(stride), "pad": .integer(taps / 2)]
            var layouts: [Value: Layout] = [:]
            func blocks(_ axes: Int...) -> Layout { Layout(axes.map { .init(axis: $0, size: lanes) }) }
            func gradient(_ name: String, _ a: Value, _ b: Value, _ attributes: Attributes) -> Value {
                sketch.builder.apply(OperatorCatalog.standard[name]!, a, b, attributes: sliding.with(attributes))
            }
            let contraction: Value
            switch kind {
            case .convolution, .stem, .narrowConvolution:
                let (x, w) = (sketch.input("x", [images, from, side, side]), sketch.input("w", [to, from, taps, taps]))
                contraction = sketch.builder.apply(
                    .convolution, x, w,
                    attributes: sliding.with(["channels": .integer(to), "kernel": .integer(taps), "bias": .boolean(false)]))
                if isStem { layouts[x] = .plain }
                layouts[w] = isStem ? blocks(0) : blocks(1, 0)
            case .linear, .narrowLinear:
                let (x, w) = (sketch.input("x", [images, from]), sketch.input("w", [to, from]))
                contraction = sketch.builder.apply(.linear, x, w, attributes: ["features": .integer(to), "bias": .boolean(false)])
                layouts[w] = blocks(1, 0)
            case .tokens, .narrowTokens:
                let (x, w) = (sketch.input("x", [images, side, from]), sketch.input("w", [to, from]))
                contraction = sketch.builder.apply(.linear, x, w, attributes: ["features": .integer(to), "bias": .boolean(false)])
                layouts[w] = blocks(1, 0)
                (layouts[x], layouts[contraction]) = (blocks(2), blocks(2))
            case .tokensWeightGradient:
                let (x, dy) = (sketch.input("x", [images, side, from]), sketch.input("dy", [images, side, to]))
                contraction = sketch.builder.apply(OperatorCatalog.standard["linear_backward_weights"]!, x, dy)
                (layouts[x], layouts[dy], layouts[contraction]) = (blocks(2), blocks(2), blocks(1, 0))
            case .matrixProduct:
                let (a, b) = (sketch.input("a", [images, side, from]), sketch.input("b", [images, from, to]))
                contraction = sketch.builder.apply(.matrixProduct, a, b)
                (layouts[b], layouts[contraction]) = (blocks(2), blocks(2))
            case .dataGradient, .narrowDataGradient:
                let (dy, w) = (sketch.input("dy", [images, from, size, size]), sketch.input("w", [from, to, taps, taps]))
                contraction = gradient("conv_backward_data", dy, w, ["size": .integer(side)])
                layouts[w] = blocks(0, 1)
            case .weightGradient, .stemWeightGradient, .narrowWeightGradient:
                let (x, dy) = (sketch.input("x", [images, from, side, side]), sketch.input("dy", [images, to, size, size]))
                contraction = gradient("conv_backward_weights", x, dy, ["kernel": .integer(taps)])
                if isStem { layouts[x] = .plain }
                layouts[contraction] = isStem ? blocks(0) : blocks(1, 0)
            }
            let other = sketch.input("other", sketch.builder.type(of: contraction).shape.extents!)
            let sum = sketch.map(.maximum(.argument(0) + .argument(1), 0), contraction, other)
            sketch.groups = [[contraction, sum]]
            if let layout = layouts[contraction] { (layouts[other], layouts[sum]) = (layout, layout) }
            var graph = sketch.graph(outputs: [sum]) { value, rank in layouts[value] ?? .channels(rank: rank, lanes: lanes) }
            if kind.isNarrow { graph[contraction].factors = .bf16 }
            self.graph = graph
            hasPhases = (kind == .dataGradient || kind == .narrowDataGradient) && stride > 1
            inputs = [:]
            for value in graph.values {
                if let name = graph[value].inputName {
                    inputs[name] = FusedGroupTests.random(graph.extents(value), seed: seed + value.index)
                }
            }
            // The harness runs graphs without parameters; of this one, which is the same, the weight is known beforehand.
            var inference = graph
            for value in graph.values where graph[value].inputName == "w" {
                inference[value].kind = .parameter(Parameter("w", .weight, .zeros))
            }
            group = Group.all(of: GraphFacts(inference))[0]
        }
    }

    private static func selection(
        _ kind: Kind, seed: Int, lanes: Int, _ numerics: Numerics = .standard
    ) throws -> (Sample, ContractionSelection) {
        let sample = Sample(kind, seed: seed, lanes: lanes)
        let problem = try #require(
            ContractionProblem(
                sample.group, target: [16: .x86AMX, 4: .aarch64NEONBF16][lanes] ?? .preset(lanes: lanes), numerics: numerics))
        return (sample, ContractionSelection(problem))
    }

    /// Every variant, as the cost model cuts it and cut otherwise, in the interpreter, which checks all bounds, beside fp64.
    @Test(arguments: Kind.allCases, [16, 8, 4]) func everyVariantComputesWhatItTakes(kind: Kind, lanes: Int) throws {
        for seed in 0..<4 {
            let (sample, selection) = try Self.selection(kind, seed: seed, lanes: lanes)
            #expect(!selection.options.isEmpty)
            for option in selection.options { try check(option.variant, sample) }
        }
    }

    private func check(_ variant: some ContractionVariant, _ sample: Sample) throws {
        let (problem, candidates) = (variant.problem, variant.candidates())
        #expect(candidates.allSatisfy { variant.allows($0.schedule) && $0.cycles > 0 && $0.cycles.isFinite })
        for schedule in [nil, candidates.first?.schedule, candidates.last?.schedule] {
            let choice = AlgorithmChoice(.init(variant.title))
            let lowered = variant.lower(schedule, choice)
            for call in lowered.preparation + lowered.calls { try call.kernel.verify() }
            #expect(lowered.preparation.allSatisfy { $0.choice == nil })
            // A choice stands where the work is, which is all of the problem's.
            for call in lowered.calls {
                #expect((call.choice == nil) == (call.multiplyAccumulates == nil))
                #expect(call.choice.map { $0.chosen.algorithm == variant.title } ?? true)
            }
            let work = lowered.calls.compactMap(\.multiplyAccumulates).reduce(0, +)
            #expect(work == problem.phases.reduce(0) { $0 + $1.multiplyAccumulates })
            #expect(sample.hasPhases || work == sample.group.multiplyAccumulates)
            var harness = LoweringHarness(graph: sample.graph, target: problem.target, lower: { _, _ in lowered })
            if case .roundedFactors = variant.exactness { harness.relativeTolerance = 2e-2 }
            try harness.check(sample.inputs, "\(variant.title), \(schedule?.text ?? "as predicted")")
        }
    }

    /// Only where there is the instruction that code is made for, and rounding is allowed.
    @Test func dotProductsAreTakenWhereTheyAre() throws {
        for (target, kind, isOffered) in [
            (Target.x86AVX512BF16, Kind.narrowLinear, true), (.x86AVX512BF16, .linear, false), (.x86AVX512, .narrowLinear, false),
            (.x86AVX512BF16.withoutDotProducts, .narrowLinear, false),
        ] {
            let problem = try #require(ContractionProblem(Sample(kind, seed: 1, lanes: 16).group, target: target, numerics: .standard))
            #expect(ContractionSelection(problem).options.contains { $0.variant.name == "dot" } == isOffered, "\(target) \(kind)")
        }
        let narrow = Sample(.narrowConvolution, seed: 1, lanes: 4).group
        let neon = try #require(ContractionProblem(narrow, target: .aarch64NEONBF16, numerics: .standard))
        #expect(ContractionSelection(neon).options.contains { $0.variant.name == "dot" })
        let plain = try #require(ContractionProblem(narrow, target: .aarch64NEON, numerics: .standard))
        #expect(!ContractionSelection(plain).options.contains { $0.variant.name == "dot" })
        let strict = try #require(
            ContractionProblem(Sample(.narrowLinear, seed: 1, lanes: 16).group, target: .x86AVX512BF16, numerics: .strict))
        let refused = ContractionSelection(strict).options.first { $0.variant.name == "dot" }
        #expect(refused?.objection == "its factors are rounded")
    }

    /// Measurements on disk know a variant by its name, and people a row by its.
    @Test(arguments: [16, 8, 4]) func namesAreUnique(lanes: Int) throws {
        let rows = ContractionAlgorithm.all
        #expect(Set(rows.map(\.name)).count == rows.count)
        var used: Set<String> = []
        for kind in Kind.allCases {
            for seed in 0..<8 {
                let options = try Self.selection(kind, seed: seed, lanes: lanes).1.options
                #expect(Set(options.map(\.variant.name)).count == options.count && Set(options.map(\.variant.title)).count == options.count)
                for option in options {
                    #expect(rows.filter { $0.isVariant(option.variant.name) }.map(\.name) == [option.algorithm.name])
                    used.insert(option.algorithm.name)
                }
            }
        }
        // Vectors of 16 lanes have dot products, and tiles beside them, here; those of 4 dot products.
        let tiles: Set<String> = ["tile", "tile phases", "tile gradient"]
        let absent: Set<String> = lanes == 16 ? [] : lanes == 4 ? tiles : tiles.union(["dot"])
        #expect(used == Set(rows.map(\.name)).subtracting(absent), "every row takes something")
    }

    /// Any number of a schedule may come from a file.
    @Test(arguments: Kind.allCases, [16, 4]) func schedulesThatDoNotFitAreRefused(kind: Kind, lanes: Int) throws {
        for seed in 0..<4 {
            for option in try Self.selection(kind, seed: seed, lanes: lanes).1.options { try refuses(option.variant) }
        }
    }

    private func refuses<Variant: ContractionVariant>(_ variant: Variant) throws {
        guard let schedule = variant.predicted?.schedule else { return }
        #expect(variant.allows(schedule))
        let text = String(decoding: try JSONEncoder().encode(schedule), as: UTF8.self)
        let numbers = text.matches(of: /:(\d+)/)
        #expect(!numbers.isEmpty)
        for number in numbers {
            for wrong in [0, -1, 1 << 40, Int.max, Int.min] {
                let changed = text.replacingCharacters(in: number.1.startIndex..<number.1.endIndex, with: "\(wrong)")
                let read = try JSONDecoder().decode(Variant.Schedule.self, from: Data(changed.utf8))
                #expect(!variant.allows(read), "\(variant.name): \(changed)")
            }
        }
    }

    /// What is less exact is taken only where that is allowed, and where it is predicted to gain enough.
    @Test func choosesTheFastestOfWhatIsAllowed() throws {
        for (seed, numerics) in (0..<30).flatMap({ seed in [Numerics.standard, .tolerance(5e-7), .strict].map { (seed, $0) } }) {
            let (_, selection) = try Self.selection(.convolution, seed: seed, lanes: 4, numerics)
            let (variant, choice) = try #require(selection.choose())
            let direct = try #require(selection.options.first { $0.algorithm.name == "direct" }?.cycles)
            let allowed = selection.options.filter { option in option.variant.exactness.error.map { $0 <= numerics.largestError } ?? true }
            let others = allowed.filter { !$0.isAsWritten && $0.cycles! < 0.97 * direct }
            #expect(variant.name == others.min { $0.cycles! < $1.cycles! }?.variant.name ?? "direct")
            #expect(choice.rejected.filter { $0.reason == nil }.count == allowed.count - 1)
            #expect(choice.rejected.count == selection.options.count - 1)
        }
    }

    /// What measurements are kept by: all that a choice follows from, what values are stored as included.
    @Test func keysTellWhatAChoiceFollowsFrom() throws {
        let example = WinogradTests.Case(channels: (16, 24), extents: [6, 5], taps: [3, 3], padding: [0, 0])
        func key(_ change: (inout Graph) -> Void = { _ in }) throws -> String {
            var graph = example.graph(lanes: 16).graph
            change(&graph)
            let group = Group.all(of: GraphFacts(graph))[0]
            let problem = try #require(ContractionProblem(group, target: .x86AVX512, numerics: .standard))
            return try #require(ContractionSelection(problem).key)
        }
        let plain = try key()
        #expect(
            plain
                == "1x24x4x3 over 16x3x3; 24x16x3x3[i1, i4, i5, i6] 1:16,0:16 stored; 1x16x6x5[i0, i4, i2+i5, i3+i6] 1:16 stored; "
                + "then 2 operations, 3 reads, 1 results")
        let graph = example.graph(lanes: 16).graph
        let group = Group.all(of: GraphFacts(graph))[0]
        var keys: Set<String> = [plain]
        for value in group.reads + group.results {
            #expect(keys.insert(try key { $0[value].stored = .bf16 }).inserted, "\(graph[value])")
        }
        #expect(keys.insert(try key { $0[group.members[0]].factors = .bf16 }).inserted)
    }

    /// What a file of measurements says of a choice, letter by letter.
    @Test(arguments: [
        (
            TunedChoice("direct", DirectSchedule(rows: 2, laneParts: 1, points: 7, laneBlocks: 3)),
            #"{"algorithm":"direct","schedule":{"lane_blocks":3,"lane_parts":1,"points":7,"rows":2}}"#,
            "direct, 2 rows, 7 x 3 registers, 1 parts"
        ),
        (
            TunedChoice("F(4x4, 3x3)", WinogradSchedule(tiles: 4, registerTiles: 3, laneBlocks: 2, chunk: 8, parts: 1)),
            #"{"algorithm":"F(4x4, 3x3)","schedule":{"chunk":8,"lane_blocks":2,"parts":1,"register_tiles":3,"tiles":4,"transforms_weights":false}}"#,
            "F(4x4, 3x3), 4 tiles, 3 x 2 registers, chunks of 8, 1 parts"
        ),
    ]) func choicesAreKeptAsText(choice: TunedChoice, text: String, description: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        #expect(String(decoding: try encoder.encode(choice), as: UTF8.self) == text)
        #expect(try JSONDecoder().decode(TunedChoice.self, from: Data(text.utf8)) == choice)
        #expect("\(choice)" == description)
        #expect(choice != choice.withoutSchedule && choice.withoutSchedule == TunedChoice(choice.algorithm))
    }

    /// A name that no row knows, one of an algorithm without schedules, and a schedule of another algorithm or none.
    @Test(arguments: [
        #"{"algorithm":"magic","schedule":{"lane_blocks":3,"lane_parts":1,"points":7,"rows":2}}"#,
        #"{"algorithm":"reduction split","schedule":{}}"#, #"{"algorithm":"direct"}"#, #"{"algorithm":"direct","schedule":{}}"#,
        #"{"algorithm":"F(4x4, 3x3)","schedule":{"lane_blocks":3,"lane_parts":1,"points":7,"rows":2}}"#,
        #"{"algorithm":"direct","schedule":{"lane_blocks":3,"lane_parts":1,"points":7,"rows":1e99}}"#,
    ]) func otherTextsAreNoChoices(text: String) {
        #expect(throws: DecodingError.self) { try JSONDecoder().decode(TunedChoice.self, from: Data(text.utf8)) }
    }
}
