import Graph
import LoopNest

extension ContractionAlgorithm {
    /// Products of tiles of bf16 for the gradients of weights, which are sums over pixels.
    static let tileGradient = ContractionAlgorithm(
        "tile gradient", unit: .tiles,
        isVariant: { name in SplitProducts.allCases.contains { TileGradientVariant.name(of: $0) == name } },
        variants: TileGradientVariant.all(of:))
}

/// The gradient of a convolution's weights on tiles (`TileGradient`).
struct TileGradientVariant: ContractionVariant {
    let problem: ContractionProblem
    private let shape: TileGradientShape
    private let products: SplitProducts
    let cost: TileGradientCost

    static func all(of problem: ContractionProblem) -> [TileGradientVariant] {
        guard let shape = problem.shape.flatMap({ TileGradientShape($0, problem.group, problem.target) }) else { return [] }
        let isNarrow = problem.factors == .bf16 || factorsAreStoredRounded(shape, problem.group)
        return SplitProducts.allCases.filter { isNarrow ? $0 == .one : $0 != .one }.compactMap { products in
            TileGradientCost.best(shape, products, problem.group, problem.target).map {
                TileGradientVariant(problem: problem, shape: shape, products: products, cost: $0)
            }
        }
    }

    /// Whether both factors lie in memory as bf16, so that nothing is rounded.
    private static func factorsAreStoredRounded(_ shape: TileGradientShape, _ group: Group) -> Bool {
        [shape.shape.broadcast.value, shape.shape.vector.value].allSatisfy {
            group.reads.contains($0) && group.graph.storedElement(of: $0) == .bf16
        }
    }

    static func name(of products: SplitProducts) -> String { products.name.replacing("tile", with: "tile gradient") }

    var name: String { Self.name(of: products) }
    var productsOfEach: Int { products.order.count }
    private var terms: Int { shape.shape.reducedAxes.reduce(1) { $0 * shape.shape.extents[$1] } }
    private var isExact: Bool { Self.factorsAreStoredRounded(shape, problem.group) }

    var exactness: Exactness {
        isExact ? .stated(Numerics.standard.errorOfSum(terms: (terms + 31) / 32)) : products.exactness(terms: terms)
    }

    /// Products that round nothing are as exact as six.
    var objection: String? {
        isExact && problem.numerics != .strict && !problem.keepsSigns ? nil : products.objection(of: problem, terms: terms)
    }

    var cycles: Double? { cost.cycles }

    func lower(_ schedule: Never?, _ choice: AlgorithmChoice) -> LoweredGroup {
        let gradient = TileGradient(problem: shape, products: products, cost: cost, group: problem.group, target: problem.target)
        var lowered = gradient.lower()
        // The second call adds the partial results.
        lowered.calls[0] = lowered.calls[0].computing(shape.shape, choice)
        return lowered
    }
}
