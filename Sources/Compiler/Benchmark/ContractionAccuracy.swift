import Foundation
import Graph
import Kernels
import Operators
import Recipes
import Runtime
import Training

/// How far a convolution or linear layer is off: samples of what its steps computed beside the same elements in fp64, computed from the
/// operands that they read.
public struct ContractionAccuracy: Codable, Hashable, Sendable {
    public var kernel: String
    /// The labels and operators of the nodes that the steps compute: the contraction and what follows it.
    public var summary: String
    public var algorithm: String
    /// The products that are summed in an element.
    public var terms: Int
    /// The elements that were compared.
    public var samples: Int
    /// The root mean square of the differences over that of the elements; 0 if all are equal.
    public var rootMeanSquare: Double
    /// The largest difference over the largest element; 0 if all are equal.
    public var largest: Double
    /// The root mean square error that is stated (`Numerics.statedError`): of the algorithm over 256 channels, of a sum in order of so many
    /// terms, or of products of rounded factors, and of storing the result; for operands without a common sign.
    public var stated: Double
}

/// Samples of a result beside their values in fp64.
struct ErrorSamples {
    private var squares = 0.0
    private var squaredDifferences = 0.0
    private var largestElement = 0.0
    private var largestDifference = 0.0
    private(set) var count = 0

    mutating func note(_ observed: Double, expected: Double) {
        count += 1
        if observed == expected || observed.isNaN && expected.isNaN {
            guard expected.isFinite else { return }
        }
        // A number where there is none, or the other way round, is infinitely wrong.
        let difference = observed.isFinite && expected.isFinite ? abs(observed - expected) : .infinity
        squaredDifferences += difference * difference
        largestDifference = max(largestDifference, difference)
        guard expected.isFinite else { return }
        squares += expected * expected
        largestElement = max(largestElement, abs(expected))
    }

    var rootMeanSquare: Double { largestDifference == 0 ? 0 : (squaredDifferences / squares).squareRoot() }
    var largest: Double { largestDifference == 0 ? 0 : largestDifference / largestElement }
}

/// Which elements of a result are compared: seeded ones anywhere, and such at the borders, where tiles and blocks end.
enum SamplePositions {
    /// - Parameter count: how many lie anywhere; half as many beside those at the ends of the axes. Fewer if the tensor has fewer elements.
    static func of(_ extents: [Int], count: Int, seed: Int) -> [[Int]] {
        let elements = extents.reduce(1.0) { $0 * Double($1) }
        if elements <= Double(count) { return all(extents) }
        var random = CounterGenerator(seed: 0, .samples, seed)
        var positions: Set<[Int]> = []
        for _ in 0..<count { positions.insert(extents.map { random.below($0) }) }
        // Every end of every axis meets ends of all others: the first two, the last two.
        for _ in 0..<count / 2 {
            positions.insert(
                extents.map { extent in
                    let ends = [0, min(1, extent - 1), max(0, extent - 2), extent - 1, random.below(extent)]
                    return ends[random.below(ends.count)]
                })
        }
        for axis in extents.indices {
            for end in [0, extents[axis] - 1] {
                var position = extents.map { random.below($0) }
                position[axis] = end
                positions.insert(position)
            }
        }
        positions.insert(extents.map { $0 - 1 })
        return positions.sorted { $0.lexicographicallyPrecedes($1) }
    }

    static func all(_ extents: [Int]) -> [[Int]] {
        extents.reduce([[]]) { positions, extent in positions.flatMap { position in (0..<extent).map { position + [$0] } } }
    }
}

extension Compiler {
    /// The errors of all convolutions and linear layers (and, in training, their gradients) in a run with the options' weights and inputs,
    /// in the order of the plan.
    ///
    /// - Parameter samples: the elements that are compared of each, at most and about; fewer of very long sums.
    public func measureErrors(
        _ options: BenchmarkOptions, of network: Network, samples: Int = 256
    ) throws -> [ContractionAccuracy] {
        let executable = try self.executable(
            network, training: options.isTraining, batch: options.batch, pool: ThreadPool(threads: threads), keepsOperands: true)
        try fill(executable, options, network)
        return executable.contractionAccuracies(numerics, samples: samples)
    }
}

extension Executable {
    /// Runs step by step, and compares samples of what each contraction's steps leave with fp64.
    ///
    /// The expected elements are computed just before, when all that is read is there and nothing is written over it.
    func contractionAccuracies(_ numerics: Numerics, samples: Int) -> [ContractionAccuracy] {
        let contractions = plan.groups.compactMap { PlannedContraction($0, numerics, samples: samples) }
        let begins = Dictionary(uniqueKeysWithValues: contractions.map { ($0.steps.lowerBound, $0) })
        let ends = Dictionary(uniqueKeysWithValues: contractions.map { ($0.steps.upperBound - 1, $0) })
        var expected: [[Double]] = []
        var errors: [ContractionAccuracy] = []
        run { step in
            if let contraction = begins[step] { expected = contraction.expectedElements(self) }
        } after: { step in
            if let contraction = ends[step] { errors.append(contraction.error(self, beside: expected)) }
        }
        return errors
    }
}

/// A group around a contraction, with the elements of its results that are compared.
private struct PlannedContraction {
    let steps: Range<Int>
    private let group: Group
    private let terms: Int
    private let numerics: Numerics
    private let positions: [(result: Value, samples: [[Int]])]

    /// Products that are computed in fp64 at most for a result: beyond, fewer samples must do.
    private static let mostProducts = 2e7

    /// Nil for a group without a contraction.
    init?(_ planned: Plan.PlannedGroup, _ numerics: Numerics, samples: Int) {
        let graph = planned.group.graph
        let formulas = planned.group.members.compactMap { planned.group.facts.contraction(of: $0) }
        guard let formula = formulas.first else { return nil }
        steps = planned.steps
        group = planned.group
        self.numerics = numerics
        terms = max(1, formula.termCount / max(1, formula.resultShape.extents?.reduce(1, *) ?? 1))
        let count = min(samples, max(32, Int(Self.mostProducts / Double(terms))))
        positions = planned.group.results.enumerated().map { number, result in
            (result, SamplePositions.of(graph.extents(result), count: count, seed: planned.steps.lowerBound + number))
        }
    }

    /// The samples of every result in fp64, from what lies in memory now.
    func expectedElements(_ executable: Executable) -> [[Double]] {
        let reads = Set(group.reads)
        let evaluator = PointEvaluator(group.graph) { value in
            guard reads.contains(value), let elements = executable.elements(of: value, in: group.graph) else { return nil }
            return elements.element(at:)
        }
        return positions.map { result, samples in samples.map { evaluator.element(of: result, at: $0) } }
    }

    func error(_ executable: Executable, beside expected: [[Double]]) -> ContractionAccuracy {
        let planned = executable.plan.steps[steps]
        let step = planned.first { $0.multiplyAccumulates > 0 } ?? planned.first!
        let choice = step.choice?.chosen
        var accuracy = ContractionAccuracy(
            kernel: executable.plan.kernels[step.kernel].name, summary: step.summary, algorithm: choice?.algorithm ?? "general",
            terms: terms, samples: 0, rootMeanSquare: 0, largest: 0, stated: 0)
        for ((result, positions), expected) in zip(positions, expected) {
            guard let elements = executable.elements(of: result, in: group.graph) else {
                preconditionFailure("\(result) of '\(group.graph.name)' is a result and not in memory")
            }
            var samples = ErrorSamples()
            for (position, expected) in zip(positions, expected) { samples.note(elements.element(at: position), expected: expected) }
            accuracy.samples += samples.count
            accuracy.largest = max(accuracy.largest, samples.largest)
            // Of several results, which may be stored differently, the one that is off the most beside what is stated for it.
            let stated = numerics.statedError(of: choice, terms: terms, storedAs: group.graph.storedElement(of: result))
            let isLess = samples.rootMeanSquare / stated < accuracy.rootMeanSquare / accuracy.stated
            if accuracy.stated > 0 && isLess { continue }
            (accuracy.rootMeanSquare, accuracy.stated) = (samples.rootMeanSquare, stated)
        }
        return accuracy
    }
}
