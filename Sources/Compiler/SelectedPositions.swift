import Graph
import Interchange

extension Graph {
    /// An operator that takes an input's integers for positions along an axis, such as the labels of a loss for classes.
    struct Selection {
        var operation: String
        /// The values are 0 ..< `count`.
        var count: Int
    }

    /// The operator that lets the integers of an input have the fewest values, nil where none reads them as positions.
    func selection(by input: String) -> Selection? {
        guard let start = values.first(where: { self[$0].inputName == input }), self[start].type.element == .i32 else { return nil }
        // Integers that are reshaped and the like are the same integers.
        var same: Set<Value> = [start]
        var found: [Selection] = []
        for value in values {
            guard let operation = self[value].operation else { continue }
            let operands = self[value].operands
            guard operands.contains(where: same.contains) else { continue }
            if self[value].type.element == .i32 { same.insert(value) }
            for (operand, description) in zip(operands, operation.inputs) where same.contains(operand) {
                guard let selected = description.selects, operands.indices.contains(selected.operand),
                    let count = self[operands[selected.operand]].type.shape[selected.axis].value
                else { continue }
                found.append(Selection(operation: operation.name, count: count))
            }
        }
        return found.min { $0.count < $1.count }
    }
}

extension NetworkInput {
    /// Requires that integers which an operator of the graph reads as positions, such as labels as classes, are some, and that others are numbers
    /// that f32 has, in which the graph computes with them.
    ///
    /// - Parameter path: the file that they are from.
    /// - Throws: `InterchangeError` at the first that is none.
    public func requireClasses(of graph: Graph, path: String) throws(InterchangeError) {
        guard let integers = values.integers else { return }
        guard let selection = graph.selection(by: name) else { return try Self.requireExact(integers, path: path) }
        guard let place = integers.firstIndex(where: { !(0..<selection.count).contains(Int($0)) }) else { return }
        throw InterchangeError(
            path, "value \(place) of the input '\(name)' is \(integers[place]), which is none of the \(selection.count) classes",
            repair: "give values from 0 to \(selection.count - 1): `\(selection.operation)` reads them as classes")
    }
}
