/// A view that moves elements one by one: over axes common to both tensors, where each is read and where it goes.
///
/// Permutations, reversals, strided slices and shuffles of channels and pixels are such moves, each a single copy whatever shapes lie
/// between the operand's and the result's.
public struct Rearrangement: Hashable, Sendable {
    /// The extents of the common axes, in the order in which the result has them.
    public var axes: [Dimension]
    /// Where an element is read: one position an axis of the operand, inside of it everywhere.
    public var from: [AffineIndex]
    /// Where it goes: one position an axis of the result, whose terms count through it as digits do, the most significant first.
    public var to: [AffineIndex]

    /// A move to a result that has the common axes as they are.
    public init(to result: Shape, from: [AffineIndex]) {
        axes = result.dimensions
        self.from = from
        to = (0..<result.rank).map { .axis($0) }
    }

    /// A move that takes axes apart and puts them together in another way.
    ///
    /// - Parameters:
    ///   - extents: those of the parts, by name.
    ///   - from: the parts of each axis of the operand, the most significant first; an axis of extent 1 may have none. All parts occur
    ///     once.
    ///   - to: the same of the result.
    public init(_ extents: [String: Dimension], from: [[String]], to: [[String]]) {
        let names = to.flatMap { $0 }
        precondition(names.sorted() == from.flatMap { $0 }.sorted(), "every part of \(from) occurs once in \(to)")
        func extent(_ name: String) -> Dimension {
            guard let extent = extents[name] else { preconditionFailure("a rearrangement has no part '\(name)'") }
            return extent
        }
        func position(_ parts: [String]) -> AffineIndex {
            var scale = 1
            var terms: [AffineIndex.Term] = []
            for part in parts.reversed() {
                terms.insert(.init(axis: names.firstIndex(of: part)!, scale: scale), at: 0)
                // Only a batch is a symbol, and it is taken apart nowhere.
                scale *= extent(part).value ?? 1
            }
            return AffineIndex(terms: terms)
        }
        axes = names.map(extent)
        self.from = from.map(position)
        self.to = to.map(position)
    }

    /// The position in the operand of the result's element at `position`.
    public func source(of position: [Int]) -> [Int] {
        var coordinates = [Int](repeating: 0, count: axes.count)
        for (index, place) in zip(to, position) {
            var rest = place
            for term in index.terms { (coordinates[term.axis], rest) = rest.quotientAndRemainder(dividingBy: term.scale) }
        }
        return from.map { index in index.terms.reduce(index.offset) { $0 + $1.scale * coordinates[$1.axis] } }
    }
}
