import Graph
import Passes
import Runtime
import Source

/// A training step that keeps every tensor which it computes, and changes no parameter: to see where values stop being finite numbers.
///
/// What it computes is the step's as `braid dump --stage training` prints it. It takes the memory of all of it at once, which is several times
/// what the step itself takes.
public struct StepTrace {
    /// Runs the step on what it is given.
    public let executable: Executable
    private let graph: Graph
    private let sources: SourceMap
    /// What computes the loss stands before all gradients.
    private let loss: Value

    fileprivate init(_ executable: Executable, _ graph: Graph, loss: Value, _ sources: SourceMap) {
        (self.executable, self.graph, self.loss, self.sources) = (executable, graph, loss, sources)
    }

    /// The first tensor of the last run, in the order of computation, that holds an infinity or what is no number, as an error that says so:
    /// `message` at its place in the source, notes about it and what it was computed from, and `help`. Nil where all are finite.
    ///
    /// - Parameter number: of the step that was run, counted from 1.
    public func firstNonFinite(_ message: String, inStep number: Int, help: String) -> CompilerError? {
        for value in graph.values where graph.isTraced(value) {
            let name = graph.nameInTrace(value)
            let extents = executable.plan.outputs.first { $0.name == name }.map { executable.plan.buffers[$0.buffer].extents } ?? []
            let found = output(of: value).withUnsafeBufferPointer { NonFiniteValues(in: $0, name: name, extents: extents) }
            guard let found else { continue }
            let node = graph[value]
            let operands = node.operands.map(text)
            let notes = [
                "it begins in step \(number), \(phase(of: value)), in \(operation(of: node)) (\(value) in `braid dump --stage training`): "
                    + "\(found.count) of \(found.total) values \(found.count == 1 ? "is no finite number" : "are no finite numbers"), "
                    + "the first at \(found.position)",
                operands.isEmpty ? nil : "all that it reads is finite: \(operands.joined(separator: ", "))",
            ]
            return CompilerError(
                [Diagnostic(message, at: node.span, label: "begins here", notes: notes.compactMap { $0 }, help: help)], sources)
        }
        return nil
    }

    /// `conv of 'blocks.0.conv1'`; a formula by its name.
    private func operation(of node: Node) -> String {
        var name = node.operation?.name ?? ""
        if case .function(let function)? = node.attributes["function"] { name = function.name }
        return name + (node.label.map { " of '\($0)'" } ?? "")
    }

    private func phase(of value: Value) -> String {
        if value <= loss { return "on the way to the loss" }
        return graph.dependOnRate[value.index] ? "in the update of the parameters" : "on the way back from the loss"
    }

    private func text(_ operand: Value) -> String {
        let node = graph[operand]
        if let input = node.inputName { return "the input '\(input)'" }
        if let constant = node.constant { return "\(constant)" }
        let values: [Float]
        let name: String
        if let parameter = node.parameter {
            values = unfailing { () throws(RuntimeError) in try executable.parameter(parameter.name, as: Float.self) }
            name = "the \(parameter.role.rawValue) '\(parameter.name)'"
        } else {
            guard graph.isTraced(operand) else { return "\(operand)" }
            values = output(of: operand)
            name = "\(operand)" + (node.label.map { " of '\($0)'" } ?? "")
        }
        return "\(name) up to \(values.reduce(0) { max($0, abs($1)) })"
    }

    private func output(of value: Value) -> [Float] {
        unfailing { () throws(RuntimeError) in try executable.output(graph.nameInTrace(value), as: Float.self) }
    }
}

extension Graph {
    /// No identifier of the language has a per cent sign.
    fileprivate func nameInTrace(_ value: Value) -> String { "\(value)" }

    fileprivate func isTraced(_ value: Value) -> Bool { self[value].operation != nil && self[value].type.element == .f32 }

    /// Whether each value is computed from the learning rate, as updates alone are.
    fileprivate var dependOnRate: [Bool] {
        var found: [Bool] = []
        for node in nodes { found.append(node.inputName == learningRateName || node.operands.contains { found[$0.index] }) }
        return found
    }
}

extension Compiler {
    /// The training step of a network with all that it computes as outputs.
    public func trace(_ network: Network, batch: Int, pool: ThreadPool) throws(CompilerError) -> StepTrace {
        var traced = network
        traced.graph = try optimize(network, training: true, stoppingAfter: "update")
        (traced.origin, traced.training) = (.training, nil)
        let step = traced.graph
        traced.graph.updates = []
        traced.graph.outputs = step.values.filter(step.isTraced).map { Graph.Output(step.nameInTrace($0), $0) }
        let loss = network.training.flatMap { training in step.outputs.first { $0.name == training.recipe.lossOutput } }
        guard let loss else {
            throw CompilerError("'\(network.name)' was read from a later stage; its recipe is not in it", help: "give the .braid file")
        }
        return StepTrace(
            try executable(traced, batch: batch, pool: pool, keepsOperands: true), step, loss: loss.value, network.sources)
    }
}
