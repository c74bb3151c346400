import Foundation
import Graph
import Interchange

/// A network that was read from an ONNX file: its graph, its weights, and what its inputs and outputs are called and made of there.
public struct ImportedNetwork: Sendable {
    /// An input or output of the model.
    public struct Interface: Sendable {
        /// The model's name.
        public let name: String
        /// The graph's name, an identifier.
        public let graphName: String
        public let element: ElementCode
    }

    /// The file as the user named it.
    public let path: String
    public var graph: Graph
    /// A tensor for every parameter of the graph, of its name.
    public let weights: [HostTensor]
    /// The inputs that the graph has, in the model's order.
    public let inputs: [Interface]
    /// The model's file, and those beside it that hold its weights.
    public let files: [String]
    /// The outputs, in the model's order.
    public let outputs: [Interface]
    /// Outputs that follow from the model alone, by the graph's name: the graph does not have them.
    public let knownOutputs: [String: HostTensor]
    /// Inputs whose values were given and decided shapes: the graph does not have them.
    public let consumed: Set<String>
    /// What the file says besides, by name.
    public let metadata: [String: String]
    /// What the file says of itself.
    public let documentation: String
    /// Which program wrote the file: `pytorch 2.4.0`.
    public let producer: String
    public let operatorSet: Int

    /// Whether a file is to be read as ONNX, by its name.
    public static func isName(_ path: String) -> Bool { ModelFile.isName(path) }

    /// Reads and imports a model.
    ///
    /// A model for a fixed number of images is imported for any number, where all that it does can be done for any; exporters fix it by default.
    ///
    /// - Parameters:
    ///   - given: values of inputs by the model's names, which become constants where they decide shapes.
    ///   - extents: the shapes of inputs by the model's names, which bind the sizes that the model leaves open.
    /// - Throws: all nodes that cannot be imported, at once.
    public init(path: String, given: [String: HostTensor] = [:], extents: [String: [Int]] = [:]) throws(ONNXError) {
        let file = try ModelFile(path: path)
        if let images = file.fixedBatch, given.isEmpty || file.isForOther(than: images, given),
            let opened = try? ImportedNetwork(file, given: given, extents: extents, opening: images)
        {
            self = opened
        } else {
            self = try Self.fitting(file, given: given, extents: extents)
        }
    }

    /// Imports a model that is in memory; `path` names it in errors.
    public init(data: Data, path: String, given: [String: HostTensor] = [:]) throws(ONNXError) {
        self = try Self.fitting(try ModelFile(data: data, path: path), given: given, extents: [:])
    }

    /// Imports a model with values of inputs, whose shapes are fixed by them: where only that cannot be imported, they are at fault.
    private static func fitting(
        _ file: ModelFile, given: [String: HostTensor], extents: [String: [Int]]
    ) throws(ONNXError) -> ImportedNetwork {
        do {
            return try ImportedNetwork(file, given: given, extents: extents)
        } catch {
            // Integers that decide shapes by way of other nodes are constants from the start.
            if given.values.contains(where: { ElementCode($0.element).isInteger }),
                let network = try? ImportedNetwork(file, given: given, extents: extents, consumesIntegers: true)
            {
                return network
            }
            if !given.isEmpty, (try? ImportedNetwork(file, given: [:], extents: [:])) != nil { throw file.misfit(of: given, error) }
            throw error
        }
    }

    /// - Parameters:
    ///   - images: the number of images that the model is for, if it is to become any number.
    ///   - consumesIntegers: whether all integers that are given become constants, whatever they are for.
    private init(
        _ file: ModelFile, given: [String: HostTensor], extents: [String: [Int]], opening images: Int? = nil, consumesIntegers: Bool = false
    ) throws(ONNXError) {
        let wire = file.wire.graph
        let stem = URL(fileURLWithPath: file.path).deletingPathExtension().lastPathComponent
        var names = ModelNames()
        let importer = Importer(file, name: names.identifier(stem, otherwise: "model"), given: given, opening: images)
        guard wire.sparseInitializer.isEmpty else {
            throw ONNXError(file.path, "the model has sparse tensors", repair: "export it with dense ones")
        }
        for tensor in wire.initializer {
            do throws(ImportFault) {
                importer.declare(try importer.tensor(tensor), tensor.name)
            } catch {
                throw ONNXError(file.path, error.message, repair: "check that the file is complete, and lies beside those that it names")
            }
        }
        var inputs: [Interface] = []
        for input in wire.input where importer.values[input.name] == nil {
            inputs.append(try Self.declare(input, importer, file, given[input.name], extents[input.name]))
            if consumesIntegers, let value = given[input.name], ElementCode(value.element).isInteger {
                importer.replace(input.name, by: value)
            }
        }
        importer.run(wire.node, file.operatorSets, for: wire.output.map(\.name))
        try importer.require()
        var outputs: [Interface] = []
        var known: [String: HostTensor] = [:]
        for output in wire.output {
            let name = importer.identifier(output.name, otherwise: "output")
            let value: Value
            switch importer.values[output.name] {
            case .known(let tensor)?:
                known[name] = tensor
                outputs.append(Interface(name: output.name, graphName: name, element: ElementCode(tensor.element)))
                continue
            case .computed(let computed, let element)?:
                value = computed
                guard importer.builder.type(of: value).element == .f32 else {
                    throw ONNXError(
                        file.path, "the output '\(output.name)' is integers that come from an input, in another shape at most",
                        repair: "take them from where the input comes from, and export the model without the output")
                }
                outputs.append(Interface(name: output.name, graphName: name, element: element))
            case .sizes?:
                throw ONNXError(
                    file.path, "the output '\(output.name)' is a shape that is not known before the network runs",
                    repair: "give the model's sizes as numbers")
            case nil, .absent?, .missing?:
                throw ONNXError(file.path, "nothing makes the output '\(output.name)'", repair: "check the file with onnx.checker")
            }
            importer.builder.output(name, value)
        }
        let constant = Set(inputs.filter { importer.consumed.contains($0.name) }.map(\.graphName))
        let graph = importer.builder.finish().withDeclaredInitializers().without(inputs: constant)
        // What nodes read before it was found to decide a shape stays an input, too.
        let read = Set(graph.nodes.compactMap(\.inputName))
        self.init(
            path: file.path, graph: graph, weights: importer.weights, inputs: inputs.filter { read.contains($0.graphName) },
            outputs: outputs,
            knownOutputs: known, consumed: Set(inputs.filter { !read.contains($0.graphName) }.map(\.name)),
            metadata: Dictionary(file.wire.metadataProps.map { ($0.key, $0.value) }) { first, _ in first },
            documentation: wire.docString.isEmpty ? file.wire.docString : wire.docString,
            producer: [file.wire.producerName, file.wire.producerVersion].filter { !$0.isEmpty }.joined(separator: " "),
            operatorSet: file.operatorSets[""] ?? 0, files: [file.path] + file.externalFiles)
    }

    private init(
        path: String, graph: Graph, weights: [HostTensor], inputs: [Interface], outputs: [Interface], knownOutputs: [String: HostTensor],
        consumed: Set<String>,
        metadata: [String: String], documentation: String, producer: String, operatorSet: Int,
        files: [String]
    ) {
        (self.path, self.files) = (path, files)
        self.metadata = metadata
        (self.graph, self.weights, self.inputs, self.outputs, self.knownOutputs) = (graph, weights, inputs, outputs, knownOutputs)
        (self.consumed, self.documentation, self.producer, self.operatorSet) = (consumed, documentation, producer, operatorSet)
    }

    /// Makes an input of the graph; one without elements is a constant.
    private static func declare(
        _ input: WireNamedValue, _ importer: Importer, _ file: ModelFile, _ given: HostTensor?, _ extents: [Int]?
    ) throws(ONNXError) -> Interface {
        func refused(_ message: String) -> ONNXError {
            ONNXError(file.path, "the input '\(input.name)' \(message)", repair: "export the model with tensors of numbers as inputs")
        }
        guard input.type.hasTensorType else { throw refused("is no tensor") }
        let type = input.type.tensorType
        let element = ElementCode(number: type.elemType)
        guard element.stored != nil else { throw refused("has elements of \(element)") }
        guard element.isComputable else {
            throw ONNXError(
                file.path, "the input '\(input.name)' has elements of \(element), and networks compute in f32",
                repair: "export the model in single precision")
        }
        let graphName = importer.identifier(input.name, otherwise: "input")
        var dimensions: [Extent] = []
        let fixed = given?.shape ?? extents
        if !type.hasShape, let fixed { dimensions = fixed.map(Dimension.fixed) }
        guard type.hasShape || fixed != nil else { throw refused("has no shape") }
        for (axis, extent) in type.shape.dim.enumerated() {
            if axis == 0, importer.openedBatch != nil {
                dimensions.append(.symbol("N"))
                continue
            }
            if extent.hasDimValue {
                guard 0...Int64(Int32.max) ~= extent.dimValue else { throw refused("has the extent \(extent.dimValue)") }
                // Exporters write 0 for what is open; what is given may have none.
                if extent.dimValue > 0 {
                    dimensions.append(.fixed(Int(extent.dimValue)))
                    continue
                }
            }
            if let fixed, fixed.count == type.shape.dim.count { dimensions.append(.fixed(fixed[axis])); continue }
            dimensions.append(.symbol(ModelNames.symbol(extent.dimParam, axis: axis, input: graphName)))
        }
        var count = 1.0
        for dimension in dimensions { count *= Double(max(1, dimension.value ?? 1)) }
        guard count <= 0x1p40 else { throw refused("has more elements than any memory holds") }
        let isEmpty = Shape(dimensions).extents?.contains(0) ?? false
        if !isEmpty, let problem = Shape(dimensions).problem { throw refused("is \(Shape(dimensions)): \(problem)") }
        if let shape = Shape(dimensions).extents, isEmpty {
            importer.replace(input.name, by: HostTensor(element, shape: shape, numbers: []))
        } else {
            let value = importer.builder.input(graphName, TensorType(element.computed, Shape(dimensions)))
            importer.values[input.name] = .computed(value, element)
        }
        return Interface(name: input.name, graphName: graphName, element: element)
    }
}

extension ModelFile {
    /// The number of images that all inputs are for, if it is fixed; nil where it is open already, or inputs differ.
    fileprivate var fixedBatch: Int? {
        let initializers = Set(wire.graph.initializer.map(\.name))
        let inputs = wire.graph.input.filter { !initializers.contains($0.name) }
        let first = inputs.map { $0.type.tensorType.shape.dim.first }
        guard let extent = first.first, let extent, extent.hasDimValue, extent.dimValue > 0, first.allSatisfy({ $0 == extent }),
            inputs.allSatisfy({ $0.type.tensorType.shape.dim.count >= 2 })
        else { return nil }
        return Int(extent.dimValue)
    }
}

extension Graph {
    /// The graph with parameters that begin as the operators that own them declare, where they are trained anew.
    fileprivate func withDeclaredInitializers() -> Graph {
        var graph = self
        for value in values {
            guard let operation = self[value].operation, let declared = try? operation.weights(signature(of: value)) else { continue }
            let owned = zip(operation.inputs, self[value].operands).filter { $0.0.role != .operand }.map(\.1)
            for (operand, declaration) in zip(owned, declared) {
                guard case .parameter(var parameter) = graph[operand].kind else { continue }
                parameter.initializer = declaration.initializer
                graph[operand].kind = .parameter(parameter)
            }
        }
        return graph
    }

    /// The graph without inputs that nothing reads.
    fileprivate func without(inputs names: Set<String>) -> Graph {
        let read = Set(nodes.flatMap(\.operands) + outputs.map(\.value))
        return keeping { value in self[value].inputName.map { !names.contains($0) || read.contains(value) } ?? true }
    }
}

extension ImportedNetwork {
    /// An output's values as the model's type has them.
    public func tensor(of output: Interface, shape: [Int], values: [Float]) -> HostTensor {
        HostTensor(name: output.name, output.element, shape: shape, numbers: values.map(Double.init))
    }
}
