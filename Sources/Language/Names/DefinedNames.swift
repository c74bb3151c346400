import Graph
import Source

/// What the names of a program stand for: the definitions of a file and of all that it imports, and what the language brings.
struct DefinedNames: Sendable {
    let catalog: OperatorCatalog
    /// Reads the array files that programs take tensors from.
    let readTensor: FileTensor.Reader
    /// Takes the lines that `print` writes, in their order.
    let print: @Sendable (String) -> Void
    /// In the order of their definition, those of the root file last.
    private(set) var networks: [NetworkSyntax] = []
    /// By the network's name.
    private(set) var trainings: [String: NetworkTraining] = [:]
    private(set) var blocks: [String: BlockSyntax] = [:]
    private(set) var activations: [String: ActivationSyntax] = [:]
    private(set) var operators: [String: OperatorSyntax] = [:]
    /// Where each definition of a user's file stands, by its name.
    private(set) var places: [String: Span] = [:]
    /// The networks whose names could not be had, by name: what refers to them is right.
    private(set) var refusedNetworks: [String: NetworkSyntax] = [:]
    /// The names that definitions could not have: whoever uses them may mean those definitions.
    private(set) var refused: Set<String> = []
    /// What the classes of outputs are called, by the path of the file that says it; nil where a report says why it does not.
    private(set) var classLabels: [String: ClassLabels?] = [:]
    /// Whether an import could not be read: names that nothing defines may be what it would have brought.
    var lacksImports = false

    /// - Parameter prelude: the activations that every file can use, and may define anew.
    init(
        catalog: OperatorCatalog, prelude: FileSyntax, readTensor: @escaping FileTensor.Reader, print: @escaping @Sendable (String) -> Void
    ) {
        self.catalog = catalog
        self.readTensor = readTensor
        self.print = print
        for case .activation(let activation) in prelude.definitions { activations[activation.name.text] = activation }
    }

    /// Takes up what a file calls classes.
    mutating func define(_ labels: ClassLabels?, ofFile path: String) { classLabels[path] = .some(labels) }

    /// Takes up the definitions of a file.
    ///
    /// - Returns: why some of them cannot have their names.
    mutating func define(_ syntax: FileSyntax) -> [Diagnostic] {
        var problems: [Diagnostic] = []
        for definition in syntax.definitions {
            let problem: Diagnostic?
            switch definition {
            case .block(let block):
                problem = claim(block.name)
                if problem == nil {
                    blocks[block.name.text] = block
                    activations[block.name.text] = nil
                }
            case .activation(let activation):
                problem = claim(activation.name)
                if problem == nil { activations[activation.name.text] = activation }
            case .operator(let definition):
                problem = claim(definition.name)
                if problem == nil {
                    operators[definition.name.text] = definition
                    activations[definition.name.text] = nil
                }
            case .network(let network):
                problem = claim(network.name)
                if problem == nil { networks.append(network) } else { refusedNetworks[network.name.text] = network }
            case .training(let training):
                problems += training.subjects.compactMap { define(training, of: $0) }
                continue
            }
            if let problem { problems.append(problem) }
        }
        return problems
    }

    private mutating func define(_ training: TrainingSyntax, of subject: TrainingSyntax.Subject) -> Diagnostic? {
        let name = subject.network
        if let other = trainings[name.text] {
            return Diagnostic(
                "`\(name.text)` has two trainings", at: name.span,
                secondary: [Diagnostic.Label(other.network.span, "the first one")], help: "remove one of them")
        }
        trainings[name.text] = NetworkTraining(
            network: name, arguments: subject.arguments, clauses: training.clauses, span: training.span)
        return nil
    }

    /// Takes a name for a definition, or says why it cannot be had.
    private mutating func claim(_ name: NameSyntax) -> Diagnostic? {
        let isFunction = Builtin.byName[name.text] != nil || LanguageFunction.byName[name.text] != nil
        if LanguageConstant(rawValue: name.text) != nil {
            refused.insert(name.text)
            return Diagnostic("`\(name.text)` is a constant of the language", at: name.span, help: "choose another name")
        }
        if catalog[name.text] != nil || isFunction {
            let kind = catalog[name.text] != nil ? "an operator" : "a function of the language"
            refused.insert(name.text)
            return Diagnostic("`\(name.text)` is \(kind)", at: name.span, help: "choose another name")
        }
        if let place = places[name.text] {
            refused.insert(name.text)
            return Diagnostic(
                "`\(name.text)` is defined twice", at: name.span, secondary: [Diagnostic.Label(place, "first defined here")],
                help: "rename one of them")
        }
        places[name.text] = name.span
        return nil
    }

    /// What `name` calls outside of any body, nil where it calls nothing.
    func callable(_ name: String) -> Callable? {
        if let block = blocks[name] { return .block(block) }
        if let definition = operators[name] { return .foreign(definition) }
        if let activation = activations[name] { return .activation(activation) }
        if let builtin = Builtin.byName[name] { return .builtin(builtin) }
        if let function = LanguageFunction.byName[name] { return .function(function) }
        if let operation = catalog[name], operation.isInLanguage { return .operation(operation) }
        return nil
    }

    /// All names that can be called, for suggestions.
    var callables: [String] {
        Array(blocks.keys) + Array(activations.keys) + Array(operators.keys) + Builtin.all.map(\.name) + LanguageFunction.all.map(\.name)
            + catalog.operators.filter(\.isInLanguage).map(\.name)
    }
}
