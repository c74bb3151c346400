/// What could be computed in bf16: a layer, or layers that are decided together.
struct NarrowCandidate {
    var labels: [String]
    /// The square of the error that it adds.
    var square: Double
    /// The seconds that it is predicted to save, above 0.
    var saving: Double
}

/// Which candidates save the most while the squares of their errors stay within a budget: errors of layers are nearly independent, so their
/// squares add up.
enum PrecisionBudget {
    private static let levels = 4096

    /// The indices of the chosen, rising (0-1 knapsack by dynamic programming, each square rounded up to a level of the budget).
    static func best(_ candidates: [NarrowCandidate], budget: Double) -> [Int] {
        guard budget > 0 else { return candidates.indices.filter { candidates[$0].square == 0 } }
        let weights = candidates.map { candidate -> Int in
            let share = candidate.square / budget * Double(levels)
            return share > Double(levels) ? levels + 1 : Int(share.rounded(.up))
        }
        var savings = [Double](repeating: 0, count: levels + 1)
        var isTaken = [[Bool]]()
        for (index, weight) in weights.enumerated() {
            var taken = [Bool](repeating: false, count: levels + 1)
            if weight <= levels {
                for level in stride(from: levels, through: weight, by: -1) {
                    let saving = savings[level - weight] + candidates[index].saving
                    if saving > savings[level] { (savings[level], taken[level]) = (saving, true) }
                }
            }
            isTaken.append(taken)
        }
        var level = levels
        var chosen: [Int] = []
        for index in candidates.indices.reversed() where isTaken[index][level] {
            chosen.append(index)
            level -= weights[index]
        }
        return chosen.reversed()
    }

    /// Labels in as few groups as are wanted, those of one block together: by as many parts of their paths as allow it.
    static func groups(of labels: [String], most: Int) -> [[String]] {
        let paths = labels.map { $0.split(separator: ".", omittingEmptySubsequences: false) }
        var depth = paths.map(\.count).max() ?? 0
        while true {
            var groups: [(key: ArraySlice<Substring>, labels: [String])] = []
            var places: [ArraySlice<Substring>: Int] = [:]
            for (label, path) in zip(labels, paths) {
                let key = path.prefix(depth)
                if let place = places[key] {
                    groups[place].labels.append(label)
                } else {
                    places[key] = groups.count
                    groups.append((key, [label]))
                }
            }
            if groups.count <= most || depth <= 1 { return groups.map(\.labels) }
            depth -= 1
        }
    }
}
