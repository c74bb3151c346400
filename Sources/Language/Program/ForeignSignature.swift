import Source

/// What a function of C must take to be an operator, or its gradient, and whether one does.
struct ForeignSignature {
    private typealias Kind = ForeignArrayFunction.Parameter.Kind

    /// What stands at a place: its kind, its name in a prototype, and what it is in words.
    private struct Place {
        var kind: Kind
        var name: String
        var phrase: String

        var type: String {
            switch kind {
            case .input: "const float *"
            case .result: "float *"
            case .shape: "const int64_t *"
            case .integer: "int"
            case .number, .other: "float"
            }
        }
    }

    private let places: [Place]
    /// Where the operator declares what stands at each place.
    private let spans: [Span]

    /// What the function is given, in its order: a name in a prototype, what it is in words, and where that is said.
    typealias Named = (name: String, phrase: String, span: Span)

    /// - Parameters:
    ///   - shape: where the operator, or its use, stands.
    init(inputs: [Named], results: [Named], shape: Span, numbers: [(named: Named, isInteger: Bool)]) {
        let places: [(Place, Span)] =
            inputs.map { (Place(kind: .input, name: $0.name, phrase: $0.phrase), $0.span) }
            + results.map { (Place(kind: .result, name: $0.name, phrase: $0.phrase), $0.span) }
            + [(Place(kind: .shape, name: "shape", phrase: "the shapes"), shape)]
            + numbers.map { (Place(kind: $1 ? .integer : .number, name: $0.name, phrase: $0.phrase), $0.span) }
        self.places = places.map(\.0)
        spans = places.map(\.1)
    }

    /// - Parameters:
    ///   - isGradient: of the function that computes the gradients of the inputs.
    ///   - integers: the numbers that are integers.
    init(of definition: OperatorSyntax, isGradient: Bool, integers: Set<String>) {
        var inputs: [Named] = definition.inputs.map { ($0.name.text, "the input `\($0.name.text)`", $0.name.span) }
        var results: [Named] = [("result", "the result", definition.result.span)]
        if isGradient {
            results = inputs.map(Self.gradient)
            inputs.append(("gradient", "the gradient of the result", definition.result.span))
        }
        self.init(
            inputs: inputs, results: results, shape: definition.name.span,
            numbers: definition.numbers.map {
                (($0.name.text, "the number `\($0.name.text)`", $0.name.span), integers.contains($0.name.text))
            })
    }

    private static func gradient(of input: Named) -> Named {
        (input.name + "_gradient", "the gradient of \(input.phrase)", input.span)
    }

    private func prototype(_ name: String) -> String {
        "void \(name)(" + places.map { $0.type + ($0.type.hasSuffix("*") ? "" : " ") + $0.name }.joined(separator: ", ") + ")"
    }

    /// What does not fit, at the C function's parameter and where the operator says otherwise; nil where all does.
    func problem(with function: ForeignArrayFunction) -> Diagnostic? {
        let help = "write `\(prototype(function.name))`"
        for (index, (place, parameter)) in zip(places, function.parameters).enumerated() where place.kind != parameter.kind {
            return Diagnostic(
                "parameter \(index + 1) of `\(function.name)` is `\(parameter.type)`, and must be `\(place.type)`, for \(place.phrase)",
                at: parameter.span, secondary: [Diagnostic.Label(spans[index], "what it is for")], help: help)
        }
        guard places.count != function.parameters.count else { return nil }
        return Diagnostic(
            "`\(function.name)` takes \(function.parameters.count) parameters, and the operator has \(places.count) for it",
            at: function.span, secondary: [Diagnostic.Label(spans.last ?? .none, "the last one is for this")], help: help)
    }

    /// The definition with what its file has for it, and what does not fit.
    static func resolved(
        _ definition: OperatorSyntax, with arrays: ForeignArrays
    ) -> (definition: OperatorSyntax, problems: [Diagnostic]) {
        var definition = definition
        var problems: [Diagnostic] = []
        func find(_ name: NameSyntax) -> ForeignArrayFunction? {
            let (found, problem) = arrays.function(name.text, of: definition.path, at: name.span)
            if let problem { problems.append(problem) }
            return found
        }
        let function = find(definition.function)
        let gradient = definition.gradient.flatMap { find($0) }
        guard let function, problems.isEmpty else { return (definition, problems) }
        // Behind the inputs, the result and the shape come the numbers.
        let numbers = function.parameters.dropFirst(definition.inputs.count + 2)
        let integers = Set(zip(definition.numbers, numbers).filter { $1.kind == .integer }.map(\.0.name.text))
        let forward = ForeignSignature(of: definition, isGradient: false, integers: integers)
        let backward = ForeignSignature(of: definition, isGradient: true, integers: integers)
        problems += [forward.problem(with: function), gradient.flatMap { backward.problem(with: $0) }].compactMap { $0 }
        guard problems.isEmpty else { return (definition, problems) }
        definition.code = ForeignCode(source: arrays.source, integers: integers)
        if definition.documentation.isEmpty { definition.documentation = function.documentation }
        let behind = definition.inputs.count + 2
        var (input, number) = (0, behind)
        for index in definition.parameters.indices {
            let isInput = definition.parameters[index].type != nil
            definition.parameters[index].summary = function.parameters[isInput ? input : number].summary
            if isInput { input += 1 } else { number += 1 }
        }
        return (definition, [])
    }
}

extension ForeignArrays {
    /// The function of a name, or why there is none.
    func function(_ name: String, of path: String, at place: Span) -> (ForeignArrayFunction?, Diagnostic?) {
        if let found = functions.first(where: { $0.name == name }) { return (found, nil) }
        let message = "`\(path)` has no function `\(name)` over arrays"
        let form = "one is `void \(name)(const float *x, float *y, const int64_t *shape) { … }`"
        if let other = others.first(where: { $0.name == name }) {
            return (nil, Diagnostic(message, at: place, secondary: [Diagnostic.Label(other.span, other.reason)], help: form))
        }
        let known = functions.map(\.name)
        let nearest = Spelling.nearest(to: name, in: known)
        let help =
            nearest.map { "did you mean `\($0)`?" }
            ?? (known.isEmpty ? form : "it has " + known.map { "`\($0)`" }.joined(separator: ", "))
        return (nil, Diagnostic(message, at: place, help: help))
    }

    /// What is wrong with a use of a function whose operator is not known, as printed stages have them: of the file, or of both.
    ///
    /// - Parameters:
    ///   - path: what the file is called.
    ///   - inputs: the names of what it reads; `results` of what it writes.
    ///   - numbers: as C writes them, which says what is an integer.
    ///   - place: where it is used.
    public func problems(
        calling function: String, of path: String, inputs: [String], results: [String], numbers: [String], at place: Span
    ) -> [Diagnostic] {
        if !isSound { return remarks + problems }
        let (found, problem) = self.function(function, of: path, at: place)
        guard let found else { return remarks + [problem].compactMap { $0 } }
        func named(_ names: [String], _ phrase: (String) -> String) -> [ForeignSignature.Named] {
            names.map { ($0, phrase($0), place) }
        }
        let signature = ForeignSignature(
            inputs: named(inputs) { "the input `\($0)`" }, results: named(results) { "the result `\($0)`" }, shape: place,
            numbers: zip(numbers, named(numbers.indices.map { "number\($0)" }) { "the number `\($0)`" }).map { ($1, !$0.hasSuffix("f")) })
        return remarks + [signature.problem(with: found)].compactMap { $0 }
    }
}
