import Graph
import LoopNest

/// The axes that a loop nest runs over, and how: which one lies along the lanes of a register, and which are split into blocks because
/// the tensors' layouts are.
struct IterationSpace {
    var names: [String]
    var extents: [Int]
    /// The axis along the lanes; nil for a kernel of single elements.
    var lane: Int?
    var lanes: Int
    /// The size of the blocks of each axis, 1 if it is not split. The axis along the lanes is split into vectors.
    var splits: [Int]

    /// Chooses the lanes and splits that touch memory the cheapest way.
    ///
    /// - Parameters:
    ///   - accesses: all tensors that the nest touches, each over the axes of the space.
    ///   - isAllowed: whether an axis may lie along the lanes.
    init(names: [String], extents: [Int], accesses: [TensorAccess], widest: Int, isAllowed: (Int) -> Bool = { _ in true }) {
        self.names = names
        self.extents = extents
        lane = nil
        lanes = 1
        splits = [Int](repeating: 1, count: extents.count)
        var best = Double(max(accesses.count, 1))
        for axis in extents.indices.reversed() where extents[axis] > 1 && isAllowed(axis) {
            for width in [16, 8, 4] where width <= widest {
                guard let cost = Self.cost(of: axis, lanes: width, extents, accesses), cost < best - 1e-9 else { continue }
                (lane, lanes, best) = (axis, width, cost)
            }
        }
        for access in accesses {
            for block in access.layout.blocks {
                guard let axis = access.position[block.axis].soleAxis(over: extents), axis != lane else { continue }
                splits[axis] = max(splits[axis], block.size)
            }
        }
        if let lane { splits[lane] = lanes }
    }

    /// The cost for one element of touching every tensor, where a whole vector of neighbours costs 1; nil if `axis` cannot lie along the
    /// lanes.
    private static func cost(of axis: Int, lanes: Int, _ extents: [Int], _ accesses: [TensorAccess]) -> Double? {
        var cost = 0.0
        for access in accesses {
            switch access.stride(along: axis, extents: extents, lanes: lanes) {
            case .none, .elements(1): cost += 1
            case .elements: cost += (access.isWrite ? 0.9 : 0.6) * Double(lanes)
            case .irregular: return nil
            }
        }
        let vectors = (extents[axis] + lanes - 1) / lanes
        return max(cost, 1) * Double(vectors) / Double(extents[axis])
    }

    /// The number of vectors (or blocks) along an axis.
    func blockCount(of axis: Int) -> Int { (extents[axis] + splits[axis] - 1) / splits[axis] }

    /// Where every axis is before any loop is open.
    var origin: NestState { NestState(positions: splits.map { Position(outer: 0, split: $0) }) }

    /// The position that `index` is at `positions`; keeps blocks apart where it is one axis, shifted by whole blocks at most.
    func place(_ index: AffineIndex, at positions: [Position]) -> Position {
        if index.divisor == 1, let axis = index.soleAxis(over: extents), index.offset % splits[axis] == 0 {
            var position = positions[axis]
            position.outer = position.outer + .constant(index.offset / splits[axis])
            return position
        }
        var value = undivided(index, at: positions)
        if index.divisor > 1 {
            // Only what is not negative is divided.
            let lift = max(0, (-index.bounds(over: extents).lowerBound + index.divisor - 1) / index.divisor)
            value = (value + .constant(lift * index.divisor)) / index.divisor - lift
        }
        return Position(value)
    }

    func place(_ position: [AffineIndex], at positions: [Position]) -> [Position] { position.map { place($0, at: positions) } }

    /// The sum of the terms and the offset, before the division.
    func undivided(_ index: AffineIndex, at positions: [Position]) -> Index {
        index.terms.reduce(Index.constant(0)) { $0 + positions[$1.axis].index * $1.scale } + .constant(index.offset)
    }

    /// Which axis of a tensor read at `position` lies along the lanes.
    func lane(in position: [AffineIndex]) -> Int? {
        lane.flatMap { lane in position.firstIndex { $0.scale(of: lane) != 0 } }
    }
}

extension AffineIndex {
    /// The axis whose coordinate the position is, but for an offset; axes of extent 1 do not count.
    func soleAxis(over extents: [Int]) -> Int? {
        let moving = terms.filter { extents[$0.axis] > 1 }
        return moving.count == 1 && moving[0].scale == 1 && divisor == 1 ? moving[0].axis : nil
    }
}
