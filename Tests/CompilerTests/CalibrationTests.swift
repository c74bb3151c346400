import Foundation
import Graph
import Interchange
import Kernels
import Machine
import Operators
import Runtime
import TestSupport
import Testing
import Training

@testable import Compiler

/// `--precision auto`: what is found keeps its word, by an independent measure.
@Suite struct CalibrationTests {
    private static func source(_ clauses: String = "") -> String {
        """
        block pair(x) { x |> conv1: conv(24, 3, pad: 1) |> relu |> conv2: conv(24, 1) |> relu }
        network small {
            \(clauses)
            input image: f32[N, 8, 8, 8]
            let main = image |> stem: conv(24, 3, pad: 1) |> relu |> first: pair |> second: pair
            output scores = main |> max_pool(2) |> last: conv(16, 1) |> global_avg_pool |> flatten |> fc: linear(10)
            output features = main
        }
        """
    }

    /// Kernels of one trial are those of the next, nearly all.
    private static let cache = ObjectCache(
        directory: FileManager.default.temporaryDirectory.appending(path: "braid-calibration-\(ProcessInfo.processInfo.processIdentifier)"))

    private let network: Network
    private let samples: CalibrationSamples

    init() throws {
        network = try Network.load(written: Self.source())
        samples = try Self.samples(seed: 3)
    }

    private static func samples(seed: Int, count: Int = 3) throws -> CalibrationSamples {
        var random = SplitMix(seed: seed)
        let values = (0..<count * 8 * 64).map { _ in Float.random(in: -1...1, using: &random) }
        return try CalibrationSamples(
            [NetworkInput("image", values: HostTensor(shape: [count, 8, 8, 8], floats: values), batch: count)], source: "random numbers")
    }

    private func calibrate(
        _ tolerance: Double, _ network: Network? = nil, threads: Int = 2, batch: Int = 2, numerics: Numerics = .standard
    ) throws -> PrecisionAssignment {
        let compiler = Compiler(cache: Self.cache, threads: threads, numerics: numerics)
        return try compiler.calibrate(
            network ?? self.network, samples, CalibrationOptions(tolerance: tolerance, batch: batch, weights: nil),
            pool: ThreadPool(threads: threads))
    }

    /// The largest error of each output, by the plain loops of the reference, and runs of whole batches.
    private func measured(_ compiler: Compiler, _ network: Network, batch: Int) throws -> [String: Double] {
        let executable = try compiler.executable(network, batch: batch, pool: ThreadPool(threads: 1))
        Weights.initialize(executable, seed: 0)
        var errors: [String: Double] = [:]
        for sample in 0..<samples.count {
            samples.set(on: executable, from: sample, batch: batch)
            executable.run()
            let graph = self.network.graph.bound(["N": 1])
            let values = ReferenceTensor([1, 8, 8, 8], samples.values(samples.inputs[0], of: sample).map(Double.init))
            let parameters = Dictionary(
                uniqueKeysWithValues: try graph.nodes.compactMap(\.parameter).map { parameter in
                    let extents = graph.nodes.first { $0.parameter?.name == parameter.name }!.type.shape.extents!
                    return (
                        parameter.name,
                        ReferenceTensor(extents, try Weights.values(of: parameter, extents: extents, from: nil).map(Double.init))
                    )
                })
            for (name, expected) in ReferenceEvaluator().run(graph, inputs: ["image": values], parameters: parameters).outputs {
                let found = try executable.output(name, as: Float.self).prefix(expected.values.count)
                let off = zip(found, expected.values).map { abs(Double($0) - $1) }.max()! / expected.values.map(abs).max()!
                errors[name] = max(errors[name] ?? 0, off)
            }
        }
        return errors
    }

    @Test(arguments: [1e-6, 3e-4, 2e-3, 4e-3, 1e-1]) func toleranceIsKept(tolerance: Double) throws {
        let found = try calibrate(tolerance)
        #expect(found.chosen.error <= tolerance && found.chosen.predictedSeconds <= found.f32.predictedSeconds)
        let (compiler, network) = Compiler(cache: Self.cache).applying(found, to: network)
        let errors = try measured(compiler, network, batch: 2)
        #expect(errors == found.outputs && errors.values.max() == found.chosen.error, "\(errors)")
        #expect(found.layers.map(\.label) == ["stem", "first.conv1", "first.conv2", "second.conv1", "second.conv2", "last", "fc"])
        // The clauses say what the layers say, and what they say is computed.
        let rounded = Set(try compiler.optimize(network).nodes.filter { $0.factors == .bf16 }.compactMap(\.label))
        #expect(rounded == Set(found.layers.filter { $0.precision == .bf16 }.map(\.label)))
    }

    @Test func looserTolerancesRoundMore() throws {
        let found = try [1e-6, 2e-3, 1e-1].map { try calibrate($0) }
        let counts = found.map { $0.layers.count { $0.unit == "dot" } }
        #expect(counts[0] == 0 && counts[0] <= counts[1] && counts[1] <= counts[2], "\(counts)")
        #expect(found[0].narrowLayers < found[2].narrowLayers)
        #expect(found[0].speedup <= found[1].speedup && found[1].speedup <= found[2].speedup)
    }

    /// Whoever computes, and however many samples a run holds beside each other.
    @Test func threadsChangeNothing() throws {
        let one = try calibrate(2e-3, threads: 1)
        for threads in [2, 5] {
            let other = try calibrate(2e-3, threads: threads)
            #expect(other == one)
        }
    }

    @Test func clausesOfTheFileHold() throws {
        let fixed = try Network.load(written: Self.source("precision first: f32; precision fc: bf16"))
        let found = try calibrate(1e-1, fixed)
        #expect(found.layers.filter { $0.label.hasPrefix("first") }.allSatisfy { $0.precision == .f32 } && found.narrowLayers > 0)
        #expect(found.clauses["first"] == .f32)
        let none = try calibrate(1e-1, try Network.load(written: Self.source("precision f32")))
        #expect(none.narrowLayers == 0 && none.chosen == none.f32)
    }

    /// Default sums are not exact enough, strict ones are; and where these are not either, what is reached is said.
    @Test func stricterSumsOrAnError() throws {
        let exact = try calibrate(1).f32.error
        let strict = try calibrate(1, numerics: .strict).f32.error
        try #require(strict < exact)
        let found = try calibrate((exact + strict) / 2)
        #expect(found.numerics == "strict" && found.chosen.error == strict && found.clauses.isEmpty)
        let (compiler, network) = Compiler(cache: Self.cache).applying(found, to: network)
        #expect(compiler.numerics == .strict)
        #expect(try measured(compiler, network, batch: 2).values.max() == strict)
        for numerics in [Numerics.standard, .strict] {
            let error = #expect(throws: CompilerError.self) { try calibrate(1e-12, numerics: numerics) }?.description ?? ""
            #expect(error.contains("cannot keep a tolerance of 1.00e-12") && error.contains("with numerics strict"), "\(error)")
        }
    }

    @Test func whatCannotBeCalibratedIsRefused() throws {
        let text = String(decoding: try Compiler(cache: Self.cache).dump(network, .optimized), as: UTF8.self)
        let printed = try Network.read(text, path: "x")
        let error = #expect(throws: CompilerError.self) { try calibrate(1e-2, printed) }?.description ?? ""
        #expect(error.contains("the precision of 'small' is decided already"), "\(error)")

        let mixing = try Network.load(
            written: Self.source().replacing("output features = main", with: "output mixed = main |> mean([0, 1, 2, 3])"))
        let mixed = #expect(throws: CompilerError.self) { try calibrate(1e-2, mixing) }?.description ?? ""
        #expect(mixed.contains("the output 'mixed' of 'small' is not one of each image"), "\(mixed)")
        #expect(try calibrate(1e-2, mixing, batch: 1).chosen.error <= 1e-2)

        let source = Self.source().replacing("output features = main", with: "output features = log(main - main)")
        let infinite = #expect(throws: CompilerError.self) { try calibrate(1e-2, try Network.load(written: source)) }?.description ?? ""
        #expect(infinite.contains("the output 'features' is not finite"), "\(infinite)")
    }

    // MARK: On disk

    @Test func whatWasFoundIsKept() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "braid-precision-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = PrecisionStore(directory: folder)
        let pool = ThreadPool(threads: 2)
        var warnings: [String] = []
        func find(_ tolerance: Double, _ network: Network? = nil, _ samples: CalibrationSamples? = nil) throws -> (
            PrecisionAssignment, Bool
        ) {
            let options = CalibrationOptions(tolerance: tolerance, batch: 1, weights: nil)
            return try Compiler(cache: Self.cache, threads: 2).calibrate(
                network ?? self.network, samples ?? self.samples, options, pool: pool, store: store, warn: { warnings.append("\($0)") },
                progress: { _ in })
        }
        let (first, isKept) = try find(2e-3)
        #expect(!isKept)
        let (second, isKeptNow) = try find(2e-3)
        #expect(isKeptNow && second == first && warnings.isEmpty)
        // All that it follows from.
        #expect(try !find(3e-3).1 && !find(2e-3, try Network.load(written: Self.source("precision first: f32"))).1)
        #expect(try !find(2e-3, nil, Self.samples(seed: 4)).1)
        // A damaged file, one that breaks its own word, and one that was found with other kernels.
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(files.count == 4)
        struct Contents: Decodable { var assignment: PrecisionAssignment }
        let file = try #require(
            files.first { try JSONDecoder().decode(Contents.self, from: Data(contentsOf: $0)).assignment == first })
        let text = try String(contentsOf: file, encoding: .utf8)
        for (damaged, warns) in [
            ("{", true), (text.replacing("\"tolerance\":0.002", with: "\"tolerance\":1e-9"), true),
            (text.replacing(first.kernels, with: String(repeating: "0", count: 64)), false),
        ] {
            #expect(damaged != text)
            warnings = []
            try damaged.write(to: file, atomically: true, encoding: .utf8)
            let (again, isKept) = try find(2e-3)
            #expect(!isKept && again == first && warnings.isEmpty != warns, "\(warnings)")
            #expect(try find(2e-3).1)
        }
        try "kept".write(to: folder.appending(path: "precision-of-mine.json"), atomically: true, encoding: .utf8)
        #expect(try store.clear().count == 4)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["precision-of-mine.json"] && !find(2e-3).1)
    }

    // MARK: Parts

    /// Beside all subsets.
    @Test(arguments: 0..<20) func budgetsAreUsedBest(seed: Int) {
        var random = SplitMix(seed: seed)
        let candidates = (0..<9).map { index in
            NarrowCandidate(
                labels: ["\(index)"], square: index == 0 ? 0 : Double.random(in: 0...1, using: &random),
                saving: Double.random(in: 0.01...1, using: &random))
        }
        for budget in [0, 0.3, 1.5, 100] {
            let chosen = PrecisionBudget.best(candidates, budget: budget)
            #expect(chosen == chosen.sorted() && chosen.reduce(0) { $0 + candidates[$1].square } <= budget)
            let saving = chosen.reduce(0) { $0 + candidates[$1].saving }
            for subset in 0..<1 << candidates.count {
                let members = candidates.indices.filter { subset >> $0 & 1 == 1 }
                // Squares are rounded up to a level each.
                guard members.reduce(0, { $0 + candidates[$1].square }) <= budget * (1 - Double(members.count) / 4096) else { continue }
                #expect(members.reduce(0) { $0 + candidates[$1].saving } <= saving + 1e-12)
            }
        }
    }

    @Test func manyLayersAreGrouped() {
        let labels = ["stem", "a.0.c1", "a.0.c2", "a.1.c1", "b.0.c1", "b.0.c2"]
        #expect(PrecisionBudget.groups(of: labels, most: 6) == labels.map { [$0] })
        #expect(PrecisionBudget.groups(of: labels, most: 5) == [["stem"], ["a.0.c1", "a.0.c2"], ["a.1.c1"], ["b.0.c1", "b.0.c2"]])
        #expect(PrecisionBudget.groups(of: labels, most: 1).map(\.count) == [1, 3, 2])
        #expect(PrecisionBudget.groups(of: [], most: 3).isEmpty)
    }

    /// The lines that are printed say in a file what was found.
    @Test func clauseLinesReadBack() throws {
        var found = try calibrate(2e-3)
        found.clauses["second"] = .bf16
        found.clauses[""] = .bf16
        found.clauses["stem"] = .f32
        let written = try Network.load(written: Self.source(found.clauseLines.joined(separator: "\n")))
        #expect(written.graph.precisions.byPath == found.clauses, "\(found.clauseLines)")
        // Labels that are no plain words, and more of them than a line has room for.
        let labels = (0..<30).map { "layer\($0).0.conv" } + ["a b.\"quoted\\\"", "0x", "if"]
        found.clauses = Dictionary(uniqueKeysWithValues: labels.map { ($0, Precision.f32) })
        let steps = labels.map { "|> \(PrecisionAssignment.written($0)): conv(2, 1)" }.joined(separator: " ")
        let source = """
            network odd {
                input image: f32[N, 2, 4, 4]
            \(found.clauseLines.joined(separator: "\n"))
                output y = image \(steps)
            }
            """
        #expect(found.clauseLines.count > 3 && found.clauseLines.allSatisfy { $0.count <= 120 })
        #expect(try Network.load(written: source).graph.precisions.byPath == found.clauses)
    }

    @Test func errorsAreRelativeToTheLargest() {
        #expect(OutputReference.error([1, 2], beside: [1, 2]) == 0)
        #expect(OutputReference.error([1, -2.5], beside: [1, -2]) == 0.25)
        #expect(OutputReference.error([.nan, 2], beside: [1, 2]) == .infinity)
        #expect(OutputReference.error([0, 0], beside: [0, 0]) == 0)
        #expect(OutputReference.error([0, 1], beside: [0, 0]) == .infinity)
    }
}
