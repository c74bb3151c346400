/// The positions of a channel of one image, and of the images: how many pairs of elements there are of each class.
struct Positions: Hashable, Sendable {
    /// One extent an axis.
    var extents: [Int]
    var images: Int

    var count: Double { extents.reduce(1) { $0 * Double($1) } }

    /// How many neighbours a position has, on average.
    var near: Double { extents.reduce(1) { $0 * (3 - 2 / Double($1)) } - 1 }
    var far: Double { max(0, count - 1 - near) }

    /// The mean over all pairs of positions of an image.
    func meanOfImage(_ second: SecondMoments) -> Double {
        (second.own + near * second.near + far * second.far) / count
    }

    /// The mean over all pairs of elements of a channel of a batch.
    func mean(_ second: SecondMoments) -> Double {
        (meanOfImage(second) + Double(images - 1) * second.other) / Double(images)
    }

    /// The mean square of the sum over all positions of an image, with that of two images.
    func sumOverImage(_ second: SecondMoments) -> SecondMoments {
        let (all, own) = (count * count, count * count * meanOfImage(second))
        return SecondMoments(own: own, near: own, far: own, other: all * second.other)
    }

    /// The mean square of the sum over images of what has been summed over positions.
    func sumOverImages(_ second: SecondMoments) -> Double {
        Double(images) * (second.own + Double(images - 1) * second.other)
    }
}
