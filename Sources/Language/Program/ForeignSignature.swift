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

    /// - Parameters:
    ///   - isGradient: of the function that computes the gradients of the inputs.
    ///   - integers: the numbers that are integers.
    init(of definition: OperatorSyntax, isGradient: Bool, integers: Set<String>) {
        let (inputs, numbers) = (definition.inputs, definition.numbers)
        var places: [(Place, Span)] = inputs.map {
            (Place(kind: .input, name: $0.name.text, phrase: "the input `\($0.name.text)`"), $0.name.span)
        }
        if isGradient {
            places.append((Place(kind: .input, name: "gradient", phrase: "the gradient of the result"), definition.result.span))
            places += inputs.map {
                (
                    Place(kind: .result, name: "\($0.name.text)_gradient", phrase: "the gradient of the input `\($0.name.text)`"),
                    $0.name.span
                )
            }
        } else {
            places.append((Place(kind: .result, name: "result", phrase: "the result"), definition.result.span))
        }
        places.append((Place(kind: .shape, name: "shape", phrase: "the shapes"), definition.name.span))
        places += numbers.map {
            let kind: Kind = integers.contains($0.name.text) ? .integer : .number
            return (Place(kind: kind, name: $0.name.text, phrase: "the number `\($0.name.text)`"), $0.name.span)
        }
        self.places = places.map(\.0)
        spans = places.map(\.1)
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
            if let found = arrays.functions.first(where: { $0.name == name.text }) { return found }
            let known = arrays.functions.map(\.name)
            let nearest = Spelling.nearest(to: name.text, in: known)
            problems.append(
                Diagnostic(
                    "`\(definition.path)` has no function `\(name.text)` over arrays", at: name.span,
                    help: nearest.map { "did you mean `\($0)`?" }
                        ?? (known.isEmpty
                            ? "one is `void \(name.text)(const float *x, float *y, const int64_t *shape) { … }`"
                            : "it has " + known.map { "`\($0)`" }.joined(separator: ", "))))
            return nil
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
