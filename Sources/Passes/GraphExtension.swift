import Graph
import Operators

extension Graph {
    /// The graph with more in it: copies every node, lets `body` append (it gets the builder and every node's copy, by index) and
    /// drops what nothing reads then.
    /// - Parameter keeps: which outputs are copied.
    func extended(
        keeping keeps: (Output) -> Bool = { _ in true }, _ body: (GraphBuilder, [Value]) throws(PassError) -> Void
    ) throws(PassError) -> Graph {
        let builder = GraphBuilder(inPlaceOf: self)
        var copies: [Value] = []
        for node in nodes { copies.append(builder.copy(node, operands: node.operands.map { copies[$0.index] })) }
        for output in outputs where keeps(output) { builder.output(output.name, copies[output.value.index]) }
        for update in updates { builder.update(copies[update.state.index], to: copies[update.value.index]) }
        try body(builder, copies)
        return builder.finish()
    }

    /// Which values `value` is computed from, itself among them.
    func ancestors(of value: Value) -> [Bool] {
        var reached = [Bool](repeating: false, count: nodes.count)
        reached[value.index] = true
        for index in (0...value.index).reversed() where reached[index] {
            for operand in nodes[index].operands { reached[operand.index] = true }
        }
        return reached
    }

    /// The parameters with `role`, in order.
    func parameters(_ role: ParameterRole) -> [Value] { values.filter { self[$0].parameter?.role == role } }
}
