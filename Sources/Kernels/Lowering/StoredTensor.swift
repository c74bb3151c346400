import Graph
import LoopNest

/// Where a value lies in memory: from a position along one axis on in a tensor that has memory of its own, usually itself.
public struct StoredTensor: Hashable, Sendable {
    /// The tensor that has the memory, and how it lies there.
    public var owner: Value
    public var layout: Layout
    public var extents: [Int]
    /// The position in the owner, along `axis`, of the value's first.
    public var axis = 0
    public var start = 0

    /// The element offset of a position of the value, and the distance from one position along `lane` to the next.
    func offset(of position: [Position], lane: Int?) -> (offset: Index, laneStride: Int?) {
        var position = position
        if start > 0 { position[axis] = position[axis].shifted(by: start) }
        return layout.offset(of: position, extents: extents, lane: lane)
    }
}

extension Graph {
    /// The extents of a value whose symbols are bound.
    public func extents(_ value: Value) -> [Int] {
        guard let extents = self[value].type.shape.extents else {
            preconditionFailure("\(value) of '\(name)' still has unbound symbols: \(self[value].type)")
        }
        return extents
    }

    /// The layout of a value: as assigned, or row-major.
    public func layout(_ value: Value) -> Layout { self[value].layout ?? .plain }

    /// The number of elements that a value takes in memory, padding included.
    public func storedCount(_ value: Value) -> Int { layout(value).storedCount(extents(value)) }

    /// What an element of a value is stored as.
    public func storedElement(of value: Value) -> StoredElement { self[value].stored ?? self[value].type.element.stored }

    /// The number of bytes that a value takes in memory, padding included.
    public func storedBytes(_ value: Value) -> Int { storedCount(value) * storedElement(of: value).size }

    /// Where a value lies that kernels read or write.
    public func storage(of value: Value) -> StoredTensor {
        guard var place = self[value].place else {
            return StoredTensor(owner: value, layout: layout(value), extents: extents(value))
        }
        var start = place.start
        // Slices lie in what comes before them, operands in what comes after: the chain ends.
        while let next = self[place.parent].place {
            precondition(next.axis == place.axis, "\(value) lies in tensors that are divided along different axes")
            start += next.start
            place = next
        }
        return StoredTensor(
            owner: place.parent, layout: layout(place.parent), extents: extents(place.parent), axis: place.axis, start: start)
    }
}

extension GraphFacts {
    /// Whether an operand of a view need not be copied: a slice is read in place, or the operand was written into the concatenation.
    func isInPlace(_ view: Value, operand index: Int) -> Bool {
        let operand = graph[view].operands[index]
        if let place = graph[view].place, place == placeOfSlice(view) { return true }
        guard let place = graph[operand].place, place.parent == view else { return false }
        return places(in: view)[index] == place
    }
}
