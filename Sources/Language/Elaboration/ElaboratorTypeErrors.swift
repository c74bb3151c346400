import Graph
import Source

extension Elaborator {
    /// Reports why an operation cannot take its operands: at the argument at fault, with the types of all, and where two branches of
    /// the network do not fit, with what they did since they parted.
    func report(
        _ error: TypeError, of operation: Operator, _ operands: [Value], _ attributes: Attributes, at places: CallPlaces
    ) -> ElaboratedValue {
        // A loop may come here often; that two branches do not fit is worked out once.
        guard explained.insert(places.whole).inserted else { return .poison }
        let spelling = map.text(of: places.callee) ?? operation.name
        let message = error.message.replacingQuotes().replacing("`\(operation.name)`", with: "`\(spelling)`")
        var help = error.repair?.replacingQuotes()
        let trace = GraphTrace(graph: builder.graph, map: map, path: path)
        var notes: [String] = []
        if let axis = error.axis, let operand = operands.first, axis < builder.type(of: operand).rank {
            if let history = trace.history(of: operand, axis: axis) { notes.append(history) }
            if axis > 1, let earlier = earlierRepair(trace, of: operation, operand, attributes, axis: axis) {
                help = (help.map { $0 + "; or " } ?? "") + earlier
            }
        }
        if let parameter = error.parameter, let place = places.parameters[parameter] {
            return report(message, at: place, secondary: typeLabels(operands, places, besides: place), notes: notes, help: help)
        }
        if operands.count > 1 {
            if let branches = BranchReport(trace, of: operation, operands, attributes) {
                let labels = branches.labels.filter { $0.span != places.callee }
                return report(message, at: places.callee, secondary: labels, notes: branches.notes, help: branches.help ?? help)
            }
        }
        let isOwn = Set(places.operands).count == operands.count && operands.count > 1
        let place = error.operand.flatMap { isOwn && places.operands.indices.contains($0) ? places.operands[$0] : nil } ?? places.callee
        let type = places.operands.firstIndex(of: place).map { "\(builder.type(of: operands[$0]))" } ?? ""
        return report(message, at: place, label: type, secondary: typeLabels(operands, places, besides: place), notes: notes, help: help)
    }

    /// Warns of what an operator finds doubtful about its use.
    func warn(_ doubt: TypeError, of operation: Operator, _ operands: [Value], at places: CallPlaces) {
        let place = doubt.parameter.flatMap { places.parameters[$0] } ?? places.callee
        warn(
            doubt.message.replacingQuotes(), at: place, secondary: typeLabels(operands, places, besides: place),
            help: doubt.repair?.replacingQuotes())
    }

    /// A change of an earlier step after which an operation could take its first operand.
    private func earlierRepair(
        _ trace: GraphTrace, of operation: Operator, _ operand: Value, _ attributes: Attributes, axis: Int
    ) -> String? {
        guard let complete = try? operation.completing(attributes) else { return nil }
        let steps = trace.steps(from: nil, to: operand)
        let repair = trace.repair(of: steps, axis: axis, wanted: nil) { type in
            type.rank > axis && operation.accepts(type, complete)
        }
        return repair.map { trace.text(of: $0, axis: axis) }
    }

    /// The operands' types where each is written, as far as they are written apart.
    private func typeLabels(_ operands: [Value], _ places: CallPlaces, besides place: Span) -> [Diagnostic.Label] {
        guard Set(places.operands).count == operands.count else { return [] }
        return zip(places.operands, operands).filter { $0.0 != place && !$0.0.isNone }.map {
            Diagnostic.Label($0, "\(builder.type(of: $1))")
        }
    }
}

extension Operator {
    /// Whether it can be called with one operand of this type and the weights that it then asks for.
    fileprivate func accepts(_ type: TensorType, _ attributes: Attributes) -> Bool {
        guard let declarations = try? weights(Signature([type], attributes)) else { return false }
        return (try? inferType(Signature([type] + declarations.map(\.type), attributes))) != nil
    }
}

extension String {
    /// The text with names in the quotes that the language's messages use.
    func replacingQuotes() -> String { String(map { $0 == "'" ? "`" : $0 }) }
}
