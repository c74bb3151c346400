import Graph
import Source

extension Elaborator {
    /// Reports why an operation cannot take its operands: at the argument at fault, with the types of all, and where two branches of
    /// the network do not fit, with what they did since they parted.
    func report(
        _ error: TypeError, of operation: Operator, _ operands: [Value], _ attributes: Attributes, at places: CallPlaces
    ) -> ElaboratedValue {
        let spelling = program.map.text(of: places.callee) ?? operation.name
        let message = error.message.replacingQuotes().replacing("`\(operation.name)`", with: "`\(spelling)`")
        let help = error.repair?.replacingQuotes()
        if let parameter = error.parameter, let place = places.parameters[parameter] {
            return report(message, at: place, secondary: typeLabels(operands, places, besides: place), help: help)
        }
        if operands.count > 1 {
            let context = BranchReport.Context(graph: builder.graph, map: program.map, written: written, path: path)
            if let branches = BranchReport(context, of: operation, operands, attributes) {
                let labels = branches.labels.filter { $0.span != places.callee }
                return report(message, at: places.callee, secondary: labels, notes: branches.notes, help: branches.help ?? help)
            }
        }
        let isOwn = Set(places.operands).count == operands.count && operands.count > 1
        let place = error.operand.flatMap { isOwn && places.operands.indices.contains($0) ? places.operands[$0] : nil } ?? places.callee
        let type = places.operands.firstIndex(of: place).map { "\(builder.type(of: operands[$0]))" } ?? ""
        return report(message, at: place, label: type, secondary: typeLabels(operands, places, besides: place), help: help)
    }

    /// The operands' types where each is written, as far as they are written apart.
    private func typeLabels(_ operands: [Value], _ places: CallPlaces, besides place: Span) -> [Diagnostic.Label] {
        guard Set(places.operands).count == operands.count else { return [] }
        return zip(places.operands, operands).filter { $0.0 != place && !$0.0.isNone }.map {
            Diagnostic.Label($0, "\(builder.type(of: $1))")
        }
    }
}

extension String {
    /// The text with names in the quotes that the language's messages use.
    fileprivate func replacingQuotes() -> String { String(map { $0 == "'" ? "`" : $0 }) }
}
