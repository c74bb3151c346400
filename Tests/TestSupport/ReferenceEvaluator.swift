import Graph

/// Computes graphs in fp64, straight from what their operators' rows say: the value that every pass and every backend must reproduce.
///
/// Layouts and groups do not matter to it. It is slow; tensors should be small.
public struct ReferenceEvaluator {
    /// What every value of the graph was.
    public private(set) var tensors: [ReferenceTensor] = []
    private let graph: Graph

    /// Runs a graph without composite operators, its symbols bound.
    /// - Parameter given: the inputs and parameters, by name.
    public init(_ graph: Graph, given: [String: ReferenceTensor]) {
        self.graph = graph
        for value in graph.values { tensors.append(compute(value, given)) }
    }

    public subscript(value: Value) -> ReferenceTensor { tensors[value.index] }

    /// The outputs by name.
    public var outputs: [String: ReferenceTensor] {
        Dictionary(uniqueKeysWithValues: graph.outputs.map { ($0.name, self[$0.value]) })
    }

    /// The next values of parameters, by the parameters' names.
    public var updates: [String: ReferenceTensor] {
        Dictionary(uniqueKeysWithValues: graph.updates.map { (graph[$0.state].parameter!.name, self[$0.value]) })
    }

    private func compute(_ value: Value, _ given: [String: ReferenceTensor]) -> ReferenceTensor {
        let node = graph[value]
        guard let extents = node.type.shape.extents else { preconditionFailure("\(value) has unbound symbols") }
        if let name = node.inputName ?? node.parameter?.name {
            guard let tensor = given[name] else { preconditionFailure("no value is given for '\(name)'") }
            precondition(tensor.extents == extents, "'\(name)' is \(tensor.extents), not \(extents)")
            return tensor
        }
        if let constant = node.constant { return ReferenceTensor(scalar: constant) }
        let operands = node.operands.map { tensors[$0.index] }
        switch graph.lowering(of: value)! {
        case .elementwise(let expression): return Self.elementwise(expression, operands, extents)
        case .reduction(let formula), .contraction(let formula), .window(let formula): return Self.formula(formula, operands)
        case .view(let view): return Self.view(view, operands, extents)
        case .composite: preconditionFailure("\(value) is a composite '\(node.operation!)'; decompose the graph first")
        }
    }

    private static func elementwise(_ expression: Scalar, _ operands: [ReferenceTensor], _ extents: [Int]) -> ReferenceTensor {
        // The step along each axis of the result, 0 where the operand repeats.
        let steps = operands.map { operand -> [Int] in
            var aligned = operand.extents
            if aligned.count < extents.count {
                aligned = [Int](repeating: 1, count: extents.count)
                if operand.extents.count == 1 { aligned[1] = operand.extents[0] }
            }
            var step = 1
            return extents.indices.reversed().map { axis in
                defer { step *= aligned[axis] }
                return aligned[axis] == 1 ? 0 : step
            }.reversed()
        }
        var elements: [Double] = []
        forEachPosition(extents) { position in
            let arguments = operands.indices.map { operands[$0].elements[zip(position, steps[$0]).reduce(0) { $0 + $1.0 * $1.1 }] }
            elements.append(expression.evaluate(arguments, coordinates: position, position: elements.count))
        }
        return ReferenceTensor(extents, elements)
    }

    private static func formula(_ formula: Formula, _ operands: [ReferenceTensor]) -> ReferenceTensor {
        let extents = formula.axes.map { axis -> Int in
            guard let extent = axis.extent.value else { preconditionFailure("axis \(axis.name) is unbound") }
            return extent
        }
        let resultExtents = Array(extents[formula.parallelAxes])
        let reduced = Array(extents[formula.reductionAxes])
        var elements: [Double] = []
        forEachPosition(resultExtents) { outer in
            var sum = 0.0
            var largest = -Double.infinity
            var place = 0
            forEachPosition(reduced) { inner in
                let coordinates = outer + inner
                var arguments: [Double] = []
                for read in formula.reads {
                    let operand = operands[read.operand]
                    var offset = 0
                    for (axis, index) in read.position.enumerated() {
                        guard let place = index.evaluate(coordinates), place >= 0, place < operand.extents[axis] else { return }
                        offset = offset * operand.extents[axis] + place
                    }
                    arguments.append(operand.elements[offset])
                }
                let term = formula.body.evaluate(arguments, coordinates: coordinates, position: elements.count)
                sum += term
                if term > largest {
                    largest = term
                    place = rowMajorOffset(inner, reduced)
                }
            }
            switch formula.combination {
            case .sum: elements.append(sum)
            case .maximum: elements.append(largest)
            case .positionOfMaximum: elements.append(Double(place))
            }
        }
        return ReferenceTensor(resultExtents, elements)
    }

    private static func view(_ view: View, _ operands: [ReferenceTensor], _ extents: [Int]) -> ReferenceTensor {
        switch view {
        case .reshape: return ReferenceTensor(extents, operands[0].elements)
        case .slice(let axis, let start, _):
            var elements: [Double] = []
            forEachPosition(extents) { position in
                var source = position
                source[axis] += start
                elements.append(operands[0].elements[rowMajorOffset(source, operands[0].extents)])
            }
            return ReferenceTensor(extents, elements)
        case .concatenate(let axis):
            var elements: [Double] = []
            forEachPosition(extents) { position in
                var source = position
                var part = 0
                while source[axis] >= operands[part].extents[axis] {
                    source[axis] -= operands[part].extents[axis]
                    part += 1
                }
                elements.append(operands[part].elements[rowMajorOffset(source, operands[part].extents)])
            }
            return ReferenceTensor(extents, elements)
        }
    }
}
