import Foundation
import Graph
import Interchange
import Operators

/// Makes a graph of a model, node by node, by the rules of `ImportRule.all`.
///
/// What follows from values that the model has (weights, constants, the shapes of inputs) is computed at once, by the same rules on a small
/// graph of their own (`ConstantFolding`), so that axes and shapes are numbers wherever they can be.
final class Importer {
    let file: ModelFile
    let reader: TensorReader
    /// The graph that nodes are appended to: the model's, or while constants are folded another.
    var builder: GraphBuilder
    /// What names stand for, those of an inlined function apart from its caller's.
    var values: [String: ImportedValue] = [:]
    /// Values of inputs, which are taken where they decide shapes and axes.
    let given: [String: HostTensor]
    /// The inputs that became constants because of that.
    private(set) var consumed: Set<String> = []
    /// While constants are folded, what the inputs of the small graph hold.
    var folding: [String: ReferenceTensor]?
    /// What nodes may still take.
    var allowance = ImportAllowance()

    /// The parameters that the graph has, as tensors of their names.
    private(set) var weights: [HostTensor] = []
    private var names = ModelNames()
    /// The parameters that initializers became, by the initializer's name and the shape in which it is read; several where it is read in
    /// several orders.
    private var parameters: [ParameterKey: [(value: Value, weight: Int)]] = [:]
    /// The values that other tensors became.
    private var constants: [ParameterKey: [(tensor: HostTensor, value: Value)]] = [:]
    /// The initializers that names stand for: outputs of `Identity` stand for their operand's.
    var initializers: [String: String] = [:]
    /// The products of the nodes that are being read that are layers with biases.
    var biased = BiasedProducts()
    /// What goes wrong, node by node.
    private var faults: [(node: String, fault: ImportFault)] = []
    /// How many functions of the model, one within the other, nodes are read of.
    var depth = 0

    private struct ParameterKey: Hashable {
        var name: String
        var shape: [Int]
        var role: ParameterRole
        /// Some of its bytes, so that few tensors of one name are compared.
        var sample: [UInt8]

        init(_ name: String, _ tensor: HostTensor, _ role: ParameterRole) {
            (self.name, shape, self.role) = (name, tensor.shape, role)
            sample = Array(tensor.bytes.prefix(32) + tensor.bytes.suffix(32))
        }
    }

    /// A model has no more nodes, with those of its functions.
    private static let largestNodeCount = 500_000
    private var nodeCount = 0
    /// What calls of functions may still take together, each counted with all that the function has: a few that call each other are many.
    var remainingCalls: Int
    var functionSizes: [[String]: Int] = [:]

    /// The number of images that the model is for, where it is imported for any number.
    let openedBatch: Int?

    init(_ file: ModelFile, name: String, given: [String: HostTensor], opening images: Int?) {
        self.file = file
        remainingCalls = 1 << 16 + 100 * (file.wire.graph.node.count + file.wire.functions.reduce(0) { $0 + $1.node.count })
        openedBatch = images
        self.given = given
        reader = TensorReader(path: file.path)
        builder = GraphBuilder(name: name)
        allowance.add(held: file.size)
    }

    // MARK: Nodes

    /// Imports nodes in order, those that outputs need. A node at fault is noted, and what reads it passed over.
    func run(_ nodes: [WireNode], _ sets: [String: Int], for outputs: [String]) {
        let needed = NeededNodes.of(nodes, for: outputs)
        let outside = biased
        biased = BiasedProducts(needed, for: outputs) { ["", "ai.onnx"].contains($0.domain) && file.function($0) == nil }
        defer { biased = outside }
        for node in needed {
            nodeCount += 1
            guard nodeCount <= Self.largestNodeCount else {
                return note(node, .unsupported("the model has more than \(Self.largestNodeCount) nodes"))
            }
            do throws(ImportFault) {
                try run(node, sets)
            } catch {
                note(node, error)
                for output in node.output where !output.isEmpty { values[output] = .missing }
            }
        }
    }

    private func run(_ node: WireNode, _ sets: [String: Int]) throws(ImportFault) {
        let domain = node.domain == "ai.onnx" ? "" : node.domain
        if let function = file.function(node) { return try call(function, node) }
        if let made = biased.take(node) {
            values[node.output[0]] = made
            return
        }
        guard let set = sets[domain] else { throw .unsupported("the model imports no operators of '\(node.domain)'") }
        guard let rule = ImportRule.named(node.opType, domain: domain, set: set) else {
            throw .unsupported("\(ModelFile.fullName(node)) of operator set \(set)")
        }
        let inputs = try node.input.map { (name) throws(ImportFault) -> ImportedValue in
            if name.isEmpty { return .absent }
            guard let value = values[name] else { throw .malformed("'\(name)' is read before anything makes it") }
            return value
        }
        // The fault is that of the node that was to make it.
        if inputs.contains(where: { if case .missing = $0 { true } else { false } }) {
            for output in node.output where !output.isEmpty { values[output] = .missing }
            return
        }
        let scope = NodeScope(importer: self, node: node, inputs: inputs, set: set, sets: sets)
        try OperandKinds.check(scope)
        let before = builder.graph.nodes.count
        var folded = try SizeArithmetic.fold(scope)
        if folded == nil { folded = try ConstantFolding.fold(rule, scope) }
        let results = if let folded { folded } else { try rule.read(scope) }
        for made in builder.graph.nodes[before...] {
            if let problem = made.type.shape.problem { throw .unsupported("\(node.opType) needs a tensor of \(made.type): \(problem)") }
        }
        for case .known(let tensor) in results where tensor.shape.count > TensorReader.mostAxes {
            throw .unsupported("\(node.opType) makes a tensor of \(tensor.shape.count) axes")
        }
        for (name, result) in zip(node.output, results) where !name.isEmpty { values[name] = result }
        for name in node.output.dropFirst(results.count) where !name.isEmpty {
            throw .unsupported("the output '\(name)' of \(node.opType)")
        }
    }

    /// As many are told.
    private static let mostFaults = 40

    private func note(_ node: WireNode, _ fault: ImportFault) {
        let name = node.name.isEmpty ? node.output.first { !$0.isEmpty } ?? "" : node.name
        let what = faults.count < Self.mostFaults ? "\(ModelFile.fullName(node)) '\(name)'" : ""
        faults.append((what, fault))
    }

    /// Throws what went wrong, all at once.
    func require() throws(ONNXError) {
        guard !faults.isEmpty else { return }
        let isUnsupported = faults.allSatisfy { $0.fault.kind == .unsupported }
        let set = file.operatorSets[""].map { ", operator set \($0)" } ?? ""
        let count = faults.count == 1 ? "a node" : "\(faults.count) nodes"
        let inputs = Set(faults.compactMap(\.fault.input)).sorted()
        let repairs = Set(faults.compactMap(\.fault.repair)).sorted()
        let isRepairable = faults.allSatisfy { $0.fault.repair != nil }
        throw ONNXError(
            file.path,
            isUnsupported
                ? "\(count) of this model (IR version \(file.wire.irVersion)\(set)) cannot be imported"
                : "\(count) of this model cannot be read",
            repair: !isUnsupported
                ? "check that the file is complete, with onnx.checker for instance"
                : inputs.isEmpty
                    ? (repairs + (isRepairable ? [] : ["export the model without \(repairs.isEmpty ? "them" : "the others")"])).joined(
                        separator: ", and ")
                    : "make constants of \(inputs.map { "'\($0)'" }.joined(separator: ", ")), or give their values with --input, which decide shapes",
            notes: faults.prefix(Self.mostFaults).map { "\($0.node): \($0.fault.message)" }
                + (faults.count > Self.mostFaults ? ["… and \(faults.count - Self.mostFaults) more"] : []))
    }

    // MARK: Values

    /// What an input of the model holds, if that was given; from then on it is a constant.
    func consume(_ name: String) -> HostTensor? {
        // Within a function of the model, the same name is something else.
        guard depth == 0, let value = given[name] else { return nil }
        replace(name, by: value)
        return value
    }

    /// Notes a tensor that the model holds, under its name.
    func declare(_ tensor: HostTensor, _ name: String) {
        values[name] = .known(tensor)
        initializers[name] = name
    }

    /// The tensor of a message. Every call of a function makes those of its nodes anew.
    func tensor(_ wire: WireTensor) throws(ImportFault) -> HostTensor {
        let before = reader.externalBytes
        let tensor = try reader.tensor(wire)
        allowance.add(held: reader.externalBytes - before)
        if depth > 0 { try allowance.makeConstant(tensor.element, tensor.shape) }
        return tensor
    }

    /// Puts a constant in the place of an input.
    func replace(_ input: String, by value: HostTensor) {
        consumed.insert(input)
        values[input] = .known(value)
    }

    /// An identifier for an input or output.
    func identifier(_ name: String, otherwise: String) -> String { names.identifier(name, otherwise: otherwise) }

    /// A label that no other layer has.
    func label(weight: String?, _ node: WireNode) -> String {
        names.label(ModelNames.layer(weight: weight, node: node.name, operator: node.opType))
    }

    /// A tensor of the model as one that the graph reads: a number, a parameter if it is an initializer, else a constant of the program.
    ///
    /// - Parameters:
    ///   - name: the initializer's.
    ///   - label: the parameter's name, where the layer that owns it gives it one.
    func value(
        of tensor: HostTensor, initializer name: String?, label: String? = nil, role: ParameterRole = .weight, isNumber: Bool = true
    ) throws(ImportFault) -> Value {
        if folding != nil { return try foldingInput(tensor) }
        if isNumber, tensor.count == 1, let number = tensor.doubles.first, number.isFinite, tensor.shape.isEmpty || label == nil {
            return tensor.shape.isEmpty ? builder.constant(number) : builder.tensor(ConstantTensor(tensor.floats), Shape(tensor.shape))
        }
        guard tensor.count > 0 else { throw .unsupported("a tensor without elements, \(tensor.shape)") }
        guard let name else { return try constant(tensor) }
        let key = ParameterKey(name, tensor, role)
        if let known = parameters[key]?.first(where: { weights[$0.weight].bytes == tensor.bytes }) { return known.value }
        // What one layer owns may be read in another shape elsewhere, or be a statistic here and learned there: each is a parameter of its own.
        let parameter = label.map { names.distinct($0) } ?? names.label(name.replacing(":", with: ".").replacing("/", with: "."))
        let value = builder.parameter(
            Parameter(parameter, role, .zeros), TensorType(.f32, Shape(tensor.shape)), label: nil)
        parameters[key, default: []].append((value, weights.count))
        weights.append(HostTensor(name: parameter, element: tensor.element, shape: tensor.shape, bytes: tensor.bytes))
        return value
    }

    /// A tensor that is no initializer, once however many nodes read it.
    private func constant(_ tensor: HostTensor) throws(ImportFault) -> Value {
        let key = ParameterKey("", tensor, .state)
        if let known = constants[key]?.first(where: { $0.tensor.element == tensor.element && $0.tensor.bytes == tensor.bytes }) {
            return known.value
        }
        let value: Value
        if tensor.count <= ConstantTensor.maximumCount {
            value = try constant(tensor.floats, Shape(tensor.shape))
        } else {
            let name = names.label("constant")
            weights.append(HostTensor(name: name, element: tensor.element, shape: tensor.shape, bytes: tensor.bytes))
            value = builder.parameter(Parameter(name, .state, .zeros), TensorType(.f32, Shape(tensor.shape)))
        }
        constants[key, default: []].append((tensor, value))
        return value
    }

    /// A constant of the program, of at most `ConstantTensor.maximumCount` numbers.
    func constant(_ numbers: [Float], _ shape: Shape) throws(ImportFault) -> Value {
        try allowance.makeConstant(.f32, [numbers.count])
        return builder.tensor(ConstantTensor(numbers), shape)
    }

    private func foldingInput(_ tensor: HostTensor, _ element: ElementType = .f32) throws(ImportFault) -> Value {
        if ConstantFolding.wouldRound(tensor) {
            throw .unsupported("constants of integers beyond 2^53, of which others are made")
        }
        let name = "k\(folding?.count ?? 0)"
        folding?[name] = ReferenceTensor(tensor.shape, tensor.doubles)
        return builder.input(name, TensorType(element, Shape(tensor.shape)))
    }

    /// A tensor of integers that name positions.
    func positions(_ tensor: HostTensor) throws(ImportFault) -> Value {
        folding == nil ? try constant(tensor) : try foldingInput(tensor, .i32)
    }
}

extension Shape {
    /// Why no tensor of a graph has this shape, such as too many axes, by the rules of printed graphs; nil where one may.
    var problem: String? {
        var scanner = TextScanner(text)
        do throws(TextError) {
            _ = try Shape(reading: &scanner)
            return nil
        } catch {
            return error.message
        }
    }
}
