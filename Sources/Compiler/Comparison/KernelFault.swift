import Foundation
import Graph
import Interchange
import Kernels
import Operators
import Runtime

/// A group of nodes whose kernels leave something else than its formulas say.
public struct KernelFault: Sendable {
    /// By index into the plan's steps.
    public var steps: Range<Int>
    public var kernels: [String]
    public var summary: String
    public var algorithm: String?
    /// The root mean square of the differences over that of the elements in fp64, and what was allowed.
    public var error: Double
    public var allowed: Double
    /// The element that is furthest off: where it lies, what it is and what it should be.
    public var worst: (position: [Int], found: Double, expected: Double)
    /// The nodes as a network of their own, and what it was given.
    public var example: KernelExample
}

/// Nodes of a graph as a network of their own, with the values of its inputs.
public struct KernelExample: Sendable {
    public var graph: Graph
    public var inputs: [(name: String, extents: [Int], values: [Double])]
}

extension Executable {
    /// Runs step by step, and compares samples of what each group's kernels leave with fp64, computed from what they read: the first group
    /// that is off, so that nothing before it is to blame.
    ///
    /// - Parameter allowed: the error that is allowed; nil for what is stated of the group's arithmetic, many times over.
    func firstFault(_ numerics: Numerics, allowed: Double? = nil, samples: Int = 128) -> KernelFault? {
        let checks = plan.groups.compactMap { GroupCheck($0, plan, numerics, allowed: allowed, samples: samples) }
        let begins = Dictionary(checks.map { ($0.steps.lowerBound, $0) }) { first, _ in first }
        let ends = Dictionary(checks.map { ($0.steps.upperBound - 1, $0) }) { first, _ in first }
        var before: (expected: [[Double]], example: () -> KernelExample)?
        var fault: KernelFault?
        run { step in
            guard fault == nil, let check = begins[step] else { return }
            // Results may be written over what was read, so that an example is made before.
            let values = check.inputs(self)
            before = (check.expected(self), { check.example(values) })
        } after: { step in
            guard fault == nil, let check = ends[step], let (expected, example) = before else { return }
            fault = check.fault(self, beside: expected, example)
        }
        return fault
    }
}

/// A group whose results are compared.
private struct GroupCheck {
    let steps: Range<Int>
    private let group: Group
    private let allowed: Double
    private let positions: [(result: Value, samples: [[Int]])]

    /// How many times the stated error is no error: operands with a common sign cancel.
    private static let margin = 50.0
    private static let leastAllowed = 1e-5
    private static let mostTerms = 2e6

    /// Nil where a C function computes, whose elements come all at once.
    init?(_ planned: Plan.PlannedGroup, _ plan: Plan, _ numerics: Numerics, allowed: Double?, samples: Int) {
        let (group, graph) = (planned.group, planned.group.graph)
        guard !planned.steps.isEmpty, !group.members.contains(where: group.facts.isForeign) else { return nil }
        (steps, self.group) = (planned.steps, group)
        var terms = 1
        for member in group.members {
            guard let formula = group.facts.summedFormula(of: member) else { continue }
            terms = max(terms, formula.termCount / max(1, formula.resultShape.extents?.reduce(1, *) ?? 1))
        }
        let count = min(samples, max(16, Int(Self.mostTerms / Double(terms))))
        positions = group.results.filter { graph[$0].type.element == .f32 }.enumerated().map { number, result in
            (result, SamplePositions.of(graph.extents(result), count: count, seed: planned.steps.lowerBound + number))
        }
        let rounded =
            group.members.contains { graph[$0].factors == .bf16 } || group.results.contains { graph.storedElement(of: $0) == .bf16 }
        let choice = plan.steps[planned.steps].compactMap(\.choice).first?.chosen
        let stated = max(numerics.statedError(of: choice, terms: terms, storedAs: .f32), rounded ? 3e-3 : 0)
        self.allowed = allowed ?? max(Self.leastAllowed, Self.margin * stated)
    }

    /// What the group reads, as it lies in memory now.
    func inputs(_ executable: Executable) -> [Value: StoredElements] {
        Dictionary(
            uniqueKeysWithValues: group.reads.compactMap { read in executable.elements(of: read, in: group.graph).map { (read, $0) } })
    }

    func expected(_ executable: Executable) -> [[Double]] {
        let stored = inputs(executable)
        let evaluator = PointEvaluator(group.graph) { value in stored[value].map { elements in { elements.element(at: $0) } } }
        return positions.map { result, samples in samples.map { evaluator.element(of: result, at: $0) } }
    }

    func fault(_ executable: Executable, beside expected: [[Double]], _ example: () -> KernelExample) -> KernelFault? {
        for ((result, positions), expected) in zip(positions, expected) {
            guard let elements = executable.elements(of: result, in: group.graph) else { continue }
            var samples = ErrorSamples()
            var worst: (position: [Int], found: Double, expected: Double)?
            for (position, expected) in zip(positions, expected) {
                let found = elements.element(at: position)
                samples.note(found, expected: expected)
                let difference = abs(found - expected)
                if worst.map({ !(difference <= abs($0.found - $0.expected)) }) ?? true { worst = (position, found, expected) }
            }
            guard !(samples.rootMeanSquare <= allowed), let worst else { continue }
            let planned = executable.plan.steps[steps]
            return KernelFault(
                steps: steps, kernels: planned.map { executable.plan.kernels[$0.kernel].name }, summary: planned.first?.summary ?? "",
                algorithm: planned.compactMap { $0.choice?.text }.first, error: samples.rootMeanSquare, allowed: allowed, worst: worst,
                example: example())
        }
        return nil
    }

    /// The group as a network, given what it read.
    func example(_ stored: [Value: StoredElements]) -> KernelExample {
        let graph = group.graph
        let builder = GraphBuilder(name: "example")
        var made: [Value: Value] = [:]
        var inputs: [(name: String, extents: [Int], values: [Double])] = []
        func copy(_ value: Value) -> Value {
            if let known = made[value] { return known }
            let node = graph[value]
            let result: Value
            if let constant = node.constant {
                result = builder.constant(constant)
            } else if group.reads.contains(value) || node.operation == nil {
                let name = "x\(inputs.count)"
                result = builder.input(name, node.type)
                let extents = graph.extents(value)
                let values = stored[value].map { elements in SamplePositions.all(extents).map { elements.element(at: $0) } } ?? []
                inputs.append((name, extents, values))
            } else {
                var plain = node
                (plain.layout, plain.group, plain.place, plain.stored, plain.factors) = (nil, nil, nil, nil, nil)
                plain.isDirect = false
                result = builder.copy(plain, operands: node.operands.map(copy))
            }
            made[value] = result
            return result
        }
        for (number, result) in group.results.enumerated() { builder.output("y\(number)", copy(result)) }
        return KernelExample(graph: builder.finish(), inputs: inputs)
    }
}

extension GraphFacts {
    /// What a value sums or looks for the largest of; nil for element-wise values and views.
    fileprivate func summedFormula(of value: Value) -> Formula? {
        switch lowering(of: value) {
        case .reduction(let formula)?, .contraction(let formula)?, .window(let formula)?: formula
        default: nil
        }
    }
}

extension KernelExample {
    /// Writes the nodes as a network's text, and an array for each input, into a folder, which is made if there is none; gives the files.
    public func write(to folder: String) throws(InterchangeError) -> [String] {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw InterchangeError(folder, "the folder cannot be made", repair: "name one that can be written to")
        }
        var files = ["\(folder)/example.graph"]
        try AtomicFile.write([UInt8](graph.description.utf8), to: files[0])
        for input in inputs {
            let path = "\(folder)/\(input.name).npy"
            try NumPy.write(HostTensor(shape: input.extents, floats: input.values.map(Float.init)), to: path)
            files.append(path)
        }
        return files
    }
}
