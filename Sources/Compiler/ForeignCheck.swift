import CompiledC
import Graph
import Operators
import Runtime
import Source

/// Operators in C: whether they can be compiled, and whether what they compute is right.
extension Graph {
    /// The C functions that it calls, each once, with where.
    fileprivate var foreignCalls: [(function: ArrayFunction, place: Span)] {
        var found: [(function: ArrayFunction, place: Span)] = []
        // What others are lowered to may not be known yet.
        for value in values where self[value].operation == .foreign {
            guard case .foreign(let call)? = lowering(of: value), !found.contains(where: { $0.function == call.compiled }) else { continue }
            found.append((call.compiled, self[value].span))
        }
        return found
    }
}

extension Network {
    /// Makes the C functions ready for the fp64 reference, which cannot say what is wrong with one.
    func prepareReference() throws(CompilerError) { try prepareReference(of: graph) }

    /// The same for a graph made of it.
    fileprivate func prepareReference(of graph: Graph) throws(CompilerError) {
        for (function, place) in graph.foreignCalls {
            do throws(CompilationError) {
                _ = try function.entry(computingIn: .double)
            } catch {
                throw CompilerError("`\(function.name)` in fp64: \(error.message)", help: error.help, at: place, sources)
            }
        }
    }
}

/// Compares the C operators of a network, on random numbers, with the same C in fp64, and their gradients with central differences.
public struct ForeignCheck {
    private static let batch = 2
    /// What a size that is no number stands for.
    private static let size = 32

    /// The uses that were looked at: operators with their numbers and shapes.
    public private(set) var uses = 0
    /// An error for each that is wrong, where it is used.
    public private(set) var diagnostics: [Diagnostic] = []

    private let compiler: Compiler
    private let pool: ThreadPool
    private var random = RandomNumbers()

    /// Looks at all uses in the network, each kind of use once.
    ///
    /// - Parameter willRun: is given what runs next, before C that may crash or never end does.
    public init(
        _ network: Network, _ compiler: Compiler, pool: ThreadPool, willRun: (_ functions: String) -> Void = { _ in }
    ) throws(CompilerError) {
        self.compiler = compiler
        self.pool = pool
        try network.prepareReference()
        let whole = network.training?.graph ?? network.graph
        var sizes = Dictionary(uniqueKeysWithValues: whole.symbols.map { ($0, Self.size) })
        if let batch = whole.batchSymbol { sizes[batch] = Self.batch }
        let graph = whole.bound(sizes)
        var seen: Set<Use> = []
        for value in graph.values {
            guard case .foreign(let call)? = graph.lowering(of: value) else { continue }
            let use = Use(attributes: graph[value].attributes, types: graph.signature(of: value).operands)
            guard seen.insert(use).inserted else { continue }
            uses += 1
            willRun(([call.function] + [call.gradient].compactMap { $0 }).map { "`\($0)`" }.joined(separator: " and "))
            try check(use, call, at: graph[value].span, network)
        }
    }

    private struct Use: Hashable {
        var attributes: Attributes
        var types: [TensorType]
    }

    private mutating func check(_ use: Use, _ call: ForeignCall, at place: Span, _ network: Network) throws(CompilerError) {
        let builder = GraphBuilder(name: "use")
        let operands = use.types.enumerated().map { builder.input("x\($0)", $1) }
        let result = builder.apply(.foreign, operands, use.attributes)
        builder.output("y", result)
        let weighting = builder.input("weighting", builder.type(of: result))
        let forward = builder.finish()
        var inputs = ["weighting": random.tensor(builder.type(of: result))]
        let evaluator = ReferenceEvaluator()
        // Not all functions are defined everywhere: logarithms and quotients are where numbers are positive.
        var found: ReferenceTensor?
        for range in RandomNumbers.Range.allCases where found.map({ !$0.isFinite }) ?? true {
            for index in operands.indices { inputs["x\(index)"] = random.tensor(forward[operands[index]].type, range) }
            found = evaluator.run(forward, inputs: inputs).outputs["y"]
            if let left = found?.elementsLeft, left > 0 { break }
        }
        guard let reference = found else { return }
        if reportUnwritten(reference, "the result", by: call.function, at: place) { return }
        try compareValues(forward, inputs, reference, call, at: place, network)

        guard let gradientName = call.gradient else { return }
        guard reference.isFinite else {
            diagnostics.append(
                Diagnostic(
                    "the gradient of `\(call.function)` cannot be compared: its values are no finite numbers", severity: .warning,
                    at: place,
                    notes: ["neither of normal random numbers nor of ones between 0.5 and 1.5"]))
            return
        }
        let loss = builder.apply(
            .sum, builder.apply(.multiply, result, weighting),
            attributes: ["axes": .integers(Array(0..<builder.type(of: result).rank))])
        builder.output("loss", loss)
        for (index, gradient) in builder.gradients(of: loss, withRespectTo: operands).enumerated() {
            builder.output("d\(index)", gradient)
        }
        let graph = builder.finish()
        try network.prepareReference(of: graph)
        let outputs = evaluator.run(graph, inputs: inputs).outputs
        let names = (try? ForeignRule(reading: use.attributes.text("rule")))?.inputs.map(\.name) ?? []
        for index in operands.indices {
            guard let gradient = outputs["d\(index)"], let point = inputs["x\(index)"] else { continue }
            let name = names.indices.contains(index) ? names[index] : "x\(index)"
            if reportUnwritten(gradient, "the gradient of `\(name)`", by: gradientName, at: place) { continue }
            let direction = random.tensor(forward[operands[index]].type).values
            func moved(by step: Double) -> Double {
                var inputs = inputs
                inputs["x\(index)"] = ReferenceTensor(point.extents, zip(point.values, direction).map { $0 + step * $1 })
                return zip(evaluator.run(forward, inputs: inputs).outputs["y"]?.values ?? [], inputs["weighting"]?.values ?? [])
                    .reduce(0) { $0 + $1.0 * $1.1 }
            }
            let observed = zip(gradient.values, direction).reduce(0) { $0 + $1.0 * $1.1 }
            let scale = zip(gradient.values, direction).reduce(1e-3) { $0 + abs($1.0 * $1.1) }
            // At a kink a step may be too long, and where numbers are large one may be too short.
            let differences = [1e-4, 1e-5, 1e-6].map { (moved(by: $0) - moved(by: -$0)) / (2 * $0) }
            guard !differences.contains(where: { abs($0 - observed) <= 1e-4 * scale }) else { continue }
            diagnostics.append(
                Diagnostic(
                    "the gradient of `\(name)` by `\(gradientName)` is wrong", at: place,
                    notes: [
                        "along a random direction it is \(Self.text(observed)), and by differences of `\(call.function)` in fp64 "
                            + Self.text(differences[1])
                    ], help: "the function must write all of its results: derivatives of the loss, by those of the result"))
        }
    }

    /// Reports elements that a function did not write, or read before it wrote them.
    private mutating func reportUnwritten(_ tensor: ReferenceTensor, _ what: String, by function: String, at place: Span) -> Bool {
        let left = tensor.elementsLeft
        guard left > 0 else { return false }
        diagnostics.append(
            Diagnostic(
                "`\(function)` leaves \(left) of \(tensor.values.count) elements of \(what) as they were", at: place,
                help: "it must write all of them, whatever they were: `=` before `+=`"))
        return true
    }

    private mutating func compareValues(
        _ graph: Graph, _ inputs: [String: ReferenceTensor], _ reference: ReferenceTensor, _ call: ForeignCall, at place: Span,
        _ network: Network
    ) throws(CompilerError) {
        let single = Network(name: call.function, origin: .graph, graph: graph, sources: network.sources)
        let executable = try compiler.executable(single, batch: 1, pool: pool)
        let values: [Float]
        do throws(RuntimeError) {
            for (name, tensor) in inputs { try executable.setInput(name, to: tensor.values.map { Float($0) }) }
            executable.run()
            values = try executable.output("y")
        } catch {
            throw CompilerError("'\(call.function)' cannot be run: \(error)")
        }
        let scale = reference.values.reduce(1e-3) { $1.isFinite ? max($0, abs($1)) : $0 }
        let wrong = zip(values, reference.values).map { (Double($0), $1) }.filter { value, expected in
            expected.isFinite ? !(abs(value - expected) <= 1e-3 * scale) : !(value == expected || value.isNaN && expected.isNaN)
        }
        guard let first = wrong.first else { return }
        let worst = wrong.max { abs($0.0 - $0.1) < abs($1.0 - $1.1) } ?? first
        diagnostics.append(
            Diagnostic(
                "`\(call.function)` gives other values in f32 than in fp64", at: place,
                notes: [
                    "of numbers up to \(Self.text(scale)), \(wrong.count) of \(values.count) differ: in f32 "
                        + "\(Self.text(worst.0)), in fp64 \(Self.text(worst.1))"
                ], help: "does it read nothing else than its inputs, and need no more digits than f32 has?"))
    }

    private static func text(_ number: Double) -> String {
        number.isFinite ? TextScanner.text(ofNumber: Double(Float(number))) : number.isNaN ? "NaN" : number < 0 ? "-infinity" : "infinity"
    }
}

extension ReferenceTensor {
    fileprivate var isFinite: Bool { values.allSatisfy(\.isFinite) }
    /// How many elements a C function left as they were.
    fileprivate var elementsLeft: Int {
        values.count { $0.isNaN && $0.significandBitPattern == ForeignCall.unwritten.significandBitPattern }
    }
}

/// Numbers of f32, so that both ways see the same ones; always the same.
private struct RandomNumbers {
    enum Range: CaseIterable {
        /// About normal.
        case normal
        /// Between 0.5 and 1.5.
        case positive
    }

    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// In [0, 1).
    private mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }

    mutating func tensor(_ type: TensorType, _ range: Range = .normal) -> ReferenceTensor {
        let extents = type.shape.extents ?? []
        let values = (0..<extents.reduce(1, *)).map { _ in
            switch range {
            case .normal: (0..<12).reduce(-6.0) { sum, _ in sum + uniform() }
            case .positive: 0.5 + uniform()
            }
        }
        return ReferenceTensor(extents, values.map { Double(Float($0)) })
    }
}
