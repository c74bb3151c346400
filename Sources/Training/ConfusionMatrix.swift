import Interchange

/// How often pictures of each class were taken for each class.
public struct ConfusionMatrix: Equatable, Sendable {
    public let classNames: [String]
    /// Row by row: the true class is the row, the predicted one the column.
    public private(set) var counts: [Int]

    public init(classNames: [String]) {
        self.classNames = classNames
        counts = [Int](repeating: 0, count: classNames.count * classNames.count)
    }

    /// Counts one picture.
    public mutating func add(label: Int, predicted: Int) { counts[label * classNames.count + predicted] += 1 }

    public subscript(label: Int, predicted: Int) -> Int { counts[label * classNames.count + predicted] }

    /// All pictures.
    public var total: Int { counts.reduce(0, +) }

    /// The pictures whose class was recognized.
    public var correct: Int { classNames.indices.reduce(0) { $0 + self[$1, $1] } }

    /// Recognized over all; 0 where there are none.
    public var accuracy: Double { total > 0 ? Double(correct) / Double(total) : 0 }

    /// The recognized share of the pictures of a class; nil where there are none.
    public func recall(_ label: Int) -> Double? {
        let all = classNames.indices.reduce(0) { $0 + self[label, $1] }
        return all > 0 ? Double(self[label, label]) / Double(all) : nil
    }

    /// The share of right predictions among those of a class; nil where it was never predicted.
    public func precision(_ predicted: Int) -> Double? {
        let all = classNames.indices.reduce(0) { $0 + self[$1, predicted] }
        return all > 0 ? Double(self[predicted, predicted]) / Double(all) : nil
    }

    /// The counts as rows, true class by true class.
    public var rows: [[Int]] {
        classNames.indices.map { row in Array(counts[row * classNames.count..<(row + 1) * classNames.count]) }
    }

    /// The most frequent mistakes: (true class, predicted class, how often), falling.
    public func mistakes(_ count: Int) -> [(label: Int, predicted: Int, count: Int)] {
        let size = classNames.count
        let wrong = counts.indices.filter { counts[$0] > 0 && $0 / size != $0 % size }
        return wrong.sorted { (counts[$1], $0) < (counts[$0], $1) }.prefix(count).map { ($0 / size, $0 % size, counts[$0]) }
    }

    /// The matrix as a picture: a square a cell, the brighter the larger its share of the row; the diagonal green, mistakes red.
    public func picture(cell wanted: Int = 24) -> Image {
        let size = classNames.count
        let cell = max(2, min(wanted, 2048 / max(1, size)))
        var image = Image(width: size * cell + 1, height: size * cell + 1, channels: 3, filledWith: 64)
        for row in 0..<size {
            let sum = classNames.indices.reduce(0) { $0 + self[row, $1] }
            for column in 0..<size {
                // The square root makes rare mistakes visible.
                let share = sum > 0 ? (Double(self[row, column]) / Double(sum)).squareRoot() : 0
                let strong = UInt8(24 + 231 * share), weak = UInt8(24 + 40 * share)
                let color = row == column ? [weak, strong, weak] : [strong, weak, weak]
                for y in 1..<cell {
                    for x in 1..<cell {
                        for channel in 0..<3 { image[column * cell + x, row * cell + y, channel] = color[channel] }
                    }
                }
            }
        }
        return image
    }
}
