import Graph
import Operators

extension ONNXForm {
    /// Whether a use of an operator can be written so in the operator set that models are written for.
    func canWrite(_ operation: Operator, _ signature: Signature) -> Bool {
        guard !isByRule, since <= ModelWriter.operatorSet, takes(signature) else { return false }
        let said = Set(fixed.values.keys).union(attributes.flatMap { $0.parameters }).union(operation.inputs.compactMap(\.condition))
        for parameter in operation.parameters {
            let value = signature.attributes[parameter.name]
            if let wanted = fixed[parameter.name].flatMap(parameter.kind.convert) {
                if value != wanted { return false }
            } else if !said.contains(parameter.name), value != parameter.defaultValue.flatMap(parameter.kind.convert) {
                return false
            }
        }
        return attributes.allSatisfy { $0.canWrite(signature) }
    }
}

extension ONNXAttribute {
    /// The parameters that it says.
    fileprivate var parameters: [String] {
        switch self {
        case .named(_, let name, _), .extent(let name, _, _), .complement(_, let name, _), .whole(_, let name, _), .square(_, let name, _),
            .word(_, let name, _, _):
            [name]
        case .axis: ["axis"]
        case .axes, .soleAxis: ["axes", "keep"]
        case .lastAxes, .order: ["axes"]
        case .window(let isPool): ["kernel", "stride", "pad", "dilation"] + (isPool ? ["ceil"] : [])
        case .constant: []
        }
    }

    fileprivate func canWrite(_ signature: Signature) -> Bool {
        let attributes = signature.attributes
        switch self {
        case .named, .axis, .axes, .order, .window, .extent, .complement, .constant: return true
        case .soleAxis: return attributes.integers("axes").count == 1
        case .lastAxes:
            let rank = signature.operands[0].rank
            let axes = Self.lastAxes(attributes, rank: rank)
            return axes.first.map { axes == Array($0..<rank) } ?? false
        case .whole(_, let parameter, _): return attributes.number(parameter) == attributes.number(parameter).rounded()
        case .square(_, let parameter, _): return Set(attributes.integers(parameter)).count == 1
        case .word(_, let parameter, let spellings, _): return spellings[attributes.text(parameter)] != nil
        }
    }

    /// The axes of a normalization, counted from the first; all behind the images where none are given.
    fileprivate static func lastAxes(_ attributes: Attributes, rank: Int) -> [Int] {
        let axes = attributes.integers("axes").map { $0 < 0 ? $0 + rank : $0 }
        return axes.isEmpty ? Array(1..<rank) : axes.sorted()
    }
}

extension ExportScope {
    /// Writes a use of an operator in a form of it.
    func write(_ value: Value, as form: ONNXForm) throws(ImportFault) -> String {
        var operands = form.operands == .inOrder ? operands(value) : try aligned(value)
        var attributes: [WireAttribute] = []
        for attribute in form.attributes { write(attribute, of: value, &operands, &attributes) }
        switch form.result {
        case .value: return node(form.name, operands, attributes)
        case .truth, .position: return number(step(form.name, operands, attributes))
        }
    }

    /// Truth values and positions as numbers.
    func number(_ decided: String) -> String { node("Cast", [decided], [.integer("to", Int(ElementCode.f32.number))]) }

    private func write(_ attribute: ONNXAttribute, of value: Value, _ operands: inout [String], _ written: inout [WireAttribute]) {
        let attributes = node(value).attributes
        let rank = graph[node(value).operands[0]].type.rank
        switch attribute {
        case .named(let name, let parameter, _): written += WireAttribute(name, attributes[parameter]).map { [$0] } ?? []
        case .axis: written.append(.integer("axis", attributes.integer("axis")))
        case .axes:
            let axes = attributes.integers("axes")
            if !axes.isEmpty { operands.append(integers(axes)) }
            written.append(.boolean("keepdims", attributes.boolean("keep")))
        case .soleAxis:
            written += [.integer("axis", attributes.integers("axes")[0]), .boolean("keepdims", attributes.boolean("keep"))]
        case .lastAxes: written.append(.integer("axis", ONNXAttribute.lastAxes(attributes, rank: rank)[0]))
        case .order: written.append(.integers("perm", attributes.integers("axes").map { $0 < 0 ? $0 + rank : $0 }))
        case .window(let isPool):
            let window = ExportedWindow(attributes, axes: rank - 2)
            // Where nothing is said, a pool moves by its own size.
            let stride = attributes.integers("stride").isEmpty ? window.numbers("kernel") : window.numbers("stride")
            written += window.written(stride: stride)
            if isPool { written.append(.boolean("ceil_mode", attributes.boolean("ceil"))) }
        case .extent: break
        case .complement(let name, let parameter, _): written.append(.number(name, 1 - attributes.number(parameter)))
        case .whole(let name, let parameter, _): written.append(.integer(name, Int(attributes.number(parameter))))
        case .square(let name, let parameter, _): written.append(.integer(name, attributes.integers(parameter)[0]))
        case .word(let name, let parameter, let spellings, _):
            let word = attributes.text(parameter)
            written.append(.text(name, spellings[word] ?? word))
        case .constant(let name, let number): written.append(.integer(name, number))
        }
    }
}

extension WireAttribute {
    /// An attribute of the graph under a name of ONNX's; nil where it has none.
    init?(_ name: String, _ value: Attribute?) {
        switch value {
        case .integer(let value)?: self = .integer(name, value)
        case .boolean(let value)?: self = .boolean(name, value)
        case .number(let value)?: self = .number(name, value)
        case .text(let value)?: self = .text(name, value)
        case .integers(let values)?: self = .integers(name, values)
        case .numbers, .function, .shape, nil: return nil
        }
    }
}
