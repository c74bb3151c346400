import Graph

/// Computes single elements of a graph's values in fp64: from the elements of those that lie in memory, by the data that say what the
/// operators between compute.
///
/// What sums or looks far is computed anew for every element, so this is for samples.
public final class PointEvaluator {
    /// The elements of a value, by their position.
    public typealias Elements = (_ position: [Int]) -> Double

    private let graph: Graph
    private let stored: (Value) -> Elements?
    private var known: [Value: Elements] = [:]

    /// - Parameters:
    ///   - graph: one without composite operators, whose symbols are bound.
    ///   - stored: where a value is found, nil for those that are to be computed; inputs and parameters must be found.
    public init(_ graph: Graph, stored: @escaping (Value) -> Elements?) {
        self.graph = graph
        self.stored = stored
    }

    /// The element of `value` at `position`.
    public func element(of value: Value, at position: [Int]) -> Double { elements(value)(position) }

    private func elements(_ value: Value) -> Elements {
        if let known = known[value] { return known }
        let elements = stored(value) ?? remembering(computed(value))
        known[value] = elements
        return elements
    }

    /// The same, with the last element kept: nodes that branch and meet again ask twice for the same.
    private func remembering(_ elements: @escaping Elements) -> Elements {
        var last: (position: [Int], element: Double)?
        return { position in
            if let last, last.position == position { return last.element }
            let element = elements(position)
            last = (position, element)
            return element
        }
    }

    private func computed(_ value: Value) -> Elements {
        let extents = extents(value)
        switch graph[value].kind {
        case .constant(let constant): return { _ in constant }
        case .input, .parameter, .tensor: preconditionFailure("\(value) of '\(graph.name)' is given by nobody")
        case .operation(let operation, _):
            let operands = graph[value].operands.map { Operand(extents: self.extents($0), read: elements($0)) }
            switch operation.lowering(graph.signature(of: value)) {
            case .elementwise(let expression):
                return { position in
                    let arguments = operands.map { $0.element(under: position) }
                    return expression.evaluate(arguments, coordinates: position, position: Self.number(of: position, in: extents))
                }
            case .reduction(let formula), .contraction(let formula), .window(let formula):
                var bound = BoundFormula(formula, operands)
                return { position in bound.element(at: position, number: Self.number(of: position, in: extents)) }
            case .view(let view):
                let operandExtents = operands.map(\.extents)
                return { position in
                    let source = view.source(of: position, in: extents, operands: operandExtents)
                    return operands[source.operand].read(source.position)
                }
            case .foreign: preconditionFailure("a C function gives all elements at once, so its values are stored")
            case .composite: preconditionFailure("a composite operator must be decomposed before it is evaluated")
            }
        }
    }

    private func extents(_ value: Value) -> [Int] {
        guard let extents = graph[value].type.shape.extents else { preconditionFailure("\(value) has unbound symbols") }
        return extents
    }

    /// The row-major number of a position.
    private static func number(of position: [Int], in extents: [Int]) -> Int { zip(position, extents).reduce(0) { $0 * $1.1 + $1.0 } }

    private struct Operand: ElementSource {
        var extents: [Int]
        var read: Elements

        func element(inside position: [Int]) -> Double { read(position) }

        /// The element that belongs to a position of an element-wise result, repeated as `Lowering.elementwise` says.
        func element(under position: [Int]) -> Double {
            if extents.isEmpty { return read([]) }
            if extents.count == 1 && position.count > 1 { return read([extents[0] == 1 ? 0 : position[1]]) }
            return read(zip(position, extents).map { $1 == 1 ? 0 : $0 })
        }
    }
}
