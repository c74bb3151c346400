import Graph

/// The parameters of a block: what of its arguments differs between its calls.
struct BlockParameters {
    /// Arguments that have the same values in all calls. A call that lacks the step has none.
    private struct Variable {
        var slots: [BlockType.Slot]
        var values: [Term?]
        var name: String
        var byDefault: Term?
        var label: String

        var integers: [Int?] { values.map { term in if case .integer(let value)? = term { value } else { nil } } }

        /// Whether other values are the same as far as both are there.
        func fits(_ others: [Term?]) -> Bool {
            var isMet = false
            for (own, other) in zip(values, others) {
                guard let own, let other else { continue }
                if own != other { return false }
                isMet = true
            }
            return isMet
        }
    }

    private let type: BlockType
    private let outline: Outline

    init(of type: BlockType, _ outline: Outline) {
        self.type = type
        self.outline = outline
    }

    /// Decides on the parameters, and gives calls their arguments.
    func apply() {
        let variables = variables()
        let channels = type.instances.map { self.channels(of: $0) }
        var derived: [Variable] = []
        var parameters: [Variable] = []
        for variable in variables {
            if expression(for: variable, from: parameters, channels) == nil {
                parameters.append(variable)
            } else {
                derived.append(variable)
            }
        }
        name(&parameters)
        for variable in parameters { for slot in variable.slots { type.substitutions[slot] = .name(variable.name) } }
        // Names were not known before.
        for variable in derived {
            guard let term = expression(for: variable, from: parameters, channels) else { continue }
            for slot in variable.slots { type.substitutions[slot] = term }
        }
        for index in parameters.indices { settle(&parameters[index]) }
        if var optional = type.optional {
            let variable = presence(of: optional, parameters)
            optional.name = variable.name
            type.optional = optional
            parameters.append(variable)
        }
        let sorted = parameters.filter { $0.byDefault == nil } + parameters.filter { $0.byDefault != nil }
        type.parameters = sorted.map { BlockType.Parameter(name: $0.name, byDefault: $0.byDefault) }
        for (index, instance) in type.instances.enumerated() {
            instance.step?.arguments = sorted.map { variable in
                OutlineStep.Argument(
                    name: variable.name, value: variable.values[index] ?? variable.byDefault ?? .integer(0), byDefault: variable.byDefault,
                    isPositional: variable.byDefault == nil)
            }
        }
    }

    /// What differs, in the order of the steps.
    private func variables() -> [Variable] {
        var variables: [Variable] = []
        var known: [[Term?]: Int] = [:]
        for (stepIndex, step) in type.model.body.steps.enumerated() {
            for (index, argument) in step.arguments.enumerated() {
                let values = zip(type.instances, type.places).map { instance, places in
                    places[stepIndex].map { instance.body.steps[$0].arguments[index].value }
                }
                let present = values.compactMap(\.self)
                let slot = BlockType.Slot(step: stepIndex, argument: index)
                let isPartial = present.count < values.count
                let partner = isPartial ? variables.firstIndex { $0.name == argument.name && $0.fits(values) } : nil
                let isConstant = present.allSatisfy { $0 == present[0] } && present.first?.holdsSize != true
                if isConstant, partner == nil { continue }
                if let number = partner ?? known[values] ?? (isPartial ? variables.firstIndex { $0.fits(values) } : nil) {
                    variables[number].slots.append(slot)
                    for place in values.indices where variables[number].values[place] == nil {
                        variables[number].values[place] = values[place]
                    }
                    // What may be left out in one place only, must be given.
                    if argument.byDefault != variables[number].byDefault, !isPartial { variables[number].byDefault = nil }
                    continue
                }
                known[values] = variables.count
                let label = step.label.dropFirst(type.model.depth).joined(separator: "_")
                variables.append(
                    Variable(slots: [slot], values: values, name: argument.name, byDefault: argument.byDefault, label: label))
            }
        }
        return variables
    }

    /// Gives a parameter the default that its calls have.
    private func settle(_ parameter: inout Variable) {
        let present = parameter.values.compactMap(\.self)
        // Activations are mostly the same; and calls that lack the step do not say what it is given.
        if parameter.name == OutlineStep.functionArgument || present.count < parameter.values.count, parameter.byDefault == nil {
            parameter.byDefault = Self.mostFrequent(present)
        }
        // A default that no call has is none.
        if let byDefault = parameter.byDefault, !present.contains(byDefault), present.count == parameter.values.count {
            parameter.byDefault = nil
        }
    }

    /// The parameter that says whether a call has the steps that not all have.
    private func presence(of optional: OptionalPart, _ parameters: [Variable]) -> Variable {
        let values = type.places.map { places in Term.boolean(places[optional.steps[0]] != nil) }
        let steps = optional.steps.map { type.model.body.steps[$0] }
        let labels = steps.compactMap { step in step.needsLabel ? step.label.dropFirst(type.model.depth).first : nil }
        // A label that only says what a layer is says nothing of why it is there.
        let words = Set(steps.compactMap(\.defaultLabel))
        var name = labels.first { LegalName.isName($0) && !words.contains(String($0.prefix { !$0.isNumber })) } ?? ""
        if name.isEmpty {
            let isSum = steps.contains { step in
                if case .operation(let operation) = step.callee { operation == BinaryOperator.add.tensorOperator } else { false }
            }
            name = isSum ? "shortcut" : steps.contains(where: \.hasMatrix) ? "projected" : "with_" + (steps[0].defaultLabel ?? "rest")
        }
        var taken = takenNames
        for parameter in parameters { taken.take(parameter.name) }
        let isMostly = values.count { $0 == .boolean(true) } * 2 > values.count
        return Variable(slots: [], values: values, name: taken.distinct(name), byDefault: .boolean(isMostly), label: "")
    }

    /// The channels of what a block is given, where they are a number.
    private func channels(of block: BlockInstance) -> Int? {
        guard let first = block.body.inputs.first else { return nil }
        let type = outline.graph.nodes[first].type
        return type.rank >= 2 ? type.shape[1].value : nil
    }

    // MARK: - What follows from other values

    /// What a value follows from: the channels that flow in, or a parameter before it.
    private func expression(for variable: Variable, from parameters: [Variable], _ channels: [Int?]) -> Term? {
        let values = variable.integers
        guard values.count(where: { $0 != nil }) == variable.values.count(where: { $0 != nil }) else { return nil }
        let property = Term.name("\(BlockType.inputName(0)).channels")
        if Self.factor(values, channels) == 1 { return property }
        let distinct = Set(values.compactMap(\.self))
        // Few small numbers are multiples of others by chance.
        let isTelling = distinct.count > 2 || distinct.allSatisfy { $0 >= 8 }
        for parameter in parameters {
            let others = parameter.integers
            if isTelling, let factor = Self.factor(values, others) { return .multiple(factor, .name(parameter.name)) }
            if isTelling, let divisor = Self.factor(others, values) { return .quotient(.name(parameter.name), divisor) }
            let isHalf = variable.name == "pad" && parameter.name.hasSuffix("kernel")
            if isHalf, !values.contains(nil), zip(values, others).allSatisfy({ pad, kernel in kernel.map { $0 / 2 } == pad }) {
                return .flooredHalf(.name(parameter.name))
            }
        }
        guard isTelling else { return nil }
        if let factor = Self.factor(values, channels) { return .multiple(factor, property) }
        if let divisor = Self.factor(channels, values) { return .quotient(property, divisor) }
        return nil
    }

    /// The factor by which all numbers are multiples of others, as far as they are there, which several must be.
    private static func factor(_ large: [Int?], _ small: [Int?]) -> Int? {
        guard large.count == small.count else { return nil }
        var found: Int?
        var count = 0
        for (large, small) in zip(large, small) {
            guard let large else { continue }
            guard let small, small > 0, large > 0, large % small == 0, found == nil || found == large / small else { return nil }
            found = large / small
            count += 1
        }
        return count > 1 ? found : nil
    }

    private static func mostFrequent(_ values: [Term]) -> Term? {
        var counts: [Term: Int] = [:]
        for value in values { counts[value, default: 0] += 1 }
        let most = counts.values.max()
        return values.first { counts[$0] == most }
    }

    // MARK: - Names

    /// What a body binds besides its parameters.
    private var takenNames: TakenNames {
        var taken = TakenNames(Set((0..<max(1, type.model.body.inputs.count)).map(BlockType.inputName)))
        for step in type.model.body.steps { if step.isDeclaration, let name = step.label.last { taken.take(name) } }
        return taken
    }

    /// Gives parameters distinct names: what the argument is called, and where several would be called so, the step's label with it.
    private func name(_ parameters: inout [Variable]) {
        var counts: [String: Int] = [:]
        for parameter in parameters { counts[parameter.name, default: 0] += 1 }
        var taken = takenNames
        for index in parameters.indices {
            let own = parameters[index].name
            let isOne = counts[own] == 1 || parameters[index].label.isEmpty
            // What it is stands behind whose it is.
            let label = parameters[index].label
            let isNumber = label.first?.isNumber == true
            let wanted = isOne ? own : LegalName.name(from: isNumber ? own + "_" + label : label + "_" + own, or: own)
            parameters[index].name = taken.distinct(wanted)
        }
    }
}
