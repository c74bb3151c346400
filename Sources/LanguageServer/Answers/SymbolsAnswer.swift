import Language
import Source

extension Inspection {
    /// The definitions of the document with what networks take and give.
    func symbols(in document: Document) -> [DocumentSymbol] {
        program.root.syntax.definitions.flatMap { definition -> [DocumentSymbol] in
            switch definition {
            case .block(let block): return [symbol(block.name, "block", .function, to: block.body.span, document)]
            case .activation(let activation):
                return [symbol(activation.name, "activation", .function, to: activation.body.span, document)]
            case .operator(let definition):
                let end = definition.gradient?.span ?? definition.function.span
                return [symbol(definition.name, "operator", .function, to: end, document)]
            case .network(let network):
                let children = interface(of: network.body).map { statement -> DocumentSymbol in
                    symbol(statement.name, statement.word, .property, to: statement.span, document)
                }
                return [symbol(network.name, "network", .class, to: network.body.span, document, children)]
            case .training(let training):
                return training.subjects.map { symbol($0.network, "training", .event, to: training.span, document) }
            }
        }
    }

    private func symbol(
        _ name: NameSyntax, _ word: String, _ kind: DocumentSymbol.Kind, to end: Span, _ document: Document,
        _ children: [DocumentSymbol] = []
    ) -> DocumentSymbol {
        let selection = document.source.range(of: name.span)
        // From the beginning of the name's line: the word before it belongs to the symbol.
        let start = Position(line: selection.start.line, character: 0)
        let last = document.source.range(of: name.span.joined(to: end)).end
        let title = word == "training" ? "training of \(name.text)" : name.text
        return DocumentSymbol(
            name: title, detail: word, kind: kind, range: PositionRange(start: start, end: last), selectionRange: selection,
            children: children)
    }

    private func interface(of body: BodySyntax) -> [(name: NameSyntax, word: String, span: Span)] {
        body.statements.compactMap { statement in
            switch statement.kind {
            case .input(let name, _, _, _, _): (name, "input", statement.span)
            case .output(let name, _, _, _): (name, "output", statement.span)
            default: nil
            }
        }
    }
}
