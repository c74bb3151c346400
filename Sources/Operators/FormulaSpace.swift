import Graph

/// The named axes of a formula, so that rules write `space["o"]` instead of axis numbers.
struct FormulaSpace {
    let axes: [Axis]
    let resultRank: Int

    init(_ result: [(String, Dimension)], reducing: [(String, Dimension)] = []) {
        axes = (result + reducing).map { Axis($0.0, $0.1) }
        resultRank = result.count
    }

    /// The number of the axis called `name`.
    func number(_ name: String) -> Int {
        guard let index = axes.firstIndex(where: { $0.name == name }) else { preconditionFailure("a formula has no axis '\(name)'") }
        return index
    }

    /// The coordinate of the axis called `name`.
    subscript(name: String) -> AffineIndex { .axis(number(name)) }

    func formula(_ reads: [[AffineIndex]], _ body: Scalar, _ combination: Combination = .sum) -> Formula {
        Formula(
            axes: axes, resultRank: resultRank, reads: reads.enumerated().map { Read(operand: $0, $1) }, body: body,
            combination: combination)
    }

    /// The sum of products of two operands, each read along the axes named.
    func product(_ reads: [[String]]) -> Formula {
        formula(reads.map { $0.map { self[$0] } }, .argument(0) * .argument(1))
    }
}
