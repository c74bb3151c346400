import Graph
import Source

/// Where a parameter tensor was made, and through which calls.
struct ParameterPlace {
    var span: Span
    var calls: [Elaborator.Call]
    var value: Value
    /// Its place among the names that steps have used.
    var index: Int
}

/// The parameters that a label's first step made, for those that share them.
struct FirstUse {
    var span: Span
    /// The names, as places among those that steps have used.
    var names: Range<Int>
    /// Whether an error keeps from telling which parameters it makes.
    var isDamaged: Bool
}

/// A step that uses the parameters of its label's first step again.
struct Sharing {
    var label: String
    var first: FirstUse
    /// What it has used so far.
    var used: Set<String> = []
}

extension Elaborator {
    /// Runs a step's call: under a label that is shared, it takes the parameters of the label's first step.
    func use(_ label: String?, share: Span?, at span: Span, _ call: () -> ElaboratedValue) -> ElaboratedValue {
        guard let label else { return call() }
        let full = (path + [label]).joined(separator: ".")
        let start = usedParameters.count
        guard let share else {
            let value = call()
            if firstUses[full] == nil, value.isPoison || usedParameters.count > start {
                firstUses[full] = FirstUse(span: span, names: start..<usedParameters.count, isDamaged: value.isPoison)
            }
            return value
        }
        guard let first = firstUses[full] else {
            return report(
                "there is nothing to share: no step before has made parameters as `\(label)`", at: share.joined(to: span),
                help: "the first step of a label stands without `share`, and those that share its parameters behind it")
        }
        if first.isDamaged { return .poison }
        let outer = sharing
        sharing = Sharing(label: label, first: first)
        let value = call()
        let used = sharing?.used ?? []
        sharing = outer
        sharing?.used.formUnion(used)
        guard !value.isPoison, takeStep(at: span, making: first.names.count) else { return .poison }
        if let unused = usedParameters[first.names].first(where: { !used.contains($0) }) {
            return report(
                "`\(label)` is shared, but its parameter `\(unused)` is not used again", at: span,
                secondary: [Diagnostic.Label(first.span, "first used here, with it")],
                help: "steps that share parameters have the same ones: call the same with the same arguments, or use another label")
        }
        return value
    }

    /// A parameter tensor: a new one, or within a step that shares its parameters the one of its name. Nil after a report.
    func parameter(_ parameter: Parameter, _ type: TensorType, label: String?, at span: Span) -> Value? {
        let name = parameter.name
        if let sharing {
            guard let made = parameterPlaces[name], sharing.first.names.contains(made.index) else {
                report(
                    "`\(sharing.label)` is shared, but its first step has no parameter `\(name)`", at: span,
                    secondary: [Diagnostic.Label(sharing.first.span, "first used here, without it")],
                    help: "steps that share parameters have the same ones: call the same with the same arguments, or use another label")
                return nil
            }
            let firstType = builder.type(of: made.value)
            guard firstType == type, builder.graph[made.value].parameter?.role == parameter.role else {
                let isSame = made.span == span
                let place = isSame ? zip(made.calls, calls).first { $0.0.span != $0.1.span }?.0.span ?? sharing.first.span : made.span
                report(
                    "the shared parameter `\(name)` is \(firstType) at its first use, and would be \(type) here", at: span,
                    secondary: [Diagnostic.Label(place, "first used \(isSame ? "by this call" : "here")")],
                    help: "what shares parameters must get tensors of the same channels or features, and the same arguments")
                return nil
            }
            guard self.sharing?.used.insert(name).inserted == true else {
                reportDuplicate(name, first: made, at: span)
                return nil
            }
            return made.value
        }
        if let place = parameterPlaces[name] {
            reportDuplicate(name, first: place, at: span)
            return nil
        }
        let value = builder.parameter(parameter, type, label: label, span: span)
        parameterPlaces[name] = ParameterPlace(span: span, calls: calls, value: value, index: usedParameters.count)
        usedParameters.append(name)
        return value
    }

    /// Reports a parameter's name that is taken: by another operation, by the same in another call of its block, or in another round of
    /// a loop.
    private func reportDuplicate(_ name: String, first: ParameterPlace, at span: Span) {
        let message = "two parameters are called `\(name)`"
        if first.span != span {
            report(
                message, at: span, secondary: [Diagnostic.Label(first.span, "the first one is made here")],
                help: "give one of them another label")
            return
        }
        if let (other, call) = zip(first.calls, calls).first(where: { $0.0.span != $0.1.span }) {
            report(
                message, at: span, secondary: [Diagnostic.Label(other.span, "the first one is made by this call of `\(other.name)`")],
                help: "label the calls apart: `|> first: \(call.name)(…)`, `|> second: \(call.name)(…)`; to use the same parameters "
                    + "again, `|> share first: \(call.name)(…)`")
            return
        }
        let variable = loops.last?.text ?? "i"
        report(
            message, at: span, notes: ["the loop over `\(variable)` makes it again in every round"],
            help: "put the loop's variable into the label: `|> {\(variable)}.name: …`")
    }
}
