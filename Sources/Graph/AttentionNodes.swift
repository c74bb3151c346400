/// The nodes of an attention: a product of matrices whose left factor is the softmax of what another product of matrices comes to, row by row.
///
/// They are found by what they compute, whichever operators they were written with: `softmax(scores) * values`, or `exponentials * values`
/// divided by the rows' sums, where the scores are element-wise of the first product.
public struct AttentionNodes: Hashable, Sendable {
    /// The product of queries and keys.
    public var scoreProduct: Value
    /// What the softmax is taken of: the product, or what element-wise operations make of it.
    public var scores: Value
    /// The largest score of each row.
    public var largest: Value
    /// The exponentials of the scores less the largest.
    public var exponentials: Value
    /// The sum of the exponentials of each row.
    public var sums: Value
    /// The exponentials over their sums, where they are divided before they are multiplied.
    public var weights: Value?
    /// The product with the values.
    public var product: Value

    /// The attention that ends with the product of matrices `product`; nil if there is none, or something outside of it reads what lies between.
    ///
    /// - Parameter unit: the nodes that share a kernel with a value.
    public init?(endingWith product: Value, in facts: GraphFacts, unit: (Value) -> [Value]) {
        let graph = facts.graph
        guard let read = facts.rowsOfProduct(product), let factor = Self.factor(product, read, facts) else { return nil }
        self.product = product
        let shape = graph[factor].type.shape
        var exponentials = factor
        let isDivided = facts.expression(of: factor) == .argument(0) / .argument(1)
        if isDivided {
            exponentials = graph[factor].operands[0]
            weights = factor
        }
        guard facts.expression(of: exponentials) == .exponential(.argument(0) - .argument(1)), graph[exponentials].type.shape == shape
        else { return nil }
        self.exponentials = exponentials
        (scores, largest) = (graph[exponentials].operands[0], graph[exponentials].operands[1])
        guard graph[scores].type.shape == shape, facts.isOfRows(largest, .maximum, of: scores),
            let sums = isDivided
                ? graph[factor].operands[1] : facts.users(of: exponentials).first(where: { facts.isOfRows($0, .sum, of: exponentials) }),
            facts.isOfRows(sums, .sum, of: exponentials)
        else { return nil }
        self.sums = sums
        let contractions = unit(scores).filter { facts.contraction(of: $0) != nil && $0 != product }
        guard contractions.count == 1, facts.rowsOfProduct(contractions[0]) != nil, graph[contractions[0]].type.shape == shape else {
            return nil
        }
        scoreProduct = contractions[0]
        func isRead(_ value: Value, onlyBy users: [Value]) -> Bool {
            !facts.leaves(value) && facts.users(of: value).allSatisfy(users.contains)
        }
        guard isRead(scores, onlyBy: [largest, exponentials]), isRead(largest, onlyBy: [exponentials]),
            isRead(exponentials, onlyBy: [sums, weights ?? product]), isRead(sums, onlyBy: weights.map { [$0] } ?? unit(product)),
            weights.map({ isRead($0, onlyBy: [product]) }) ?? true,
            !facts.isPrepared(product), !facts.isPrepared(scoreProduct)
        else { return nil }
    }

    /// The left factor of a product of matrices whose rows and columns it has in order.
    private static func factor(_ product: Value, _ read: Read, _ facts: GraphFacts) -> Value? {
        let rank = facts.graph[product].type.rank
        let inOrder = (0..<rank - 1).map { AffineIndex.axis($0) } + [.axis(rank)]
        return read.position == inOrder ? facts.graph[product].operands[read.operand] : nil
    }

    /// What lies between the two products, beside the element-wise operations of the first.
    public var between: [Value] { [largest, exponentials, sums] + (weights.map { [$0] } ?? []) }
}

extension GraphFacts {
    /// How a product of matrices of activations reads the factor that has its rows, the axis before the last; nil for what is none, and where
    /// the other factor is known beforehand.
    fileprivate func rowsOfProduct(_ value: Value) -> Read? {
        guard let formula = contraction(of: value), formula.isMatrixProduct, formula.resultRank >= 3,
            formula.axes.count == formula.resultRank + 1
        else { return nil }
        func reads(_ read: Read, _ axis: Int) -> Bool { read.position.contains(.axis(axis)) }
        let rank = formula.resultRank
        guard let rows = formula.reads.first(where: { !reads($0, rank - 1) }),
            let columns = formula.reads.first(where: { reads($0, rank - 1) }),
            reads(rows, rank - 2), !reads(columns, rank - 2), reads(rows, rank), reads(columns, rank),
            !isWeight(graph[value].operands[columns.operand])
        else { return nil }
        return rows
    }

    /// Whether `value` combines all elements along the last axis of `operand`, an axis that it keeps with an extent of 1.
    fileprivate func isOfRows(_ value: Value, _ combination: Combination, of operand: Value) -> Bool {
        guard case .reduction(let formula)? = lowering(of: value), formula.combination == combination, formula.body == .argument(0),
            formula.reads.count == 1, graph[value].operands[formula.reads[0].operand] == operand
        else { return false }
        let (shape, result) = (graph[operand].type.shape, graph[value].type.shape)
        return result.rank == shape.rank && result.dimensions.dropLast() == shape.dimensions.dropLast() && result.dimensions.last == 1
    }
}
