import Graph

/// The part of the network's input images or signals that one element of a value depends on, along each of their spatial axes.
public struct ReceptiveField: Hashable, Sendable {
    /// What one element sees along one axis of the images, in pixels.
    public struct Extent: Hashable, Sendable {
        /// The number of pixels from the first to the last one seen; those in the padding count.
        public var size: Double
        /// How far the part moves from one element to the next; below 1 where a network enlarges.
        public var stride: Double
        /// The axis of the value that moves the part.
        var axis: Int

        /// Far more pixels than an image has; strides that multiply without end stop here.
        private static let largest = 1e15

        /// Several positions read at once, a formula's axis at a time.
        fileprivate func read(at position: AffineIndex, of formula: Formula) -> Extent? {
            var parallel: [AffineIndex.Term] = []
            var reach = 0
            for term in position.terms {
                if formula.parallelAxes.contains(term.axis) {
                    parallel.append(term)
                } else {
                    guard let extent = formula.axes[term.axis].extent.value else { return nil }
                    reach += abs(term.scale) * (extent - 1)
                }
            }
            guard parallel.count == 1 else { return nil }
            let stride = min(Self.largest, stride * Double(abs(parallel[0].scale)) / Double(position.divisor))
            let size = min(Self.largest, size + self.stride * Double(reach / position.divisor))
            return Extent(size: size, stride: stride, axis: parallel[0].axis)
        }

        /// The same pixels from where the element has gone; nil where their axis became a smaller part of another.
        fileprivate func moved(by rearrangement: Rearrangement) -> Extent? {
            guard let part = rearrangement.from[axis].terms.max(by: { abs($0.scale) < abs($1.scale) }),
                let place = rearrangement.to.firstIndex(where: { $0.terms.first?.axis == part.axis })
            else { return nil }
            let moved = min(Self.largest, stride * Double(abs(part.scale)) / Double(rearrangement.to[place].terms[0].scale))
            return Extent(size: size, stride: moved, axis: place)
        }
    }

    /// Height and width of images, or the length of signals. Nil where an element sees the whole of it: after global pooling or flattening.
    public var extents: [Extent?]

    /// Every pixel of `[N, C, H, W]` and every element of `[N, C, L]` sees itself; nil for other shapes. Layers of volumes merge axes on
    /// their way to layers of images, so that nothing would be known of them behind the first.
    static func pixel(_ shape: Shape) -> ReceptiveField? {
        (3...4).contains(shape.rank) ? ReceptiveField(extents: (2..<shape.rank).map { Extent(size: 1, stride: 1, axis: $0) }) : nil
    }

    /// Whether an element sees the images whole.
    public var isWhole: Bool { extents.allSatisfy { $0 == nil } }

    private var whole: ReceptiveField { ReceptiveField(extents: extents.map { _ in nil }) }

    private func map(_ transform: (Extent) -> Extent?) -> ReceptiveField { ReceptiveField(extents: extents.map { $0.flatMap(transform) }) }

    /// The larger of both along each axis: what an element sees that is made from an element of each.
    private func joined(with other: ReceptiveField) -> ReceptiveField {
        func larger(_ a: Extent?, _ b: Extent?) -> Extent? {
            guard let a, let b, a.axis == b.axis else { return nil }
            return Extent(size: max(a.size, b.size), stride: max(a.stride, b.stride), axis: a.axis)
        }
        // A signal and an image, say: how far either is seen is no one figure.
        guard extents.count == other.extents.count else { return extents.count > other.extents.count ? whole : other.whole }
        return ReceptiveField(extents: zip(extents, other.extents).map(larger))
    }

    /// What an element of a node's result sees, from what elements of its operands see: from the reads of its lowering alone.
    ///
    /// - Parameter operands: nil for those that do not depend on an image.
    static func after(
        _ lowering: Lowering, _ operands: [(type: TensorType, field: ReceptiveField?)], result: TensorType
    ) -> ReceptiveField? {
        var reads: [ReceptiveField] = []
        switch lowering {
        case .reduction(let formula), .contraction(let formula), .window(let formula):
            for read in formula.reads {
                guard let field = operands[read.operand].field else { continue }
                reads.append(field.map { $0.read(at: read.position[$0.axis], of: formula) })
            }
        case .elementwise:
            for (type, field) in operands {
                guard let field else { continue }
                // An extent of 1 that is repeated sees the same from everywhere.
                reads.append(field.map { type.rank == result.rank && type.shape[$0.axis] == result.shape[$0.axis] ? $0 : nil })
            }
        case .view(.concatenate), .view(.slice):
            reads = operands.compactMap(\.field)
        case .view(.rearrange(let rearrangement)):
            reads = operands.compactMap { _, field in field?.map { $0.moved(by: rearrangement) } }
        case .view(.reshape):
            reads = operands.compactMap { type, field in
                field?.map { extent in
                    var moved = extent
                    guard let axis = result.shape.axis(matching: extent.axis, of: type.shape) else { return nil }
                    moved.axis = axis
                    return moved
                }
            }
        case .foreign:
            // Nothing is known of where it looks.
            reads = operands.compactMap { $0.field?.whole }
        case .composite: preconditionFailure("composite operators are decomposed before their reads are followed")
        }
        return reads.dropFirst().reduce(reads.first) { $0?.joined(with: $1) }
    }
}

extension Shape {
    /// The axis that runs over the same elements as `axis` of `other`, a shape of as many elements; nil if that axis was split or merged.
    fileprivate func axis(matching axis: Int, of other: Shape) -> Int? {
        func behind(_ axis: Int, _ shape: Shape) -> [Dimension] { shape.dimensions[(axis + 1)...].filter { $0 != 1 } }
        func product(_ dimensions: [Dimension]) -> Int? {
            dimensions.reduce(1) { product, next in product.flatMap { p in next.value.map { p * $0 } } }
        }
        let tail = product(behind(axis, other))
        return dimensions.indices.last { dimensions[$0] == other[axis] && tail != nil && product(behind($0, self)) == tail }
    }
}
