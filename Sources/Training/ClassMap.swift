import Interchange

/// The class of each pixel of a picture, in colours.
public struct ClassMap: Equatable, Sendable {
    public let width: Int
    public let height: Int
    /// How many classes there are; a pixel's class is below it.
    public let classCount: Int
    /// Row by row from the top.
    public let classes: [Int]

    /// The class with the highest score at each pixel, the first of equals; `scores` are [classes, height, width].
    public init(scores: ArraySlice<Float>, classCount: Int, height: Int, width: Int) {
        precondition(scores.count == classCount * height * width, "\(scores.count) scores are not \(classCount) x \(height) x \(width)")
        (self.width, self.height, self.classCount) = (width, height, classCount)
        let area = height * width
        var best = Array(scores.prefix(area))
        var classes = [Int](repeating: 0, count: area)
        for number in 1..<max(1, classCount) {
            let plane = scores.startIndex + number * area
            for pixel in 0..<area where scores[plane + pixel] > best[pixel] || best[pixel].isNaN && !scores[plane + pixel].isNaN {
                best[pixel] = scores[plane + pixel]
                classes[pixel] = number
            }
        }
        self.classes = classes
    }

    /// Wraps classes that a network gives as numbers, [height, width]; nil where one is no class.
    public init?(numbers: ArraySlice<Float>, height: Int, width: Int, classCount: Int? = nil) {
        precondition(numbers.count == height * width, "\(numbers.count) classes are not \(height) x \(width)")
        guard let highest = numbers.max(), numbers.allSatisfy({ $0 >= 0 && $0 == $0.rounded() && $0 < 65_536 }) else { return nil }
        if let classCount, Int(highest) >= classCount { return nil }
        (self.width, self.height, self.classCount) = (width, height, classCount ?? Int(highest) + 1)
        classes = numbers.map { Int($0) }
    }

    /// The classes that occur with the part of the pixels that each has, falling, the first of equals first.
    public var shares: [(index: Int, share: Double)] {
        var counts = [Int](repeating: 0, count: classCount)
        for number in classes { counts[number] += 1 }
        return counts.indices.filter { counts[$0] > 0 }.sorted { (counts[$1], $0) < (counts[$0], $1) }
            .map { ($0, Double(counts[$0]) / Double(max(1, classes.count))) }
    }

    /// The map as a picture, each class in its colour.
    public var picture: Image {
        let colours = (0..<classCount).map(Self.colour)
        var image = Image(width: width, height: height, channels: 3)
        for (pixel, number) in classes.enumerated() {
            let (x, y) = (pixel % width, pixel / width)
            (image[x, y, 0], image[x, y, 1], image[x, y, 2]) = colours[number]
        }
        return image
    }

    /// The colour of a class, the same for any number of classes: that of the PASCAL VOC challenge's maps, black for class 0. Each of the lowest
    /// bits of a class's number gives red, green and blue, in this order, their highest bit, the next three bits the next one, and so on.
    public static func colour(of number: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
        var (red, green, blue) = (UInt8(0), UInt8(0), UInt8(0))
        var rest = number
        for bit in stride(from: 7, through: 0, by: -1) {
            red |= UInt8(rest & 1) << UInt8(bit)
            green |= UInt8(rest >> 1 & 1) << UInt8(bit)
            blue |= UInt8(rest >> 2 & 1) << UInt8(bit)
            rest >>= 3
        }
        return (red, green, blue)
    }

    /// The colour of a class as HTML has it: `#800000`.
    public static func colourText(of number: Int) -> String {
        let (red, green, blue) = colour(of: number)
        return "#" + [red, green, blue].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
