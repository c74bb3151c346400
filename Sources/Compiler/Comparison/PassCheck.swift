import Graph
import Interchange
import Kernels
import Operators
import Passes
import Recipes
import Runtime
import Training

/// A pass behind which a network computes something else.
public struct PassFault: Sendable {
    public var pass: String
    /// The output, or parameter behind its update, that changes most, and by how much of its largest element.
    public var output: String
    public var difference: Double
}

/// The outputs and updates of graphs in fp64, for the same parameters and inputs.
struct PassCheck {
    private let inputs: [String: ReferenceTensor]
    private let mode: Mode
    private let workers: ReferenceWorkers
    /// fp64 in another order.
    static let allowed = 1e-9

    /// - Parameter graph: one of those that are compared: passes keep inputs.
    init(_ graph: Graph, training: Bool, seed: UInt64, workers: ReferenceWorkers) {
        mode = training ? .training : .inference
        self.workers = workers
        var inputs: [String: ReferenceTensor] = [:]
        let classes = graph.outputs.lazy.compactMap { graph[$0.value].type.shape.extents }.first { $0.count == 2 }?[1] ?? 2
        for (index, node) in graph.nodes.filter({ $0.inputName != nil }).enumerated() {
            guard let name = node.inputName, let extents = node.type.shape.extents else { continue }
            var random = CounterGenerator(seed: seed, .inputs, index)
            let isClass = node.type.element == .i32
            let count = extents.reduce(1, *)
            inputs[name] = ReferenceTensor(
                extents,
                (0..<count).map { _ in isClass ? Double(random.below(classes)) : extents.isEmpty ? 0.5 : Double(random.uniform(-1...1)) })
        }
        self.inputs = inputs
    }

    /// What a graph computes, by name.
    func values(_ graph: Graph) throws(InterchangeError) -> [String: ReferenceTensor] {
        // Passes add inputs, such as the learning rate.
        var given = inputs
        for node in graph.nodes {
            guard let name = node.inputName, given[name] == nil, let extents = node.type.shape.extents else { continue }
            given[name] = ReferenceTensor(extents, [Double](repeating: 0.5, count: extents.reduce(1, *)))
        }
        let evaluator = ReferenceEvaluator(mode: mode, workers: workers)
        let result = try evaluator.run(graph, inputs: given) { (parameter, extents) throws(InterchangeError) in
            ReferenceTensor(extents, try Weights.values(of: parameter, extents: extents, from: nil).map(Double.init))
        }
        return result.outputs.merging(result.updates.map { ("update of \($0)", $1) }) { first, _ in first }
    }

    /// The largest difference of what both have, relative to its largest element.
    static func difference(_ first: [String: ReferenceTensor], _ second: [String: ReferenceTensor]) -> (name: String, difference: Double)? {
        var worst: (name: String, difference: Double)?
        for (name, tensor) in first.sorted(by: { $0.key < $1.key }) {
            guard let other = second[name], other.extents == tensor.extents else { continue }
            let largest = max(tensor.values.lazy.filter(\.isFinite).map { abs($0) }.max() ?? 0, 1e-300)
            // A number where there is none, or the other way round, is infinitely wrong.
            let off = zip(tensor.values, other.values).reduce(0) { most, pair in
                if pair.0 == pair.1 || pair.0.isNaN && pair.1.isNaN { return most }
                let difference = abs(pair.0 - pair.1)
                return difference.isFinite ? max(most, difference) : .infinity
            }
            let share = off.isFinite ? off / largest : .infinity
            if worst.map({ share > $0.difference }) ?? true { worst = (name, share) }
        }
        return worst
    }
}

/// What was found to be at fault.
public struct Bisection: Sendable {
    public var passes: [String]
    public var pass: PassFault?
    public var groups: Int
    public var kernel: KernelFault?
}

extension Compiler {
    /// Looks for the pass that changes what a network computes, by fp64 behind each, and for the kernel that does not compute what its nodes
    /// say, by fp64 from what it reads.
    ///
    /// - Parameters:
    ///   - options: the batch, whether a training step is looked at, weights and inputs for the kernels.
    ///   - pipeline: what passes are run; nil for those of the network.
    ///   - change: changes the plan, as a fault would.
    ///   - progress: what is looked at.
    public func bisect(
        _ network: Network, _ options: BenchmarkOptions, pipeline: Pipeline? = nil, change: (inout Plan) -> Void = { _ in },
        progress: (String) -> Void = { _ in }
    ) throws -> Bisection {
        let pool = ThreadPool(threads: threads)
        var graphs: [(pass: String, graph: Graph)] = []
        let bound = try network.bindingMovedBatch(to: options.batch)
        let start = options.isTraining ? bound.training?.graph ?? bound.graph : bound.graph
        let optimized: Graph
        if let pipeline {
            var context = PassContext(mode: options.isTraining ? .training : .inference, lanes: target.lanes, precision: precision)
            context.recipe = bound.training?.recipe
            do {
                optimized = try pipeline.run(start, context) { graphs.append(($0.pass, $1)) }
            } catch {
                throw CompilerError(error, bound.sources)
            }
        } else {
            optimized = try optimize(bound, training: options.isTraining) { graphs.append(($0.pass, $1)) }
        }
        let plan = try self.plan(optimized, of: bound, batch: options.batch, keepsOperands: true)
        var result = Bisection(passes: graphs.map(\.pass), pass: nil, groups: plan.groups.count, kernel: nil)
        result.pass = try faultyPass([("", start)] + graphs, options, pool, progress)
        // Only from where the training step is whole are there updates to compare.
        if result.pass == nil, let whole = graphs.firstIndex(where: { $0.pass == "update" }) {
            result.pass = try faultyPass(Array(graphs[whole...]), options, pool, progress)
        }
        var changed = plan
        change(&changed)
        progress("\(plan.groups.count) groups of kernels")
        let executable = try executable(changed, of: bound, batch: options.batch, pool: pool)
        try fill(executable, options, bound)
        result.kernel = executable.firstFault(numerics)
        return result
    }

    /// By halves: what all passes leave beside what they begin with, and then between.
    private func faultyPass(
        _ graphs: [(pass: String, graph: Graph)], _ options: BenchmarkOptions, _ pool: ThreadPool, _ progress: (String) -> Void
    ) throws(InterchangeError) -> PassFault? {
        let bound = graphs.map { (pass: $0.pass, graph: bind($0.graph, batch: options.batch)) }
        let check = PassCheck(bound[bound.count - 1].graph, training: options.isTraining, seed: 1, workers: .all(of: pool))
        var (low, high) = (0, bound.count - 1)
        progress("the graph before the passes")
        let first = try check.values(bound[0].graph)
        progress("the graph behind them")
        guard var worst = PassCheck.difference(first, try check.values(bound[high].graph)), worst.difference > PassCheck.allowed else {
            return nil
        }
        while high - low > 1 {
            let middle = (low + high) / 2
            progress("the graph behind \(bound[middle].pass)")
            let found = PassCheck.difference(first, try check.values(bound[middle].graph))
            if let found, found.difference > PassCheck.allowed { (high, worst) = (middle, found) } else { low = middle }
        }
        return PassFault(pass: bound[high].pass, output: worst.name, difference: worst.difference)
    }
}
