extension Graph {
    /// Whether each value depends on nothing that changes from run to run: constants, parameters that no update writes, and what is
    /// computed from these alone. Such operations are computed once, whenever parameters are loaded.
    func preparedValues() -> [Bool] {
        let updated = Set(updates.map(\.state))
        return derivedValues { self[$0].constant != nil || self[$0].tensor != nil || self[$0].parameter != nil && !updated.contains($0) }
    }

    /// Whether each value is the same for all parameters: constants, and what is computed from these alone. Such values are prepared too,
    /// but cost so little that they may be computed anew wherever they are read.
    func constantValues() -> [Bool] { derivedValues { self[$0].constant != nil } }

    /// The values that fulfil a condition, and the operations on these alone.
    private func derivedValues(from isGiven: (Value) -> Bool) -> [Bool] {
        var found: [Bool] = []
        for value in values {
            let isDerived = self[value].operation != nil && self[value].operands.allSatisfy { found[$0.index] }
            found.append(isDerived || isGiven(value))
        }
        return found
    }
}
