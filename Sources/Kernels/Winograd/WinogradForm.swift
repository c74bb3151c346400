import LoopNest
import Synchronization

/// A two-dimensional minimal filtering algorithm F(m1 x m2, r1 x r2), one-dimensional where a side has one tap.
struct WinogradForm: Hashable, CustomStringConvertible {
    /// Along the height, and along the width.
    let sides: [ToomCook]
    /// The operations, in registers, that transform a tile of the input, and a tile of products.
    let inputOperations: Int
    let outputOperations: Int
    /// Those that transform a filter.
    let filterOperations: Int

    init(outputs: [Int], taps: [Int]) {
        let first = ToomCook(outputs: outputs[0], taps: taps[0])
        let isSquare = outputs[0] == outputs[1] && taps[0] == taps[1]
        sides = [first, isSquare ? first : ToomCook(outputs: outputs[1], taps: taps[1])]
        inputOperations = Self.operationCount(sides.map(\.input))
        outputOperations = Self.operationCount(sides.map(\.output))
        filterOperations = Self.operationCount(sides.map(\.filter))
    }

    var outputs: [Int] { sides.map(\.outputs) }
    var taps: [Int] { sides.map(\.taps) }
    /// The inputs of a tile along each side.
    var sizes: [Int] { sides.map(\.size) }
    /// The multiplications of a tile: the number of matrix products that the convolution becomes.
    var positions: Int { sizes.reduce(1, *) }

    var description: String {
        "F(\(outputs.map(String.init).joined(separator: "x")), \(taps.map(String.init).joined(separator: "x")))"
    }

    /// Applies one map a side to a tile of registers, `elements[row][column]`: columns first, then rows.
    static func apply(_ maps: [LinearMap], to elements: [[Register]], _ builder: KernelBuilder) -> [[Register]] {
        let columns = elements[0].indices.map { column in maps[0].apply(elements.map { $0[column] }, builder) }
        return (0..<maps[0].rowCount).map { row in maps[1].apply(columns.map { $0[row] }, builder) }
    }

    /// The operations of `apply`, in registers.
    private static func operationCount(_ maps: [LinearMap]) -> Int {
        maps[0].operationCount * maps[1].columnCount + maps[1].operationCount * maps[0].rowCount
    }

    /// The largest root mean square error against fp64, relative to the root mean square of the result, that a convolution over activations
    /// behind a ReLU has, whatever its channels and strides (`WinogradProducts`); that of a sum in order is 3.4e-7 to 1e-6. Measured: by a
    /// test in the interpreter, and by `braid bench --errors` on real layers, which reach up to what is stated. Nil for a form that is not
    /// on the list, which is not used.
    ///
    /// A single result is off relative to its tile, whose elements all enter it and cancel again: an element adds an error of at most this
    /// times its magnitude times the sum of its weights' magnitudes to each result of the tiles that it lies in, seen by it or not.
    var error: Double? { Self.errors[[outputs, taps]] }

    private static let errors: [[[Int]]: Double] = [
        [[2, 2], [3, 3]]: 4.0e-7, [[4, 4], [3, 3]]: 1.5e-6, [[6, 6], [3, 3]]: 5.3e-6, [[2, 4], [3, 3]]: 1.0e-6, [[4, 2], [3, 3]]: 1.0e-6,
        [[2, 2], [5, 5]]: 1.9e-6, [[4, 4], [5, 5]]: 4.1e-6,
        [[2, 2], [2, 2]]: 4.2e-7, [[3, 3], [2, 2]]: 4.3e-7, [[4, 4], [2, 2]]: 1.5e-6,
        [[2, 2], [4, 4]]: 1.6e-6, [[3, 3], [4, 4]]: 1.7e-6, [[4, 4], [4, 4]]: 4.2e-6,
        [[1, 2], [1, 3]]: 3.1e-7, [[1, 4], [1, 3]]: 6.4e-7, [[1, 6], [1, 3]]: 1.1e-6,
        [[2, 1], [3, 1]]: 3.1e-7, [[4, 1], [3, 1]]: 6.4e-7, [[6, 1], [3, 1]]: 1.1e-6,
        [[1, 2], [1, 7]]: 1.2e-6, [[1, 3], [1, 7]]: 2.2e-6, [[1, 4], [1, 7]]: 3.2e-6,
        [[2, 1], [7, 1]]: 1.2e-6, [[3, 1], [7, 1]]: 2.2e-6, [[4, 1], [7, 1]]: 3.2e-6,
    ]

    /// How many results (a channel of them) lie in the tiles of one element, at most: as many as it makes no numbers if it is none.
    var mostResultsOfOneElement: Int {
        sides.map { $0.outputs * (($0.size + $0.outputs - 1) / $0.outputs) }.reduce(1, *)
    }

    /// By how much more than a sum of magnitudes, as it is written, anything may grow on the way: the largest sums of magnitudes along the
    /// rows of the three transforms, multiplied. So much sooner a convolution becomes infinite.
    var growth: Double {
        sides.flatMap { [$0.input, $0.filter, $0.output] }
            .map { map in map.matrix.map { $0.reduce(0) { $0 + abs($1.value) } }.max() ?? 1 }.reduce(1, *)
    }

    /// The forms for a filter, by rising number of outputs; made when first asked for.
    static func forms(taps: [Int]) -> [WinogradForm] {
        known.withLock { known in
            if let forms = known[taps] { return forms }
            let forms = errors.keys.filter { $0[1] == taps }.map(\.[0]).sorted { ($0[0] * $0[1], $0[0]) < ($1[0] * $1[1], $1[0]) }
                .map { WinogradForm(outputs: $0, taps: taps) }
            known[taps] = forms
            return forms
        }
    }

    private static let known = Mutex<[[Int]: [WinogradForm]]>([:])
}
