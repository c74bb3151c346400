/// A small constant matrix as a program of additions and fused multiply-adds.
///
/// What several rows compute alike (`a + c * b`, up to a factor) is computed once: pairs are taken greedily, the most frequent first.
struct LinearMap: Hashable {
    /// A number of terms: the inputs come first, then what `shared` computes, in order.
    private struct Term: Hashable {
        var index: Int
        var factor: Rational
    }

    private struct Pair: Hashable {
        var first: Int
        var second: Int
        var factor: Rational
    }

    let rowCount: Int
    let columnCount: Int
    let matrix: [[Rational]]
    /// `first + factor * second` of earlier terms, in order.
    private let pairs: [Pair]
    /// The terms that each row adds up.
    private let rows: [[Term]]

    init(_ matrix: [[Rational]]) {
        self.matrix = matrix
        rowCount = matrix.count
        columnCount = matrix.first?.count ?? 0
        var rows = matrix.map { row in row.indices.filter { row[$0] != .zero }.map { Term(index: $0, factor: row[$0]) } }
        var pairs: [Pair] = []
        while let pair = Self.mostFrequent(rows) {
            let index = columnCount + pairs.count
            pairs.append(pair)
            for row in rows.indices {
                guard let first = rows[row].firstIndex(where: { $0.index == pair.first }),
                    let second = rows[row].firstIndex(where: { $0.index == pair.second }),
                    rows[row][second].factor == rows[row][first].factor * pair.factor
                else { continue }
                let factor = rows[row][first].factor
                rows[row].remove(at: second)
                rows[row].remove(at: first)
                rows[row].append(Term(index: index, factor: factor))
            }
        }
        self.pairs = pairs
        self.rows = rows
    }

    /// The pair of terms that occurs in the most rows, if any occurs in two; the first such.
    private static func mostFrequent(_ rows: [[Term]]) -> Pair? {
        var counts: [Pair: Int] = [:]
        var order: [Pair] = []
        for row in rows {
            for first in row.indices {
                for second in row.indices.dropFirst(first + 1) {
                    let pair = Pair(first: row[first].index, second: row[second].index, factor: row[second].factor / row[first].factor)
                    if counts[pair] == nil { order.append(pair) }
                    counts[pair, default: 0] += 1
                }
            }
        }
        let most = order.map { counts[$0]! }.max() ?? 0
        return most < 2 ? nil : order.first { counts[$0] == most }
    }

    /// The arithmetic operations that one application takes.
    var operationCount: Int { pairs.count + rows.reduce(0) { $0 + max(0, $1.count - 1) } }

    /// The matrix times `inputs`.
    func apply(_ inputs: [Register], _ builder: KernelBuilder) -> [Register] {
        precondition(inputs.count == columnCount, "one register a column")
        var terms = inputs
        for pair in pairs {
            terms.append(Self.sum([Term(index: pair.first, factor: .one), Term(index: pair.second, factor: pair.factor)], terms, builder))
        }
        return rows.map { Self.sum($0, terms, builder) }
    }

    private static func sum(_ row: [Term], _ terms: [Register], _ builder: KernelBuilder) -> Register {
        // A term with factor 1 starts the sum, so that the others need no multiplication of their own.
        guard let start = row.firstIndex(where: { $0.factor == .one }) ?? row.indices.first else { return builder.constant(0) }
        var sum = terms[row[start].index]
        if row[start].factor != .one { sum = builder.binary(.multiply, builder.constant(row[start].factor.value), sum) }
        for (number, term) in row.enumerated() where number != start {
            switch term.factor {
            case .one: sum = builder.binary(.add, sum, terms[term.index])
            case Rational(-1): sum = builder.binary(.subtract, sum, terms[term.index])
            default: sum = builder.multiplyAdd(builder.constant(term.factor.value), terms[term.index], sum)
            }
        }
        return sum
    }
}
