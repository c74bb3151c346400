import LoopNest

/// A small constant matrix as a program of additions and fused multiply-adds.
///
/// What several rows compute alike (`a + c * b`, up to a factor) is computed once: pairs are taken greedily, the most frequent first
/// (Paar 1997).
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

    /// - Parameter choices: how many ways to share are tried; the shortest program is kept. With none, each row is a sum of its own, which
    ///   has the same bits whichever rows are computed.
    init(_ matrix: [[Rational]], choices: Int = 0) {
        self.matrix = matrix
        rowCount = matrix.count
        columnCount = matrix.first?.count ?? 0
        let plain = matrix.map { row in row.indices.filter { row[$0] != .zero }.map { Term(index: $0, factor: row[$0]) } }
        // Which of several equally frequent pairs is taken first matters.
        var best = (pairs: [Pair](), rows: plain, cost: Self.operationCount([], plain))
        for choice in 0..<choices {
            let (pairs, rows) = Self.shared(plain, columns: columnCount, choice: choice)
            let cost = Self.operationCount(pairs, rows)
            if cost < best.cost { best = (pairs, rows, cost) }
        }
        (pairs, rows) = (best.pairs, best.rows)
    }

    /// Takes pairs out of the rows until none occurs twice; `choice` says in base 4 which of the most frequent is taken at each turn.
    private static func shared(_ plain: [[Term]], columns: Int, choice: Int) -> (pairs: [Pair], rows: [[Term]]) {
        var rows = plain
        var pairs: [Pair] = []
        var digits = choice
        while case let candidates = mostFrequent(rows), !candidates.isEmpty {
            let pair = candidates[digits % 4 % candidates.count]
            digits /= 4
            let index = columns + pairs.count
            pairs.append(pair)
            for row in rows.indices {
                guard let first = rows[row].firstIndex(where: { $0.index == pair.first }),
                    let second = rows[row].firstIndex(where: { $0.index == pair.second }),
                    rows[row][second].factor == rows[row][first].factor * pair.factor
                else { continue }
                let factor = rows[row][first].factor
                rows[row].removeAll { $0.index == pair.first || $0.index == pair.second }
                rows[row].append(Term(index: index, factor: factor))
            }
        }
        return (pairs, rows)
    }

    /// The pairs of terms that occur in the most rows, if any occurs in two, in order.
    private static func mostFrequent(_ rows: [[Term]]) -> [Pair] {
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
        return most < 2 ? [] : order.filter { counts[$0] == most }
    }

    private static func operationCount(_ pairs: [Pair], _ rows: [[Term]]) -> Int {
        pairs.count + rows.reduce(0) { $0 + max(0, $1.count - 1) }
    }

    /// The arithmetic operations that one application takes.
    var operationCount: Int { Self.operationCount(pairs, rows) }

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
