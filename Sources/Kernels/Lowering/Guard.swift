import Graph
import LoopNest

/// Where along an axis of an operand a formula's read lies inside it; elsewhere the term counts for nothing.
struct Guard: Hashable {
    var index: AffineIndex
    var extent: Int

    /// The axes that decide it.
    func axes(over extents: [Int]) -> Set<Int> { Set(index.terms.map(\.axis).filter { extents[$0] > 1 }) }

    /// The conditions under which the read lies inside.
    func conditions(_ space: IterationSpace, _ positions: [Position]) -> [IndexRange] {
        if index.isRounded { return [IndexRange(space.place(index, at: positions).index, 0, .constant(extent))] }
        let value = space.undivided(index, at: positions)
        let range = IndexRange(value, 0, .constant(extent * index.divisor))
        guard index.divisor > 1 else { return [range] }
        let lift = max(0, (-index.bounds(over: space.extents).lowerBound + index.divisor - 1) / index.divisor)
        return [range, IndexRange((value + .constant(lift * index.divisor)) % index.divisor, 0, 1)]
    }

    /// The bounds that keep the loop over `axis` inside, where the other axes of the read are known; nil if the axis is scaled.
    func clipping(_ axis: Int, _ space: IterationSpace, _ positions: [Position]) -> (from: Index, to: Index)? {
        guard index.divisor == 1, abs(index.scale(of: axis)) == 1 else { return nil }
        var rest = index
        rest.terms.removeAll { $0.axis == axis }
        let base = space.undivided(rest, at: positions)
        // 0 <= base + t < extent, or 0 <= base - t < extent.
        return index.scale(of: axis) == 1
            ? (base * -1, base * -1 + .constant(extent)) : (base + .constant(1 - extent), base + .constant(1))
    }
}

extension Formula {
    /// The guards of all reads, each once: those that do not hold everywhere.
    func guards(_ operandExtents: (Int) -> [Int]) -> [Guard] {
        let extents = axes.map { $0.extent.value! }
        var seen: Set<Guard> = []
        var guards: [Guard] = []
        for read in reads {
            for (index, extent) in zip(read.position, operandExtents(read.operand)) where !index.isInside(extent, over: extents) {
                let found = Guard(index: index, extent: extent)
                if seen.insert(found).inserted { guards.append(found) }
            }
        }
        return guards
    }
}
