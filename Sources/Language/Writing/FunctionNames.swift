import Graph
import Operators
import Source

/// What a source calls the scalar functions of a graph: an activation of the prelude or a function of the language where one has their
/// formula, whatever a graph calls them, else an activation that the source defines.
final class FunctionNames {
    /// An activation that the source defines.
    struct Definition {
        var name: String
        var parameters: [String]
        var body: Scalar
    }

    private let elaborator: Elaborator
    private let activations: [ActivationSyntax]
    /// The functions that take no numbers, or take them by default, by their formulas.
    private var known: [Scalar: FunctionName] = [:]
    /// The formula of each activation that takes numbers, for those that were given so far.
    private var formulas: [FunctionName: Scalar] = [:]
    private var found: [ScalarFunction: FunctionName] = [:]
    /// By formula and the number of parameters.
    private var defined: [ScalarFunction: FunctionName] = [:]
    private(set) var definitions: [Definition] = []
    /// All names that can be called, and those that the source gives to what it defines.
    var taken: TakenNames

    init(_ catalog: OperatorCatalog) {
        var map = SourceMap()
        let source = SourceFile(name: Prelude.name, text: Prelude.text)
        let prelude = Parser.parse(source, as: map.add(source)).syntax
        let names = DefinedNames(catalog: catalog, prelude: prelude, readTensor: Program.noTensors) { _ in }
        elaborator = Elaborator(names, in: map, of: "", known: [])
        activations = prelude.definitions.compactMap { if case .activation(let activation) = $0 { activation } else { nil } }
        taken = TakenNames(Set(names.callables + catalog.operators.map(\.name) + LanguageConstant.allCases.map(\.rawValue)))
        for builtin in Builtin.all where catalog[builtin.name] == nil {
            known[builtin.function.body] = FunctionName(name: builtin.name)
        }
        for activation in activations {
            let name = FunctionName(name: activation.name.text)
            guard let formula = formula(activation, []) else { continue }
            formulas[name] = formula
            if known[formula] == nil { known[formula] = name }
        }
    }

    /// - Throws: for a formula that the language does not have.
    func name(of function: ScalarFunction) throws(WritingError) -> FunctionName {
        if let name = found[function] { return name }
        let known = recognized(function)
        let name = if let known { known } else { try defining(function) }
        found[function] = name
        return name
    }

    private func recognized(_ function: ScalarFunction) -> FunctionName? {
        let takesOne = function.parameters.count == 1
        let own = FunctionName(name: function.name)
        if takesOne, formulas[own] == function.body { return own }
        if let name = known[function.body] {
            let count = Builtin.byName[name.name]?.parameters.count ?? 1
            if count == function.parameters.count { return name }
        }
        guard takesOne else { return nil }
        let numbers = function.body.numbers
        // One of the same name first.
        let sorted = activations.filter { $0.name.text == function.name } + activations.filter { $0.name.text != function.name }
        for activation in sorted {
            let parameters = activation.parameters.filter { $0.defaultValue != nil }.map(\.name.text)
            guard (1...2).contains(parameters.count) else { continue }
            for first in numbers {
                for second in parameters.count == 2 ? numbers : [0] {
                    let given = zip(parameters, [first, second]).map { FunctionName.Given(name: $0, value: $1) }
                    guard formula(activation, given) == function.body else { continue }
                    let byDefault = given.filter { item in formula(activation, given.filter { $0 != item }) != function.body }
                    return FunctionName(name: activation.name.text, given: byDefault, takesOneNumber: parameters.count == 1)
                }
            }
        }
        return nil
    }

    private func formula(_ activation: ActivationSyntax, _ given: [FunctionName.Given]) -> Scalar? {
        let name = FunctionName(name: activation.name.text, given: given)
        if let formula = formulas[name] { return formula }
        let arguments = given.map { item in
            EvaluatedArgument(name: NameSyntax(text: item.name, span: .none), value: .number(item.value), span: .none)
        }
        let formula = elaborator.function(.activation(activation), arguments, at: .none)?.body
        formulas[name] = formula
        return formula
    }

    private func defining(_ function: ScalarFunction) throws(WritingError) -> FunctionName {
        let key = ScalarFunction("", function.parameters.map { _ in "" }, function.body)
        if let name = defined[key] { return name }
        var names = TakenNames()
        let parameters = function.parameters.map { names.distinct(LegalName.name(from: $0, or: "x")) }
        _ = try function.body.source(parameters)
        let name = FunctionName(name: taken.distinct(LegalName.name(from: function.name, or: "function"), separator: "_"))
        definitions.append(Definition(name: name.name, parameters: parameters, body: function.body))
        defined[key] = name
        return name
    }
}

extension FunctionNames.Definition {
    /// `activation bent(x) = …`, one line.
    func source() throws(WritingError) -> String {
        "activation \(name)(\(parameters.joined(separator: ", "))) = \(try body.source(parameters))"
    }
}
