import Graph

/// What rules read off shapes that type inference has accepted.
extension Shape {
    /// The extent along `axis`, which is no symbol: only a batch is, and no rule asks for its extent.
    func number(_ axis: Int) -> Int {
        guard let extent = dimensions[axis].value else { preconditionFailure("axis \(axis) of \(self) was to be a number") }
        return extent
    }

    /// The height and width of images: the last two extents.
    var area: [Int] { dimensions.suffix(2).compactMap(\.value) }

    /// `axis` counted from the front; negative ones count from the last.
    func fromFront(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
}
