import Foundation
import Graph
import Interchange
import Operators

/// The model that a graph becomes, node by node.
final class ExportScope {
    let graph: Graph
    private(set) var wire = WireNetwork()
    /// What tensors are called, by the graph's values.
    private var names: [Value: String] = [:]
    private var taken: Set<String> = []
    /// The last number behind a name that was asked for several times.
    private var numbers: [String: Int] = [:]
    /// The outputs that nodes are called after.
    private var written: Set<String> = []
    private var constants: [WireTensor: String] = [:]
    private var faults: [(node: String, fault: ImportFault)] = []
    /// The node that is being written, for the names of what it becomes.
    private var current = Value(0)
    private let outputs: [Value: String]

    init(_ graph: Graph) {
        self.graph = graph
        outputs = Dictionary(graph.outputs.map { ($0.value, $0.name) }) { first, _ in first }
        for node in graph.nodes { if let name = node.inputName ?? node.parameter?.name { taken.insert(name) } }
        for output in graph.outputs { taken.insert(output.name) }
    }

    /// Writes one node of the graph.
    func write(_ value: Value, _ weights: (Parameter, [Int]) throws(InterchangeError) -> HostTensor) throws {
        let node = graph[value]
        current = value
        switch node.kind {
        case .input(let name):
            names[value] = name
            wire.input.append(declared(name, node.type))
        case .parameter(let parameter):
            names[value] = parameter.name
            guard let extents = node.type.shape.extents else {
                faults.append(("parameter '\(parameter.name)'", .openBatch(node.type.shape.dimensions.first { $0.value == nil } ?? 0)))
                return
            }
            // Whatever they are stored as, a graph computes with them as f32.
            let weight = try weights(parameter, extents)
            let plain = weight.element == .f32 ? weight : HostTensor(shape: weight.shape, floats: weight.floats)
            wire.initializer.append(tensor(plain, name: parameter.name))
        case .constant(let number): names[value] = scalar(number)
        case .tensor(let values): names[value] = constant(shape: node.type.shape.extents ?? [], values.values)
        case .operation(let operation, _):
            do throws(ImportFault) {
                let signature = Signature(node.operands.map { graph[$0].type }, node.attributes)
                guard let rule = ExportRule.rule(for: operation, signature) else {
                    throw .unsupported("ONNX has no '\(operation.name)'\(operation.onnx.isEmpty ? "" : " with these parameters")")
                }
                names[value] = try rule.write(self, value)
            } catch {
                faults.append(("\(operation.name)\(node.label.map { " '\($0)'" } ?? "")", error))
                names[value] = ""
            }
        }
    }

    /// Throws what could not be written.
    func require(_ path: String) throws(ONNXError) {
        guard !faults.isEmpty else { return }
        let repairs = Set(faults.compactMap(\.fault.repair)).sorted()
        let others =
            faults.allSatisfy { $0.fault.repair != nil } ? [] : ["write the network without \(repairs.isEmpty ? "them" : "the others")"]
        throw ONNXError(
            path, "\(faults.count == 1 ? "a node" : "\(faults.count) nodes") of '\(graph.name)' cannot be written in ONNX",
            repair: (repairs + others).joined(separator: ", and "), notes: faults.prefix(40).map { "\($0.node): \($0.fault.message)" })
    }

    /// The model's graph, with its outputs.
    func finish(name: String) -> WireNetwork {
        wire.name = name
        for output in graph.outputs {
            let made = self.name(output.value)
            // An output that is an input, a parameter or another output gets a name of its own.
            if made != output.name { append("Identity", [made], output: output.name) }
            wire.output.append(declared(output.name, graph[output.value].type))
        }
        return wire
    }

    private func declared(_ name: String, _ type: TensorType) -> WireNamedValue {
        .with {
            $0.name = name
            $0.type.tensorType.elemType = type.element == .f32 ? ElementCode.f32.number : ElementCode.i32.number
            $0.type.tensorType.shape = .with { shape in
                shape.dim = type.shape.dimensions.map { dimension in
                    .with {
                        if let extent = dimension.value { $0.dimValue = Int64(extent) } else { $0.dimParam = "\(dimension)" }
                    }
                }
            }
        }
    }

    private func tensor(_ tensor: HostTensor, name: String) -> WireTensor {
        .with {
            $0.name = name
            $0.dims = tensor.shape.map(Int64.init)
            $0.dataType = ElementCode(tensor.element).number
            $0.rawData = Data(tensor.bytes)
        }
    }

    // MARK: Names

    func name(_ value: Value) -> String { names[value] ?? "" }

    /// A name that no tensor has, after the layer that is being written.
    private func fresh(_ operation: String) -> String {
        let stem = graph[current].label.map { "\($0)/\(operation)" } ?? operation
        var (name, number) = (stem, numbers[stem] ?? 1)
        while !taken.insert(name).inserted {
            number += 1
            name = "\(stem)_\(number)"
        }
        if number > 1 { numbers[stem] = number }
        return name
    }

    // MARK: What rules append

    /// Appends a node and returns the name of its result.
    ///
    /// - Parameter isLast: whether the result is that of the graph's node, which may be an output.
    func node(
        _ operation: String, _ inputs: [String], _ attributes: [WireAttribute] = [], isLast: Bool = true
    ) -> String {
        let output = isLast ? outputs[current] : nil
        if let output, written.insert(output).inserted {
            append(operation, inputs, attributes, output: output)
            return output
        }
        let name = fresh(operation)
        append(operation, inputs, attributes, output: name)
        return name
    }

    /// Appends a node whose result is one step of several.
    func step(_ operation: String, _ inputs: [String], _ attributes: [WireAttribute] = []) -> String {
        node(operation, inputs, attributes, isLast: false)
    }

    /// Appends a node of several results.
    func several(_ operation: String, _ inputs: [String], _ attributes: [WireAttribute], count: Int) -> [String] {
        let names = (0..<count).map { _ in fresh(operation) }
        append(operation, inputs, attributes, output: names[0])
        wire.node[wire.node.count - 1].output = names
        return names
    }

    private func append(_ operation: String, _ inputs: [String], _ attributes: [WireAttribute] = [], output: String) {
        wire.node.append(
            .with {
                $0.opType = operation
                $0.name = output + "_node"
                $0.input = inputs
                $0.output = [output]
                $0.attribute = attributes
            })
    }

    /// A constant of f32.
    func constant(shape: [Int], _ values: [Float]) -> String {
        stored(tensor(HostTensor(shape: shape, floats: values), name: ""))
    }

    func scalar(_ number: Double) -> String { constant(shape: [], [Float(number)]) }

    /// A constant of int64.
    func integers(_ values: [Int], isScalar: Bool = false) -> String {
        stored(tensor(HostTensor(shape: isScalar ? [] : [values.count], int64s: values.map(Int64.init)), name: ""))
    }

    private func stored(_ tensor: WireTensor) -> String {
        if let known = constants[tensor] { return known }
        let name = fresh("constant")
        var named = tensor
        named.name = name
        wire.initializer.append(named)
        constants[tensor] = name
        return name
    }

    // MARK: What rules ask

    func node(_ value: Value) -> Node { graph[value] }
    func operands(_ value: Value) -> [String] { graph[value].operands.map(name) }
    func shape(_ value: Value) -> Shape { graph[value].type.shape }

    /// A tensor's shape as int64: a constant, or with sizes that are no numbers yet taken from tensors that have them when the model runs.
    ///
    /// - Parameter repeating: the tensor that is repeated to the shape; 1 stands for sizes that it has itself.
    func sizes(_ target: Shape, repeating operand: Value? = nil) throws(ImportFault) -> String {
        let own = operand.map { shape($0).dimensions } ?? []
        let lead = target.rank - own.count
        func isOwn(_ axis: Int) -> Bool { axis >= lead && target[axis] == own[axis - lead] }
        let dimensions = target.dimensions.enumerated().map { axis, dimension in
            dimension.value == nil && isOwn(axis) ? .fixed(1) : dimension
        }
        if let numbers = Shape(dimensions).extents { return integers(numbers) }
        var parts: [String] = []
        var numbers: [Int] = []
        for dimension in dimensions {
            if let number = dimension.value {
                numbers.append(number)
                continue
            }
            if !numbers.isEmpty { parts.append(integers(numbers)) }
            numbers = []
            parts.append(try size(dimension))
        }
        if !numbers.isEmpty { parts.append(integers(numbers)) }
        return parts.count == 1 ? parts[0] : step("Concat", parts, [.integer("axis", 0)])
    }

    /// A size that is no number yet, as a vector of one int64, from a tensor written already that has it.
    private func size(_ dimension: Extent) throws(ImportFault) -> String {
        for value in graph.values.prefix(current.index) where !name(value).isEmpty {
            guard let axis = shape(value).dimensions.firstIndex(of: dimension) else { continue }
            return step("Shape", [name(value)], [.integer("start", axis), .integer("end", axis + 1)])
        }
        throw .openBatch(dimension)
    }

    /// A name for a tensor of another shape, in which at most one extent is no number.
    func reshaped(_ name: String, to shape: Shape, isLast: Bool = true) throws(ImportFault) -> String {
        let open = shape.dimensions.filter { $0.value == nil }
        guard open.count <= 1 else { throw .openBatch(open[0]) }
        return node("Reshape", [name, integers(shape.dimensions.map { $0.value ?? -1 })], isLast: isLast)
    }

    /// Operands of an element-wise operator as NumPy repeats them: a value a channel gets extents of 1 behind it.
    func aligned(_ value: Value) throws(ImportFault) -> [String] {
        let rank = shape(value).rank
        return try graph[value].operands.map { (operand) throws(ImportFault) in
            let own = shape(operand)
            guard own.rank == 1, rank > 2, own != [1] else { return floating(operand) }
            return try reshaped(floating(operand), to: Shape([own[0]] + [Extent](repeating: 1, count: rank - 2)), isLast: false)
        }
    }

    /// A tensor as f32.
    func floating(_ value: Value) -> String {
        graph[value].type.element == .f32 ? name(value) : step("Cast", [name(value)], [.integer("to", Int(ElementCode.f32.number))])
    }

    /// A tensor as int64, for positions.
    func positions(_ value: Value) -> String { step("Cast", [name(value)], [.integer("to", Int(ElementCode.i64.number))]) }
}

extension WireAttribute {
    static func integer(_ name: String, _ value: Int) -> WireAttribute {
        .with {
            $0.name = name; $0.i = Int64(value); $0.type = 2
        }
    }
    static func boolean(_ name: String, _ value: Bool) -> WireAttribute { integer(name, value ? 1 : 0) }
    static func integers(_ name: String, _ values: [Int]) -> WireAttribute {
        .with {
            $0.name = name; $0.ints = values.map(Int64.init); $0.type = 7
        }
    }
    static func number(_ name: String, _ value: Double) -> WireAttribute {
        .with {
            $0.name = name; $0.f = Float(value); $0.type = 1
        }
    }
    static func text(_ name: String, _ value: String) -> WireAttribute {
        .with {
            $0.name = name; $0.s = Data(value.utf8); $0.type = 3
        }
    }
}
