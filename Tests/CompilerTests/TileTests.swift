import Graph
import Kernels
import LoopNest
import TestSupport
import Testing
import TileSupport

@testable import Compiler
@testable import Machine

/// Networks on tiles: on a processor's own, or as their instructions are carried out one by one.
@Suite(.enabled(if: TileMachine.runsTiles, "needs x86-64 with AVX-512 and dot products of bf16")) struct TileTests {
    /// Whole and half panels, blocks of channels and strips; taps side by side, strided, apart, in one direction; padding on all sides.
    private static let text = """
        network tiled {
            input image: f32[2, 24, 13, 17]
            let x = image |> a: conv(48, 3, pad: 1) |> relu |> b: conv(64, 1) |> relu |> c: conv(80, 3, stride: 2, pad: 1) |> relu
            let y = x |> d: conv(33, 3, pad: 2, dilation: 2) |> relu |> e: conv(64, [1, 5], pad: [0, 2]) |> relu
            let z = y + (x |> f: conv(64, 1)) |> relu |> g: conv(96, 2, stride: 2) |> relu |> h: conv(40, 1, stride: 2) |> relu
            output scores = z |> flatten |> i: linear(70) |> relu |> j: linear(10)
        }
        """

    /// Pictures, whose channels are few: strides, several groups of taps in a row, one channel, padding on one side.
    private static let stems = """
        network stems {
            input image: f32[2, 3, 29, 37]
            input grey: f32[2, 1, 18, 21]
            output a = image |> a: conv(40, 7, stride: 2, pad: 3) |> relu
            output b = image |> b: conv(16, 11, stride: 4, pad: 2) |> relu |> b2: conv(32, 1) |> relu
            output c = grey |> c: conv(33, [5, 9], pad: [0, 4]) |> relu
            output d = grey * 2.0 - 1.0 |> d: conv(32, [3, 2], stride: [1, 3], dilation: [2, 1]) |> relu
        }
        """

    /// A machine on which tiles are predicted to be fastest, however small the work.
    private static let slowVectors = {
        var target = Target.x86AMX
        (target.speed.registerTiles, target.speed.filtering) = (90, 90)
        return target
    }()

    @Test(arguments: [Numerics.standard, .tolerance(5e-6)]) func packedChannelsAgree(numerics: Numerics) throws {
        let network = try Network.load(written: Self.stems)
        let plan = try expectAgreement(
            of: network.graph, seed: 1, training: false, batch: 2, target: Self.slowVectors, precision: .f32, numerics: numerics)
        let chosen = plan.steps.compactMap { $0.choice?.chosen.algorithm }
        #expect(chosen.count == 5 && chosen.allSatisfy { $0.hasPrefix("tile x") }, "\(chosen)")
    }

    /// The first layer's factors are not rounded, but its result is, wherever another kernel reads it.
    @Test func threeProductsDoWhereResultsAreRounded() throws {
        let network = try Network.load(written: Self.stems)
        let plan = try expectAgreement(of: network.graph, seed: 1, training: false, batch: 2, target: Self.slowVectors, precision: .bf16)
        let chosen = plan.steps.compactMap { $0.choice?.chosen.algorithm }
        #expect(chosen.filter { $0 == "tile x3" }.count == 1 && chosen.contains("tile x6"), "\(chosen)")
    }

    private func check(_ precision: Precision, _ numerics: Numerics, takes algorithm: String, atLeast count: Int) throws {
        let network = try Network.load(written: Self.text)
        let plan = try expectAgreement(
            of: network.graph, seed: 1, training: false, batch: 2, target: .x86AMX, precision: precision, numerics: numerics)
        let chosen = plan.steps.compactMap { $0.choice?.chosen.algorithm }
        #expect(chosen.filter { $0 == algorithm }.count >= count, "\(chosen)")
        #expect(plan.kernels.contains { $0.usesTiles })
    }

    @Test func roundedFactorsAgree() throws { try check(.bf16, .standard, takes: "tile", atLeast: 4) }
    @Test func threeProductsAgree() throws { try check(.f32, .tolerance(5e-6), takes: "tile x3", atLeast: 3) }
    @Test func sixProductsAgree() throws { try check(.f32, .standard, takes: "tile x6", atLeast: 2) }

    @Test(arguments: 0..<4, [false, true]) func randomNetworksAgree(seed: Int, training: Bool) throws {
        for precision in Precision.allCases {
            try expectAgreement(
                of: RandomNetwork.make(seed: 40 + seed, training: training), seed: seed, training: training, batch: 2, target: .x86AMX,
                precision: precision, numerics: seed % 2 == 0 ? .standard : .tolerance(5e-6))
        }
    }
}

/// The inner loops of kernels on tiles, taken apart: no machine runs them.
@Suite struct TileLoopTests {
    /// A row that is too long for a strip is left to the other algorithms; of very many rows not every cut is tried.
    @Test(arguments: [(1, 20_000), (20_000, 1), (4_000, 2)]) func enormousSizesArePlanned(batch: Int, width: Int) throws {
        let text = """
            network long {
                input image: f32[N, 32, 1, \(width)]
                input row: f32[N, 32]
                output y = image |> a: conv(32, 1) |> relu |> b: conv(64, 1) |> relu
                output z = row |> c: linear(32) |> relu
            }
            """
        for precision in Precision.allCases {
            let compiler = Compiler(target: .x86AMX, cache: nil, threads: 2, precision: precision, memoryLimit: .max)
            let plan = try compiler.plan(try Network.load(written: text), batch: batch)
            let chosen = plan.steps.compactMap { $0.choice?.chosen.algorithm }
            #expect(chosen.count == 3 && chosen.allSatisfy { !$0.isEmpty }, "\(chosen)")
        }
    }

    private static let text = """
        network loops {
            input image: f32[N, 64, 56, 56]
            output y = image |> a: conv(64, 3, pad: 1, bias: false) |> b: conv(256, 1) |> relu |> c: conv(64, 1) |> relu
        }
        """

    /// A step is two tiles of pixels and two of outputs, each loaded once for its products, and nothing else of vectors or tiles.
    @Test(arguments: [(Precision.bf16, Numerics.standard, "tile"), (.f32, .tolerance(5e-6), "tile x3"), (.f32, .standard, "tile x6")])
    func stepsAreProductsAndTheirLoads(precision: Precision, numerics: Numerics, algorithm: String) throws {
        let compiler = Compiler(target: .x86AMX, cache: nil, threads: 1, numerics: numerics, precision: precision)
        let plan = try compiler.plan(try Network.load(written: Self.text), batch: 1)
        let steps = plan.steps.filter { $0.choice?.chosen.algorithm == algorithm }
        #expect(!steps.isEmpty)
        let products = try #require(steps.first?.productsOfEach)
        var prefetches = 0
        for step in steps {
            let kernel = plan.kernels[step.kernel]
            let object = try CodeGenerator(for: .x86AMX).object([(kernel, "kernel")])
            let functions = try Disassembly.functions(of: object, for: .x86AMX)
            let task = try #require(functions.first { $0.name == "kernel.task" })
            var met = 0
            for loop in task.innermostLoops {
                let names = task.instructions[loop].map { $0.prefix { $0 != " " && $0 != "\t" } }
                let count = names.filter { $0 == "tdpbf16ps" }.count
                guard count > 0 else { continue }
                met += 1
                prefetches += names.filter { $0.hasPrefix("prefetch") }.count
                let tiles = [4: (2, 2), 2: (1, 2), 1: (1, 1)][count / products]!
                let loads = [1: (1, 1), 3: (2, 2), 6: (4, 3)][products]!
                let expected = tiles.0 * loads.0 + tiles.1 * loads.1
                #expect(count % products == 0 && names.filter { $0 == "tileloadd" }.count == expected, "\(names)")
                #expect(!names.contains { $0.hasPrefix("v") || $0.hasPrefix("tilestored") || $0 == "ldtilecfg" }, "\(names)")
            }
            #expect(met > 0, "\(kernel.name) has no loop over products")
        }
        #expect(prefetches > 0, "no step asks for the next panel's weights")
    }

    /// A step of a gradient of weights is its products and their loads, too.
    @Test(arguments: [(Precision.bf16, "tile gradient"), (.f32, "tile gradient x6")])
    func stepsOfGradientsAreProductsAndTheirLoads(precision: Precision, algorithm: String) throws {
        let text =
            Self.text + """

                training of loops {
                    loss mean(y)
                    optimizer sgd
                    schedule constant(0.1)
                    batch 4
                }
                """
        let compiler = Compiler(target: .x86AMX, cache: nil, threads: 1, precision: precision)
        let plan = try compiler.plan(try Network.load(written: text), training: true, batch: 4)
        let step = try #require(plan.steps.first { $0.choice?.chosen.algorithm == algorithm })
        let products = step.productsOfEach
        let object = try CodeGenerator(for: .x86AMX).object([(plan.kernels[step.kernel], "kernel")])
        let task = try #require(try Disassembly.functions(of: object, for: .x86AMX).first { $0.name == "kernel.task" })
        let loops = task.innermostLoops.map { task.instructions[$0].map { $0.prefix { $0 != " " && $0 != "\t" } } }
        let steps = loops.filter { $0.contains("tdpbf16ps") }
        #expect(!steps.isEmpty)
        for names in steps {
            #expect(names.filter { $0 == "tdpbf16ps" }.count == 4 * products, "\(names)")
            #expect(names.filter { $0 == "tileloadd" }.count == (products == 1 ? 4 : 14), "\(names)")
            #expect(!names.contains { $0.hasPrefix("v") || $0.hasPrefix("tilestored") || $0 == "ldtilecfg" }, "\(names)")
        }
    }
}
