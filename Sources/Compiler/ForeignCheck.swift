import CompiledC
import Graph
import Operators
import Runtime
import Source

/// Operators in C: whether they can be compiled, and whether what they compute is right.
extension Network {
    /// The C functions that the network calls, each once.
    private var foreignCalls: [ArrayFunction] {
        var found: [ArrayFunction] = []
        // What others are lowered to may not be known yet.
        for value in graph.values where graph[value].operation == .foreign {
            guard case .foreign(let call)? = graph.lowering(of: value), !found.contains(call.compiled) else { continue }
            found.append(call.compiled)
        }
        return found
    }

    /// Refuses C that clang does not compile, before anything computes with it: a printed graph may come from anywhere.
    func requireCompilableFunctions() throws(CompilerError) {
        do throws(CompilationError) {
            for function in foreignCalls { _ = try function.bitcode(for: ForeignCheck.triple) }
        } catch {
            throw CompilerError(error.message, help: error.help, sources)
        }
    }

    /// Makes the C functions ready for the fp64 reference, which cannot say what is wrong with one.
    func prepareReference() throws(CompilerError) {
        do throws(CompilationError) {
            for function in foreignCalls { _ = try function.entry(computingIn: .double) }
        } catch {
            throw CompilerError(error.message, help: error.help, sources)
        }
    }
}

/// Compares the C operators of a network, on random numbers, with the same C in fp64, and their gradients with central differences.
public struct ForeignCheck {
    /// What bitcode is made for where nothing is known of a machine.
    static let triple = "x86_64-unknown-linux-gnu"
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
    public init(_ network: Network, _ compiler: Compiler, pool: ThreadPool) throws(CompilerError) {
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
        var inputs: [String: ReferenceTensor] = [:]
        // Numbers of f32, so that both ways see the same ones.
        for index in operands.indices { inputs["x\(index)"] = random.tensor(forward[operands[index]].type) }
        inputs["weighting"] = random.tensor(builder.type(of: result))
        let evaluator = ReferenceEvaluator()
        guard let reference = evaluator.run(forward, inputs: inputs).outputs["y"] else { return }
        try compareValues(forward, inputs, reference, call, at: place, network)

        guard call.gradient != nil else { return }
        let loss = builder.apply(
            .sum, builder.apply(.multiply, result, weighting),
            attributes: ["axes": .integers(Array(0..<builder.type(of: result).rank))])
        builder.output("loss", loss)
        for (index, gradient) in builder.gradients(of: loss, withRespectTo: operands).enumerated() {
            builder.output("d\(index)", gradient)
        }
        let graph = builder.finish()
        let found = evaluator.run(graph, inputs: inputs)
        for index in operands.indices {
            guard let gradient = found.outputs["d\(index)"], let point = inputs["x\(index)"] else { continue }
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
            let name = (try? ForeignRule(reading: use.attributes.text("rule")))?.inputs[index].name ?? "x\(index)"
            diagnostics.append(
                Diagnostic(
                    "the gradient of `\(name)` by `\(call.gradient ?? "")` is wrong", at: place,
                    notes: [
                        "along a random direction it is \(Self.text(observed)), and by differences of `\(call.function)` in fp64 "
                            + Self.text(differences[1])
                    ], help: "the function must write all of its results: derivatives of the loss, by those of the result"))
        }
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
        let scale = reference.values.reduce(1e-3) { max($0, abs($1)) }
        let isWrong = zip(values, reference.values).contains { !(abs(Double($0) - $1) <= 1e-3 * scale) }
        guard isWrong || reference.values.contains(where: { !$0.isFinite }) else { return }
        let difference = zip(values, reference.values).map { abs(Double($0) - $1) }.max() ?? 0
        diagnostics.append(
            Diagnostic(
                "`\(call.function)` gives other values in f32 than in fp64", at: place,
                notes: ["of numbers up to \(Self.text(scale)) they differ by \(Self.text(difference))"],
                help: "does it write all of its result, and read nothing else than its inputs?"))
    }

    private static func text(_ number: Double) -> String { TextScanner.text(ofNumber: Double(Float(number))) }
}

/// Numbers of f32 that are about normal, always the same.
private struct RandomNumbers {
    private var state: UInt64 = 0x9e37_79b9_7f4a_7c15

    /// In [0, 1).
    private mutating func uniform() -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double(state >> 11) * 0x1p-53
    }

    mutating func tensor(_ type: TensorType) -> ReferenceTensor {
        let extents = type.shape.extents ?? []
        return ReferenceTensor(
            extents, (0..<extents.reduce(1, *)).map { _ in Double(Float((0..<12).reduce(-6.0) { sum, _ in sum + uniform() })) })
    }
}
