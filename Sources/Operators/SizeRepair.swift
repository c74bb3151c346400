import Graph

extension Shape {
    /// What would make the extents along `axes` equal that differ, where that is that sizes are multiples of a number: "they agree where
    /// H % 4 == 0, …".
    func repair(toAgreeWith other: Shape, along axes: [Int]) -> String? {
        let pairs = axes.map { (self[$0].expression, other[$0].expression) }.filter { $0 != $1 }
        let symbols = pairs.reduce(Set<SizeSymbol>()) { $0.union($1.0.symbols).union($1.1.symbols) }.sorted { $0.name < $1.name }
        guard !symbols.isEmpty, symbols.count <= 4 else { return nil }
        func agree(_ multiples: [String: Int]) -> Bool { pairs.allSatisfy { $0.knowing(multiples) == $1.knowing(multiples) } }
        for multiple in 2...64 {
            var multiples = Dictionary(uniqueKeysWithValues: symbols.map { ($0.name, multiple) })
            guard agree(multiples) else { continue }
            // What need not be said is left out.
            for symbol in symbols {
                var fewer = multiples
                fewer[symbol.name] = nil
                if agree(fewer) { multiples = fewer }
            }
            let held = multiples.sorted { $0.key < $1.key }.map { "\($0.key) % \($0.value) == 0" }.joined(separator: ", ")
            return "they agree where \(held): say so at the input, behind its type"
        }
        return nil
    }
}
