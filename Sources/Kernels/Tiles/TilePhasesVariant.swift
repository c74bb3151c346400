import Graph
import LoopNest

extension ContractionAlgorithm {
    /// Products of tiles of bf16 for strided gradients of data: a phase after the other.
    static let tilePhases = ContractionAlgorithm(
        "tile phases", unit: .tiles,
        isVariant: { name in SplitProducts.allCases.contains { TilePhasesVariant.name(of: $0) == name } },
        variants: TilePhasesVariant.all(of:))
}

/// A strided gradient on tiles, each of its phases a contraction by itself (`TileNest`). Where no tap reaches a phase, so that there is nothing to
/// multiply, it is written as by `DirectVariant`.
struct TilePhasesVariant: ContractionVariant {
    let problem: ContractionProblem
    private let phases: [Phase]
    private let products: SplitProducts

    private enum Phase {
        case tiles(TileCost)
        case empty(ResultStationary)
    }

    static func all(of problem: ContractionProblem) -> [TilePhasesVariant] {
        guard problem.phases.count > 1, problem.phases.contains(where: { !$0.isEmpty }) else { return [] }
        return SplitProducts.allCases.filter { problem.factors == .bf16 ? $0 == .one : $0 != .one }.compactMap { products in
            var phases: [Phase] = []
            for (number, shape) in problem.phases.enumerated() {
                guard !shape.isOfActivations else { return nil }
                if shape.isEmpty {
                    let name = problem.group.kernelName("phase\(number)")
                    phases.append(.empty(ResultStationary(shape, problem.group, problem.target, problem.numerics, name: name)))
                } else {
                    guard let map = TileMap(shape, problem.group, problem.target) else { return nil }
                    let cost = TileCost(map, problem.group, problem.target, products)
                    guard cost.isPossible else { return nil }
                    phases.append(.tiles(cost))
                }
            }
            return TilePhasesVariant(problem: problem, phases: phases, products: products)
        }
    }

    static func name(of products: SplitProducts) -> String { products.name.replacing("tile", with: "tile phases") }

    var name: String { Self.name(of: products) }
    var title: String { "\(products.name), \(phases.count) phases" }
    var productsOfEach: Int { products.order.count }
    /// Of the phase with the most.
    private var terms: Int {
        problem.phases.map { shape in shape.reducedAxes.reduce(1) { $0 * shape.extents[$1] } }.max() ?? 1
    }

    var exactness: Exactness { products.exactness(terms: terms) }
    var objection: String? { products.objection(of: problem, terms: terms) }

    var cycles: Double? {
        phases.reduce(0) { sum, phase in
            switch phase {
            case .tiles(let cost): sum + cost.cycles
            case .empty(let nest): sum + nest.cycles
            }
        }
    }

    func lower(_ schedule: Never?, _ choice: AlgorithmChoice) -> LoweredGroup {
        let model = CostModel(problem.target)
        var lowered = LoweredGroup([])
        for (number, phase) in phases.enumerated() {
            var choice = choice
            switch phase {
            case .tiles(let cost):
                let (schedule, longest) = cost.best
                choice.chosen.predictedSeconds = model.seconds(cost.cycles)
                choice.secondsOfLongestThread = model.seconds(longest)
                let nest = TileNest(
                    map: cost.map, group: problem.group, target: problem.target, products: products, schedule: schedule,
                    phase: (number, lowered.prepared.count + lowered.workspaces.count))
                lowered.append(nest.lower(choice))
            case .empty(let nest):
                choice.chosen.predictedSeconds = model.seconds(nest.cycles)
                choice.secondsOfLongestThread = model.seconds(nest.cyclesOfLongestThread)
                lowered.append(LoweredGroup([nest.lower().computing(nest.shape, choice)]))
            }
        }
        return lowered
    }
}
