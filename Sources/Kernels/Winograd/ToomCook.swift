/// The one-dimensional minimal filtering algorithm F(m, r): m outputs of a filter of r taps with m + r - 1 multiplications,
/// `y = A^T ((G g) * (B^T d))` (Winograd 1980; Lavin and Gray, arXiv 1509.09308), derived as Toom-Cook does: both polynomials are
/// evaluated at m + r - 2 points and at infinity, multiplied point by point, and the product is interpolated; transposed, that filters.
struct ToomCook: Hashable {
    /// m, the outputs of a tile.
    let outputs: Int
    /// r, the taps of the filter.
    let taps: Int
    /// B^T, [m + r - 1, m + r - 1]: applied to a tile of the input.
    let input: LinearMap
    /// G, [m + r - 1, r]: applied to the filter.
    let filter: LinearMap
    /// A^T, [m, m + r - 1]: applied to the products.
    let output: LinearMap

    /// The multiplications of a tile, which is also the number of inputs that it reads.
    var size: Int { outputs + taps - 1 }

    /// The points at which polynomials are evaluated, best first: small, and so that no two lie close together, which keeps the
    /// rounding errors small (Barabasz et al., arXiv 1803.10986). With 1/2 and -2 in place of 2 and -2 the error of F(4x4, 3x3) is two
    /// thirds.
    private static let points = [
        Rational(0), Rational(1), Rational(-1), Rational(1, 2), Rational(-2), Rational(-1, 2), Rational(2),
    ]

    /// The points of longer transforms, found by a random search over small fractions: error against fp64 for 256 channels.
    private static let morePoints: [Int: [Rational]] = [
        8: [0, 1, -1].map { Rational($0) } + [Rational(-3, 2), Rational(-1, 2), Rational(1, 3), Rational(4, 3), Rational(3)],
        9: [0, 1, -1].map { Rational($0) }
            + [Rational(-2), Rational(-3, 4), Rational(-1, 3), Rational(1, 2), Rational(4, 3), Rational(4)],
    ]

    static let mostMultiplications = 10

    init(outputs: Int, taps: Int) {
        self.outputs = outputs
        self.taps = taps
        let size = outputs + taps - 1
        precondition(outputs >= 1 && taps >= 1 && size <= Self.mostMultiplications, "F(\(outputs), \(taps)) has too many points")
        if size == 1 || taps == 1 {
            // Nothing is shared between outputs: a filter of one tap multiplies each input.
            let identity = (0..<size).map { row in (0..<size).map { $0 == row ? Rational.one : .zero } }
            input = LinearMap(identity)
            filter = LinearMap([[Rational]](repeating: [.one], count: size))
            output = LinearMap(identity)
            return
        }
        let points = Self.morePoints[size - 1] ?? Array(Self.points.prefix(size - 1))
        var input: [[Rational]] = []
        var filter: [[Rational]] = []
        for (index, point) in points.enumerated() {
            let others = points.enumerated().filter { $0.offset != index }.map(\.element)
            let scale = others.reduce(Rational.one) { $0 * (point - $1) }
            input.append(Self.polynomial(roots: others) + [.zero])
            filter.append((0..<taps).map { point.power($0) / scale })
        }
        input.append(Self.polynomial(roots: points))
        filter.append((0..<taps).map { $0 == taps - 1 ? .one : .zero })
        self.input = LinearMap(input, choices: 16)
        // Filters are transformed whole or a row at a time, with the same bits.
        self.filter = LinearMap(filter)
        output = LinearMap(
            (0..<outputs).map { row in points.map { $0.power(row) } + [row == outputs - 1 ? .one : .zero] }, choices: 16)
    }

    /// The coefficients of the product of `x - root`, lowest first.
    private static func polynomial(roots: [Rational]) -> [Rational] {
        roots.reduce([.one]) { product, root in
            zip([.zero] + product, product + [.zero]).map { $0 - root * $1 }
        }
    }
}
