import Source

/// Why a network cannot run at the sizes that it was given: a sentence and the repair, with the place in the source, if there is one.
public struct SizeError: Mistake, Hashable {
    public var message: String
    public var repair: String?
    public var notes: [String]
    public var span: Span

    public var diagnostic: Diagnostic { Diagnostic(message, at: span, notes: notes, help: repair) }
}

extension Graph {
    /// The graph for `count` images, or for the fewest above that its operators take where it computes with their number, such as N - 1 of them.
    ///
    /// - Throws: where it takes none of the numbers that are tried, why it does not take `count`.
    public func bound(images count: Int) throws(SizeError) -> Graph {
        guard let batch = batchSymbol else { return self }
        if !movesBatch { return bound([batch: count]) }
        let others = Array(count + 1..<count + 64) + (6..<16).map { 1 << $0 }
        do {
            return try bound(sizes: [batch: count])
        } catch {
            guard let other = others.lazy.compactMap({ try? bound(sizes: [batch: $0]) }).first else { throw error }
            return other
        }
    }

    /// The graph at the given sizes: every symbol in `sizes` replaced by its value in all types and attributes, all of which are found to fit.
    ///
    /// Symbols that `sizes` does not name stay, as the batch may.
    /// - Throws: for a size that is no extent, for a constraint that does not hold, and for the first operation that does not take
    ///   operands of these sizes, or input whose preparation does not; the message has both the expression and the numbers.
    public func bound(sizes: [String: Int]) throws(SizeError) -> Graph {
        let given = sizes.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }.joined(separator: ", ")
        for (name, value) in sizes.sorted(by: { $0.key < $1.key }) where !(1...TextScanner.integerLimit).contains(value) {
            throw SizeError(
                message: "the size \(name) cannot be \(value)", repair: "sizes lie between 1 and \(TextScanner.integerLimit)", notes: [],
                span: .none)
        }
        for constraint in constraints where constraint.holds(sizes) == false {
            let isAsserted = !constraint.message.isEmpty
            throw SizeError(
                message: isAsserted
                    ? "asserted: \(constraint.message)" : "the network takes sizes with \(constraint) only, and \(given)",
                repair: constraint.repair(sizes), notes: isAsserted ? ["\(constraint) does not hold with \(given)"] : [],
                span: constraint.span)
        }
        let graph = bound(sizes)
        for value in graph.values {
            let (node, symbolic) = (graph[value], self[value])
            func fail(_ message: String, repair: String?) -> SizeError {
                let operands = symbolic.operands.filter { self[$0].type != graph[$0].type }.map {
                    "\(self[$0].label ?? self[$0].inputName ?? "\($0)"): \(self[$0].type) is \(graph[$0].type)"
                }
                return SizeError(message: "with \(given), " + message, repair: repair, notes: operands, span: node.span)
            }
            do {
                guard let operation = node.operation else {
                    if let problem = node.type.shape.sizeProblem { throw fail("\(symbolic.type) is no tensor: \(problem)", repair: nil) }
                    // Where pictures decide the size, they fill it.
                    if symbolic.type.shape.dimensions.dropFirst() != node.type.shape.dimensions.dropFirst(),
                        let problem = node.preparation?.problem(for: node.type)
                    {
                        throw fail(problem.message, repair: problem.repair)
                    }
                    continue
                }
                let type = try operation.inferType(graph.signature(of: value))
                guard type == node.type else {
                    throw fail("the result of '\(operation.name)' is \(type), and not \(node.type) as \(symbolic.type) says", repair: nil)
                }
            } catch let error as TypeError {
                throw fail(error.message, repair: error.repair)
            } catch let error as SizeError {
                throw error
            } catch {
                preconditionFailure("shape rules throw type errors only: \(error)")
            }
        }
        return graph
    }
}

extension SizeConstraint {
    /// The nearest sizes that would do, where that is simple.
    fileprivate func repair(_ sizes: [String: Int]) -> String? {
        guard let (symbol, multiple) = multiple, let size = sizes[symbol.name] else { return nil }
        let below = size / multiple * multiple
        let near = [below, below + multiple].filter { $0 > 0 }.map(String.init).joined(separator: " or ")
        return "\(symbol.name) of \(near) would do: resize or pad the input"
    }
}
