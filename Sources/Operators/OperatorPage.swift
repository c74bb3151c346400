import Graph

extension OperatorCatalog {
    /// The reference of all operators as Markdown, made from their rows: `generated/operators.md`.
    ///
    /// - Parameter activations: the lines of the table of activations, which the language defines.
    public func referencePage(activations: [String]) -> String {
        let (language, others) = (operators.filter(\.isInLanguage), operators.filter { !$0.isInLanguage })
        return """
            # Operators

            Made from the rows of the catalog in `Sources/Operators` by the tests (`UPDATE_EXPECTED=1`); edit the rows, not this page.
            Images are `[N, C, H, W]`, signals `[N, C, L]`, volumes `[N, C, D, H, W]`; the batch `N` may be a symbol, as the others may.
            An operand of an element-wise operator has the result's shape, or is repeated to it: a scalar, one value a channel, or a tensor with
            extents of 1. A composite operator is written with others; all other kinds are what kernels are made of. In a function, `@1` is the position along axis 1.

            ## In the language

            \(Self.index(language))

            \(language.map(\.referenceSection).joined(separator: "\n"))
            ## Activations

            Written in the language (`Sources/Language/Names/Prelude.swift`); each becomes a `map` with its formula. `prelu`, whose
            slope is learned, is an operator.

            \(activations.joined(separator: "\n"))

            ## Inside graphs

            These have no name in the language: gradients and parts of composite operators.

            \(Self.index(others))

            \(others.map(\.referenceSection).joined(separator: "\n"))
            """
    }

    private static func index(_ operators: [Operator]) -> String {
        "| operator | kind | |\n|---|---|---|\n"
            + operators.map { "| [`\($0.name)`](#\($0.name)) | \($0.kinds) | \($0.summary) |" }.joined(separator: "\n")
    }
}

extension Operator {
    /// The kinds of lowering that the examples show, such as `contraction or composite`.
    fileprivate var kinds: String {
        var kinds: [String] = []
        for example in examples {
            let kind = lowering(example.signature).kindName
            if !kinds.contains(kind) { kinds.append(kind) }
        }
        return kinds.joined(separator: " or ")
    }

    fileprivate var referenceSection: String {
        var text = "### \(name)\n\n\(summary)\n\n"
        if !inputs.isEmpty {
            text += "| input | role | |\n|---|---|---|\n"
            for input in inputs { text += "| `\(input.name)`\(input.isVariadic ? "…" : "") | \(input.role.word) | \(input.summary) |\n" }
            text += "\n"
        }
        if !parameters.isEmpty {
            text += "| parameter | takes | default | |\n|---|---|---|---|\n"
            for parameter in parameters {
                let byDefault = parameter.defaultValue.map { "`\($0.text(as: parameter.kind))`" } ?? ""
                text += "| `\(parameter.name)` | \(parameter.kind.phrase) | \(byDefault) | \(parameter.summary) |\n"
            }
            text += "\n"
        }
        if !onnx.isEmpty { text += "In ONNX: \(onnx.map(phrase).joined(separator: "; ")).\n\n" }
        for example in examples { text += "- \(example.note): `\(call(example.signature))` makes `\(result(of: example.signature))`\n" }
        return text
    }

    /// A form in words: `` `ReduceL1` with p = 1 ``.
    private func phrase(_ form: ONNXForm) -> String {
        var text = "`\(form.name)`"
        let fixed = parameters.compactMap { parameter in
            form.fixed[parameter.name].map { "\(parameter.name) = \($0.text(as: parameter.kind))" }
        }
        if !fixed.isEmpty { text += " with \(fixed.joined(separator: " and "))" }
        if form.since > 1 { text += " from operator set \(form.since) on" }
        return text
    }

    /// `conv(f32[2, 3, 6, 5], f32[5, 3, 3, 3]) channels=5 kernel=(3, 3)`, as the graph's text has it with types for operands.
    private func call(_ signature: Signature) -> String {
        var text = "\(name)(\(signature.operands.map(\.text).joined(separator: ", ")))"
        for parameter in parameters {
            guard let value = signature.attributes[parameter.name], value != parameter.defaultValue.flatMap(parameter.kind.convert) else {
                continue
            }
            // A text of several lines is a file's.
            if case .text(let text) = value, text.contains("\n") { continue }
            text += " \(parameter.name)=\(value.text(as: parameter.kind))"
        }
        return text
    }

    private func result(of signature: Signature) -> String { unfailing { () throws(TypeError) in try inferType(signature) }.text }
}

extension Lowering {
    /// The kind's name, for reference pages and printed plans.
    public var kindName: String {
        switch self {
        case .elementwise: "elementwise"
        case .reduction: "reduction"
        case .contraction: "contraction"
        case .window: "window"
        case .view: "view"
        case .foreign: "foreign"
        case .composite: "composite"
        }
    }
}

extension InputRole {
    fileprivate var word: String {
        switch self {
        case .operand: "operand"
        case .weight: "learned"
        case .state: "kept"
        }
    }
}
