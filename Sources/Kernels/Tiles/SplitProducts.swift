import Graph
import LoopNest

/// How many products of bf16 make one product of f32 on tiles: both factors are split in parts, each the bf16 that is nearest to what those
/// before it leave, and the products of large parts are added up (as in Henry, Tang and Heinecke 2019, arXiv 1904.06376).
///
/// Where a factor is infinite or not a number, or rounds to infinity, products are no numbers. Parts, and products of parts, below 2^-126 are zero:
/// what is stated of errors is for factors and products that are larger by the bits of their parts (above 1e-30).
enum SplitProducts: Int, CaseIterable, Hashable, Sendable {
    /// The rounded factors' product.
    case one = 1
    /// Two parts: what is left out is as large as the product of the second parts, 2^-16 of the whole or so.
    case three = 3
    /// Three parts, which hold all 24 bits: as exact as sums of tiles are, which are rounded once in 32 products.
    case six = 6

    var name: String { self == .one ? "tile" : "tile x\(rawValue)" }

    /// The parts of each factor.
    var parts: Int {
        switch self {
        case .one: 1
        case .three: 2
        case .six: 3
        }
    }

    /// The products of parts, of the operand's by the weights', in the order in which they are added: small ones first, since they are lost
    /// beside large ones; neighbours share a part, which is loaded once.
    var order: [(operand: Int, weights: Int)] {
        switch self {
        case .one: [(0, 0)]
        case .three: [(0, 1), (0, 0), (1, 0)]
        case .six: [(0, 2), (0, 1), (1, 1), (1, 0), (2, 0), (0, 0)]
        }
    }

    /// The tiles of the operand and of the weights that a step loads, for one of each a product.
    var loads: (operand: Int, weights: Int) {
        var (counts, last) = ((operand: 0, weights: 0), (operand: -1, weights: -1))
        for pair in order {
            if pair.operand != last.operand { counts.operand += 1 }
            if pair.weights != last.weights { counts.weights += 1 }
            last = pair
        }
        return counts
    }

    /// The root mean square error of sums, relative to their root mean square.
    ///
    /// - Parameter terms: the products of f32 that are summed in an element.
    func error(terms: Int) -> Double {
        switch self {
        case .one: StoredElement.bf16.errorOfFactors
        // Measured: 4.2 to 4.9e-6, whatever is summed.
        case .three: 5e-6
        // Each product of tiles is summed by itself and rounds the sum once: `Numerics.errorOfSum` of as many terms.
        case .six: Numerics.standard.errorOfSum(terms: order.count * ((terms + 31) / 32))
        }
    }

    /// The parts of two registers of f32, side by side, the largest first.
    func split(low: Register, high: Register, _ builder: KernelBuilder) -> [Register] {
        var (low, high) = (low, high)
        var found = [builder.define(.pack(low: low, high: high))]
        while found.count < parts {
            let last = found[found.count - 1]
            low = builder.binary(.subtract, low, builder.define(.lower(last)))
            high = builder.binary(.subtract, high, builder.define(.upper(last)))
            found.append(builder.define(.pack(low: low, high: high)))
        }
        return found
    }
    /// Adds the products of one step's tiles, all that `order` says, each tile loaded where it is first needed.
    ///
    /// - Parameters:
    ///   - sums: of `rows` tiles of the first factor times `columns` of the second.
    ///   - first: loads a part of a tile of the first factor, given both numbers; `second` of the second.
    func multiply(
        _ sums: [Register], _ builder: KernelBuilder, rows: Int, columns: Int, first: (Int, Int) -> Register,
        second: (Int, Int) -> Register
    ) -> [Register] {
        var sums = sums
        var (a, b): ((part: Int, tiles: [Register]), (part: Int, tiles: [Register])) = ((-1, []), (-1, []))
        for pair in order {
            if pair.operand != a.part { a = (pair.operand, (0..<rows).map { first(pair.operand, $0) }) }
            if pair.weights != b.part { b = (pair.weights, (0..<columns).map { second(pair.weights, $0) }) }
            for index in sums.indices {
                sums[index] = builder.define(.tileProduct(a.tiles[index / columns], b.tiles[index % columns], sum: sums[index]))
            }
        }
        return sums
    }
}
