/// What a network says of one picture.
struct PictureAnswer: Encodable {
    /// An output that is no scores, told by its values.
    struct Summary: Encodable {
        var name: String
        var shape: [Int]
        /// Nil where no value is finite.
        var lowest: Float?
        var highest: Float?
        var mean: Double?

        /// - Parameter shape: without the batch's axis.
        init(name: String, shape: [Int], values: ArraySlice<Float>) {
            (self.name, self.shape) = (name, shape)
            var (count, sum) = (0, 0.0)
            for value in values where value.isFinite {
                lowest = Swift.min(lowest ?? value, value)
                highest = Swift.max(highest ?? value, value)
                sum += Double(value)
                count += 1
            }
            mean = count > 0 ? sum / Double(count) : nil
        }
    }

    /// Its path, or what it is called otherwise.
    var path: String
    /// Why there is no answer.
    var error: String?
    /// The most probable classes, where the network gives scores of pictures.
    var top: [ClassScore]?
    /// How much of a map each class has, falling, where the network gives one.
    var classes: [ClassShare]?
    var outputs: [Summary]?
    /// The files that were written.
    var files: [String]?

    init(path: String) { self.path = path }
}

/// A class of a map, as people and programs are told of it.
struct ClassShare: Encodable {
    var index: Int
    var name: String
    /// The part of the picture's pixels.
    var share: Double
    /// Its colour in the map's picture, as HTML has it: `#1f77b4`.
    var color: String
}
