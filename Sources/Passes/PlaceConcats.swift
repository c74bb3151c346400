import Graph

extension Pass {
    /// Lets values share memory where a concatenation or a slice would only copy:
    ///
    /// - an operand of a concatenation is written by its producer straight into the concatenation's memory;
    /// - a slice, such as a concatenation's gradient, is read where it lies in its operand.
    ///
    /// Both need whole blocks of channels, and values of one run that kernels store. A value has one place: of several
    /// concatenations that read it, the first takes it and the others copy.
    public static let placeConcats = Pass("place_concats", "Writes operands of concatenations where they belong.") { graph, context in
        var graph = graph
        for value in graph.values { graph[value].place = nil }
        let facts = GraphFacts(graph)
        // A number that is computed once is kept apart from what every run writes anew.
        func isStoredAnew(_ value: Value) -> Bool {
            graph[value].operation != nil && graph[value].group != nil && !facts.isPrepared(value)
        }
        // Reshapes and C functions read their operand from end to end, which in another's memory does not lie together.
        func canMove(_ value: Value) -> Bool {
            isStoredAnew(value) && graph[value].place == nil && !facts.leaves(value)
                && !facts.users(of: value).contains { facts.isAlias($0) || facts.isForeign($0) } && !facts.isForeign(value)
        }
        for value in graph.values {
            if let place = facts.placeOfSlice(value), isStoredAnew(place.parent), canMove(value) {
                graph[value].place = place
                context.firings.fire("slice", at: &graph[value])
            }
            guard isStoredAnew(value) else { continue }
            for (operand, place) in zip(graph[value].operands, facts.places(in: value)) where place != nil && canMove(operand) {
                graph[operand].place = place
                context.firings.fire("operand", at: &graph[operand])
            }
        }
        return graph
    }
}
