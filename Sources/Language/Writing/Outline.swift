import Graph
import Operators

/// A graph in the terms of the language: what is called with what, which parameters belong to whom, and what all that is named.
struct Outline {
    let graph: Graph
    var steps: [OutlineStep] = []
    /// The inputs' wires with their names.
    var inputs: [(wire: Int, name: String)] = []
    var outputs: [(operand: Operand, name: String)] = []
    let functions: FunctionNames
    let symbols: SymbolNames
    let network: String
    var parameters: [String: String] = [:]
    var initializers: [String: Initializer] = [:]
    /// The paths of files that hold tensors; nil where all stand in the text.
    private(set) var files: [Operand: String] = [:]
    /// What files of tensors are called, before a number; nil where there can be none.
    private let arrays: String?
    /// What reading the tensors of the text may still take: all of them together.
    private var tensorSteps = TensorSource.mostValues
    /// The tensors that several steps take.
    private var tables: Set<Value> = []
    /// The names of the network's own scope.
    var names = TakenNames()
    /// The text's names of labels, by those of the graph where they differ.
    private var labels: [String: String] = [:]
    /// The labels of steps that own parameters, in the text.
    private var takenLabels = TakenNames()
    private let ownership: ParameterOwnership
    private let alignments: AlignedOperands
    private let implied: ImpliedLabels

    /// - Parameter renamesParameters: whether parameters may get other names so that they belong to the operator that uses them.
    init(_ graph: Graph, renamesParameters: Bool, arrays: String?) throws(WritingError) {
        self.graph = graph
        self.arrays = arrays
        try Self.check(graph)
        functions = FunctionNames(.standard)
        var names = TakenNames()
        for node in graph.nodes { if let name = node.inputName, LegalName.isName(name) { names.take(name) } }
        symbols = SymbolNames(of: graph, &names)
        let isCallable = functions.taken.has(graph.name)
        network = functions.taken.distinct(
            LegalName.name(from: graph.name, or: "network") + (isCallable ? "_network" : ""), separator: "_")
        for (index, node) in graph.nodes.enumerated() {
            guard let name = node.inputName else { continue }
            let isRight = LegalName.isName(name)
            inputs.append((index, isRight ? name : names.distinct(LegalName.name(from: name, or: "input"))))
        }
        self.names = names
        ownership = ParameterOwnership(graph, renamesParameters: renamesParameters)
        alignments = AlignedOperands(graph)
        let ownership = ownership
        implied = ImpliedLabels(graph) { value in
            if let first = ownership.owned(by: value).first, let label = ownership.owner(of: first)?.label { return label }
            return graph[value].label.map { LegalName.label(from: $0, or: "step") }
        }
        try makeSteps()
        try nameOutputs()
    }

    private static func check(_ graph: Graph) throws(WritingError) {
        if let update = graph.updates.first {
            let name = graph[update.state].parameter?.name ?? "\(update.state)"
            throw WritingError(
                "the graph is a training step: it updates `\(name)`", repair: "write the network that is trained", value: update.value)
        }
        for value in graph.values {
            let node = graph[value]
            if node.layout != nil || node.group != nil || node.place != nil || node.stored != nil || node.factors != nil || node.isDirect {
                throw WritingError(
                    "\(graph.phrase(of: value)) has what passes decide about kernels, which no source says",
                    repair: "write the graph as it was before any pass", value: value)
            }
        }
        if graph.inputCount == 0 {
            throw WritingError("the graph has no input, and a network has one at least", repair: "let it take what it computes with")
        }
        if graph.outputs.isEmpty {
            throw WritingError("the graph has no output, and a network has one at least", repair: "name a value of it as an output")
        }
    }
}

// MARK: - Steps

extension Outline {
    /// Labels that name nothing and are longer are left out: they would fill lines and say no more.
    private static let longestLabel = 256

    /// What owns a parameter; nil for one that is declared on its own.
    func owner(of parameter: Value) -> ParameterOwnership.Owner? { ownership.owner(of: parameter) }

    private mutating func makeSteps() throws(WritingError) {
        let isLive = graph.liveNodes
        var tuples: [TupleKey: OutlineStep] = [:]
        declareParameters()
        try shareTensors(isLive)
        for value in graph.values {
            guard case .operation(let operation, let attributes) = graph[value].kind, isLive[value.index],
                !alignments.isImplied(value), !operation.isSizeNumber
            else { continue }
            do {
                if let results = operation.results {
                    var others = attributes
                    others[results.parameter] = nil
                    let key = TupleKey(operation: operation, operands: graph[value].operands, attributes: others)
                    let part = attributes.integer(results.parameter)
                    if let step = tuples[key] {
                        step.results[part] = value.index
                        continue
                    }
                    let step = try self.step(of: value, operation, attributes)
                    let count = try results.count(graph.signature(of: value))
                    step.results = [Int?](repeating: nil, count: count)
                    step.results[part] = value.index
                    tuples[key] = step
                    steps.append(step)
                } else {
                    steps.append(try self.step(of: value, operation, attributes))
                }
            } catch let error as WritingError {
                throw error.located(in: graph, at: value)
            } catch {
                throw WritingError("\(error)").located(in: graph, at: value)
            }
        }
    }

    private struct TupleKey: Hashable {
        var operation: Operator
        var operands: [Value]
        var attributes: Attributes
    }

    /// Gives tensors names that several steps take.
    private mutating func shareTensors(_ isLive: [Bool]) throws(WritingError) {
        var uses: [Value: Int] = [:]
        for value in graph.values where isLive[value.index] { for operand in graph[value].operands { uses[operand, default: 0] += 1 } }
        for value in graph.values {
            guard let tensor = graph[value].tensor, uses[value, default: 0] > 1, tensor.values.count > 16 else { continue }
            do {
                let operand = try self.tensor(tensor, of: value)
                steps.append(OutlineStep(.constant(operand), order: value.index, results: [value.index]))
            } catch {
                throw error.located(in: graph, at: value)
            }
            tables.insert(value)
        }
    }

    /// The declarations of parameters that belong to no operator.
    private mutating func declareParameters() {
        for value in graph.values {
            guard let parameter = graph[value].parameter, ownership.owner(of: value) == nil else { continue }
            let step = OutlineStep(
                .parameter(parameter.role, graph[value].type, parameter.initializer), order: value.index, results: [value.index])
            step.arguments = graph[value].type.shape.dimensions.enumerated().map { axis, extent in
                OutlineStep.Argument(name: "extent\(axis)", value: .integer(extent.value ?? 0), byDefault: nil, isPositional: true)
            }
            // A path before the name is that of a block that declares it.
            let isRight =
                LegalName.isLabel(parameter.name) && parameter.name.split(separator: ".").last.map { LegalName.isName(String($0)) } == true
            if isRight, parameter.name.contains(".") {
                step.label = parameter.name.split(separator: ".").map(String.init)
                takenLabels.take(parameter.name)
                parameters[parameter.name] = parameter.name
            } else {
                let name = isRight && !names.has(parameter.name) ? parameter.name : LegalName.name(from: parameter.name, or: "parameter")
                step.label = [names.distinct(name)]
                parameters[parameter.name] = step.label[0]
            }
            steps.append(step)
        }
    }

    private mutating func step(of value: Value, _ operation: Operator, _ attributes: Attributes) throws(WritingError) -> OutlineStep {
        guard operation.isInLanguage else {
            throw WritingError("`\(operation.name)` is no operator of the language", repair: "write the graph as it was before any pass")
        }
        let node = graph[value]
        let attributes = operation == .reshape ? try reshaping(value, attributes) : attributes
        let inputs = operation.presentInputs(attributes, count: node.operands.count)
        var operands: [Operand] = []
        var given: [(String, Operand)] = []
        let owned = ownership.owned(by: value)
        for (place, operand) in node.operands.enumerated() {
            let input = inputs[place]
            if input.role == .operand {
                operands.append(try self.operand(alignments.source(of: operand)))
            } else if !owned.contains(operand) {
                given.append((input.name, try self.operand(operand)))
            }
        }
        let function = attributes.function
        let step = OutlineStep(
            function == nil ? .operation(operation) : .function, order: value.index, operands: operands, results: [value.index])
        step.given = given
        if let function {
            let name = try functions.name(of: function.value)
            step.arguments = [
                OutlineStep.Argument(name: OutlineStep.functionArgument, value: .function(name), byDefault: nil, isPositional: true)
            ]
        } else {
            step.arguments = try arguments(of: operation, attributes, given: given.map(\.0))
        }
        step.ownsParameters = !owned.isEmpty
        if let first = owned.first, let owner = ownership.owner(of: first) {
            step.isShared = owner.users > 1
            step.hasMatrix = owner.hasMatrix
            step.label = try label(of: owner, value, operation).split(separator: ".").map(String.init)
        } else if let label = node.label, label.utf8.count <= Self.longestLabel {
            step.label = LegalName.label(from: label, or: operation.name).split(separator: ".").map(String.init)
            step.keepsLabel = graph.precisions.clause(for: label)?.path != graph.precisions.clause(for: nil)?.path
        }
        if step.label.isEmpty, let scope = implied.scopes[value], let name = step.defaultLabel { step.label = scope + [name] }
        return step
    }

    private mutating func operand(_ value: Value) throws(WritingError) -> Operand {
        switch graph[value].kind {
        case .constant(let number):
            guard number.isFinite else {
                throw WritingError("it takes the number \(number), which no source can hold", repair: "take a finite number")
            }
            return .number(number)
        case .tensor(let tensor):
            if tables.contains(value) { return .wire(value.index) }
            return try self.tensor(tensor, of: value)
        case .operation(let operation, let attributes) where operation.isSizeNumber:
            switch attributes["value"] {
            case .integer(let integer)?: return .size(SizeExpression(integer), attributes.integer("divisor"))
            case .shape(let shape)? where shape.rank == 1: return .size(shape[0].expression, attributes.integer("divisor"))
            default: return .wire(value.index)
            }
        default: return .wire(value.index)
        }
    }

    private mutating func tensor(_ tensor: ConstantTensor, of value: Value) throws(WritingError) -> Operand {
        let operand = Operand.tensor(tensor, graph[value].type.shape)
        if files[operand] != nil { return operand }
        let own = TensorSource.steps(graph[value].type.shape)
        let isShort =
            tensor.values.count <= (arrays != nil ? TensorSource.mostValuesBesideFiles : TensorSource.mostValues) && own <= tensorSteps
        if isShort { tensorSteps -= own }
        if let problem = TensorSource.problem(tensor, graph[value].type.shape, isShort: isShort) {
            guard let arrays, !tensor.values.contains(where: \.isNaN), graph[value].type.rank > 0 else {
                throw WritingError("it takes the tensor \(value), and \(problem.text)", repair: problem.repair)
            }
            files[operand] = "\(arrays).\(files.count + 1).npy"
        }
        return operand
    }

    /// The label of the operations that own the same parameters, which get their names by it.
    private mutating func label(of owner: ParameterOwnership.Owner, _ value: Value, _ operation: Operator) throws(WritingError) -> String {
        if let label = labels[owner.key] { return label }
        var label: String
        if let own = owner.label {
            label = takenLabels.distinct(own)
        } else if let own = graph[value].label ?? implied.labels[value], !own.isEmpty {
            label = takenLabels.distinct(LegalName.label(from: own, or: operation.name))
        } else {
            label = takenLabels.distinct(operation.name)
        }
        labels[owner.key] = label
        for owned in owner.parameters {
            guard let parameter = graph[owned.value].parameter else { continue }
            let name = label + "." + owned.input
            parameters[parameter.name] = name
            if parameter.initializer != owned.declared {
                initializers[name] = parameter.initializer
            }
        }
        return label
    }

    private mutating func nameOutputs() throws(WritingError) {
        let inputNames = Dictionary(uniqueKeysWithValues: inputs.map { ($0.name, $0.wire) })
        var taken = TakenNames(Set(graph.outputs.map(\.name)))
        for output in graph.outputs {
            let operand: Operand
            do {
                operand = try self.operand(alignments.source(of: output.value))
            } catch {
                throw WritingError(
                    "the output `\(output.name)` cannot be written: \(error.message)", repair: error.repair ?? WritingError.anyRepair,
                    value: output.value)
            }
            var name = output.name
            // The name would hide an input that is something else.
            let hides = inputNames[name].map { .wire($0) != operand } ?? names.has(name)
            if !LegalName.isName(name) || hides {
                repeat { name = taken.distinct(LegalName.name(from: hides ? name + "_output" : name, or: "output")) } while names.has(name)
            }
            outputs.append((operand, name))
        }
        for output in outputs { names.take(output.name) }
    }
}

extension Attributes {
    /// The scalar function that an operator applies, with its parameter's name; nil for all others.
    fileprivate var function: (name: String, value: ScalarFunction)? {
        for (name, value) in values { if case .function(let function) = value { return (name, function) } }
        return nil
    }
}

extension Operator {
    /// Whether its nodes are numbers that follow from sizes, which the language writes as such.
    var isSizeNumber: Bool { self == .size }

    /// The inputs that a use with so many operands has, in order.
    func presentInputs(_ attributes: Attributes, count: Int) -> [OperatorInput] {
        if inputs.count == 1, inputs[0].isVariadic { return [OperatorInput](repeating: inputs[0], count: count) }
        let present = inputs.filter { input in
            guard let condition = input.condition, case .boolean(let value)? = attributes[condition] else { return true }
            return value
        }
        return present.count == count ? present : Array(inputs.prefix(count))
    }
}

extension Graph {
    var inputCount: Int { nodes.count { $0.inputName != nil } }

    /// Whether each node is needed for an output.
    var liveNodes: [Bool] {
        var isLive = [Bool](repeating: false, count: nodes.count)
        for output in outputs { isLive[output.value.index] = true }
        for index in nodes.indices.reversed() where isLive[index] { for operand in nodes[index].operands { isLive[operand.index] = true } }
        return isLive
    }
}
