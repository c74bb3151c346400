import Graph
import LoopNest

extension ContractionAlgorithm {
    /// Products of tiles of bf16: of rounded factors where `choose_precision` lets them be rounded, else of factors in two or three parts.
    static let tiles = ContractionAlgorithm(
        "tile", unit: .tiles, isVariant: { name in SplitProducts.allCases.contains { $0.name == name } }, variants: TileVariant.all(of:))
}

/// A contraction on tiles (`TileNest`).
struct TileVariant: ContractionVariant {
    let problem: ContractionProblem
    private let map: TileMap
    private let products: SplitProducts

    static func all(of problem: ContractionProblem) -> [TileVariant] {
        guard let shape = problem.shape,
            let map = TileMap(shape, problem.group, problem.target) ?? .packed(shape, problem.group, problem.target)
        else { return [] }
        return SplitProducts.allCases.filter { problem.factors == .bf16 ? $0 == .one : $0 != .one }.map { TileVariant(problem, map, $0) }
            .filter(\.cost.isPossible)
    }

    private init(_ problem: ContractionProblem, _ map: TileMap, _ products: SplitProducts) {
        (self.problem, self.map, self.products) = (problem, map, products)
    }

    private var cost: TileCost { TileCost(map, problem.group, problem.target, products) }
    private var terms: Int { map.shape.reducedAxes.reduce(1) { $0 * map.shape.extents[$1] } }

    var name: String { products.name }
    var productsOfEach: Int { products.order.count }

    var exactness: Exactness { products.exactness(terms: terms) }
    var objection: String? { products.objection(of: problem, terms: terms) }

    var cycles: Double? { cost.cycles }
    var predicted: (schedule: TileSchedule, cycles: Double)? { cost.best }
    func candidates() -> [(schedule: TileSchedule, cycles: Double)] { cost.candidates }
    func allows(_ schedule: TileSchedule) -> Bool { cost.allows(schedule) }

    func lower(_ schedule: TileSchedule?, _ choice: AlgorithmChoice) -> LoweredGroup {
        let nest = TileNest(
            map: map, group: problem.group, target: problem.target, products: products, schedule: schedule ?? cost.best.schedule)
        return nest.lower(choice)
    }
}

extension SplitProducts {
    func exactness(terms: Int) -> Exactness { self == .one ? .roundedFactors(error(terms: terms)) : .stated(error(terms: terms)) }

    /// Why it may not be taken; nil if it may.
    ///
    /// Six products are more exact than sums as they are written, so that their error is allowed whatever is asked for; and that of three is
    /// lost beside rounding the results to bf16.
    func objection(of problem: ContractionProblem, terms: Int) -> String? {
        let (error, group) = (error(terms: terms), problem.group)
        let storesRounded = group.results.allSatisfy { group.graph.storedElement(of: $0) == .bf16 }
        let isSmall =
            switch self {
            case .one: false
            case .three: storesRounded && error <= StoredElement.bf16.errorOfRounding / 100
            case .six: error <= Numerics.standard.errorOfSum(terms: terms)
            }
        return isSmall && problem.numerics != .strict && !problem.keepsSigns ? nil : problem.objection(to: exactness(terms: terms))
    }
}
