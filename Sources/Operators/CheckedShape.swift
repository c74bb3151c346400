import Graph

extension Dimension {
    /// The extent, of a graph whose sizes are bound.
    var number: Int {
        guard let value else { preconditionFailure("the extent \(self) was to be a number") }
        return value
    }
}

/// What rules read off shapes that type inference has accepted.
extension Shape {
    /// The extent along `axis`, which is a number: rules ask for those of graphs whose sizes are bound, but for the batch, and never for the
    /// extent of that.
    func number(_ axis: Int) -> Int { dimensions[axis].number }

    /// The height and width of images: the last two extents.
    var area: [Int] { dimensions.suffix(2).compactMap(\.value) }

    /// `axis` counted from the front; negative ones count from the last.
    func fromFront(_ axis: Int) -> Int { axis < 0 ? axis + rank : axis }
}
